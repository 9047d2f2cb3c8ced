/** The process of `bench growth`: every order alone in a call of the kernel, and its time. */
import assert from 'node:assert/strict';
import { hrtime } from 'node:process';
import { KernelHost, loadKernel, warmUpKernel } from '@foldbook/engine';
import { RECORD_BYTES } from '@foldbook/protocol';
import { answerQuestions, pinCurrentThread, touchPages } from '@foldbook/runtime';
import type { GrowthQuestions, GrowthRun } from './growth-messages.ts';
import { growthOrders, growthSetUp } from './growth-orders.ts';
import { percentiles } from './statistics.ts';

const TIME_NS = 1_767_225_600_000_000_000n;
const MOST_ORDERS = 2 ** 23;
const LIMIT_NS = 20_000;
const WORST = 5;

const kernel = await loadKernel();
warmUpKernel(kernel);

answerQuestions<GrowthQuestions>({
  prepare: async ({ core }) => pinCurrentThread(core),
  run: async (asked) => measure(asked),
});

/**
 * The least of all runs for each order: growth comes at the same order every time, and what else
 * the machine does comes at another.
 */
function measure({
  orders,
  accounts,
  runs,
  reserveMb,
}: GrowthQuestions['run']['asked']): GrowthRun {
  const commands = growthOrders(orders, accounts);
  const least = new Float64Array(orders).fill(Number.POSITIVE_INFINITY);
  for (let run = 0; run < runs; run += 1) {
    globalThis.gc?.();
    const host = new KernelHost(kernel);
    const market = host.addMarket({ orderCapacity: MOST_ORDERS });
    if (reserveMb > 0) touchPages(host.reserve(reserveMb * 2 ** 20));
    const setUp = growthSetUp(accounts);
    market.apply(setUp, setUp.byteLength / RECORD_BYTES, TIME_NS, ignore);
    for (let index = 0; index < orders; index += 1) {
      const at = index * RECORD_BYTES;
      const record = commands.subarray(at, at + RECORD_BYTES);
      const startNs = hrtime.bigint();
      market.apply(record, 1, TIME_NS, ignore);
      const tookNs = Number(hrtime.bigint() - startNs);
      if (tookNs < (least[index] ?? 0)) least[index] = tookNs;
    }
    assert.equal(market.openOrders(), orders, 'an order was refused');
  }
  const worst = [...least.keys()]
    .sort((a, b) => (least[b] ?? 0) - (least[a] ?? 0))
    .slice(0, WORST)
    .map((order) => ({ order: order + 1, ns: least[order] ?? 0 }));
  const over = least.reduce((count, ns) => count + (ns > LIMIT_NS ? 1 : 0), 0);
  return { latencyNs: percentiles(least.sort()), over20us: over, worst };
}

const ignore = () => undefined;

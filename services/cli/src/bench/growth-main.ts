/** The process of `bench growth`: every order alone in a call of the kernel, and its time. */
import { hrtime } from 'node:process';
import { KernelHost, loadKernel, warmUpKernel } from '@foldbook/engine';
import { Asset, CommandKind, RECORD_BYTES, Side, viewOf, writeCommand } from '@foldbook/protocol';
import { answerQuestions, pinCurrentThread } from '@foldbook/runtime';
import type { GrowthQuestions, GrowthRun } from './growth-messages.ts';
import { percentiles } from './statistics.ts';

const TIME_NS = 1_767_225_600_000_000_000n;
const FIRST_ACCOUNT = 2;
const SESSION = 1;
const FUNDS = 2n ** 50n;
const MOST_ORDERS = 2 ** 23;
/** Ticks that the orders are spread over. */
const LEVELS = 5_000;
const LIMIT_NS = 20_000;
const WORST = 5;

const kernel = await loadKernel();
warmUpKernel(kernel);

answerQuestions<GrowthQuestions>({
  prepare: async ({ core }) => pinCurrentThread(core),
  run: async ({ orders, accounts, runs }) => measure(orders, accounts, runs),
});

/**
 * The least of all runs for each order: growth comes at the same order every time, and what else
 * the machine does comes at another.
 */
function measure(orders: number, accounts: number, runs: number): GrowthRun {
  const commands = ordersOf(orders, accounts);
  const least = new Float64Array(orders).fill(Number.POSITIVE_INFINITY);
  for (let run = 0; run < runs; run += 1) {
    globalThis.gc?.();
    const host = new KernelHost(kernel);
    const market = host.addMarket({ orderCapacity: MOST_ORDERS });
    const setUp = setUpOf(accounts);
    market.apply(setUp, setUp.byteLength / RECORD_BYTES, TIME_NS, ignore);
    for (let index = 0; index < orders; index += 1) {
      const at = index * RECORD_BYTES;
      const record = commands.subarray(at, at + RECORD_BYTES);
      const startNs = hrtime.bigint();
      market.apply(record, 1, TIME_NS, ignore);
      const tookNs = Number(hrtime.bigint() - startNs);
      if (tookNs < (least[index] ?? 0)) least[index] = tookNs;
    }
  }
  const worst = [...least.keys()]
    .sort((a, b) => (least[b] ?? 0) - (least[a] ?? 0))
    .slice(0, WORST)
    .map((order) => ({ order: order + 1, ns: least[order] ?? 0 }));
  const over = least.reduce((count, ns) => count + (ns > LIMIT_NS ? 1 : 0), 0);
  return { latencyNs: percentiles(least.sort()), over20us: over, worst };
}

function ordersOf(orders: number, accounts: number): Uint8Array {
  const records = new Uint8Array(orders * RECORD_BYTES);
  const view = viewOf(records);
  for (let index = 0; index < orders; index += 1) {
    const order = {
      kind: CommandKind.NEW,
      account: FIRST_ACCOUNT + (index % accounts),
      session: SESSION,
      requestId: BigInt(index + 1),
      clientOrderId: BigInt(index + 1),
      side: Side.SELL,
      timeInForce: 0,
      price: BigInt(1_000 + (index % LEVELS)),
      quantity: 1n,
    } as const;
    writeCommand(view, index * RECORD_BYTES, order, 0);
  }
  return records;
}

function setUpOf(accounts: number): Uint8Array {
  const records = new Uint8Array((accounts + 1) * RECORD_BYTES);
  const view = viewOf(records);
  const create = { kind: CommandKind.CREATE_MARKET, makerFeePpm: 0, takerFeePpm: 0 } as const;
  writeCommand(view, 0, { ...create, session: SESSION, requestId: 1n }, 0);
  for (let index = 0; index < accounts; index += 1) {
    const deposit = {
      kind: CommandKind.DEPOSIT,
      session: SESSION,
      requestId: BigInt(index) + 2n,
      account: FIRST_ACCOUNT + index,
      asset: Asset.BASE,
      amount: FUNDS,
    };
    writeCommand(view, (index + 1) * RECORD_BYTES, deposit, 0);
  }
  return records;
}

const ignore = () => undefined;

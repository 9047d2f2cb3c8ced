/** The process of `bench sizes`: one kernel, one thread, one core. */
import assert from 'node:assert/strict';
import { hrtime } from 'node:process';
import { type KernelEngine, KernelHost, loadKernel } from '@foldbook/engine';
import { RECORD_BYTES } from '@foldbook/protocol';
import { answerQuestions, pinCurrentThread } from '@foldbook/runtime';
import type { SizeAsk, SizeQuestions, SizeRun } from './size-messages.ts';
import { parseWorkload, type Workload } from './workload.ts';
import { type WorkloadCommands, workloadCommands } from './workload-commands.ts';
import { generateWorkload, WORKLOADS } from './workload-generator.ts';

const GROUP_TIME_NS = 1_767_225_600_000_000_000n;
/** Commands a call: markets take turns. */
const GROUP = 64;
const MAX_ORDERS = 2 ** 23;
/** What a market of many remembers of its requests: a few pages. */
const RESULT_CAPACITY = 4_096;

interface Input {
  readonly size: SizeAsk;
  readonly workload: Workload;
  readonly commands: WorkloadCommands;
}

const kernel = await loadKernel();
/** Runs of the same size come one after the other. */
let input: Input | undefined;

answerQuestions<SizeQuestions>({
  prepare: async ({ core }) => pinCurrentThread(core),
  async run(size) {
    if (input === undefined || !isSame(input.size, size)) {
      input = undefined;
      input = inputOf(size);
    }
    globalThis.gc?.();
    return measure(input);
  },
});

const isSame = (a: SizeAsk, b: SizeAsk) =>
  a.markets === b.markets &&
  a.orders === b.orders &&
  a.accounts === b.accounts &&
  a.commands === b.commands;

/** All markets get the same commands: they share nothing that could notice. */
function inputOf(size: SizeAsk): Input {
  const { markets, orders, accounts } = size;
  const commands = Math.floor(size.commands / markets);
  const parameters = { ...WORKLOADS.w1, prefill: orders, targetOrders: orders, commands };
  const workload = parseWorkload(generateWorkload(parameters), 'what was generated');
  return { size, workload, commands: workloadCommands(workload, accounts) };
}

function measure({ size, workload, commands }: Input): SizeRun {
  const host = new KernelHost(kernel);
  const capacity = {
    orderCapacity: MAX_ORDERS,
    ...(size.markets > 1 ? { resultCapacity: RESULT_CAPACITY } : {}),
  };
  const markets = Array.from({ length: size.markets }, () => host.addMarket(capacity));
  const emptyBytes = host.usedBytes;
  const setUpCount = commands.setUp.byteLength / RECORD_BYTES;
  for (const market of markets) market.apply(commands.setUp, setUpCount, GROUP_TIME_NS, ignore);
  const accountsBytes = host.usedBytes;
  for (const market of markets) {
    market.apply(commands.commands, workload.prefill, GROUP_TIME_NS, ignore);
  }
  const ordersBytes = host.usedBytes;
  const startNs = hrtime.bigint();
  playInTurns(markets, workload, commands.commands);
  const tookNs = Number(hrtime.bigint() - startNs);
  const total = workload.commands * size.markets;
  const isRight = markets.every((one) => one.openOrders() === workload.expected.openOrders);
  const memory = { emptyBytes, accountsBytes, ordersBytes };
  return { nsPerCommand: tookNs / total, commands: total, ...memory, isRight };
}

function playInTurns(
  markets: readonly KernelEngine[],
  { prefill, commands }: Workload,
  records: Uint8Array,
): void {
  const end = prefill + commands;
  for (let first = prefill; first < end; first += GROUP) {
    const count = Math.min(GROUP, end - first);
    const group = records.subarray(first * RECORD_BYTES, (first + count) * RECORD_BYTES);
    for (const market of markets) market.apply(group, count, GROUP_TIME_NS, countEvents);
  }
  assert(eventCount > 0);
}

const ignore = () => undefined;
let eventCount = 0;
const countEvents = (_block: Uint8Array, count: number) => {
  eventCount += count;
};

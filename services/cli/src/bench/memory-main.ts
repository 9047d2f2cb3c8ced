/** The process of `bench memory`: one thread on one core. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hrtime } from 'node:process';
import { pathToFileURL } from 'node:url';
import { type KernelEngine, KernelHost, loadKernel, warmUpKernel } from '@foldbook/engine';
import { RECORD_BYTES } from '@foldbook/protocol';
import {
  answerQuestions,
  type MemoryWishes,
  type PlacedMemory,
  pinCurrentThread,
  placeMemory,
  readThreadUsage,
} from '@foldbook/runtime';
import { growthOrders, growthSetUp } from './growth-orders.ts';
import { type MatchInput, matchInput, runMatch } from './match-run.ts';
import type {
  FaultAsk,
  FaultRun,
  MemoryQuestions,
  PoolRun,
  Preparation,
} from './memory-messages.ts';
import { parseWorkload } from './workload.ts';

const TIME_NS = 1_767_225_600_000_000_000n;
const ACCOUNTS = 1_000;
const GROUP = 1_024;
/** Allocations that are timed together: a clock takes longer than one. */
const TIMED = 4_000_000;
const MAX_PAGES = 65_536;
const MIB = 2 ** 20;

const WISHES: Readonly<Record<Exclude<Preparation, 'none'>, MemoryWishes>> = {
  touched: { lock: 'off', hugePages: 'off', numa: 'off' },
  huge: { lock: 'off', hugePages: 'try', numa: 'off' },
  locked: { lock: 'try', hugePages: 'off', numa: 'off' },
  'huge+locked': { lock: 'try', hugePages: 'try', numa: 'off' },
};

interface Pool {
  allocateOrders(count: number): void;
  freeOrders(): void;
  turnBlocks(count: number, shift: number): void;
}

let poolModule: WebAssembly.Module | undefined;
let input: MatchInput | undefined;
const kernel = await loadKernel();
warmUpKernel(kernel);

answerQuestions<MemoryQuestions>({
  async prepare({ core, engineFolder, workloadFile, accounts, group }) {
    const pinned = pinCurrentThread(core);
    const build = (await import(pathToFileURL(join(engineFolder, 'build.ts')).href)) as {
      compileEntry(entry: string): Promise<Uint8Array<ArrayBuffer>>;
    };
    poolModule = await WebAssembly.compile(await build.compileEntry('pool-bench.ts'));
    const workload = parseWorkload(await readFile(workloadFile), workloadFile);
    input = matchInput(workload, accounts, group);
    return pinned;
  },
  pool: async ({ orders }) => measurePool(orders),
  block: async ({ shift }) => {
    const pool = openPool();
    pool.turnBlocks(TIMED, shift);
    return { blockBytes: 2 ** shift, ns: timed(() => pool.turnBlocks(TIMED, shift)) / TIMED };
  },
  faults: async (asked) => measureFaults(asked),
  match: async ({ preparation, reserveMb }) => {
    assert(input !== undefined, 'prepare comes first');
    return runMatch(openMarket(preparation, reserveMb).market, input);
  },
});

function openPool(): Pool {
  assert(poolModule !== undefined, 'prepare comes first');
  globalThis.gc?.();
  const size = { initial: 1, maximum: MAX_PAGES, shared: true };
  const memory = new WebAssembly.Memory<SharedArrayBuffer>(size);
  const outOfMemory = () => assert.fail('no memory for so many orders');
  const instance = new WebAssembly.Instance(poolModule, { env: { memory }, host: { outOfMemory } });
  return instance.exports as unknown as Pool;
}

/** Taken and given back in turns, so that a million of them go through as many addresses. */
function measurePool(orders: number): PoolRun {
  // The code is compiled by the time it is timed; its memory is forgotten.
  const compiled = openPool();
  for (let round = 0; round < 20; round += 1) turnOrders(compiled, 10_000);
  const pool = openPool();
  const freshNs = timed(() => turnOrders(pool, orders)) / orders;
  const rounds = Math.ceil(TIMED / orders);
  const againNs = timed(() => {
    for (let round = 0; round < rounds; round += 1) turnOrders(pool, orders);
  });
  return { orders, freshNs, againNs: againNs / (rounds * orders) };
}

function turnOrders(pool: Pool, orders: number): void {
  pool.allocateOrders(orders);
  pool.freeOrders();
}

function timed(run: () => void): number {
  const startNs = hrtime.bigint();
  run();
  return Number(hrtime.bigint() - startNs);
}

function openMarket(
  preparation: Preparation,
  reserveMb: number,
): { market: KernelEngine; placed: PlacedMemory | undefined } {
  globalThis.gc?.();
  const host = new KernelHost(kernel);
  const market = host.addMarket();
  if (preparation === 'none') return { market, placed: undefined };
  const placed = placeMemory([host.reserve(reserveMb * MIB)], WISHES[preparation], undefined);
  return { market, placed };
}

/** Resting orders of a market that had none, in groups. */
function measureFaults({ preparation, orders, reserveMb }: FaultAsk): FaultRun {
  const commands = growthOrders(orders, ACCOUNTS);
  const setUp = growthSetUp(ACCOUNTS);
  const { market, placed } = openMarket(preparation, reserveMb);
  const faults = () => readThreadUsage(process.pid, process.pid)?.minorFaults;
  market.apply(setUp, setUp.byteLength / RECORD_BYTES, TIME_NS, ignore);
  const before = faults();
  const tookNs = timed(() => {
    for (let first = 0; first < orders; first += GROUP) {
      const count = Math.min(GROUP, orders - first);
      const records = commands.subarray(first * RECORD_BYTES, (first + count) * RECORD_BYTES);
      market.apply(records, count, TIME_NS, ignore);
    }
  });
  const after = faults();
  assert.equal(market.openOrders(), orders, 'an order was refused');
  const found = before === undefined || after === undefined ? undefined : after - before;
  return {
    faultsPerMillion: found === undefined ? undefined : Math.round((found * 1e6) / orders),
    nsPerOrder: tookNs / orders,
    placed,
  };
}

const ignore = () => undefined;

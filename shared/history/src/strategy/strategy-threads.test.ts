import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildHistory } from '../../build.ts';
import { Action, EventSide } from '../event.ts';
import { parseFeature } from '../features/feature.ts';
import { FeaturePlan } from '../features/feature-plan.ts';
import { HistoryKernel, loadHistoryModule } from '../kernel/history-kernel.ts';
import { InlineStrategy } from './inline-strategy.ts';
import { StrategyError } from './strategy.ts';
import { loadStrategy } from './strategy-module.ts';
import { StrategyThreads } from './strategy-threads.ts';

await buildHistory();
const module = await loadHistoryModule();
const FEED = { priceDecimals: 4, quantityDecimals: 0 };
const FRAMES = 40;
const ROWS = 100;

let dir = '';

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'foldbook-strategy-'));
});

after(async () => {
  await rm(dir, { recursive: true, force: true });
});

async function strategyFile(name: string, text: string): Promise<string> {
  const path = join(dir, name);
  await writeFile(path, text);
  return path;
}

/** Adds up what it sees, and how much time it takes to do so. */
const adder = (features: readonly string[], spins: number) => `
export default {
  features: ${JSON.stringify(features)},
  start({ instruments, priceDecimals }: { instruments: () => string[]; priceDecimals: number }) {
    let sum = 0;
    let rows = 0;
    let blocks = 0;
    return {
      onBlock(events: { count: number; firstEvent: number }, snapshots: { bidPrice: Float64Array },
        columns: Float64Array[]) {
        if (events.firstEvent !== rows) throw new Error('a block is missing');
        for (let row = 0; row < events.count; row += 1) {
          sum += snapshots.bidPrice[row]!;
          for (const column of columns) sum += column[row]!;
        }
        for (let spin = 0; spin < ${spins}; spin += 1) Math.sqrt(spin);
        rows += events.count;
        blocks += 1;
      },
      result: () => ({ sum, rows, blocks, instruments: instruments(), priceDecimals }),
    };
  },
};
`;

interface Sums {
  readonly sum: number;
  readonly rows: number;
  readonly blocks: number;
  readonly instruments: readonly string[];
  readonly priceDecimals: number;
}

/** Rows whose best prices are 10 n and 10 n + 4, n rising. */
function fill(frame: ReturnType<FeaturePlan['newFrame']>, first: number): void {
  frame.setHeader(ROWS, first, 1_000n);
  const shared = { instrument: 0, action: Action.ADD, side: EventSide.BUY, flags: 1 };
  for (let row = 0; row < ROWS; row += 1) {
    frame.events.set(row, { ...shared, orderId: 1n, price: 1n, quantity: 1n, timeNs: 1_000n });
    frame.snapshots.bidPrice[row] = 10 * (first + row);
    frame.snapshots.askPrice[row] = 10 * (first + row) + 4;
    frame.snapshots.bidQuantity[row] = 1;
    frame.snapshots.askQuantity[row] = 1;
  }
}

const COUNT = FRAMES * ROWS;
const BIDS = 10 * ((COUNT * (COUNT - 1)) / 2);

test('strategies of any pace each see every block once, with what they ask for', async () => {
  const kernel = new HistoryKernel(module);
  const paths = await Promise.all([
    strategyFile('fast.ts', adder(['spread'], 0)),
    strategyFile('slow.ts', adder(['mid', 'spread'], 300_000)),
    strategyFile('none.ts', adder([], 0)),
  ]);
  const threads = await StrategyThreads.load(kernel, paths);
  assert.deepEqual(threads.features, ['spread', 'mid']);
  const plan = new FeaturePlan(kernel, threads.features.map(parseFeature));
  threads.start(plan, FEED);
  for (let block = 0; block < FRAMES; block += 1) {
    const frame = threads.next();
    assert(frame !== undefined);
    fill(frame, block * ROWS);
    plan.compute(frame);
    threads.publish(block < 20 ? ['AAPL'] : ['AAPL', 'GOOG']);
  }
  const [fast, slow, none] = (await threads.results()) as readonly Sums[];
  await threads.stop();
  const same = { rows: COUNT, blocks: FRAMES, instruments: ['AAPL', 'GOOG'], priceDecimals: 4 };
  assert.deepEqual(fast, { ...same, sum: BIDS + 4 * COUNT });
  assert.deepEqual(slow, { ...same, sum: 2 * BIDS + 2 * COUNT + 4 * COUNT });
  assert.deepEqual(none, { ...same, sum: BIDS });
});

/** Gives frames until a strategy ends that, 1,000 at most; how many they were. */
function play(kernel: HistoryKernel, threads: StrategyThreads): number {
  threads.start(new FeaturePlan(kernel, []), FEED);
  for (let given = 0; given < 1_000; given += 1) {
    const frame = threads.next();
    if (frame === undefined) return given;
    fill(frame, given * ROWS);
    threads.publish([]);
  }
  return 1_000;
}

test('a strategy that fails ends the run, and says where', async () => {
  const kernel = new HistoryKernel(module);
  const path = await strategyFile(
    'failing.ts',
    `export default { start: () => ({
      onBlock(events) { if (events.firstEvent >= 500) throw new Error('no more'); },
    }) };`,
  );
  const other = await strategyFile('other.ts', adder([], 0));
  const threads = await StrategyThreads.load(kernel, [other, path]);
  const given = play(kernel, threads);
  assert(given < 20, `${given} blocks after the failure`);
  await assert.rejects(
    threads.results(),
    (error: unknown) =>
      error instanceof StrategyError &&
      error.code === 'STRATEGY_FAILED' &&
      /failing\.ts, block of event 500: Error: no more/.test(error.message),
  );
  await threads.stop();
});

test('a strategy that ends its thread ends the run, too', { timeout: 60_000 }, async () => {
  const kernel = new HistoryKernel(module);
  const path = await strategyFile(
    'leaving.ts',
    'export default { start: () => ({ onBlock() { process.exit(0); } }) };',
  );
  const threads = await StrategyThreads.load(kernel, [path]);
  const given = play(kernel, threads);
  assert(given < 20, `${given} blocks after its end`);
  await assert.rejects(threads.results(), /STRATEGY_FAILED: .*leaving\.ts: its thread ended/);
  await threads.stop();
  const early = await strategyFile('early.ts', 'process.exit(0);');
  await assert.rejects(StrategyThreads.load(kernel, [early]), /early\.ts: its thread ended/);
});

test('a file that is no strategy is refused', async () => {
  const kernel = new HistoryKernel(module);
  const refused = async (path: string, code: string, words: RegExp) => {
    for (const load of [() => StrategyThreads.load(kernel, [path]), () => loadStrategy(path)]) {
      await assert.rejects(load(), (error: unknown) => {
        assert(error instanceof Error);
        if (code !== '') assert(error instanceof StrategyError && error.code === code);
        return words.test(error.message);
      });
    }
  };
  await refused(join(dir, 'missing.ts'), 'STRATEGY_NOT_FOUND', /missing\.ts cannot be loaded/);
  const none = await strategyFile('object.ts', 'export default { features: [] };');
  await refused(none, 'NOT_A_STRATEGY', /object\.ts exports none by default/);
  const wrong = await strategyFile('wrong.ts', adder(['middle'], 0));
  await refused(wrong, '', /no feature "middle"; there are spread/);
});

test('a strategy runs in the thread that calls it, too', async () => {
  const kernel = new HistoryKernel(module);
  const path = await strategyFile('inline.ts', adder(['spread'], 0));
  const strategy = await loadStrategy(path);
  const plan = new FeaturePlan(kernel, ['mid', 'spread'].map(parseFeature));
  const context = { instruments: () => ['A'], priceDecimals: 2, quantityDecimals: 0 };
  const run = new InlineStrategy({ path, strategy, context, columns: [1] });
  const frame = plan.newFrame();
  fill(frame, 0);
  plan.compute(frame);
  run.onFrame(frame);
  const { sum, rows } = run.result() as Sums;
  assert.deepEqual([sum, rows], [10 * ((ROWS * (ROWS - 1)) / 2) + 4 * ROWS, ROWS]);
});

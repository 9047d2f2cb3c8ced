import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { loadHistoryModule } from '@foldbook/history';
import { faultWords } from './fault.ts';
import { joinFeeds, openFeeds } from './feed.ts';
import { runFeed } from './feed-run.ts';
import type { ReplayPlan } from './replay-plan.ts';
import { BOOK_ROWS, csvOf, PLAN, testFolder } from './testing/market-files.ts';

const module = await loadHistoryModule();
const { signal } = new AbortController();

/** Lies in no folder of the project. Takes one from the best ask as soon as there is one. */
const TAKER = `
import { defineStrategy } from '@foldbook/history';
export default defineStrategy({
  start({ orders }) {
    let fills = 0;
    let isDone = false;
    return {
      onBlock({ count }, { askPrice }) {
        const price = askPrice[count - 1];
        if (isDone || Number.isNaN(price)) return;
        isDone = true;
        orders.place({ instrument: 0, side: 'buy', price, quantity: 1, timeInForce: 'ioc' });
      },
      onFill: () => { fills += 1; },
      result: () => ({ fills }),
    };
  },
});
`;

async function replayed(paths: string | readonly string[], asked: Partial<ReplayPlan>) {
  const plan = { ...PLAN, ...asked };
  const [feed] = joinFeeds(await openFeeds([paths].flat(), plan));
  assert(feed !== undefined);
  return runFeed({ module, plan, feed, signal });
}

test('a feed through the matching engine: what was the same, and what was not', async (t) => {
  const { put } = await testFolder(t);
  const rows = [...BOOK_ROWS, 'F,B,10,5,1', 'C,B,10,5,1', 'A,B,10.5,1,9'];
  const { engine, backtest, events } = await replayed(await put('1.csv', csvOf(rows)), {
    engine: true,
  });
  assert.deepEqual([events, engine?.executions, engine?.same], [9, 1, 1]);
  assert.deepEqual(
    engine?.differences.map(({ kind, count }) => [kind, count]),
    [['crossing', 1]],
  );
  assert.equal(backtest, undefined);
});

test("a backtest: fills in the feed's market, fees, its order log, a picture", async (t) => {
  const { put, pathOf } = await testFolder(t);
  const path = await put('1.csv', csvOf([...BOOK_ROWS, 'A,B,9,1,6', 'A,B,9,1,7']));
  const [orders, svg] = [pathOf('orders.jsonl'), pathOf('1.svg')];
  const { backtest, faults, results } = await replayed(path, {
    ...{ backtest: true, strategies: [await put('taker.ts', TAKER)], orders, svg },
    fees: { makerPpm: 0, takerPpm: 10_000 },
  });
  assert.deepEqual(faults, []);
  assert.deepEqual([backtest?.orders, backtest?.result], [1, { fills: 1 }]);
  // One for 10.50, worth 10.25 at the end, with a fee of a hundredth.
  const { fills, position, unrealised, fees, total } = backtest?.profit.ABC ?? {};
  assert.deepEqual(
    [fills, position, unrealised, fees, total],
    [1, '1', '-0.25', '0.105', '-0.355'],
  );
  assert.deepEqual(results, [svg, orders]);
  const log = (await readFile(orders, 'utf8')).trim().split('\n');
  assert.deepEqual(
    log.map((line) => (JSON.parse(line) as { type: string }).type),
    ['place', 'accepted', 'fill', 'mark'],
  );
  assert.match(await readFile(svg, 'utf8'), /<svg/);
});

test('a file that begins with a snapshot empties the engine before it', async (t) => {
  const { put } = await testFolder(t);
  const rows = ['A,B,8,5,1', 'A,A,9,5,2'];
  const snapshot = csvOf(rows).replaceAll(',128,', ',160,');
  const paths = [await put('1.csv', csvOf(BOOK_ROWS)), await put('2.csv', snapshot)];
  const { engine } = await replayed(paths, { engine: true });
  assert.deepEqual(engine?.differences, []);
  const strategies = [await put('taker.ts', TAKER)];
  const { backtest, faults } = await replayed(paths, { backtest: true, strategies });
  assert.deepEqual([faults, backtest?.result], [[], { fills: 1 }]);
});

test('a strategy fails: told once, with the place in its own code', async (t) => {
  const { put } = await testFolder(t);
  const path = await put('1.csv', csvOf(BOOK_ROWS));
  const fails = "export default { start() { throw new Error('not today'); } };";
  const strategies = [await put('fails.ts', fails)];
  const { faults } = await replayed(path, { backtest: true, strategies });
  const [words = '', ...others] = faults.map(faultWords);
  assert.deepEqual(others, []);
  const shape =
    /^1\.csv: STRATEGY_FAILED: .*fails\.ts, start: Error: not today\n {4}at .*\/fails\.ts:1:\d+\)$/;
  assert.match(words, shape);
});

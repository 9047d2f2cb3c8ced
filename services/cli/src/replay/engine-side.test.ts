import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import { loadHistoryModule } from '@foldbook/history';
import { faultWords } from './fault.ts';
import { joinFeeds, openFeeds } from './feed.ts';
import { outcomeWords } from './feed-outcome.ts';
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

async function replayed(path: string | readonly string[], asked: Partial<ReplayPlan>) {
  const plan = { ...PLAN, ...asked };
  const [feed] = joinFeeds(await openFeeds([path].flat(), plan));
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
    ['units', 'place', 'accepted', 'fill', 'mark'],
  );
  const [units = '', ...entries] = log;
  const logHash = backtest?.logHash;
  assert.deepEqual(JSON.parse(units), {
    ...{ type: 'units', priceDecimals: 9, quantityDecimals: 0, feeDecimals: 9 },
    ...{ instruments: ['ABC'], logHash },
  });
  const hash = createHash('sha256').update(entries.map((line) => `${line}\n`).join(''));
  assert.equal(hash.digest('hex'), logHash);
  assert.match(await readFile(svg, 'utf8'), /<svg/);
});

test('a backtest with so much money: what it cannot pay is refused', async (t) => {
  const { put } = await testFolder(t);
  const path = await put('1.csv', csvOf([...BOOK_ROWS, 'A,B,9,1,6', 'A,B,9,1,7']));
  const strategies = [await put('taker.ts', TAKER)];
  for (const [quote, fills, rejected, words] of [
    ['10.5', 1, {}, undefined],
    ['10.499999999', 0, { INSUFFICIENT_FUNDS: 1 }, '  rejected: 1 INSUFFICIENT_FUNDS'],
  ] as const) {
    const asked = { backtest: true, strategies, funds: { base: '0', quote } };
    const outcome = await replayed(path, asked);
    const { backtest, faults } = outcome;
    assert.deepEqual([backtest?.result, backtest?.rejected, faults], [{ fills }, rejected, []]);
    const lines = outcomeWords(outcome).split('\n');
    assert.equal(
      lines.find((line) => line.includes('rejected')),
      words,
    );
  }
  const funds = { base: '0.5', quote: '1' };
  await assert.rejects(() => replayed(path, { backtest: true, strategies, funds }), {
    name: 'UsageError',
    message: '--funds 0.5:1: 0.5 has more decimals than the feed, which has 0',
  });
});

test('a file that begins with a snapshot goes on where the one before ended', async (t) => {
  const { put } = await testFolder(t);
  const day = await put('1.csv', csvOf(BOOK_ROWS));
  const rows = ['A,B,10,5,1', 'A,A,10.5,4,4', 'F,A,10.5,3,4', 'C,A,10.5,3,4'];
  const next = await put('2.csv', csvOf(rows).replaceAll(',128,', ',160,'));
  for (const asked of [
    { engine: true },
    { backtest: true, strategies: [await put('taker.ts', TAKER)] },
  ]) {
    const { faults, engine, backtest } = await replayed([day, next], asked);
    assert.deepEqual(faults, []);
    assert.deepEqual([engine?.executions, engine?.same, engine?.differences], [1, 1, []]);
    if (asked.backtest) assert.deepEqual(backtest?.result, { fills: 1 });
  }
});

/** Places and moves an order wherever it is asked: what it does depends on every block's end. */
const RESTLESS = `
import { defineStrategy } from '@foldbook/history';
export default defineStrategy({
  start: ({ orders }) => ({
    onBlock({ count }, { bidPrice }) {
      const price = bidPrice[count - 1];
      if (price > 0) orders.place({ instrument: 0, side: 'buy', price, quantity: 1 });
    },
  }),
});
`;

test('a backtest comes to the same, however the bytes came', async (t) => {
  const { put } = await testFolder(t);
  // Messages of seven events over several pieces of what the decoder takes at a time.
  const rows = Array.from({ length: 9_000 }, (_, index) => {
    return `A,B,${10 + (index % 90) / 100},5,${index + 1}`;
  });
  const text = csvOf(['R,N,,0,0', ...rows]);
  let line = 0;
  const csv = text.replaceAll(',128,', () => (++line % 7 === 1 ? ',128,' : ',0,'));
  const parts = [csv.slice(0, 50_001), csv.slice(50_001)];
  const frames = Buffer.concat(parts.map((part) => zstdCompressSync(part)));
  const strategies = [await put('restless.ts', RESTLESS)];
  const latency = { dataNs: 5, orderNs: 5, jitterNs: 50, seed: 1 };
  const hashes = new Set<string | undefined>();
  for (const [path, mapping] of [
    [await put('a.csv', csv), true],
    [await put('b.csv', csv), false],
    [await put('c.csv.zst', frames), true],
  ] as const) {
    const { backtest, faults } = await replayed(path, {
      ...{ backtest: true, strategies, latency, mapping },
    });
    assert.deepEqual(faults, []);
    hashes.add(backtest?.logHash);
  }
  assert.equal(hashes.size, 1);
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

/** What a run writes and computes on its way. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadHistoryModule } from '@foldbook/history';
import { UsageError } from '../cli-error.ts';
import { faultWords } from './fault.ts';
import { joinFeeds, openFeeds, shareOut } from './feed.ts';
import type { FeedOutcome } from './feed-outcome.ts';
import { runFeed } from './feed-run.ts';
import { runParallel } from './parallel.ts';
import type { ReplayPlan } from './replay-plan.ts';
import { measureStages } from './stages.ts';
import { BOOK_ROWS, blockOf, csvOf, newDiff, PLAN, testFolder } from './testing/market-files.ts';

const module = await loadHistoryModule();
const { signal } = new AbortController();
const HISTORY = fileURLToPath(import.meta.resolve('@foldbook/history'));

const STRATEGY = `
import { defineStrategy } from ${JSON.stringify(HISTORY)};
export default defineStrategy({
  features: ['spread'],
  start: ({ priceDecimals }) => {
    let events = 0;
    let last = Number.NaN;
    return {
      onBlock({ count }, snapshots, [spread]) {
        events += count;
        last = spread[count - 1] / 10 ** priceDecimals;
      },
      result: () => ({ events, last }),
    };
  },
});
`;

async function replayed(path: string, asked: Partial<ReplayPlan>) {
  const plan = { ...PLAN, ...asked };
  const [feed] = joinFeeds(await openFeeds([path], plan));
  assert(feed !== undefined);
  return runFeed({ module, plan, feed, signal });
}

test('features in currency, and a strategy in its thread', async (t) => {
  const { put } = await testFolder(t);
  const path = await put('1.csv', csvOf(BOOK_ROWS));
  const strategy = await put('strategy.ts', STRATEGY);
  const features = ['mid', 'imbalance', 'since-trade'];
  const outcome = await replayed(path, { features, strategies: [strategy] });
  assert.deepEqual(outcome.strategies, [{ file: strategy, result: { events: 6, last: 0.5 } }]);
  const { mid, imbalance } = outcome.features ?? {};
  assert.deepEqual([mid?.rows, mid?.last, mid?.mean], [2, 10.25, 10.25]);
  assert.deepEqual([imbalance?.last, imbalance?.most], [0.5, 1]);
  assert.equal(outcome.features?.['since-trade'], null);
});

test('a strategy that fails ends the run, with what was played', async (t) => {
  const { put } = await testFolder(t);
  const path = await put('1.csv', csvOf(BOOK_ROWS));
  const bad = STRATEGY.replace('events += count', 'throw new Error("no good")');
  const { faults, events } = await replayed(path, { strategies: [await put('bad.ts', bad)] });
  assert.deepEqual([faults.map(({ code }) => code), events], [['STRATEGY_FAILED'], 6]);
  assert.match(faults[0]?.message ?? '', /no good/);
  const none = await put('none.ts', 'export default 1;');
  await assert.rejects(() => replayed(path, { strategies: [none] }), /NOT_A_STRATEGY: .*none/);
});

test("events written in this project's format are the same feed", async (t) => {
  const { put, pathOf } = await testFolder(t);
  const path = await put('1.csv', csvOf(BOOK_ROWS));
  const first = await replayed(path, { compact: pathOf('1.events') });
  assert.deepEqual(first.written, [{ file: pathOf('1.events'), events: 6, leftOut: 0 }]);
  const second = await replayed(pathOf('1.events'), {});
  assert.equal(second.format, 'compact');
  assert.deepEqual(second.finalBook, first.finalBook);
});

test('binary order records have orders, and leave out what they cannot tell', async (t) => {
  const { put, pathOf } = await testFolder(t);
  const update = newDiff(1, '5', '1').replace('{"new":{"sz":"1"}}', () => {
    return '{"update":{"origSz":"1","newSz":"0.5"}}';
  });
  const text = blockOf(1, newDiff(1, '5', '1'), newDiff(2, '6', '2'), update);
  const outcome = await replayed(await put('1.jsonl', text), { bin38: pathOf('1.bin') });
  assert.deepEqual(outcome.written, [{ file: pathOf('1.bin'), events: 2, leftOut: 1 }]);
  assert.equal((await stat(pathOf('1.bin'))).size, 2 * 38);
  const [[name, book] = []] = (await replayed(pathOf('1.bin'), {})).finalBook;
  assert.deepEqual([name, book?.bestBid, book?.orders], ['0', '6.00', 2]);
  const path = await put('1.csv', csvOf(BOOK_ROWS));
  await assert.rejects(() => replayed(path, { bin38: pathOf('2.bin') }), UsageError);
});

test('Parquet and a picture are written, or refused before anything is read', async (t) => {
  const { put, pathOf } = await testFolder(t);
  const path = await put('1.csv', csvOf(BOOK_ROWS));
  const [parquet, svg] = [pathOf('1.parquet'), pathOf('1.svg')];
  const outcome = await replayed(path, { parquet, svg, features: ['mid'] });
  assert.deepEqual(outcome.results, [parquet, svg]);
  assert.equal((await readFile(parquet)).subarray(0, 4).toString(), 'PAR1');
  assert.match(await readFile(svg, 'utf8'), /^<svg|^<\?xml/);
  for (const asked of [{ parquet: pathOf('no/x') }, { svg: pathOf('no/x') }]) {
    await assert.rejects(() => replayed(path, asked), /can't be written: there is no such/);
  }
});

test('stages: each is measured, and the last ends with the book', async (t) => {
  const { put } = await testFolder(t);
  const plan = { ...PLAN, repeat: 2, strategies: [await put('strategy.ts', STRATEGY)] };
  const [feed] = await openFeeds([await put('1.csv', csvOf(BOOK_ROWS))], plan);
  assert(feed !== undefined);
  const common = { module, feed, plan, onProgress: () => {} };
  const outcome = await measureStages({ ...common, signal });
  assert(outcome !== undefined);
  assert.deepEqual(
    outcome.stages.map(({ stage }) => stage),
    ['read', 'decode', 'book', 'features', 'strategy'],
  );
  assert.deepEqual([outcome.events, outcome.passes, outcome.features.length], [6, 2, 8]);
  assert.equal(outcome.finalBook[0]?.[1].bestBid, '10.00');
  const ended = await measureStages({ ...common, signal: AbortSignal.abort() });
  assert.equal(ended, undefined);
});

test('stages: a strategy that fails is named by its file', async (t) => {
  const { put } = await testFolder(t);
  const path = await put('1.csv', csvOf(BOOK_ROWS));
  const fails = await put('fails.ts', "export default { start() { throw new Error('no'); } };");
  const plan = { ...PLAN, repeat: 1, strategies: [fails] };
  const [feed] = await openFeeds([path], plan);
  assert(feed !== undefined);
  const running = measureStages({ module, feed, plan, signal, onProgress: () => {} });
  await assert.rejects(running, (error: Error) => error.message.includes(`${fails}, start: `));
});

test('stages over several files: a snapshot is the whole book', async (t) => {
  const { put } = await testFolder(t);
  const snapshot = csvOf(['A,B,8,5,1', 'A,A,9,5,2']).replaceAll(',128,', ',160,');
  const paths = [await put('1.csv', csvOf(BOOK_ROWS)), await put('2.csv', snapshot)];
  const plan = { ...PLAN, repeat: 1, unknown: 'refuse' } as const;
  const [feed] = joinFeeds(await openFeeds(paths, plan));
  assert(feed !== undefined);
  const outcome = await measureStages({ module, feed, plan, signal, onProgress: () => {} });
  const book = outcome?.finalBook[0]?.[1];
  assert.deepEqual([outcome?.events, book?.bestBid, book?.orders], [8, '8.00', 2]);
});

test('feeds at once, each with a strategy of its own', async (t) => {
  const { put } = await testFolder(t);
  const one = await put('1.csv', csvOf(BOOK_ROWS));
  const other = await put('2.csv', csvOf(BOOK_ROWS.slice(0, 3), 'XYZ'));
  const plan = { ...PLAN, strategies: [await put('strategy.ts', STRATEGY)] };
  const found = new Map<string, unknown>();
  const together = await runParallel({
    json: false,
    ...{ module, plan, feeds: await openFeeds([one, other], plan), signal, onProgress: () => {} },
    onOutcome: ({ files, strategies }) => found.set(`${files[0]}`, strategies[0]?.result),
  });
  assert.equal(together.pinned, 0);
  assert.deepEqual(found.get('1.csv'), { events: 6, last: 0.5 });
  assert.deepEqual(found.get('2.csv'), { events: 3, last: Number.NaN });
});

test('feeds at once, each with its own book', async (t) => {
  const { put } = await testFolder(t);
  const one = await put('1.csv', csvOf(BOOK_ROWS));
  const other = await put('2.csv', csvOf(BOOK_ROWS.slice(0, 3), 'XYZ'));
  const bad = await put('3.csv', csvOf([...BOOK_ROWS, 'A,B,x,1,9']));
  const feeds = await openFeeds([one, other, bad], PLAN);
  const found = new Map<string, readonly [number, number]>();
  const together = await runParallel({
    json: false,
    ...{ module, plan: PLAN, feeds, signal, onProgress: () => {} },
    onOutcome: ({ files, events, faults }) => found.set(`${files}`, [events, faults.length]),
  });
  assert.deepEqual(found.get('1.csv'), [6, 0]);
  assert.deepEqual(found.get('2.csv'), [3, 0]);
  assert.deepEqual(found.get('3.csv'), [6, 1]);
  assert.deepEqual([together.feeds, together.events], [3, 15]);
});

/** Rows of some instruments by turns. */
function mixedCsv(symbols: readonly string[]): string {
  const [head = '', ...first] = csvOf(BOOK_ROWS).trim().split('\n');
  const rows = first.flatMap((row) => symbols.map((symbol) => row.replace('ABC', symbol)));
  return [head, ...rows, ''].join('\n');
}

test('shares of the instruments at once: together what one thread makes of all', async (t) => {
  const { put } = await testFolder(t);
  // The second file does not begin with a snapshot: its books go on.
  const paths = [
    await put('1.csv', mixedCsv(['A', 'B', 'C', 'D', 'E'])),
    await put('2.csv', csvOf(['A,B,9,5,6', 'C,A,10.5,1,4'], 'D')),
  ];
  const plan: ReplayPlan = { ...PLAN, features: ['mid'], repeat: 2 };
  const [feed] = joinFeeds(await openFeeds(paths, plan));
  assert(feed !== undefined);
  const whole = await runFeed({ module, plan, feed, signal });
  const outcomes: FeedOutcome[] = [];
  const together = await runParallel({
    json: false,
    ...{ module, plan, feeds: shareOut(feed, 3), signal, onProgress: () => {} },
    onOutcome: (outcome) => outcomes.push(outcome),
  });
  const byName = (all: readonly FeedOutcome[]) => {
    return Object.fromEntries(all.flatMap(({ finalBook }) => finalBook));
  };
  assert.deepEqual(byName(outcomes), byName([whole]));
  const sum = (of: (outcome: FeedOutcome) => number) =>
    outcomes.reduce((all, outcome) => all + of(outcome), 0);
  assert.deepEqual([together.feeds, together.shares, together.events], [1, 3, whole.events]);
  assert.equal(
    sum(({ instruments }) => instruments),
    5,
  );
  assert.equal(
    sum(({ features }) => features?.mid?.rows ?? 0),
    whole.features?.mid?.rows,
  );
  const sizes = outcomes.map(({ share, finalBook }) => [share?.index, finalBook.length]);
  assert.deepEqual(sizes.sort(), [
    [0, 2],
    [1, 2],
    [2, 1],
  ]);
});

test('a file of results for which there is no space: told once, by its name', async (t) => {
  if (!existsSync('/dev/full')) return t.skip('no /dev/full here');
  const { put, pathOf } = await testFolder(t);
  const path = await put('1.csv', csvOf(BOOK_ROWS));
  const strategies = [await put('idle.ts', 'export default { start: () => ({ onBlock() {} }) };')];
  const words = "/dev/full: ENOSPC: can't be written to its end: there is no space left";
  const svg = pathOf('1.svg');
  for (const asked of [
    { svg: '/dev/full' },
    { parquet: '/dev/full', svg },
    { compact: '/dev/full', svg },
    { orders: '/dev/full', svg, backtest: true, strategies },
  ]) {
    const { faults, results, written, events, backtest } = await replayed(path, asked);
    assert.deepEqual(faults.map(faultWords), [words]);
    // What else was asked for is there.
    assert.deepEqual([results, written], [asked.svg === svg ? [svg] : [], []]);
    assert.equal(events, asked.compact === undefined ? 6 : 0);
    assert.equal(backtest?.orders, asked.backtest ? 0 : undefined);
  }
});

test('a disk that fills up in the middle of a run ends it, told once', async (t) => {
  if (!existsSync('/dev/full')) return t.skip('no /dev/full here');
  const { put } = await testFolder(t);
  const rows = Array.from({ length: 200_000 }, (_, index) => `A,B,${10 + (index % 7)},5,${index}`);
  const path = await put('1.csv', csvOf(['R,N,,0,0', ...rows]));
  for (const asked of [{ parquet: '/dev/full' }, { compact: '/dev/full' }]) {
    const { faults, written, results, events } = await replayed(path, asked);
    assert.deepEqual(
      faults.map(({ file, code }) => [file, code]),
      [['/dev/full', 'ENOSPC']],
    );
    assert.deepEqual([written, results], [[], []]);
    assert(events < rows.length);
  }
});

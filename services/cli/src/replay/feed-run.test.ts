import assert from 'node:assert/strict';
import { appendFile } from 'node:fs/promises';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { loadHistoryModule } from '@foldbook/history';
import { UsageError } from '../cli-error.ts';
import { checkOutputs, joinFeeds, openFeeds } from './feed.ts';
import type { FeedOutcome } from './feed-outcome.ts';
import { type RunProgress, runFeed } from './feed-run.ts';
import { finalBookObject } from './final-book.ts';
import type { ReplayPlan } from './replay-plan.ts';
import {
  BOOK_ROWS,
  blockOf,
  csvOf,
  newDiff,
  PLAN,
  removeDiff,
  testFolder,
} from './testing/market-files.ts';

const module = await loadHistoryModule();

async function replayed(
  files: readonly string[],
  asked: Partial<ReplayPlan> = {},
  signal = new AbortController().signal,
  onProgress?: (progress: RunProgress) => void,
): Promise<FeedOutcome> {
  const plan = { ...PLAN, ...asked };
  const [feed, other] = joinFeeds(await openFeeds(files, plan));
  assert(feed !== undefined && other === undefined, 'one feed');
  return runFeed({ module, plan, feed, signal, onProgress });
}

const bookOf = (outcome: FeedOutcome, name = 'ABC') => finalBookObject(outcome.finalBook)[name];
const bestOf = (outcome: FeedOutcome, name = 'ABC') => {
  const book = bookOf(outcome, name);
  return [book?.bestBid, book?.bestAsk, book?.bidLevels, book?.askLevels, book?.orders];
};

test('a file, however it is packed, mapped or read', async (t) => {
  const { put } = await testFolder(t);
  const text = csvOf(BOOK_ROWS);
  for (const [path, mapping] of [
    [await put('plain.csv', text), true],
    [await put('read.csv', text), false],
    [await put('one.csv.gz', gzipSync(text)), true],
    [await put('one.csv.zst', zstdCompressSync(text)), true],
  ] as const) {
    const outcome = await replayed([path], { mapping });
    assert.deepEqual(bestOf(outcome), ['10.00', '10.50', 2, 2, 5]);
    assert.equal(outcome.events, 6);
    assert.equal(outcome.format, 'csv');
    assert.deepEqual(outcome.faults, []);
    assert.deepEqual(bookOf(outcome)?.bids, [
      { price: '10.00', quantity: '12', orders: 2 },
      { price: '9.75', quantity: '1', orders: 1 },
    ]);
  }
});

test('several files of a feed: the book goes on, and a snapshot replaces it', async (t) => {
  const { put } = await testFolder(t);
  const day = await put('1.csv', csvOf(BOOK_ROWS));
  const next = await put('2.csv', csvOf(['C,B,10,12,1', 'C,B,10,7,2'].map(reduced)));
  assert.deepEqual(bestOf(await replayed([day, next])), ['9.75', '10.50', 1, 2, 3]);
  const snapshot = csvOf(['A,B,8,5,1', 'A,A,9,5,2']).replaceAll(',128,', ',160,');
  const replaced = await replayed([day, await put('3.csv', snapshot)]);
  assert.deepEqual(bestOf(replaced), ['8.00', '9.00', 1, 1, 2]);
});
/** All of order 1, which has 5. */
const reduced = (row: string) => row.replace(',12,1', ',5,1');

test('again and again: events add up, the book is the same', async (t) => {
  const { put } = await testFolder(t);
  const path = await put('1.csv', csvOf(BOOK_ROWS));
  const once = await replayed([path], { features: ['mid'] });
  const many = await replayed([path], { repeat: 3, features: ['mid'] });
  assert.equal(many.events, 3 * once.events);
  assert.equal(many.passes, 3);
  assert.deepEqual(many.finalBook, once.finalBook);
  assert.equal(many.features?.mid?.rows, 3 * (once.features?.mid?.rows ?? 0));
});

test('unknown orders: counted in the middle of a day, refused where it began whole', async (t) => {
  const { put } = await testFolder(t);
  const middle = await put('1.csv', csvOf([...BOOK_ROWS.slice(1), 'C,B,9,1,77']));
  const counted = await replayed([middle]);
  assert.equal(counted.unknown, 'count');
  assert.deepEqual(counted.faultCounts, { UNKNOWN_ORDER: 1 });
  assert.deepEqual(counted.faults, []);
  const whole = await put('2.csv', csvOf([...BOOK_ROWS, 'C,B,9,1,77', 'A,B,10.25,1,8']));
  const [fault] = (await replayed([whole])).faults;
  assert.deepEqual([fault?.code, fault?.event, fault?.file], ['UNKNOWN_ORDER', 6, '2.csv']);
  assert.equal(bestOf(await replayed([whole], { unknown: 'count' }))[0], '10.25');
  const lenient = await replayed([whole], { lenient: true });
  assert.deepEqual([lenient.faults, bestOf(lenient)[0]], [[], '10.25']);
  assert.equal((await replayed([middle], { unknown: 'refuse' })).faults.length, 1);
});

test('a faulty line: what came before it stands, and lenient goes behind it', async (t) => {
  const { put } = await testFolder(t);
  const text = csvOf([...BOOK_ROWS, 'A,B,no price,1,8', 'A,B,10.25,1,9']);
  const path = await put('1.csv', text);
  const outcome = await replayed([path]);
  const [fault] = outcome.faults;
  assert.equal(fault?.byte, text.indexOf('\n', text.indexOf(',5,128')) + 1);
  assert.match(fault?.code ?? '', /^BAD_/);
  assert.deepEqual([outcome.events, bestOf(outcome)[0]], [6, '10.00']);
  const lenient = await replayed([path], { lenient: true });
  assert.deepEqual([lenient.decoderFaults, lenient.events, bestOf(lenient)[0]], [1, 7, '10.25']);
});

test('packed data that is cut off: what came before it is played', async (t) => {
  const { put } = await testFolder(t);
  const rows = Array.from({ length: 5_000 }, (_, index) => `A,B,${index % 90},1,${index + 1}`);
  const packed = gzipSync(csvOf(rows));
  const path = await put('1.csv.gz', packed.subarray(0, packed.length / 2));
  const whole = await put('2.csv', csvOf(['A,A,100,1,9999']));
  const outcome = await replayed([path, whole]);
  assert.deepEqual(
    outcome.faults.map(({ file, code }) => [file, code]),
    [['1.csv.gz', 'TRUNCATED']],
  );
  assert(outcome.events > 0 && outcome.events < 5_000, `${outcome.events} events`);
  assert.equal(bestOf(outcome)[1], undefined);
  const lenient = await replayed([path, whole], { lenient: true });
  assert.deepEqual([lenient.faults.length, bestOf(lenient)[1]], [1, '100.00']);
});

test('blocks of a node go on from file to file, and a gap between files is one', async (t) => {
  const { put } = await testFolder(t);
  const first = await put('20_by_block.jsonl', blockOf(7, newDiff(1, '5', '1')));
  const next = blockOf(8, newDiff(2, '6', '1')) + blockOf(10);
  const outcome = await replayed([first, await put('21_by_block.jsonl', next)]);
  assert.equal(bestOf(outcome, 'BTC')[0], '6.00');
  const [fault] = outcome.faults;
  assert.deepEqual([fault?.code, fault?.file], ['GAP', '21_by_block.jsonl']);
  assert((fault?.byte ?? 0) > next.indexOf('\n') && (fault?.byte ?? 0) < next.length);
});

/** A system event: a day of NASDAQ's begins. */
function itchStart(): Buffer {
  const bytes = Buffer.alloc(14);
  bytes.writeUInt16BE(12, 0);
  bytes.write('S', 2, 'latin1');
  bytes.write('O', 13, 'latin1');
  return bytes;
}

test('files of other kinds and days are feeds of their own', async (t) => {
  const { put } = await testFolder(t);
  const csv = await put('1.csv', csvOf(BOOK_ROWS));
  const diffs = await put('2.jsonl', blockOf(1, newDiff(1, '5', '1')));
  const more = await put('3.jsonl', blockOf(2, newDiff(2, '5', '1')));
  const lobster = (name: string) => put(name, '34200.1,1,5,100,1000,1\n');
  const goog = await lobster('GOOG_2012-06-21_34200000_57600000_message_10.csv');
  const aapl = await lobster('AAPL_2012-06-21_34200000_57600000_message_1.csv');
  const part = await lobster('GOOG_2012-06-21_57600000_72000000_message_10.csv');
  const next = await lobster('GOOG_2012-06-22_34200000_57600000_message_10.csv');
  const itch = await Promise.all(['01.itch', '02.itch'].map((name) => put(name, itchStart())));
  const files = [csv, diffs, goog, aapl, more, part, next, ...itch];
  const feeds = joinFeeds(await openFeeds(files, PLAN));
  assert.deepEqual(
    feeds.map(({ format, instrument, levels, inputs }) => {
      return [format.name, instrument, levels, inputs.length];
    }),
    [
      ['csv', '1', undefined, 1],
      ['hyperliquid', '2', undefined, 2],
      ['lobster', 'GOOG', 10, 2],
      ['lobster', 'AAPL', 1, 1],
      ['lobster', 'GOOG', 10, 1],
      ['itch', '01', undefined, 1],
      ['itch', '02', undefined, 1],
    ],
  );
});

test('what cannot be read at all is said before anything is played', async (t) => {
  const { folder, put, pathOf } = await testFolder(t);
  for (const [path, words] of [
    [pathOf('none'), /none can't be read: there is no such file/],
    [folder, /NOT_A_FILE/],
    [await put('empty', ''), /empty: UNKNOWN_FORMAT: .* of no format that is known/],
    [await put('other', 'something else\n'), /other: UNKNOWN_FORMAT/],
    [`${await put('1.csv', csvOf(BOOK_ROWS))}#x`, /NO_MEMBER: no x in it; it is no zip/],
  ] as const) {
    await assert.rejects(
      () => openFeeds([path], PLAN),
      (error: unknown) => error instanceof UsageError && words.test(error.message),
      path,
    );
  }
});

test('files for results are neither input nor the same', async (t) => {
  const { put, pathOf } = await testFolder(t);
  const path = await put('1.csv', csvOf(BOOK_ROWS));
  const other = await put('2.jsonl', blockOf(1, newDiff(1, '5', '1')));
  const checked = async (files: readonly string[], asked: Partial<ReplayPlan>) => {
    const plan = { ...PLAN, ...asked };
    await checkOutputs(joinFeeds(await openFeeds(files, plan)), plan);
  };
  await checked([path], { compact: pathOf('a'), parquet: pathOf('b') });
  await assert.rejects(() => checked([path], { compact: path }), /1\.csv is named twice/);
  const twice = { compact: pathOf('a'), parquet: pathOf('a') };
  await assert.rejects(() => checked([path], twice), /a is named twice/);
  await assert.rejects(() => checked([path, other], { svg: pathOf('a') }), /is for one feed/);
});

test('a file that grows, until the end is asked for', async (t) => {
  const { put } = await testFolder(t);
  const path = await put('1.jsonl', blockOf(1, newDiff(1, '5', '1')));
  const end = new AbortController();
  const onProgress = ({ events }: RunProgress) => {
    if (events === 4) end.abort();
  };
  const run = replayed([path], { follow: true }, end.signal, onProgress);
  await appendFile(path, blockOf(2, newDiff(2, '6', '2'), newDiff(3, '7', '1', 'A')));
  await appendFile(path, blockOf(3, removeDiff(2, '6')));
  const outcome = await run;
  assert.deepEqual([outcome.events, outcome.isInterrupted], [4, false]);
  assert.deepEqual(bestOf(outcome, 'BTC'), ['5.00', '7.00', 1, 1, 2]);
});

test('a packed file cannot be followed', async (t) => {
  const { put } = await testFolder(t);
  const text = Buffer.from(blockOf(1, newDiff(1, '5', '1')));
  const plan = { ...PLAN, follow: true };
  for (const [packing, bytes] of [
    ['gzip', gzipSync(text)],
    ['zstd', zstdCompressSync(text)],
  ] as const) {
    const path = await put('20', bytes);
    const words = new RegExp(`, and 20 is packed \\(${packing}\\): leave --follow out`);
    await assert.rejects(() => openFeeds([path], plan), UsageError);
    await assert.rejects(() => openFeeds([path], plan), words);
  }
});

test('events at their own pace, ten times as fast', async (t) => {
  const { put } = await testFolder(t);
  const text = csvOf(['A,B,1,1,1', 'A,B,2,1,2']);
  const later = text.replace('1700000000000000001', '1700000000200000000');
  const startMs = performance.now();
  const outcome = await replayed([await put('1.csv', later)], { speed: 10 });
  // A timer is not early.
  assert(performance.now() - startMs >= 19);
  assert.deepEqual([outcome.events, bestOf(outcome)[0]], [2, '2.00']);
});

test('an end that comes while events wait for their time', async (t) => {
  const { put } = await testFolder(t);
  const later = csvOf(['A,B,1,1,1', 'A,B,2,1,2']).replace(
    '1700000000000000001',
    '1800000000000000000',
  );
  const end = new AbortController();
  const run = replayed([await put('1.csv', later)], { speed: 1 }, end.signal);
  setTimeout(() => end.abort(), 20);
  const outcome = await run;
  // Perhaps it comes before the first; the second is three years later.
  assert.ok(outcome.events < 2 && outcome.isInterrupted, `${outcome.events} events`);
});

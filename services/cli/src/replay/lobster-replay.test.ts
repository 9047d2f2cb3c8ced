/** LOBSTER's messages with the orderbook file beside them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { loadHistoryModule } from '@foldbook/history';
import { faultWords } from './fault.ts';
import { checkOutputs, joinFeeds, openFeeds } from './feed.ts';
import { checkFeed, checkObject, checkWords, expectedOf } from './feed-check.ts';
import { outcomeObject, outcomeWords } from './feed-outcome.ts';
import { runFeed } from './feed-run.ts';
import { finalBookObject } from './final-book.ts';
import type { ReplayPlan } from './replay-plan.ts';
import { measureStages } from './stages.ts';
import { PLAN, testFolder } from './testing/market-files.ts';

const module = await loadHistoryModule();
const { signal } = new AbortController();

const NAME = 'X_2012-06-21_34200000_57600000_message_2.csv';
const ROWS_NAME = NAME.replace('message', 'orderbook');
/** An order leaves that nobody named, and uncovers a level; then another one does. */
const MESSAGES = '34200.1,1,5,100,1000,1\n34200.2,3,6,50,1010,-1\n34200.3,4,7,30,1020,-1\n';
const ROWS = [
  '1010,50,1000,100,1020,30,990,10',
  '1020,30,1000,100,1030,70,990,10',
  '1030,70,1000,100,1040,80,990,10',
  '',
].join('\n');

async function feedOf(files: readonly string[], plan: ReplayPlan) {
  const [feed, other] = joinFeeds(await openFeeds(files, plan));
  assert(feed !== undefined && other === undefined, 'one feed');
  return feed;
}

async function replayed(files: readonly string[], asked: Partial<ReplayPlan> = {}) {
  const plan = { ...PLAN, ...asked };
  return runFeed({ module, plan, feed: await feedOf(files, plan), signal });
}

const pricesOf = ({ finalBook }: Awaited<ReturnType<typeof replayed>>) => {
  const { X } = finalBookObject(finalBook);
  const terms = (levels: readonly { price: string; quantity: string }[] = []) =>
    levels.map(({ price, quantity }) => `${quantity} at ${price}`);
  return [terms(X?.bids), terms(X?.asks)];
};
const LAST_ROW = [
  ['100 at 0.10', '10 at 0.099'],
  ['70 at 0.103', '80 at 0.104'],
];

test('the book follows the orderbook file beside the messages', async (t) => {
  const { put } = await testFolder(t);
  const path = await put(NAME, MESSAGES);
  assert.deepEqual((await replayed([path])).orderbooks, []);
  await put(ROWS_NAME, ROWS);
  const followed = await replayed([path]);
  assert.deepEqual(pricesOf(followed), LAST_ROW);
  assert.deepEqual([followed.orderbooks, followed.events], [[ROWS_NAME], 8]);
  assert.deepEqual(outcomeObject(followed).orderbooks, [ROWS_NAME]);
  assert.match(outcomeWords(followed), /the book follows X_.*_orderbook_2\.csv\n {2}2 events of/);
  const alone = await replayed([path], { orderbook: false });
  assert.deepEqual(pricesOf(alone), [['100 at 0.10'], []]);
  assert.deepEqual([alone.orderbooks, alone.events], [[], 3]);
  assert.match(outcomeWords(alone), /without its orderbook file, .* orders that left unseen/);
  assert.equal('orderbooks' in outcomeObject(alone), false);
});

test('the two files of a day may have another name before their ends', async (t) => {
  const { put, pathOf } = await testFolder(t);
  const path = await put('X.message_2.csv', MESSAGES);
  await put('X.orderbook_1.csv', ROWS);
  assert.deepEqual((await replayed([path])).orderbooks, []);
  await put('X.orderbook_2.csv', ROWS);
  const followed = await replayed([path]);
  assert.deepEqual([pricesOf(followed), followed.orderbooks], [LAST_ROW, ['X.orderbook_2.csv']]);
  const stages = { module, feed: await feedOf([path], PLAN), plan: PLAN, signal };
  const measured = await measureStages({ ...stages, onProgress: () => {} });
  assert.equal(finalBookObject(measured?.finalBook ?? []).X?.askLevels, 2);
  // Of another format, it is a name as any.
  await replayed([path], { compact: pathOf('Y.message_1.csv') });
  assert.deepEqual((await openFeeds([pathOf('Y.message_1.csv')], PLAN))[0]?.levels, undefined);
  // Without a number they may be anybody's.
  const nameless = await put('X.message.csv', MESSAGES);
  await put('X.orderbook.csv', ROWS);
  assert.deepEqual((await replayed([nameless])).orderbooks, []);
});

test('a run that leaves no order says so', async (t) => {
  const { put } = await testFolder(t);
  const path = await put(NAME, '34200.1,1,5,100,1000,1\n34200.2,3,5,100,1000,1\n');
  assert.match(outcomeWords(await replayed([path])), /\nno orders in any book$/);
});

test('packed, again and again, at their pace, measured, and written', async (t) => {
  const { put, pathOf } = await testFolder(t);
  const path = await put(`${NAME}.gz`, gzipSync(MESSAGES));
  await put(`${ROWS_NAME}.gz`, gzipSync(ROWS));
  assert.deepEqual(pricesOf(await replayed([path])), LAST_ROW);
  const twice = await replayed([path], { repeat: 2 });
  assert.deepEqual([pricesOf(twice), twice.events], [LAST_ROW, 16]);
  assert.deepEqual(pricesOf(await replayed([path], { speed: 1_000 })), LAST_ROW);
  const one = await replayed([path], { levels: 1 });
  assert.deepEqual(pricesOf(one), [['100 at 0.10'], ['70 at 0.103']]);
  await replayed([path], { compact: pathOf('X.events') });
  const compact = await replayed([pathOf('X.events')], { levels: 2 });
  assert.deepEqual(pricesOf(compact), LAST_ROW);
  assert.match(outcomeWords(compact), /\n {2}2 events of orders that nobody named\n/);
  const plan = { ...PLAN, repeat: 1 };
  const feed = await feedOf([path], plan);
  const stages = await measureStages({ module, feed, plan, signal, onProgress: () => {} });
  assert(stages !== undefined);
  assert.deepEqual([stages.events, finalBookObject(stages.finalBook).X?.askLevels], [8, 2]);
});

test('the book of measured stages is that of a run', async (t) => {
  const { put } = await testFolder(t);
  // Alone: a bid crosses the ask before it, which has left unseen.
  const crossing = `${MESSAGES}34200.4,1,8,5,1025,-1\n34200.5,1,9,5,1025,1\n`;
  // With rows: one of two levels falls out of them.
  const pushing = `${MESSAGES}34200.4,1,8,5,1025,-1\n`;
  await put(ROWS_NAME, `${ROWS}1025,5,1000,100,1030,70,990,10\n`);
  for (const [messages, asked, levels] of [
    [crossing, { orderbook: false }, [2, 0]],
    [pushing, { levels: 9 }, [2, 2]],
  ] as const) {
    const path = await put(NAME, messages);
    const plan = { ...PLAN, ...asked };
    const feed = await feedOf([path], plan);
    const stages = await measureStages({ module, feed, plan, signal, onProgress: () => {} });
    const measured = finalBookObject(stages?.finalBook ?? []);
    const { finalBook } = await replayed([path], asked);
    assert.deepEqual(measured, finalBookObject(finalBook));
    assert.deepEqual([measured.X?.bidLevels, measured.X?.askLevels], levels);
  }
});

test('a file behind another begins with the whole book', async (t) => {
  const { put } = await testFolder(t);
  const first = await put(NAME, MESSAGES);
  await put(ROWS_NAME, ROWS);
  const later = await put(NAME.replace('34200000_5', '57600000_6'), '57600.1,3,5,100,1000,1\n');
  await put(ROWS_NAME.replace('34200000_5', '57600000_6'), '1040,5,980,6,1050,7,970,8\n');
  const outcome = await replayed([first, later]);
  assert.deepEqual(pricesOf(outcome), [
    ['6 at 0.098', '8 at 0.097'],
    ['5 at 0.104', '7 at 0.105'],
  ]);
  assert.equal(outcome.orderbooks.length, 2);
});

test('faults of the rows name their file; leniently they are counted', async (t) => {
  const { put } = await testFolder(t);
  const path = await put(NAME, MESSAGES);
  for (const [rows, code, words, byte, events] of [
    [
      ROWS.replace('1020,30,1000', '1020,30,x'),
      'BAD_FIELD',
      /row 1 at byte 32 is not of whole/,
      32,
      4,
    ],
    [ROWS.slice(0, 64), 'MISSING_ROWS', /the orderbook ends after 2 rows/, 64, 6],
    [ROWS + ROWS, 'SURPLUS_ROWS', /the messages end after 3 lines/, 192, 8],
  ] as const) {
    await put(ROWS_NAME, rows);
    const outcome = await replayed([path]);
    const [fault] = outcome.faults;
    assert(fault !== undefined);
    assert.deepEqual([fault.file, fault.code, fault.byte], [ROWS_NAME, code, byte]);
    assert.match(`${fault.message}; ${fault.remedy}`, words);
    assert.match(fault.remedy, /--no-orderbook/);
    assert.equal(faultWords(fault).split('byte').length, 2, 'the place, once');
    assert.equal(outcome.events, events);
    const passed = await replayed([path], { lenient: true });
    assert.deepEqual([passed.faults, passed.decoderFaults], [[], 1]);
    assert.match(outcomeWords(passed), /\n {2}1 faulty record passed\n/);
  }
});

test('an orderbook file that cannot be read to its end: what came before stands', async (t) => {
  const { put } = await testFolder(t);
  const path = await put(`${NAME}.gz`, gzipSync(MESSAGES));
  const packed = gzipSync(ROWS, { level: 0 });
  await put(`${ROWS_NAME}.gz`, packed.subarray(0, packed.length - 40));
  const { faults, events } = await replayed([path]);
  const told = faults.map(({ file, code }) => [file, code]);
  assert.deepEqual([told, events], [[[`${ROWS_NAME}.gz`, 'TRUNCATED']], 6]);
  const passed = await replayed([path], { lenient: true });
  assert.deepEqual([passed.faults, passed.decoderFaults, passed.events], [[], 1, 7]);
});

test('results are not written over the orderbook file', async (t) => {
  const { put } = await testFolder(t);
  const path = await put(NAME, MESSAGES);
  const plan = { ...PLAN, parquet: await put(ROWS_NAME, ROWS) };
  const feeds = await openFeeds([path], plan);
  await assert.rejects(() => checkOutputs(feeds, plan), /orderbook_2\.csv is named twice/);
});

test('a check finds a wrong level, and says where the files are of different days', async (t) => {
  const { put } = await testFolder(t);
  const path = await put(NAME, MESSAGES);
  const feed = await feedOf([path], PLAN);
  const checked = async (file: string) => {
    const expected = await expectedOf(feed, file);
    return checkFeed({ module, plan: PLAN, feed, expected, signal, onProgress: () => {} });
  };
  const good = await checked(await put(ROWS_NAME, ROWS));
  assert.deepEqual([good.checked, good.mismatches, good.hint], [3, 0, undefined]);
  // A level that was known, and one that came into sight two rows ago.
  for (const [from, to, first] of [
    ['1030,70,1000,100', '1030,70,1000,101', 'the bid of row 2'],
    ['1030,70,1000,100,1040', '1030,71,1000,100,1040', 'the ask of row 2'],
    ['1030,70,1000,100,1040', '1035,70,1000,100,1040', 'the ask of row 2'],
  ] as const) {
    const bad = await checked(await put('bad.csv', ROWS.replace(from, to)));
    assert.deepEqual([bad.checked, bad.mismatches, bad.first], [3, 1, first]);
  }
  const short = await checked(await put('bad.csv', ROWS.slice(0, 64)));
  assert.match(checkWords(short), /\n {2}1 difference in 2 rows; the first: the orderbook .* ends/);
  const other = await put(ROWS_NAME.replace('X_2012-06-21', 'Y_2012-06-22'), ROWS);
  const hinted = await checked(other);
  const words = /is, by its name, of Y of 2012-06-22; the messages are of X of 2012-06-21/;
  assert.match(checkWords(hinted), words);
  assert.match(`${checkObject(hinted).hint}`, words);
});

test('a fault that ends a check is of the file that has it', async (t) => {
  const { put } = await testFolder(t);
  const path = await put(NAME, MESSAGES);
  const rows = await put(ROWS_NAME, ROWS.replace('1020,30,1000', '1020,30,x'));
  const feed = await feedOf([path], PLAN);
  const options = { module, feed, expected: await expectedOf(feed, rows), onProgress: () => {} };
  const { checked, faults } = await checkFeed({ ...options, plan: PLAN, signal });
  const [fault, other] = faults;
  assert(fault !== undefined && other === undefined);
  assert.deepEqual([checked, fault.file, fault.code], [1, ROWS_NAME, 'BAD_FIELD']);
  // A check takes no --no-orderbook.
  assert.match(faultWords(fault), /at byte 32 .*; --lenient counts/);
  const lenient = { ...PLAN, lenient: true };
  const passed = await checkFeed({ ...options, plan: lenient, signal });
  assert.deepEqual([passed.checked, passed.mismatches, passed.faults], [3, 1, []]);
  await put(NAME, MESSAGES.replace('34200.2,3', '34200.2,x'));
  const told = await checkFeed({ ...options, plan: PLAN, signal });
  assert.deepEqual(
    told.faults.map(({ file }) => file),
    [NAME],
  );
});

test('a check that is interrupted has no fault for that', async (t) => {
  const { put } = await testFolder(t);
  const path = await put(NAME, MESSAGES);
  const rows = await put(ROWS_NAME, ROWS);
  const feed = await feedOf([path], PLAN);
  const expected = await expectedOf(feed, rows);
  const interrupt = new AbortController();
  interrupt.abort();
  const options = { module, feed, expected, plan: PLAN, onProgress: () => {} };
  const outcome = await checkFeed({ ...options, signal: interrupt.signal });
  assert.deepEqual([outcome.isInterrupted, outcome.faults, outcome.mismatches], [true, [], 0]);
});

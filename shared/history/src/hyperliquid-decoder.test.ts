import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import { dataFile } from '../test/data.ts';
import { decodeWith } from '../test/decoding.ts';
import { checkMutations } from '../test/mutation.ts';
import { Action, EventFlag, EventSide } from './event.ts';
import { createHyperliquidDecoder, orderStatusOf } from './hyperliquid-decoder.ts';
import { ORDER_STATUSES, OTHER_STATUS } from './hyperliquid-words.ts';
import type { HistoryKernel } from './kernel/history-kernel.ts';

const blocks = (kernel: HistoryKernel) => createHyperliquidDecoder(kernel);
const lenient = (kernel: HistoryKernel) => createHyperliquidDecoder(kernel, { lenient: true });
const stream = (kernel: HistoryKernel) => createHyperliquidDecoder(kernel, { isStream: true });
const decode = (text: string) => decodeWith(blocks, text);

const { ADD, MODIFY, DELETE, TRADE, REPORT, CLEAR } = Action;
const { BUY, SELL, NONE } = EventSide;
const { LAST, PART, SNAPSHOT, NO_PRICE } = EventFlag;
const TIME = '2026-04-30T20:46:43.304461819';
const TIME_NS = 1_777_582_003_304_461_819n;

const block = (number: number, events: readonly unknown[]) =>
  `${JSON.stringify({ local_time: TIME, block_time: TIME, block_number: number, events })}\n`;
const diff = (oid: number, raw_book_diff: unknown, more = {}) => {
  return { user: '0xca', oid, coin: 'BTC', side: 'B', px: '76450.0', raw_book_diff, ...more };
};
const status = (name: string, more = {}) => ({
  time: TIME,
  user: '0xca',
  hash: null,
  builder: { b: '0x63', f: [20, { x: '}"' }] },
  status: name,
  order: {
    ...{
      coin: 'ETH',
      side: 'A',
      limitPx: '2391.9',
      sz: '0.0051',
      oid: 7,
      timestamp: 1,
      children: [],
    },
    ...{ isTrigger: false, triggerPx: '0.0', orderType: 'Limit', origSz: '9', tif: 'Gtc', ...more },
  },
});
const fill = (side: string, oid: number, crossed: boolean) => [
  '0xfc',
  { coin: '@107', px: '36.8', sz: '1.5', side, time: 1_777_582_006_008, oid, crossed, tid: 99 },
];

const DIFFS = [
  diff(1, { new: { sz: '0.5' } }),
  diff(1, { update: { origSz: '0.5', newSz: '0.2' } }),
  diff(1, 'remove'),
];
const SAMPLE =
  block(100, DIFFS) +
  block(101, []) +
  block(102, [status('open'), status('reduceOnlyRejected')]) +
  block(103, [fill('B', 8, true), fill('A', 7, false)]);

test('differences of the book', () => {
  const { events, instruments, error, units } = decode(SAMPLE);
  assert.equal(error, undefined);
  assert.deepEqual(instruments, ['BTC', 'ETH', '@107']);
  assert.equal(units, 4n);
  const of = { orderId: 1n, price: 7_645_000_000_000n, timeNs: TIME_NS, instrument: 0, side: BUY };
  assert.deepEqual(events.slice(0, 3), [
    { ...of, action: ADD, quantity: 50_000_000n, flags: 0, sequence: 100n },
    { ...of, action: MODIFY, quantity: 20_000_000n, flags: 0, sequence: 100n },
    { ...of, action: DELETE, quantity: 0n, flags: LAST, sequence: 100n },
  ]);
});

test('both sides of a trade share its id; the one that took tells it with the other side', () => {
  const of = { price: 3_680_000_000n, quantity: 150_000_000n, action: TRADE, side: SELL };
  const at = { timeNs: 1_777_582_006_008_000_000n, sequence: 99n, instrument: 2 };
  assert.deepEqual(decode(SAMPLE).events.slice(5), [
    { ...of, ...at, orderId: 8n, flags: 0 },
    { ...of, ...at, orderId: 7n, flags: LAST | PART },
  ]);
});

const STATUSES: readonly (readonly [string, object, number])[] = [
  ['open', {}, ADD],
  ['open', { tif: null }, ADD],
  ['open', { tif: 'Ioc' }, REPORT],
  ['open', { isTrigger: true }, REPORT],
  ['triggered', { isTrigger: true, orderType: 'Stop Limit' }, ADD],
  ['triggered', { isTrigger: true, orderType: 'Stop Market' }, REPORT],
  ['filled', {}, DELETE],
  ['filled', { tif: 'FrontendMarket' }, REPORT],
  ['filled', { isTrigger: true }, DELETE],
  ['canceled', {}, DELETE],
  ['canceled', { isTrigger: true }, REPORT],
  ['canceled', { isTrigger: true, triggerCondition: 'Triggered' }, DELETE],
  ['scheduledCancel', {}, DELETE],
  ['siblingFilledCanceled', {}, DELETE],
  ['badAloPxRejected', {}, REPORT],
  ['iocCancelRejected', {}, REPORT],
  ['positionIncreaseAtOpenInterestCapRejected', {}, REPORT],
];

test('a status is what it does to the book, and its name is in the flags', () => {
  for (const [name, more, action] of STATUSES) {
    const { events, error } = decode(block(5, [status(name, more)]));
    assert.equal(error, undefined);
    assert.equal(events[0]?.action, action, `${name} ${JSON.stringify(more)}`);
    assert.equal(orderStatusOf(events[0].flags), name);
  }
  for (const name of ORDER_STATUSES) {
    assert.equal(orderStatusOf(decode(block(5, [status(name)])).events[0]?.flags ?? 0), name);
  }
  const [event] = decode(block(5, [status('newlyInventedCanceled')])).events;
  assert.equal(event?.action, DELETE);
  assert.equal(event.flags >> 8, OTHER_STATUS);
  assert.deepEqual([event.price, event.quantity, event.side], [239_190_000_000n, 510_000n, SELL]);
});

const SAMPLES = [
  { name: 'node_raw_book_diffs_by_block.20260430_20.jsonl', kind: 'diffs' },
  { name: 'node_order_statuses_by_block.20260430_20.jsonl.zst', kind: 'statuses' },
  { name: 'node_fills_by_block.20260430_20.jsonl', kind: 'fills' },
] as const;
interface Counts {
  readonly events: number;
  readonly lines: number;
}
interface Manifest {
  readonly counts_after_coin_filter: Readonly<Record<string, Counts>>;
  readonly streaming_fixture: { readonly counts: Readonly<Record<string, Counts>> };
}
const folder = ['hyperliquid', 'block_mode'];

for (const { name, kind } of SAMPLES) {
  test(`${kind} of forty blocks are as many as their manifest says`, (t) => {
    const [file, list] = [name, 'manifest.json'].map((one) => dataFile(t, ...folder, one));
    if (file === undefined || list === undefined) return;
    const manifest = JSON.parse(readFileSync(list, 'utf8')) as Manifest;
    const bytes = name.endsWith('.zst')
      ? zstdDecompressSync(readFileSync(file))
      : readFileSync(file);
    const { events, error, units, instruments } = decodeWith(blocks, bytes);
    assert.equal(error, undefined);
    const expected = manifest.counts_after_coin_filter[kind];
    assert.deepEqual({ events: events.length, lines: Number(units) }, pick(expected));
    assert.deepEqual(instruments, ['BTC']);
    assert.equal(events[0]?.timeNs === TIME_NS || kind === 'fills', true);

    const streamed = decodeWith(stream, asStream(bytes.toString('utf8')));
    assert.equal(streamed.error, undefined);
    const counts = { events: streamed.events.length, lines: Number(streamed.units) };
    assert.deepEqual(counts, pick(manifest.streaming_fixture.counts[kind]));
    const withoutEnds = (all: typeof events) =>
      all.map((one) => ({ ...one, flags: one.flags & ~1 }));
    assert.deepEqual(withoutEnds(streamed.events), withoutEnds(events));
  });
}

const pick = (counts: Counts | undefined) => ({ events: counts?.events, lines: counts?.lines });

/** A line for each event, and one for a block without any. */
function asStream(text: string): string {
  const lines = text.trimEnd().split('\n');
  return lines
    .flatMap((line) => {
      const whole = JSON.parse(line) as { events: unknown[] };
      const each = whole.events.length === 0 ? [[]] : whole.events.map((event) => [event]);
      return each.map((events) => `${JSON.stringify({ ...whole, events })}\n`);
    })
    .join('');
}

test('a block that is missing is GAP; one that was here before is passed', () => {
  const [one, two, four] = [1, 2, 4].map((number) => block(number, [diff(number, 'remove')]));
  assert.ok(one !== undefined && two !== undefined && four !== undefined);
  const { events, error, skipped } = decode(one + two + one + two + four);
  assert.deepEqual(
    events.map(({ orderId }) => orderId),
    [1n, 2n],
  );
  assert.equal(skipped, 2n);
  const offset = one.length * 2 + two.length * 2 + four.indexOf('"events"');
  assert.deepEqual(error, { code: 'GAP', offset });

  const passed = decodeWith(lenient, one + four);
  assert.deepEqual([passed.events.length, passed.faults, passed.error], [2, 1n, undefined]);
  const streamed = decodeWith(stream, one + one + four + two);
  assert.deepEqual([streamed.events.length, streamed.skipped, streamed.error], [3, 1n, undefined]);
});

test('fields in any order, spaces, and a block that says its number last', () => {
  const turned = (object: object) => Object.fromEntries(Object.entries(object).reverse());
  const events = [turned(status('open')), turned(diff(3, { new: { sz: '1' } }))];
  const line = turned(JSON.parse(block(102, events)) as object);
  const expected = decode(block(102, events)).events;
  assert.equal(expected.length, 2);
  assert.deepEqual(decode(`${JSON.stringify(line)}\n`).events, expected);
  const spaced = decode(JSON.stringify(line, undefined, 2));
  assert.deepEqual([spaced.events, spaced.error], [expected, undefined]);
});

test('escapes, in names and in values', () => {
  const plain = block(1, [diff(1, { new: { sz: '0.5' } }, { coin: 'k"€😀/X' })]);
  const escaped = plain
    .replace('"coin"', '"c\\u006Fin"')
    .replace('k\\"€😀/X', 'k\\"\\u20ac\\ud83d\\ude00\\/X')
    .replace('"0.5"', '"\\u0030.5"')
    .replace('"0xca"', `"\\n${'\\t'.repeat(300)}"`);
  const { events, instruments, error } = decode(escaped);
  assert.equal(error, undefined);
  assert.deepEqual(instruments, ['k"€😀/X']);
  assert.deepEqual(events, decode(plain).events);
});

test('bare events, a line each', () => {
  const lines = [diff(1, 'remove'), status('open'), fill('B', 8, true)];
  const { events, error } = decode(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  assert.equal(error, undefined);
  assert.deepEqual(
    events.map(({ action, sequence, timeNs }) => [action, sequence, timeNs]),
    [
      [DELETE, 1n, 0n],
      [ADD, 2n, TIME_NS],
      [TRADE, 99n, 1_777_582_006_008_000_000n],
    ],
  );
});

const order = (oid: number, coin: string, more = {}) => [
  '0xca',
  { ...status('open', { coin, oid, ...more }).order },
];
const LISTS = [[order(1, 'BTC'), order(2, 'BTC', { isTrigger: true })], [order(3, 'BTC')]];
const OLD_SNAPSHOT = JSON.stringify([
  77,
  [
    ['BTC', LISTS],
    ['@1', [[], []]],
    ['ETH', [[order(4, 'ETH')], []]],
  ],
]);
const NEW_SNAPSHOT = JSON.stringify([
  77,
  [
    ['BTC', { book_orders: LISTS, untriggered_orders: [order(9, 'BTC'), order(8, 'BTC')] }],
    ['@1', { untriggered_orders: [], book_orders: [[], []] }],
    ['ETH', { book_orders: [[order(4, 'ETH')], []] }],
  ],
]);

test('a snapshot clears each coin and adds its orders', () => {
  const expected = (lastOfEmpty: number) => [
    [CLEAR, 0, 0n, NONE, SNAPSHOT | NO_PRICE],
    [ADD, 0, 1n, SELL, SNAPSHOT],
    [ADD, 0, 3n, SELL, SNAPSHOT | LAST],
    [CLEAR, 1, 0n, NONE, SNAPSHOT | NO_PRICE | lastOfEmpty],
    [CLEAR, 2, 0n, NONE, SNAPSHOT | NO_PRICE],
    [ADD, 2, 4n, SELL, SNAPSHOT | LAST],
  ];
  for (const [text, lastOfEmpty] of [
    [OLD_SNAPSHOT, LAST],
    [NEW_SNAPSHOT, 0],
    [JSON.stringify(JSON.parse(OLD_SNAPSHOT), undefined, 1), LAST],
  ] as const) {
    const { events, error, instruments, units } = decode(text);
    assert.equal(error, undefined);
    assert.deepEqual(instruments, ['BTC', '@1', 'ETH']);
    assert.equal(units, 3n);
    const seen = events.map((one) => [
      one.action,
      one.instrument,
      one.orderId,
      one.side,
      one.flags,
    ]);
    assert.deepEqual(seen, expected(lastOfEmpty));
    assert.ok(events.every(({ sequence }) => sequence === 77n));
  }
  const withoutHeight = JSON.stringify((JSON.parse(OLD_SNAPSHOT) as unknown[])[1]);
  assert.equal(decode(withoutHeight).events.length, 6);
  assert.equal(decode(`${OLD_SNAPSHOT}\n${SAMPLE}`).events.length, 6 + 7);
});

const FIRST = block(1, [diff(1, 'remove')]);
const BAD: readonly (readonly [string, string, string])[] = [
  [block(2, [diff(1, 'gone')]), '{"user"', 'BAD_TYPE'],
  [block(2, [diff(1, { new: {} })]), '{"user"', 'BAD_TYPE'],
  [block(2, [diff(1, { new: { sz: '0.123456789' } })]), '{"user"', 'BAD_NUMBER'],
  [block(2, [diff(1, { new: { sz: '1e3' } })]), '{"user"', 'BAD_FIELD'],
  [block(2, [diff(1, { new: { sz: '-1' } })]), '{"user"', 'BAD_FIELD'],
  [
    block(2, [diff(1, { new: { sz: '1' } }, { px: '99999999999999999999' })]),
    '{"user"',
    'BAD_NUMBER',
  ],
  [block(2, [diff(1, { new: { sz: '1' } }, { side: undefined })]), '{"user"', 'BAD_FIELD'],
  [block(2, [diff(1, 'remove', { coin: '' })]), '{"user"', 'BAD_FIELD'],
  [block(2, [diff(1, 'remove', { coin: 'C'.repeat(33) })]), '{"user"', 'BAD_FIELD'],
  [block(2, [diff(1.5, 'remove')]), '{"user"', 'BAD_FIELD'],
  [block(2, [{ user: 'x' }]), '{"user"', 'BAD_TYPE'],
  [block(2, [7]), '7', 'BAD_FIELD'],
  [FIRST.replace('"block_number":1,', ''), '"events"', 'BAD_FIELD'],
  [FIRST.replace('block_time":"2026', 'block_time":"26'), '"block_time"', 'BAD_FIELD'],
  [block(2, DIFFS).replace('}]', '},]'), ']}', 'BAD_FIELD'],
  [block(2, [diff(1, 'remove', { x: [{}] })]).replace('[{}]', '[{]}'), '{"user"', 'BAD_FIELD'],
  [block(2, [diff(1, 'remove', { x: 'a\\qb' })]).replace('\\\\', '\\'), '{"user"', 'BAD_FIELD'],
];

for (const [line, where, code] of BAD) {
  test(`${code}: ${line.slice(line.indexOf(where)).trim().slice(0, 110)}`, () => {
    const begin = line.indexOf('"events":[') + '"events":['.length;
    const at = where.startsWith('"') ? line.lastIndexOf(where) : line.indexOf(where, begin);
    const { events, error } = decode(FIRST + line);
    assert.equal(error?.code, code);
    // `local_time` comes before `block_time`, and is not looked at.
    if (where !== ']}') assert.equal(error.offset, FIRST.length + at);
    assert.equal(events.length, where === ']}' ? 4 : 1);
    const passed = decodeWith(lenient, FIRST + line + block(3, [diff(1, 'remove')]));
    assert.equal(passed.error, undefined);
    assert.ok(passed.faults >= 1n);
    assert.equal(passed.events.at(-1)?.sequence, 3n);
  });
}

test('a line may be longer than the input holds, an event may not', () => {
  const make = (kernel: HistoryKernel) => createHyperliquidDecoder(kernel, { inputBytes: 512 });
  const many = Array.from({ length: 100 }, (_, oid) => diff(oid, 'remove'));
  assert.equal(decodeWith(make, block(1, many)).events.length, 100);
  const long = block(1, [diff(1, 'remove'), diff(1, 'remove', { x: 'x'.repeat(600) })]);
  const { events, error } = decodeWith(make, long);
  assert.equal(events.length, 1);
  assert.deepEqual(error, { code: 'BAD_LENGTH', offset: long.lastIndexOf('{"user"') });
});

test('space anywhere, and a cut before or behind it', () => {
  const spaced = SAMPLE.replaceAll(/[,:[{](?=["{[])/g, '$& ');
  const expected = decode(SAMPLE);
  assert.equal(decode(spaced).error, undefined);
  for (let at = 0; at < spaced.length; at += 1) {
    const { error, events } = decodeWith(blocks, spaced, [at, spaced.length]);
    assert.equal(error, undefined, `cut at ${at}: ${spaced.slice(at - 20, at)}`);
    assert.deepEqual(events, expected.events);
  }
  // What was added as a last line's break is no byte of the input.
  const { error } = decode('{"block_number": 6, ');
  assert.deepEqual(error, { code: 'TRUNCATED', offset: 20 });
});

test('an input that ends inside a block is TRUNCATED', () => {
  const whole = FIRST.length;
  assert.equal(decode(FIRST.slice(0, whole - 1)).error, undefined);
  assert.equal(decode(FIRST.slice(0, whole - 20)).error?.code, 'TRUNCATED');
  for (const part of [block(1, DIFFS).split(',{"user"')[0], OLD_SNAPSHOT.slice(0, -2)]) {
    for (const behind of ['', ',', ',\n', '\n']) {
      assert.equal(decode(`${part}${behind}`).error?.code, 'TRUNCATED', `${part}${behind}`);
    }
  }
});

test('any cut gives the same, whatever the damage', () => {
  const samples = [SAMPLE, OLD_SNAPSHOT, NEW_SNAPSHOT].map((text) => Buffer.from(text));
  for (const isStream of [false, true]) {
    const make = (kernel: HistoryKernel, isLenient: boolean) =>
      createHyperliquidDecoder(kernel, { lenient: isLenient, isStream, inputBytes: 1 << 13 });
    checkMutations(make, samples, 300);
  }
});

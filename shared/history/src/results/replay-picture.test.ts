import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Action, EventFlag, EventSide } from '../event.ts';
import { FeatureError } from '../features/feature.ts';
import { Frame, frameBytes } from '../features/frame.ts';
import { ReplayPicture, type ReplayPictureOptions } from './replay-picture.ts';

const BASE_NS = 1_703_500_200_000_000_000n;
const GOLDEN = join(import.meta.dirname, '../../test/replay-picture.svg');

interface Row {
  readonly atMs: number;
  readonly instrument?: number;
  readonly action?: number;
  readonly side?: number;
  readonly flags?: number;
  readonly price?: number;
  readonly quantity?: number;
  readonly bid?: number;
  readonly ask?: number;
  readonly features?: readonly number[];
}

/** Rows as frames of so many each, whose times count from their own first row. */
function framesOf(rows: readonly Row[], features: number, length = 7, baseNs = BASE_NS): Frame[] {
  const frames: Frame[] = [];
  for (let first = 0; first < rows.length; first += length) {
    const part = rows.slice(first, first + length);
    const frame = new Frame(new SharedArrayBuffer(frameBytes(features)), 0, features);
    const timeOf = ({ atMs }: Row) => baseNs + BigInt(Math.round(atMs * 1e6));
    frame.setHeader(part.length, first, timeOf(part[0] ?? { atMs: 0 }));
    for (const [index, row] of part.entries()) fillRow(frame, index, row, timeOf(row));
    frames.push(frame);
  }
  return frames;
}

function fillRow(frame: Frame, index: number, row: Row, timeNs: bigint): void {
  const { instrument = 0, action = Action.ADD, side = EventSide.BUY, flags = EventFlag.LAST } = row;
  const { price = 100, quantity = 1, bid = Number.NaN, ask = Number.NaN } = row;
  const told = { price: BigInt(price), quantity: BigInt(quantity), orderId: 1n };
  frame.events.set(index, { timeNs, instrument, action, side, flags, ...told });
  frame.snapshots.bidPrice[index] = bid;
  frame.snapshots.askPrice[index] = ask;
  for (const [column, values] of frame.features.entries()) {
    values[index] = row.features?.[column] ?? Number.NaN;
  }
}

const OPTIONS: ReplayPictureOptions = {
  ...{ title: 'day.csv', features: [], priceDecimals: 2, quantityDecimals: 0 },
};

function pictureOf(
  rows: readonly Row[],
  options: Partial<ReplayPictureOptions> = {},
  names: readonly string[] = ['AAA', 'BBB'],
): ReplayPicture {
  const picture = new ReplayPicture({ ...OPTIONS, ...options });
  for (const frame of framesOf(rows, options.features?.length ?? 0)) picture.add(frame, names);
  return picture;
}

/** The data of a panel's line. */
const pathOf = (svg: string, name: string): string | undefined =>
  new RegExp(`class="${name}" d="([^"]*)"`).exec(svg)?.[1];

/** A few hundred seconds of a made-up market, the same each time. */
function smallRun(): Row[] {
  let seed = 7;
  const random = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed / 2 ** 31;
  };
  let mid = 10_000;
  return Array.from({ length: 300 }, (_, index): Row => {
    mid += Math.round((random() - 0.48) * 6);
    const isTrade = random() < 0.3;
    const side = random() < 0.5 ? EventSide.BUY : EventSide.SELL;
    return {
      atMs: index * 1_234,
      action: isTrade ? Action.EXECUTE : Action.ADD,
      side,
      price: side === EventSide.BUY ? mid - 3 : mid + 3,
      quantity: 1 + Math.floor(random() * 90),
      // Nobody bids for a while.
      bid: index > 120 && index < 150 ? Number.NaN : mid - 3,
      ask: mid + 3,
      features: [Math.sin(index / 20), random() * 500],
    };
  });
}

test('a small run is this picture', async () => {
  const picture = pictureOf(smallRun(), {
    features: ['imbalance', 'trade-flow:1s'],
    currency: 'USD',
  });
  const at = (seconds: number) => BASE_NS + BigInt(seconds) * 1_000_000_000n;
  const svg = picture.svg({
    orders: [{ timeNs: at(40), side: EventSide.BUY, price: 9_990, quantity: 5 }],
    fills: [
      { timeNs: at(60), side: EventSide.BUY, price: 9_990, quantity: 5 },
      { timeNs: at(300), side: EventSide.SELL, price: 10_040, quantity: 5 },
    ],
    profit: [
      { timeNs: at(60), amount: -100 },
      { timeNs: at(300), amount: 250 },
    ],
  });
  const golden = await readFile(GOLDEN, 'utf8').catch(() => '');
  const seen = join(tmpdir(), 'replay-picture.svg');
  if (svg !== golden) await writeFile(seen, svg);
  assert(svg === golden, `the picture differs: look at ${seen}; if it is meant, it is ${GOLDEN}`);
});

test('what it is of is said in words', () => {
  const dated = pictureOf(smallRun(), { currency: 'USD' }).svg();
  assert.match(dated, /<title id="replay-title">AAA, day\.csv {2}· {2}300 events/);
  assert.match(dated, /2023-12-25 10:30:00 to 10:36:08 UTC/);
  assert.match(dated, /traded in \d+ trades, at \d+\.\d\d to \d+\.\d\d USD/);
  assert.match(dated, /<desc id="replay-description">AAA: 300 events/);
  assert.match(dated, /prefers-color-scheme:dark/);
  const picture = new ReplayPicture(OPTIONS);
  for (const frame of framesOf(smallRun(), 0, 300, 34_200_000_000_000n)) picture.add(frame, []);
  assert.match(picture.svg(), /09:30:00 to 09:36:08<\/text>/);
  assert.match(picture.svg(), />Time of day, as the exchange tells it</);
  assert.match(picture.svg(), />instrument 0</);
});

test('no events is a picture that says so, and so is a snapshot alone', () => {
  assert.match(new ReplayPicture(OPTIONS).svg(), />no events</);
  const snapshot = { atMs: 0, flags: EventFlag.SNAPSHOT | EventFlag.LAST, bid: 1, ask: 2 };
  assert.match(pictureOf([snapshot]).svg(), />no events, but a snapshot of 1 row</);
  const other = pictureOf([{ atMs: 0 }], { instrument: 'C<C' }).svg();
  assert.match(other, />no events of C&lt;C</);
});

test('one event is a short line in the middle', () => {
  const svg = pictureOf([{ atMs: 0, bid: 99, ask: 101 }]).svg();
  assert.match(svg, /1 event {2}·/);
  assert.match(pathOf(svg, 'line bid') ?? '', /^M523\.\d [\d.]+H576\.\d$/);
  assert.match(svg, />no trades</);
});

test('nothing is drawn where there was no value', () => {
  const rows = Array.from({ length: 100 }, (_, index) => ({
    ...{ atMs: index * 1_000, bid: index < 30 || index >= 60 ? 100 + index : Number.NaN },
    ask: 300,
  }));
  const svg = pictureOf(rows).svg();
  const [first = '', second = '', ...more] = (pathOf(svg, 'line bid') ?? '').split('M').slice(1);
  assert.equal(more.length, 0);
  const ends = (part: string) => [...part.matchAll(/(?:^|H)([\d.]+)/g)].map(([, x]) => Number(x));
  // 991 bins of 100 ms are 1,100 wide.
  const seconds = (part: string) =>
    [ends(part)[0], ends(part).at(-1)].map((x) => (((x ?? 0) * 99.1) / 1_100).toFixed(1));
  assert.deepEqual(
    [seconds(first), seconds(second)],
    [
      ['0.0', '30.0'],
      ['60.0', '99.1'],
    ],
  );
  assert.equal((pathOf(svg, 'line ask') ?? '').split('M').length, 2);
  // A spread needs both.
  assert.equal((pathOf(svg, 'line feature') ?? '').split('M').length, 3);
  assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
});

test('amid the records of one change the book is not looked at, trades count', () => {
  const rows: Row[] = [
    { atMs: 0, bid: 99, ask: 101 },
    { atMs: 1, action: Action.EXECUTE, side: EventSide.SELL, flags: 0, quantity: 7, bid: 500 },
    { atMs: 1, action: Action.EXECUTE, side: EventSide.SELL, flags: EventFlag.PART, quantity: 7 },
    { atMs: 2, action: Action.TRADE, side: EventSide.NONE, quantity: 4, bid: 99, ask: 101 },
  ];
  const svg = pictureOf(rows).svg();
  assert.match(svg, />11 traded in 2 trades, at 1\.00 to 1\.00</);
  assert.match(svg, />side not told</);
  assert.equal((pathOf(svg, 'line bid') ?? '').includes('V'), false);
});

test('times that go back stand where the run is', () => {
  const svg = pictureOf([{ atMs: 5_000, bid: 1 }, { atMs: 0, bid: 2 }, { atMs: 9_000 }]).svg();
  assert.match(svg, /10:30:05\.000000 to 10:30:09\.000000 UTC/);
});

test('names from files stay text', () => {
  const evil = '"><script>alert(1)</script>&\u0000\u202e';
  const names = [`${evil}${'x'.repeat(500)}`];
  const svg = pictureOf([{ atMs: 0, bid: 1 }], { title: evil, currency: evil }, names).svg();
  for (const part of ['<script', '\u0000', '\u202e', 'x'.repeat(90)]) {
    assert(!svg.includes(part), part);
  }
  const tags = new Set([...svg.matchAll(/<\/?([a-z]+)/gi)].map(([, name]) => name));
  const drawn = ['svg', 'title', 'desc', 'style', 'rect', 'text', 'path'];
  assert.deepEqual([...tags].sort(), drawn.sort());
  assert.match(svg, /&quot;&gt;&lt;script&gt;alert\(1\)&lt;\/script&gt;&amp;\ufffd\ufffd/);
});

test('the busiest instrument is shown, or the one that was asked for', () => {
  const rows = Array.from({ length: 90 }, (_, index) => ({
    ...{ atMs: index, instrument: index % 3 === 0 ? 0 : 1, bid: 10 },
  }));
  assert.match(pictureOf(rows).svg(), /class="title"[^>]*>BBB</);
  assert.match(pictureOf(rows).svg(), /60 of 90 events/);
  assert.match(pictureOf(rows, { instrument: 'AAA' }).svg(), /class="title"[^>]*>AAA</);
});

test('one that becomes the busiest of very many is shown from then on', () => {
  const names = Array.from({ length: 500 }, (_, number) => `N${number}`);
  const many = Array.from({ length: 1_000 }, (_, index) => ({
    ...{ atMs: index, instrument: index % 400, bid: 10 },
  }));
  const late = Array.from({ length: 600 }, (_, index) => ({
    ...{ atMs: 1_000 + index, instrument: 450, bid: 10 },
  }));
  const svg = pictureOf([...many, ...late], {}, names).svg();
  assert.match(svg, /class="title"[^>]*>N450</);
  assert.match(svg, /600 of 1,600 events \(the first \d are not shown\)/);
});

test('a picture stays small whatever the run and however much is asked for', () => {
  const features = Array.from({ length: 48 }, (_, index) => `order-flow:${index + 1}s`);
  const rows = Array.from({ length: 3_000 }, (_, index) => ({
    ...{ atMs: index * 300, bid: 1_000 + ((index * 7_919) % 97), ask: 1_100 },
    features: features.map((_, column) => ((index + column) * 7_919) % 1_009),
  }));
  const picture = new ReplayPicture({ ...OPTIONS, features });
  for (const frame of framesOf(rows, 48, 1_000)) picture.add(frame, ['AAA']);
  const own = rows.map(({ atMs }) => ({
    ...{ timeNs: BASE_NS + BigInt(atMs) * 1_000_000n, side: EventSide.SELL },
    ...{ price: 1_050, quantity: 1 },
  }));
  const svg = picture.svg({ fills: own, orders: own });
  assert(Buffer.byteLength(svg) < 500_000, `${Buffer.byteLength(svg)} bytes`);
  assert.equal(picture.svg({ fills: own, orders: own }), svg);
  assert.match(svg, />order-flow:48s, quantity</);
});

test('a feature that there is not is refused', () => {
  assert.throws(() => new ReplayPicture({ ...OPTIONS, features: ['middle'] }), FeatureError);
});

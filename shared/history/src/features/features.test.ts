import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { buildHistory } from '../../build.ts';
import { Action, EventFlag, EventSide } from '../event.ts';
import { HistoryKernel, loadHistoryModule } from '../kernel/history-kernel.ts';
import { type Feature, FeatureError, parseFeature } from './feature.ts';
import { FeaturePlan } from './feature-plan.ts';
import type { Frame } from './frame.ts';

await buildHistory();
const module = await loadHistoryModule();

const LABELS = [
  ...['spread', 'mid', 'microprice', 'imbalance', 'depth-imbalance', 'bid-orders', 'ask-orders'],
  ...['order-flow', 'order-flow:250ms', 'trade-flow', 'trade-flow:2s', 'volatility:1m'],
  ...['since-trade', 'since-mid-change'],
];

/** What a frame has of an event; an undefined price is an empty side. */
interface Row {
  readonly instrument: number;
  readonly passedNs: number;
  readonly action: number;
  readonly side: number;
  readonly flags: number;
  readonly quantity: number;
  readonly bid: readonly [number, number] | undefined;
  readonly ask: readonly [number, number] | undefined;
}

const HOUR_NS = 3.6e12;
const price = fc.integer({ min: 90, max: 110 });
const level = fc.option(fc.tuple(price, fc.integer({ min: 1, max: 50 })), { nil: undefined });
const rows = fc.array(
  fc.record<Row>({
    instrument: fc.integer({ min: 0, max: 2 }),
    passedNs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 2e9 }), fc.constant(HOUR_NS)),
    action: fc.constantFrom(...Object.values(Action)),
    side: fc.constantFrom(...Object.values(EventSide)),
    flags: fc.constantFrom(EventFlag.LAST, EventFlag.LAST | EventFlag.PART),
    quantity: fc.integer({ min: 1, max: 100 }),
    bid: level,
    ask: level,
  }),
  { minLength: 1, maxLength: 60 },
);

function fill(frame: Frame, part: readonly Row[], firstEvent: number, startNs: bigint): bigint {
  let timeNs = startNs;
  frame.setHeader(part.length, firstEvent, startNs);
  for (const [row, one] of part.entries()) {
    const { instrument, action, side, flags, quantity, bid, ask, passedNs } = one;
    timeNs += BigInt(passedNs);
    const event = { instrument, action, side, flags, quantity: BigInt(quantity), timeNs };
    frame.events.set(row, { ...event, price: 100n, orderId: 1n });
    frame.snapshots.bidPrice[row] = bid?.[0] ?? Number.NaN;
    frame.snapshots.bidQuantity[row] = bid?.[1] ?? 0;
    frame.snapshots.askPrice[row] = ask?.[0] ?? Number.NaN;
    frame.snapshots.askQuantity[row] = ask?.[1] ?? 0;
    frame.snapshots.bidDepth[row] = 3 * (bid?.[1] ?? 0);
    frame.snapshots.askDepth[row] = 2 * (ask?.[1] ?? 0);
    frame.snapshots.bidOrders[row] = bid?.[1] ?? 0;
    frame.snapshots.askOrders[row] = 7;
  }
  return timeNs;
}

/** The features again, from their definitions, with whole histories instead of running sums. */
class Oracle {
  readonly #past: { readonly row: Row; readonly timeNs: number }[] = [];

  /** Of the last row. */
  values(row: Row, timeNs: number): readonly number[] {
    const before = this.#past.filter((one) => one.row.instrument === row.instrument);
    this.#past.push({ row, timeNs });
    const all = [...before, { row, timeNs }];
    const mid = midOf(row);
    const [bid = Number.NaN, bids = 0] = row.bid ?? [];
    const [ask = Number.NaN, asks = 0] = row.ask ?? [];
    const steps = all.map((one, index) => ({ ...one, last: all[index - 1]?.row }));
    const sum = (of: (step: (typeof steps)[number]) => number, halfLifeS: number) =>
      steps.reduce(
        (total, step) => total + of(step) * 2 ** (-(timeNs - step.timeNs) / (halfLifeS * 1e9)),
        0,
      );
    const last = steps.at(-1);
    const flow = (step: (typeof steps)[number]) => flowOf(step.row, step.last);
    const returns = returnsOf(all.map((one) => one.row));
    const since = (times: readonly number[]) => (timeNs - (times.at(-1) ?? Number.NaN)) / 1e9;
    return [
      ...[ask - bid, mid, (ask * bids + bid * asks) / (bids + asks), (bids - asks) / (bids + asks)],
      ...[(3 * bids - 2 * asks) / (3 * bids + 2 * asks), bids, 7],
      ...[last === undefined ? 0 : flow(last), sum(flow, 0.25)],
      ...[tradedIn(row), sum((step) => tradedIn(step.row), 2)],
      Math.sqrt(sum((step) => (returns[steps.indexOf(step)] ?? 0) ** 2, 60)),
      since(all.filter((one) => isTrade(one.row)).map((one) => one.timeNs)),
      since(movesOf(all.map((one) => one.row)).map((index) => all[index]?.timeNs ?? Number.NaN)),
    ];
  }
}

const midOf = ({ bid, ask }: Row): number =>
  bid === undefined || ask === undefined ? Number.NaN : (bid[0] + ask[0]) / 2;

const isTrade = ({ action, flags }: Row): boolean =>
  (action === Action.EXECUTE || action === Action.TRADE) && (flags & EventFlag.PART) === 0;

function tradedIn(row: Row): number {
  if (!isTrade(row) || row.side === EventSide.NONE) return 0;
  return row.side === EventSide.SELL ? row.quantity : -row.quantity;
}

/** e_n of Cont, Kukanov and Stoikov; an empty side has the worst price and no quantity. */
function flowOf({ bid, ask }: Row, last: Row | undefined): number {
  const [bidNow, bidsNow] = bid ?? [Number.NEGATIVE_INFINITY, 0];
  const [askNow, asksNow] = ask ?? [Number.POSITIVE_INFINITY, 0];
  const [bidThen, bidsThen] = last?.bid ?? [Number.NEGATIVE_INFINITY, 0];
  const [askThen, asksThen] = last?.ask ?? [Number.POSITIVE_INFINITY, 0];
  return (
    (bidNow >= bidThen ? bidsNow : 0) -
    (bidNow <= bidThen ? bidsThen : 0) -
    (askNow <= askThen ? asksNow : 0) +
    (askNow >= askThen ? asksThen : 0)
  );
}

/** Rows whose mid differs from the last one that there was. */
function movesOf(history: readonly Row[]): number[] {
  let before = Number.NaN;
  return history.flatMap((row, index) => {
    const mid = midOf(row);
    if (Number.isNaN(mid) || mid === before) return [];
    before = mid;
    return [index];
  });
}

function returnsOf(history: readonly Row[]): number[] {
  const returns = history.map(() => 0);
  const moves = movesOf(history);
  for (const [place, index] of moves.entries()) {
    const [row, last] = [history[index], history[moves[place - 1] ?? -1]];
    if (row !== undefined && last !== undefined) returns[index] = midOf(row) / midOf(last) - 1;
  }
  return returns;
}

function assertClose(actual: number | undefined, expected: number, words: string): void {
  const off = Math.abs((actual ?? 0) - expected);
  const isClose = Number.isNaN(expected)
    ? Number.isNaN(actual)
    : off <= 1e-7 * Math.max(1, Math.abs(expected));
  assert(isClose, `${words}: ${actual}, not ${expected}`);
}

test('every feature is what its definition says, over frames of any length', () => {
  fc.assert(
    fc.property(rows, fc.integer({ min: 1, max: 20 }), (history, length) => {
      const plan = new FeaturePlan(new HistoryKernel(module), LABELS.map(parseFeature));
      const frame = plan.newFrame();
      const oracle = new Oracle();
      // Nanoseconds since 1970 are beyond what a double holds exactly.
      let startNs = 1_700_000_000_123_456_789n;
      let sinceNs = 0;
      for (let first = 0; first < history.length; first += length) {
        const part = history.slice(first, first + length);
        startNs = fill(frame, part, first, startNs);
        plan.compute(frame);
        for (const [row, one] of part.entries()) {
          sinceNs += one.passedNs;
          for (const [index, expected] of oracle.values(one, sinceNs).entries()) {
            const value = frame.features[index]?.[row];
            assertClose(value, expected, `row ${first + row}, ${LABELS[index]}`);
          }
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('where time goes back nothing passes until it is where it was', () => {
  const labels = ['trade-flow:1s', 'since-trade'];
  const plan = new FeaturePlan(new HistoryKernel(module), labels.map(parseFeature));
  const frame = plan.newFrame();
  const side = { bid: undefined, ask: undefined } as const;
  const row = { ...side, instrument: 0, flags: 0, quantity: 8, side: EventSide.SELL };
  const times = [10, 8, 10, 11];
  frame.setHeader(times.length, 0, 0n);
  for (const [index, seconds] of times.entries()) {
    const { quantity, bid: _, ask: __, ...rest } = row;
    const action = index === 0 ? Action.EXECUTE : Action.ADD;
    const timeNs = BigInt(seconds) * 1_000_000_000n;
    const event = { ...rest, action, quantity: BigInt(quantity), timeNs };
    frame.events.set(index, { ...event, price: 100n, orderId: 1n });
  }
  plan.compute(frame);
  const [flow, since] = frame.features.map((column) => [...column.subarray(0, times.length)]);
  assert.deepEqual(since, [0, 0, 0, 1]);
  for (const [index, expected] of [8, 8, 8, 4].entries()) {
    assertClose(flow?.[index], expected, `row ${index}`);
  }
});

test('a name that is none is refused, with what there is', () => {
  const bad = (label: string, words: RegExp) =>
    assert.throws(
      () => parseFeature(label),
      (error: unknown) => error instanceof FeatureError && words.test(error.message),
    );
  bad('middle', /no feature "middle"; there are spread, mid, /);
  bad('mid:1s', /mid takes no time/);
  bad('order-flow:', /a number and us, ms, s or m/);
  bad('order-flow:0s', /a number and us/);
  bad('order-flow:1s:2s', /no feature/);
  const { kind, halfLifeNs }: Feature = parseFeature('volatility:2.5m');
  assert.deepEqual([kind, halfLifeNs], [9, 150e9]);
});

test('a plan holds so many features', () => {
  const kernel = new HistoryKernel(module);
  const many = Array.from({ length: 48 }, () => parseFeature('mid'));
  assert.equal(new FeaturePlan(kernel, many).features.length, 48);
  assert.throws(() => new FeaturePlan(kernel, [...many, parseFeature('spread')]), /no place/);
});

/** What frames say of events, against the naive book. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { buildHistory } from '../build.ts';
import { Action, EventFlag, EventSide, type MarketEvent } from './event.ts';
import { FeaturePlan } from './features/feature-plan.ts';
import type { Frame } from './features/frame.ts';
import { HistoryKernel, loadHistoryModule } from './kernel/history-kernel.ts';
import { NaiveReplayBook } from './naive-replay-book.ts';
import { ReplayBook } from './replay-book.ts';
import { ReplayError } from './replay-error.ts';
import { events } from './testing/arbitrary-events.ts';
import { EventWriter, marketEvent } from './testing/event-block.ts';

await buildHistory();
const module = await loadHistoryModule();

const MOST_INSTRUMENTS = 65_536;

interface Row {
  readonly price: number;
  readonly quantity: number;
  readonly side: number;
}

/** An event with what it leaves out, as far as the book before it knows. */
function toldBy(event: MarketEvent, twin: NaiveReplayBook, replacedSide: number): Row {
  const { action, instrument, orderId, flags } = event;
  const hasPrice = (flags & EventFlag.NO_PRICE) === 0;
  const price = hasPrice ? Number(event.price) : Number.NaN;
  const row = { price, quantity: Number(event.quantity), side: event.side };
  if (action > Action.EXECUTE || (event.side < EventSide.NONE && hasPrice)) return row;
  if (action === Action.ADD) {
    const isReplacing = (flags & EventFlag.REPLACED) !== 0 && event.side === EventSide.NONE;
    return isReplacing ? { ...row, side: replacedSide } : row;
  }
  const order = twin.order(instrument, orderId);
  if (order === undefined) return row;
  const isAll = action === Action.DELETE && event.quantity === 0n;
  return {
    price: hasPrice ? row.price : Number(order.price),
    quantity: isAll ? Number(order.quantity) : row.quantity,
    side: event.side === EventSide.NONE ? order.side : event.side,
  };
}

/** The last trade of each instrument. */
class Trades {
  readonly #last = new Map<number, readonly number[]>();

  of({ action, flags, instrument }: MarketEvent, { price, quantity }: Row): readonly number[] {
    const isTrade = action === Action.EXECUTE || action === Action.TRADE;
    const isKnown = !Number.isNaN(price) && instrument < MOST_INSTRUMENTS;
    if (isTrade && (flags & EventFlag.PART) === 0 && isKnown) {
      this.#last.set(instrument, [price, quantity]);
    }
    return this.#last.get(instrument) ?? [Number.NaN, 0];
  }
}

const sumOf = (levels: readonly { readonly quantity: bigint }[]) =>
  Number(
    BigInt.asUintN(
      64,
      levels.reduce((sum, { quantity }) => sum + quantity, 0n),
    ),
  );

function shownBy(twin: NaiveReplayBook, instrument: number, depth: number): readonly number[] {
  if (instrument >= MOST_INSTRUMENTS) return [Number.NaN, 0, 0, 0, Number.NaN, 0, 0, 0];
  return [EventSide.BUY, EventSide.SELL].flatMap((side) => {
    const levels = twin.levels(instrument, side);
    const best = levels[0];
    const { price, quantity, orders } = best ?? { price: Number.NaN, quantity: 0, orders: 0 };
    return [Number(price), Number(quantity), orders, sumOf(levels.slice(0, depth))];
  });
}

function rowOf({ events: told, snapshots: shown }: Frame, row: number) {
  return {
    told: [told.orderId[row], told.actionAt(row), told.instrumentAt(row), told.flagsAt(row)],
    row: { price: told.price[row], quantity: told.quantity[row], side: told.sideAt(row) },
    trade: [shown.lastPrice[row], shown.lastQuantity[row]],
    shown: [
      ...[shown.bidPrice, shown.bidQuantity, shown.bidOrders, shown.bidDepth],
      ...[shown.askPrice, shown.askQuantity, shown.askOrders, shown.askDepth],
    ].map((column) => column[row]),
  };
}

test('each row is its event, and what its instrument shows after it', () => {
  const kernel = new HistoryKernel(module);
  const writer = new EventWriter(kernel);
  const frame = new FeaturePlan(kernel, []).newFrame();
  const options = {
    lenient: true,
    joined: false,
    passesUnknown: false,
    uncrosses: false,
    levels: 0,
  };
  const blocks = fc.array(fc.array(events, { minLength: 1, maxLength: 150, size: 'max' }));
  fc.assert(
    fc.property(blocks, fc.integer({ min: 1, max: 3 }), (all, depth) => {
      const book = new ReplayBook({ kernel, ...options });
      const twin = new NaiveReplayBook(options);
      const trades = new Trades();
      let first = 0;
      for (const block of all) {
        book.applyToFrame(writer.block(block), frame, depth);
        assert.equal(frame.events.firstEvent, first);
        assert.equal(frame.events.count, block.length);
        for (const [index, event] of block.entries()) {
          const { orderId, action, instrument, flags } = event;
          const row = toldBy(event, twin, twin.replacedSide);
          twin.apply(event);
          assert.deepEqual(rowOf(frame, index), {
            told: [orderId, action, instrument, flags],
            row,
            trade: trades.of(event, row),
            shown: shownBy(twin, instrument, depth),
          });
        }
        first += block.length;
      }
    }),
    { numRuns: 200 },
  );
});

test('times count from the first event, and a refused event has no row', () => {
  const kernel = new HistoryKernel(module);
  const writer = new EventWriter(kernel);
  const frame = new FeaturePlan(kernel, []).newFrame();
  const book = new ReplayBook({ kernel });
  const timeNs = 1_700_000_000_123_456_789n;
  const block = writer.block([
    marketEvent({ timeNs }),
    marketEvent({ timeNs: timeNs - 5n, orderId: 2n }),
    marketEvent({ action: Action.DELETE, orderId: 9n }),
  ]);
  assert.throws(() => book.applyToFrame(block, frame), ReplayError);
  assert.equal(frame.events.count, 2);
  assert.equal(frame.events.baseTimeNs, timeNs);
  assert.deepEqual([...frame.events.timeNs.subarray(0, 2)], [0, -5]);
});

test('times are exact behind a snapshot that has none', () => {
  const kernel = new HistoryKernel(module);
  const writer = new EventWriter(kernel);
  const frame = new FeaturePlan(kernel, []).newFrame();
  const book = new ReplayBook({ kernel });
  const timeNs = 1_700_000_000_123_456_789n;
  const later = [timeNs, timeNs + 1n].map((at, index) =>
    marketEvent({ timeNs: at, orderId: BigInt(2 + index) }),
  );
  book.applyToFrame(writer.block([marketEvent({}), ...later]), frame);
  const { events } = frame;
  const seen = later.map((_, index) => events.baseTimeNs + BigInt(events.timeNs[1 + index] ?? 0));
  assert.deepEqual(seen, [timeNs, timeNs + 1n]);
});

test('levels that nobody told of are in the depth at once', () => {
  const kernel = new HistoryKernel(module);
  const writer = new EventWriter(kernel);
  const frame = new FeaturePlan(kernel, []).newFrame();
  const book = new ReplayBook({ kernel, joined: true });
  const { BUY, SELL } = EventSide;
  book.applyToFrame(writer.block([marketEvent({})]), frame, 2);
  const level = { action: Action.LEVEL, orderId: 0n };
  const levels = [
    marketEvent({ ...level, side: BUY, price: 99n, quantity: 7n }),
    marketEvent({ ...level, side: SELL, price: 101n, quantity: 3n }),
  ];
  book.applyToFrame(writer.block(levels), frame, 2);
  assert.deepEqual([frame.snapshots.bidDepth[1], frame.snapshots.askDepth[1]], [17, 3]);
});

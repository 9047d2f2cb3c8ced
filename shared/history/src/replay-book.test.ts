import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildHistory } from '../build.ts';
import { Action, EventFlag, EventSide, type MarketEvent } from './event.ts';
import { HistoryKernel, loadHistoryModule } from './kernel/history-kernel.ts';
import { ReplayBook, type ReplayBookOptions } from './replay-book.ts';
import { EventWriter, marketEvent } from './testing/event-block.ts';

await buildHistory();
const module = await loadHistoryModule();

const { REDUCE, DELETE, MODIFY, EXECUTE, TRADE, CLEAR, STATUS, LEVEL } = Action;
const { BUY, SELL } = EventSide;
const I64_MIN = -(2n ** 63n);
const I64_MAX = 2n ** 63n - 1n;

function newBook(options: Omit<ReplayBookOptions, 'kernel'> = {}) {
  const kernel = new HistoryKernel(module);
  const book = new ReplayBook({ kernel, ...options });
  const writer = new EventWriter(kernel);
  const apply = (...events: Partial<MarketEvent>[]) =>
    book.apply(writer.block(events.map(marketEvent)));
  return { kernel, book, apply };
}

const idsAt = (book: ReplayBook, price: bigint) =>
  book.queue(0, BUY, price).map(({ orderId }) => orderId);

test('a queue is in order of arrival, whatever happens to its orders', () => {
  const { book, apply } = newBook();
  apply(...[1n, 2n, 3n, 4n].map((orderId) => ({ orderId })));
  // What shows less or as much keeps its place.
  apply({ action: REDUCE, orderId: 1n, quantity: 4n }, { action: MODIFY, orderId: 2n });
  apply({ action: EXECUTE, orderId: 1n, quantity: 1n });
  assert.deepEqual(idsAt(book, 100n), [1n, 2n, 3n, 4n]);
  // What shows more, or comes back to its price, goes to the end.
  apply({ action: MODIFY, orderId: 1n, quantity: 6n });
  apply({ action: MODIFY, orderId: 3n, price: 101n }, { action: MODIFY, orderId: 3n });
  apply({ action: DELETE, orderId: 4n });
  assert.deepEqual(book.queue(0, BUY, 100n), [
    { orderId: 2n, quantity: 10n, quantityAhead: 0n, position: 0 },
    { orderId: 1n, quantity: 6n, quantityAhead: 10n, position: 1 },
    { orderId: 3n, quantity: 10n, quantityAhead: 16n, position: 2 },
  ]);
  assert.deepEqual(book.best(0, BUY), { price: 100n, quantity: 26n, orders: 3, anonymous: 0n });
  const place = { side: BUY, price: 100n, quantity: 10n, quantityAhead: 16n, position: 2 };
  assert.deepEqual(book.order(0, 3n), place);
  assert.equal(book.order(0, 4n), undefined);
  apply({ action: EXECUTE, orderId: 2n }, { action: MODIFY, orderId: 1n, quantity: 0n });
  assert.deepEqual(idsAt(book, 100n), [3n]);
});

test('trades do not change the book, statuses are kept, a clear empties one instrument', () => {
  const { book, apply } = newBook();
  apply({}, { instrument: 5, side: SELL }, { action: TRADE, quantity: 9n });
  apply({ action: STATUS, quantity: 2n });
  assert.deepEqual([book.status(0), book.status(5)], [2, undefined]);
  apply({ action: CLEAR });
  assert.deepEqual([book.levels(0, BUY), book.levelCount(5, SELL)], [[], 1]);
  apply({});
  assert.equal(book.counts.orders, 2);
});

test('an order with a new id has the side of the one that was deleted before it', () => {
  const { book, apply } = newBook();
  const renamed = { side: EventSide.NONE, flags: EventFlag.REPLACED };
  apply({ side: SELL }, { action: DELETE, side: EventSide.NONE }, { orderId: 2n, ...renamed });
  assert.equal(book.order(0, 2n)?.side, SELL);
  // Once.
  assert.throws(() => apply({ orderId: 3n, ...renamed }), { code: 'UNKNOWN_ORDER' });
  const lenient = newBook({ lenient: true });
  lenient.apply({ side: SELL }, { action: DELETE }, { action: DELETE, orderId: 7n, side: 2 });
  lenient.apply({ orderId: 8n, ...renamed });
  assert.equal(lenient.book.counts.orders, 0);
});

test('reports of what became of an order change nothing', () => {
  const { book, apply } = newBook();
  apply({}, { action: Action.REPORT }, { action: Action.REPORT, orderId: 9n });
  assert.equal(book.counts.orders, 1);
});

test('the same id is another order in another instrument, and free again when it is gone', () => {
  const { book, apply } = newBook();
  apply({ price: 7n }, { instrument: 1, price: 8n });
  apply({ action: DELETE }, { price: 9n });
  assert.equal(book.order(0, 1n)?.price, 9n);
  assert.equal(book.order(1, 1n)?.price, 8n);
});

test('any price is exact: as far apart as they can be, in any order, with any step', () => {
  const steps: readonly bigint[][] = [
    [I64_MAX, I64_MIN],
    [0n, I64_MIN, I64_MAX, 1n, -1n],
    // A tick of 250,000,000 units, then half of one, then one that shares nothing with them.
    [4_810_000_000_000n, 4_810_250_000_000n, 4_809_750_000_000n, 4_810_125_000_000n, 17n],
    // The last is below the others' residue, and would be their multiple modulo 2^64.
    [I64_MIN + 17n, I64_MIN + 27n, I64_MIN + 1n],
  ];
  for (const prices of steps) {
    for (const side of [BUY, SELL]) {
      const { book, apply } = newBook();
      const expected: bigint[] = [];
      for (const [index, price] of prices.entries()) {
        apply({ orderId: BigInt(index), price, side });
        expected.push(price);
        expected.sort((a, b) => (a < b === (side === SELL) ? -1 : 1));
        assert.deepEqual(
          book.levels(0, side).map((level) => level.price),
          expected,
        );
      }
      for (const price of prices) assert.equal(book.queue(0, side, price).length, 1);
    }
  }
});

const FAULTS: readonly [string, Partial<MarketEvent>][] = [
  ['UNKNOWN_ORDER', { action: DELETE, orderId: 9n }],
  ['UNKNOWN_ORDER', { action: MODIFY, orderId: 9n }],
  ['DUPLICATE_ORDER', { quantity: 3n }],
  ['WRONG_SIDE', { action: DELETE, side: SELL }],
  ['WRONG_SIDE', { orderId: 9n, side: EventSide.NONE }],
  ['MISSING_PRICE', { orderId: 9n, flags: EventFlag.NO_PRICE }],
  ['UNKNOWN_ORDER', { orderId: 9n, side: EventSide.NONE, flags: EventFlag.REPLACED }],
  ['ZERO_QUANTITY', { orderId: 9n, quantity: 0n }],
  ['TOO_MUCH', { action: EXECUTE, quantity: 11n }],
  ['UNKNOWN_ACTION', { action: 11 }],
  ['WRONG_SIDE', { action: LEVEL, side: EventSide.NONE }],
  ['ZERO_QUANTITY', { action: LEVEL, quantity: 0n }],
  ['MISSING_PRICE', { action: LEVEL, flags: EventFlag.NO_PRICE }],
  ['UNKNOWN_INSTRUMENT', { instrument: 65_536 }],
];

for (const [code, event] of FAULTS) {
  test(`refused: ${code} of ${Object.keys(event).join(', ')}`, () => {
    const { book, apply } = newBook();
    const refused = { name: 'ReplayError', code, index: 1, event: 2 };
    apply({});
    assert.throws(() => apply({ orderId: 2n }, event, { orderId: 3n }), refused);
    // What came before it stands; it did nothing, nor what comes after it.
    assert.deepEqual(idsAt(book, 100n), [1n, 2n]);
    assert.equal(book.best(0, BUY)?.quantity, 20n);
    assert.equal(book.counts.events, 3);
    const lenient = newBook({ lenient: true });
    lenient.apply({}, event, { orderId: 3n });
    const { faults } = lenient.book.counts;
    assert.deepEqual(
      Object.entries(faults).filter(([, count]) => count > 0),
      [[code, 1]],
    );
    assert.equal(lenient.book.order(0, 3n)?.price, 100n);
  });
}

test('lenient: the last word, the order itself and what there is count', () => {
  const { book, apply } = newBook({ lenient: true });
  apply({}, { orderId: 2n }, { price: 101n, quantity: 3n });
  assert.deepEqual(idsAt(book, 101n), [1n]);
  apply({ action: REDUCE, quantity: 1n, side: SELL });
  assert.equal(book.order(0, 1n)?.quantity, 2n);
  apply({ action: REDUCE, orderId: 2n, quantity: 11n });
  assert.equal(book.levelCount(0, BUY), 1);
});

test('joined in the middle: the unknown is taken from what is anonymous at its price', () => {
  const { book, apply } = newBook({ joined: true });
  apply({ orderId: 1n });
  apply({ action: LEVEL, quantity: 50n }, { action: LEVEL, price: 99n, quantity: 5n });
  apply({ action: EXECUTE, orderId: 70n, quantity: 20n });
  apply({ action: DELETE, orderId: 71n, price: 99n, quantity: 7n });
  assert.deepEqual(book.levels(0, BUY), [
    { price: 100n, quantity: 40n, orders: 1, anonymous: 30n },
  ]);
  assert.deepEqual(book.queue(0, BUY, 100n), [
    { orderId: undefined, quantity: 30n, quantityAhead: 0n, position: 0 },
    { orderId: 1n, quantity: 10n, quantityAhead: 30n, position: 1 },
  ]);
  // A modify says all that there is to know of an order.
  apply({ action: MODIFY, orderId: 72n, price: 98n });
  assert.deepEqual(idsAt(book, 98n), [72n]);
  assert.equal(book.counts.anonymous, 3);
  // No volume to take it from.
  assert.throws(() => apply({ action: DELETE, orderId: 73n, price: 98n }), {
    code: 'UNKNOWN_ORDER',
  });
});

test('what an order crosses has left unseen, where a feed tells only of its window', () => {
  const { book, apply } = newBook({ uncrosses: true, joined: true, passesUnknown: true });
  const sell = { side: SELL };
  apply({ orderId: 1n, price: 101n, ...sell }, { orderId: 2n, price: 103n, ...sell });
  apply({ orderId: 3n, price: 102n });
  assert.deepEqual(
    book.levels(0, SELL).map(({ price }) => price),
    [103n],
  );
  apply({ orderId: 3n, price: 103n, action: MODIFY }, { orderId: 1n, action: DELETE, ...sell });
  assert.deepEqual(book.levels(0, SELL), []);
  const { crossed, orders, faults } = book.counts;
  assert.deepEqual([crossed, orders, faults.UNKNOWN_ORDER], [2, 1, 1]);
});

test('a window forgets the levels beyond it, with their orders', () => {
  const { book, apply } = newBook({ levels: 2 });
  apply(...[98n, 99n, 100n].map((price) => ({ orderId: price, price })));
  assert.deepEqual(
    book.levels(0, BUY).map(({ price }) => price),
    [100n, 99n],
  );
  assert.throws(() => apply({ action: DELETE, orderId: 98n }), { code: 'UNKNOWN_ORDER' });
  // The order itself falls out, and its id is free.
  apply({ action: MODIFY, orderId: 100n, price: 97n }, { orderId: 101n, price: 101n });
  apply({ orderId: 100n, price: 102n });
  assert.equal(book.counts.orders, 2);
  book.trim(0, 1);
  assert.deepEqual(idsAt(book, 102n), [100n]);
  assert.equal(book.counts.orders, 1);
});

test('many orders, deep queues and a reset', () => {
  const { book, apply } = newBook();
  const count = 100_000;
  const orders = Array.from({ length: count }, (_, index) => ({
    orderId: BigInt(index) * 0x1_0000_0001n,
    price: BigInt(index % 700),
    instrument: index % 3,
    side: index % 2,
  }));
  for (let from = 0; from < count; from += 4_000) apply(...orders.slice(from, from + 4_000));
  assert.equal(book.counts.orders, count);
  for (const { orderId, price, instrument, side } of orders.filter((_, at) => at % 997 === 0)) {
    const found = book.order(instrument, orderId);
    assert.deepEqual([found?.price, found?.side], [price, side]);
  }
  const deep = book.orders(1, SELL).flatMap(({ queue }) => queue);
  assert.equal(deep.length, Math.ceil(count / 6));
  const gone = orders.filter((_, at) => at % 2 === 0).map((one) => ({ ...one, action: DELETE }));
  for (let from = 0; from < gone.length; from += 4_000) apply(...gone.slice(from, from + 4_000));
  assert.equal(book.counts.orders, count / 2);
  book.reset();
  assert.deepEqual(book.counts, newBook().book.counts);
  assert.equal(book.levelCount(1, SELL), 0);
  apply(...orders.slice(0, 4_000));
  assert.equal(book.counts.orders, 4_000);
});

test('deep books whose unit changes again and again need no more memory', () => {
  const { kernel, book, apply } = newBook();
  const levels = 20_000;
  /** Prices that the unit of the day before cannot say; each of the last halves the unit. */
  const day = (odd: bigint) => {
    const at = (price: bigint) => ({ orderId: price, price: price + odd });
    const deep = Array.from({ length: levels }, (_, index) => at(8n * BigInt(index)));
    book.reset();
    for (let from = 0; from < levels; from += 4_000) apply(...deep.slice(from, from + 4_000));
    apply(at(4n), at(2n));
    const worst = book.levels(0, BUY).slice(levels - 2);
    assert.deepEqual(
      worst.map(({ price }) => price - odd),
      [8n, 4n, 2n, 0n],
    );
  };
  day(0n);
  const { usedBytes } = kernel;
  for (let count = 0; count < 6; count += 1) day(count % 2 === 0 ? 1n : 0n);
  const more = kernel.usedBytes - usedBytes;
  assert(more < 1 << 20, `${more} bytes more`);
});

test('unknown orders may be passed while other faults are refused', () => {
  const { book, apply } = newBook({ passesUnknown: true });
  apply({}, { action: DELETE, orderId: 9n }, { action: EXECUTE, orderId: 8n });
  assert.equal(book.counts.faults.UNKNOWN_ORDER, 2);
  assert.deepEqual(idsAt(book, 100n), [1n]);
  assert.throws(() => apply({ action: DELETE, side: SELL }), { code: 'WRONG_SIDE' });
});

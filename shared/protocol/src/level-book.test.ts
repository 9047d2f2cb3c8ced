import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bookChecksum } from './book-checksum.ts';
import { Side } from './layout.ts';
import { type Level, LevelBook } from './level-book.ts';

const delta = fc.record({
  side: fc.constantFrom(Side.BUY, Side.SELL),
  price: fc.oneof(fc.integer({ min: 1, max: 25 }), fc.constantFrom(2 ** 36 - 1, 2 ** 32)),
  quantity: fc.oneof(fc.constant(0n), fc.bigInt({ min: 1n, max: 2n ** 60n })),
  orders: fc.nat(9),
});

/** The same book without any order kept: a map, sorted when it is read. */
function naiveSide(deltas: readonly { price: number; quantity: bigint; orders: number }[]) {
  const levels = new Map<number, Level>();
  for (const { price, quantity, orders } of deltas) {
    levels.set(price, { price: BigInt(price), quantity, orders });
  }
  return [...levels.values()]
    .filter(({ quantity }) => quantity > 0n)
    .sort((a, b) => Number(a.price - b.price));
}

test('a book from deltas is what the last delta of each price says', () => {
  fc.assert(
    fc.property(fc.array(delta, { maxLength: 80 }), fc.nat(12), (deltas, most) => {
      const book = new LevelBook();
      for (const { side, price, quantity, orders } of deltas) {
        book.set(side, price, quantity, orders);
      }
      const bids = naiveSide(deltas.filter(({ side }) => side === Side.BUY)).reverse();
      const asks = naiveSide(deltas.filter(({ side }) => side === Side.SELL));
      assert.deepEqual(book.levels(Side.BUY), bids);
      assert.deepEqual(book.levels(Side.SELL), asks);
      assert.deepEqual(book.levels(Side.BUY, most), bids.slice(0, most));
      assert.deepEqual(book.levels(Side.SELL, most), asks.slice(0, most));
      assert.equal(book.checksum(), bookChecksum(bids, asks));
    }),
  );
});

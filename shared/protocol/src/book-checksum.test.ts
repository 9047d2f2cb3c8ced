import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 as zlibCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { bookChecksum, crc32 } from './book-checksum.ts';

const level = fc.record({
  price: fc.bigInt({ min: 1n, max: 2n ** 36n - 1n }),
  quantity: fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }),
});
const side = fc.array(level, { maxLength: 14 });

test('CRC-32 of the standard check string', () => {
  assert.equal(crc32(Buffer.from('123456789')), 0xcbf43926);
  assert.equal(crc32(new Uint8Array(0)), 0);
});

test('CRC-32 agrees with zlib', () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => assert.equal(crc32(bytes), zlibCrc32(bytes))));
});

test('one level, byte by byte', () => {
  const bytes = `${'01000000'}${'00000000'}${'6400000000000000'}${'0500000000000000'}`;
  const checksum = bookChecksum([{ price: 100n, quantity: 5n }], []);
  assert.equal(checksum, zlibCrc32(Buffer.from(bytes, 'hex')));
});

test('levels past the tenth do not count, every other change does', () => {
  fc.assert(
    fc.property(side, side, fc.nat(13), (bids, asks, index) => {
      const before = bookChecksum(bids, asks);
      assert.equal(bookChecksum(bids.slice(0, 10), asks.slice(0, 10)), before);
      const changed = bids.map((bid, at) =>
        at === index ? { ...bid, quantity: bid.quantity ^ 1n } : bid,
      );
      const counts = index < Math.min(10, bids.length);
      assert.equal(bookChecksum(changed, asks) !== before, counts);
    }),
  );
});

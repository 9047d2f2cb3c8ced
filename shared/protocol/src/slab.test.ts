import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Slab } from './slab.ts';

test('pieces are zero, whole, and nobody else’s', () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 6_000 }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(sizes, (lengths) => {
      const slab = new Slab();
      const pieces = lengths.map((length, index) => {
        const piece = slab.take(length);
        assert.equal(piece.byteLength, length);
        assert.equal(piece.byteOffset % 64, 0);
        assert(piece.every((byte) => byte === 0));
        return piece.fill(index + 1);
      });
      for (const [index, piece] of pieces.entries()) {
        assert(piece.every((byte) => byte === index + 1));
      }
    }),
  );
});

test('small pieces share memory, long ones and other slabs have their own', () => {
  const slab = new Slab();
  const [first, second, long] = [slab.take(100), slab.take(1), slab.take(5_000)];
  assert.equal(first.buffer, second.buffer);
  assert.notEqual(first.buffer, long.buffer);
  assert.equal(long.buffer.byteLength, 5_000);
  assert.notEqual(new Slab().take(1).buffer, first.buffer);
});

test('copies are copies', () => {
  const slab = new Slab();
  const bytes = Uint8Array.of(1, 2, 3, 4);
  const [whole, part] = [slab.copy(bytes), slab.copy(bytes, 1, 3)];
  bytes.fill(9);
  assert.deepEqual([...whole], [1, 2, 3, 4]);
  assert.deepEqual([...part], [2, 3]);
});

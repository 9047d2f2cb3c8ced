import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PRIME } from './base.ts';
import { encodeExtensions, encodeWords, readExtensions, readWords } from './encoding.ts';

const value = fc.oneof(fc.constantFrom(0, 1, PRIME - 1), fc.nat(PRIME - 1));
const element = fc.tuple(value, value, value, value, value);

test('words and elements are read as they were written, from any offset', () => {
  fc.assert(
    fc.property(fc.array(value), fc.array(element), fc.nat(5), (words, elements, gap) => {
      const bytes = new Uint8Array(gap + 4 * words.length + 20 * elements.length);
      bytes.set(encodeWords(words), gap);
      bytes.set(encodeExtensions(elements), gap + 4 * words.length);
      // A view that begins inside its buffer.
      const shifted = new Uint8Array(bytes.length + 3).subarray(3);
      shifted.set(bytes);
      const read = readWords(shifted, gap, words.length);
      assert.deepEqual(read, { ok: true, value: Uint32Array.from(words) });
      const found = readExtensions(shifted, gap + 4 * words.length, elements.length);
      assert.deepEqual(found, { ok: true, value: elements });
    }),
  );
});

test('the encoding is little-endian, the coefficient of 1 first', () => {
  const bytes = encodeExtensions([[0x01020304, 5, 0, 0, PRIME - 1]]);
  assert.equal(Buffer.from(bytes).toString('hex'), `0403020105000000${'0'.repeat(16)}00000078`);
});

test('words that are not below p are refused, and where', () => {
  for (const word of [PRIME, PRIME + 1, 2 ** 31, 2 ** 32 - 1]) {
    const bytes = encodeWords([1, 2, 3, 4, 5, 6, word, 8, 9, 10]);
    for (const read of [readWords(bytes, 4, 9), readExtensions(bytes, 0, 2)]) {
      assert(!read.ok);
      assert.equal(read.error.code, 'NOT_CANONICAL');
      assert.equal(read.error.offset, 24);
      assert.match(read.error.message, new RegExp(`${word} is not below 2013265921`));
    }
    assert(readWords(bytes, 0, 6).ok);
  }
});

test('too few bytes are refused before any is read or memory is taken', () => {
  const bytes = encodeWords([1, 2, 3, 4, 5]);
  for (const [offset, count] of [
    [1, 5],
    [20, 1],
    [24, 0],
    [0, 2 ** 40],
  ] as const) {
    const read = readWords(bytes, offset, count);
    assert(!read.ok);
    assert.equal(read.error.code, 'TOO_SHORT');
    assert.equal(read.error.offset, offset);
  }
  const read = readExtensions(bytes.subarray(0, 19), 0, 1);
  assert(!read.ok);
  assert.match(read.error.message, /5 field elements need 1 bytes more/);
  assert.deepEqual(readWords(bytes, 20, 0), { ok: true, value: new Uint32Array(0) });
});

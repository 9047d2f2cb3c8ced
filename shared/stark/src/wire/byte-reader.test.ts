import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PRIME } from '../field/base.ts';
import { type ByteReader, decode } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

const value = fc.oneof(fc.constantFrom(0, 1, PRIME - 1), fc.nat(PRIME - 1));
const element = fc.tuple(value, value, value, value, value);

test('words and elements are read as they were written, from any offset', () => {
  fc.assert(
    fc.property(fc.array(value), fc.array(element), fc.nat(5), (words, elements, gap) => {
      const bytes = new ByteWriter().bytes(new Uint8Array(gap)).elements(words);
      const written = bytes.extensions(elements).finish();
      // A view that begins inside its buffer.
      const shifted = new Uint8Array(written.length + 3).subarray(3);
      shifted.set(written);
      const read = decode(shifted, (reader) => {
        reader.zeros(gap);
        return [[...reader.elements(words.length)], reader.extensions(elements.length)];
      });
      assert.deepEqual(read, { ok: true, value: [words, elements] });
    }),
  );
});

test('integers are little-endian, the coefficient of 1 comes first', () => {
  const writer = new ByteWriter().u8(1).u16(2).u32(3).u64(4n);
  const hex = Buffer.from(writer.finish()).toString('hex');
  assert.equal(hex, `01${'0200'}${'03000000'}0400000000000000`);
  const one = new ByteWriter().extensions([[0x01020304, 5, 0, 0, PRIME - 1]]).finish();
  assert.equal(Buffer.from(one).toString('hex'), `0403020105000000${'0'.repeat(16)}00000078`);
});

test('words that are not below p are refused, and where', () => {
  for (const word of [PRIME, PRIME + 1, 2 ** 31, 2 ** 32 - 1]) {
    const bytes = new ByteWriter().elements([1, 2, 3, 4, 5, 6, word, 8, 9, 10]).finish();
    const reads = [(reader: ByteReader) => reader.elements(10)];
    for (const read of [...reads, (reader: ByteReader) => reader.extensions(2)]) {
      const decoded = decode<unknown>(bytes, read);
      assert.ok(!decoded.ok && decoded.code === 'NOT_CANONICAL');
      assert.match(decoded.message, new RegExp(`byte 24: ${word} is not below p`));
    }
  }
});

test('too few and too many bytes are refused, before memory is taken for what is not there', () => {
  const bytes = new ByteWriter().elements([1, 2, 3, 4, 5]).finish();
  const truncated = [
    (reader: ByteReader) => reader.elements(6),
    (reader: ByteReader) => reader.elements(2 ** 40),
    (reader: ByteReader) => reader.extensions(2 ** 40),
    (reader: ByteReader) => reader.bytes(21),
  ];
  for (const read of truncated) {
    const decoded = decode<unknown>(bytes, read);
    assert.ok(!decoded.ok && decoded.code === 'TRUNCATED');
  }
  const left = decode(bytes, (reader) => reader.elements(4));
  assert.ok(!left.ok && left.code === 'TOO_LONG');
  assert.match(left.message, /4 bytes follow its end/);
});

test('other formats, other versions and reserved bytes are refused', () => {
  const bytes = new ByteWriter().ascii('FBSP').u16(2).u8(7).finish();
  const version = decode(bytes, (reader) => reader.format('FBSP', 1));
  assert.ok(!version.ok && version.message === 'byte 4: version 2; version 1 is known');
  const magic = decode(bytes, (reader) => reader.format('FBSF', 2));
  assert.ok(!magic.ok && magic.message === 'byte 0: it does not begin with FBSF');
  const reserved = decode(bytes, (reader) => {
    reader.format('FBSP', 2);
    reader.zeros(1);
  });
  assert.ok(!reserved.ok && reserved.code === 'OTHER_FORMAT');
});

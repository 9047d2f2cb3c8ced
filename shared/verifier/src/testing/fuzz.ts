import assert from 'node:assert/strict';
import fc from 'fast-check';
import { bytesToHex } from '../bytes.ts';
import type { Decoded } from '../decoding.ts';

/** The bytes with one bit changed. */
export function flipBit(bytes: Uint8Array, index: number, bit: number): Uint8Array {
  const changed = bytes.slice();
  changed[index] = (changed[index] ?? 0) ^ (1 << bit);
  return changed;
}

/**
 * A decoder that never throws, refuses every other length, and has one encoding for each value:
 * what it accepts encodes to the bytes it was given, so no changed file passes for the same one.
 */
export function checkDecoder<T>(
  valid: Uint8Array,
  decode: (bytes: Uint8Array) => Decoded<T>,
  encode: (value: T) => Uint8Array,
  numRuns = 500,
): void {
  const canonical = (bytes: Uint8Array): void => {
    const decoded = decode(bytes);
    if (decoded.ok) assert.equal(bytesToHex(encode(decoded.value)), bytesToHex(bytes));
    else assert(decoded.error.offset <= bytes.length, decoded.error.message);
  };
  assert(decode(valid).ok);
  canonical(valid);
  for (let length = 0; length < valid.length; length++) {
    assert(!decode(valid.slice(0, length)).ok, `cut to ${length} bytes`);
  }
  const place = fc.nat(valid.length - 1);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), canonical));
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 9 }), (tail) => {
      assert(!decode(Uint8Array.from([...valid, ...tail])).ok);
    }),
  );
  fc.assert(
    fc.property(place, fc.nat(7), (index, bit) => canonical(flipBit(valid, index, bit))),
    { numRuns },
  );
  fc.assert(
    fc.property(place, fc.uint8Array({ maxLength: 64 }), (start, patch) => {
      const changed = valid.slice();
      changed.set(patch.slice(0, valid.length - start), start);
      canonical(changed);
    }),
    { numRuns },
  );
}

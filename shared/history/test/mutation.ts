/** Input as it must not be: what decoders have to survive. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { HistoryKernel } from '../src/kernel/history-kernel.ts';
import type { MarketDecoder } from '../src/market-decoder.ts';
import { decodeWith } from './decoding.ts';

type Edit = (bytes: Uint8Array) => Uint8Array;

/** Where in the bytes: more often near the beginning, where the headers are. */
const place = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constant(0));
const some = fc.uint8Array({ maxLength: 40 });

const edit: fc.Arbitrary<Edit> = fc
  .tuple(fc.constantFrom('set', 'insert', 'remove', 'cut', 'repeat'), place, fc.nat(90), some)
  .map(([kind, part, near, added]) => (bytes) => {
    const at = Math.min(bytes.length, Math.floor(part * bytes.length) + near);
    const before = bytes.subarray(0, at);
    switch (kind) {
      case 'set':
        return Buffer.concat([before, added, bytes.subarray(at + added.length)]);
      case 'insert':
        return Buffer.concat([before, added, bytes.subarray(at)]);
      case 'remove':
        return Buffer.concat([before, bytes.subarray(at + added.length)]);
      case 'cut':
        return before;
      default:
        return Buffer.concat([bytes, bytes.subarray(at)]);
    }
  });

/** Samples with a few edits, and bytes that never were anything. */
export function mutations(samples: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const mutated = fc
    .tuple(fc.constantFrom(...samples), fc.array(edit, { maxLength: 4 }))
    .map(([sample, edits]) => edits.reduce((bytes, one) => one(bytes), sample));
  return fc.oneof({ arbitrary: mutated, weight: 9 }, fc.uint8Array({ maxLength: 400 }));
}

type Make = (kernel: HistoryKernel, lenient: boolean) => MarketDecoder;

/**
 * Decodes mutations, whole and cut at random: both give the same events, counts and error, and a
 * lenient decoder gives no fewer events than a strict one.
 */
export function checkMutations(make: Make, samples: readonly Uint8Array[], numRuns: number): void {
  const cuts = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(mutations(samples), cuts, fc.boolean(), (bytes, cut, lenient) => {
      const whole = decodeWith((kernel) => make(kernel, lenient), bytes, [bytes.length]);
      const pieces = decodeWith((kernel) => make(kernel, lenient), bytes, cut);
      assert.deepEqual(pieces, whole);
      if (!lenient) {
        assert.equal(whole.faults, 0n);
        const past = decodeWith((kernel) => make(kernel, true), bytes, [bytes.length]);
        assert.ok(past.events.length >= whole.events.length);
        assert.deepEqual(past.events.slice(0, whole.events.length), whole.events);
      }
    }),
    { numRuns },
  );
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { blockOf, eventsOf, newKernel } from '../test/decoding.ts';
import { isInShare, keepShare, sizeOfShare } from './instrument-share.ts';
import { events } from './testing/arbitrary-events.ts';

test('a share has its events and no others, in their order', () => {
  const kernel = newKernel();
  const property = fc.property(
    fc.array(events, { maxLength: 60 }),
    fc.integer({ min: 1, max: 9 }),
    (all, of) => {
      const shares = Array.from({ length: of }, (_, index) => ({ index, of }));
      for (const share of shares) {
        const kept = keepShare(kernel, blockOf(kernel, all), share);
        const expected = all.filter(({ instrument }) => isInShare(instrument, share));
        assert.deepEqual(eventsOf(kernel, kept), expected);
      }
    },
  );
  fc.assert(property, { numRuns: 200 });
});

test('each instrument is in one share', () => {
  for (const [instruments, of] of [
    [0, 3],
    [1, 4],
    [7, 3],
    [9, 3],
  ] as const) {
    const shares = Array.from({ length: of }, (_, index) => ({ index, of }));
    const sizes = shares.map((share) => sizeOfShare(instruments, share));
    const numbers = Array.from({ length: instruments }, (_, number) => number);
    const counted = shares.map((share) => numbers.filter((one) => isInShare(one, share)).length);
    assert.deepEqual(sizes, counted);
  }
});

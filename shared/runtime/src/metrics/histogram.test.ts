import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HISTOGRAM_WORDS, Histogram, readHistogram } from './histogram.ts';

const SHARES = [0, 0.5, 0.9, 0.99, 0.999, 1];
/** Half of a bucket, whose width is at most 1/32 of its values. */
const BOUND = 1 / 64;

function histogramOf(values: readonly number[]) {
  const words = new Int32Array(HISTOGRAM_WORDS);
  const histogram = new Histogram(words, 0);
  for (const value of values) histogram.record(value);
  return { histogram, read: () => readHistogram(words, 0) };
}

/** Of all sizes alike: from nanoseconds to minutes. */
const durations = fc
  .tuple(fc.integer({ min: 0, max: 39 }), fc.double({ min: 1, max: 2, noNaN: true }))
  .map(([bits, share]) => Math.floor(Math.min(2 ** bits * share, 2 ** 40 - 1)));

test('every percentile lies within 1/64 of the exact one', () => {
  fc.assert(
    fc.property(fc.array(durations, { minLength: 1, maxLength: 300 }), (values) => {
      const snapshot = histogramOf(values).read();
      assert(snapshot !== undefined);
      const sorted = values.toSorted((a, b) => a - b);
      assert.equal(snapshot.count, values.length);
      assert.equal(
        snapshot.sum,
        values.reduce((sum, value) => sum + value, 0),
      );
      assert.equal(snapshot.max, sorted.at(-1));
      for (const share of SHARES) {
        const exact = sorted[Math.max(1, Math.ceil(share * values.length)) - 1] ?? 0;
        const found = snapshot.quantile(share);
        assert(Math.abs(found - exact) <= exact * BOUND, `${share}: ${found}, exactly ${exact}`);
        if (exact < 64) assert.equal(found, exact);
      }
    }),
  );
});

test('every power of two and its neighbours stay in order', () => {
  const values = Array.from({ length: 40 }, (_, bits) => [2 ** bits - 1, 2 ** bits, 2 ** bits + 1]);
  let last = -1;
  for (const value of new Set(values.flat())) {
    const found =
      histogramOf([value, 2 ** 40])
        .read()
        ?.quantile(0.5) ?? Number.NaN;
    assert(Math.abs(found - value) <= value * BOUND, `${found} for ${value}`);
    assert(found >= last, `${found} after ${last}`);
    last = found;
  }
});

test('what no duration can be counts as the nearest that can', () => {
  const snapshot = histogramOf([-5, 0.9, 2 ** 41]).read();
  assert.equal(snapshot?.count, 3);
  assert.equal(snapshot?.quantile(0.5), 0);
  assert.equal(snapshot?.max, 2 ** 40 - 1);
});

test('an empty histogram tells zeros', () => {
  const snapshot = histogramOf([]).read();
  assert.equal(snapshot?.count, 0);
  assert.equal(snapshot?.quantile(0.99), 0);
});

test('a difference is what was recorded in between', () => {
  const { histogram, read } = histogramOf([10, 1_000_000]);
  const before = read();
  histogram.record(20);
  histogram.record(20);
  const after = read();
  assert(before !== undefined && after !== undefined);
  const between = after.since(before);
  assert.equal(between.count, 2);
  assert.equal(between.sum, 40);
  assert.equal(between.quantile(1), 20);
  assert.equal(between.max, 20);
});

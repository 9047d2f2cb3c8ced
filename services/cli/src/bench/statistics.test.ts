import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { comparePairs, MIN_PAIRS, median, percentiles, summarize } from './statistics.ts';

test('median and best', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.deepEqual(summarize([5, 4, 9]), { median: 5, best: 4 });
});

test('percentiles are samples, and the last is the largest', () => {
  const sorted = Float64Array.from({ length: 10_001 }, (_, index) => index);
  assert.deepEqual(percentiles(sorted), {
    p50: 5_000,
    p90: 9_000,
    p99: 9_900,
    p999: 9_990,
    p9999: 9_999,
    max: 10_000,
  });
});

describe('two things measured in pairs', () => {
  const loads = Array.from({ length: MIN_PAIRS }, (_, index) => 100 + 37 * (index % 4) + index);

  test('a steady difference is certain, whatever disturbs both', () => {
    const { ratio, pValue } = comparePairs(
      loads,
      loads.map((load) => load * 1.05),
    );
    assert.equal(ratio.toFixed(6), '1.050000');
    assert.equal(pValue, 2 / 2 ** MIN_PAIRS);
    assert(pValue < 0.01);
  });

  test('differences both ways are chance', () => {
    const second = loads.map(
      (load, index) => load * (index % 2 === 0 ? 1 + index / 100 : 1 / 1.03),
    );
    const { pValue, ratioRange } = comparePairs(loads, second);
    assert(pValue > 0.1, `p = ${pValue}`);
    assert(ratioRange[0] < 1 && ratioRange[1] > 1);
  });

  test("Wilcoxon's table: of five differences the smallest alone is negative", () => {
    const second = [1 / 1.01, 1.02, 1.03, 1.04, 1.05];
    assert.equal(comparePairs([1, 1, 1, 1, 1], second).pValue, 4 / 32);
  });

  test('no difference at all', () => {
    assert.deepEqual(comparePairs(loads, loads), { ratio: 1, ratioRange: [1, 1], pValue: 1 });
  });

  test('p is a probability, and turning the pairs round keeps it', () => {
    const sample = fc.double({ min: 1, max: 1_000, noNaN: true });
    const pairs = fc.uniqueArray(fc.tuple(sample, sample), {
      minLength: 1,
      maxLength: 20,
      // Differences of one size would be ranked in another order.
      selector: ([first, second]) => Math.abs(Math.log(first / second)).toFixed(9),
    });
    fc.assert(
      fc.property(pairs, (drawn) => {
        const [first, second] = [drawn.map(([a]) => a), drawn.map(([, b]) => b)];
        const { pValue } = comparePairs(first, second);
        assert(pValue > 0 && pValue <= 1, `p = ${pValue}`);
        assert(Math.abs(comparePairs(second, first).pValue - pValue) < 1e-12);
      }),
    );
  });
});

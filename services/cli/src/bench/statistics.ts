/** What is said of samples, and whether those of two things differ. */
import assert from 'node:assert/strict';

export interface Summary {
  readonly median: number;
  readonly best: number;
}

export function summarize(samples: readonly number[]): Summary {
  return { median: median(samples), best: Math.min(...samples) };
}

/** To hundredths. */
export const roundedSummary = ({ median, best }: Summary): Summary => ({
  median: Number(median.toFixed(2)),
  best: Number(best.toFixed(2)),
});

export function median(samples: readonly number[]): number {
  assert(samples.length > 0, 'the median of nothing');
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0)) / 2;
}

export interface LatencyPercentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly p9999: number;
  readonly max: number;
}

/** @param sorted - ascending, not empty */
export function percentiles(sorted: Float64Array): LatencyPercentiles {
  assert(sorted.length > 0, 'percentiles of nothing');
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  return {
    p50: at(0.5),
    p90: at(0.9),
    p99: at(0.99),
    p999: at(0.999),
    p9999: at(0.9999),
    max: at(1),
  };
}

export interface Comparison {
  /** The median of second / first. */
  readonly ratio: number;
  /** Of the pair where it is lowest, and where it is highest. */
  readonly ratioRange: readonly [number, number];
  /** Two-sided, of Wilcoxon's signed-rank test: how often chance alone differs as much. */
  readonly pValue: number;
}

/** Of the pairs that Wilcoxon's test needs before a clear difference has p < 0.01. */
export const MIN_PAIRS = 8;

/**
 * Pairs of samples, all positive, each taken in the same circumstances: what disturbs both of a
 * pair does not count.
 */
export function comparePairs(first: readonly number[], second: readonly number[]): Comparison {
  assert.equal(first.length, second.length);
  const ratios = first.map((value, index) => (second[index] ?? 0) / value);
  return {
    ratio: median(ratios),
    ratioRange: [Math.min(...ratios), Math.max(...ratios)],
    pValue: signedRank(ratios.map(Math.log)),
  };
}

/**
 * Exact: of all ways to give the ranks of the differences signs, the share whose sum of positive
 * ranks is as far from the middle. Pairs without a difference don't count; equal differences are
 * ranked in the order they come in.
 */
function signedRank(differences: readonly number[]): number {
  const ranked = differences
    .filter((difference) => difference !== 0)
    .sort((a, b) => Math.abs(a) - Math.abs(b));
  const count = ranked.length;
  const largest = (count * (count + 1)) / 2;
  const positive = ranked.reduce((sum, value, index) => sum + (value > 0 ? index + 1 : 0), 0);
  const ways = new Array<number>(largest + 1).fill(0);
  ways[0] = 1;
  for (let rank = 1; rank <= count; rank += 1) {
    for (let sum = largest; sum >= rank; sum -= 1) {
      ways[sum] = (ways[sum] ?? 0) + (ways[sum - rank] ?? 0);
    }
  }
  const distance = Math.abs(positive - largest / 2);
  const extreme = ways.filter((_, sum) => Math.abs(sum - largest / 2) >= distance);
  return extreme.reduce((sum, way) => sum + way, 0) / 2 ** count;
}

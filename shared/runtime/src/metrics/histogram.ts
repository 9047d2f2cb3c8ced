/**
 * Log-linear histogram of durations in nanoseconds, or of sizes: each power of two is cut into 32
 * buckets of one width, so that a bucket is at most 1/32 as wide as its values, however large. What
 * it tells is the middle of a bucket: within 1/64 of the true value, or exact below 64.
 *
 * In memory: a cell for the sum, a cell for the largest value, then a cell for each bucket. The
 * count is the buckets' sum, so that the two never disagree.
 */
import assert from 'node:assert/strict';
import { addToCell, CELL_WORDS, readCell, setCell } from './cell.ts';

const SUB_BITS = 5;
const SUB_BUCKETS = 2 ** SUB_BITS;
/** 2^40 ns are 18 minutes; what is above counts as just below. */
const MAX_BITS = 40;
const HISTOGRAM_LIMIT = 2 ** MAX_BITS;
/** From here on bits are counted after this many were cut off. */
const WORD = 2 ** 32;
const CUT_BITS = MAX_BITS - 32;

export const HISTOGRAM_BUCKETS = (MAX_BITS - SUB_BITS + 1) * SUB_BUCKETS;
const SUM = 0;
const MAX = CELL_WORDS;
const BUCKETS = 2 * CELL_WORDS;
export const HISTOGRAM_WORDS = BUCKETS + HISTOGRAM_BUCKETS * CELL_WORDS;

/** Bucket of a whole number from 0 to 2^40 - 1. */
function bucketOf(value: number): number {
  if (value < SUB_BUCKETS) return value;
  if (value >= WORD) return CUT_BITS * SUB_BUCKETS + bucketOf(Math.floor(value / 2 ** CUT_BITS));
  const shift = 31 - SUB_BITS - Math.clz32(value);
  return shift * SUB_BUCKETS + (value >>> shift);
}

/** The middle of a bucket. */
function middleOf(bucket: number): number {
  if (bucket < 2 * SUB_BUCKETS) return bucket;
  const shift = Math.floor(bucket / SUB_BUCKETS) - 1;
  const first = (SUB_BUCKETS + (bucket % SUB_BUCKETS)) * 2 ** shift;
  return first + 2 ** (shift - 1);
}

/** The writing side: one thread's. */
export class Histogram {
  readonly #words: Int32Array;
  readonly #at: number;
  #max = 0;

  constructor(words: Int32Array, at: number) {
    assert(at >= 0 && at + HISTOGRAM_WORDS <= words.length, 'the histogram lies in its memory');
    this.#words = words;
    this.#at = at;
  }

  /** Allocates nothing. Fractions are cut off; what a clock's error makes negative counts as 0. */
  record(value: number): void {
    const whole = value > 0 ? Math.floor(Math.min(value, HISTOGRAM_LIMIT - 1)) : 0;
    addToCell(this.#words, this.#at + BUCKETS + bucketOf(whole) * CELL_WORDS, 1);
    addToCell(this.#words, this.#at + SUM, whole);
    if (whole <= this.#max) return;
    this.#max = whole;
    setCell(this.#words, this.#at + MAX, whole);
  }
}

/** What a histogram held when it was read. */
export class HistogramSnapshot {
  readonly count: number;
  readonly sum: number;
  /** The largest value; of a difference, the middle of the highest bucket. */
  readonly max: number;
  readonly #counts: Float64Array;

  constructor(counts: Float64Array, sum: number, max: number) {
    this.count = counts.reduce((total, count) => total + count, 0);
    this.sum = sum;
    this.max = max;
    this.#counts = counts;
  }

  /** The value that `share` of all values do not exceed, from 0 to 1; 0 of an empty histogram. */
  quantile(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.count));
    let seen = 0;
    for (let bucket = 0; bucket < this.#counts.length; bucket += 1) {
      seen += this.#counts[bucket] ?? 0;
      if (seen >= rank) return Math.min(middleOf(bucket), this.max);
    }
    return 0;
  }

  /** What both hold together. */
  plus(other: HistogramSnapshot): HistogramSnapshot {
    const counts = this.#counts.map((count, bucket) => count + (other.#counts[bucket] ?? 0));
    return new HistogramSnapshot(counts, this.sum + other.sum, Math.max(this.max, other.max));
  }

  /** What was recorded after `earlier`, a snapshot of the same histogram. */
  since(earlier: HistogramSnapshot): HistogramSnapshot {
    const counts = this.#counts.map((count, bucket) =>
      Math.max(0, count - (earlier.#counts[bucket] ?? 0)),
    );
    const highest = counts.findLastIndex((count) => count > 0);
    const max = highest < 0 ? 0 : Math.min(middleOf(highest), this.max);
    return new HistogramSnapshot(counts, this.sum - earlier.sum, max);
  }
}

/** Undefined if a number could not be read whole; see `readCell`. */
export function readHistogram(words: Int32Array, at: number): HistogramSnapshot | undefined {
  const counts = new Float64Array(HISTOGRAM_BUCKETS);
  for (let bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket += 1) {
    const count = readCell(words, at + BUCKETS + bucket * CELL_WORDS);
    if (count === undefined) return undefined;
    counts[bucket] = count;
  }
  const sum = readCell(words, at + SUM);
  const max = readCell(words, at + MAX);
  if (sum === undefined || max === undefined) return undefined;
  return new HistogramSnapshot(counts, sum, max);
}

/**
 * Log-linear histogram of durations in nanoseconds: each power of two is cut into 32 buckets of one
 * width, so that a bucket is at most 1/32 as wide as its values, whatever their size. What it tells
 * is the middle of a bucket: within 1/64 of the true value, or exact below 64 ns.
 *
 * In memory: a cell for the sum, a cell for the largest value, then a cell for each bucket. The
 * count is the buckets' sum, so that the two never disagree.
 */
import assert from 'node:assert/strict';
import { addToCell, CELL_WORDS, readCell, setCell } from './cell.ts';

const SUB_BITS = 5;
const SUB_BUCKETS = 2 ** SUB_BITS;
/** 2^40 ns are 18 minutes; what takes longer counts as just below. */
const MAX_BITS = 40;
const HISTOGRAM_LIMIT_NS = 2 ** MAX_BITS;
/** From here on bits are counted after this many were cut off. */
const WORD = 2 ** 32;
const CUT_BITS = MAX_BITS - 32;

export const HISTOGRAM_BUCKETS = (MAX_BITS - SUB_BITS + 1) * SUB_BUCKETS;
const SUM = 0;
const MAX = CELL_WORDS;
const BUCKETS = 2 * CELL_WORDS;
export const HISTOGRAM_WORDS = BUCKETS + HISTOGRAM_BUCKETS * CELL_WORDS;

/** Bucket of a whole number of nanoseconds from 0 to 2^40 - 1. */
function bucketOf(ns: number): number {
  if (ns < SUB_BUCKETS) return ns;
  if (ns >= WORD) return CUT_BITS * SUB_BUCKETS + bucketOf(Math.floor(ns / 2 ** CUT_BITS));
  const shift = 31 - SUB_BITS - Math.clz32(ns);
  return shift * SUB_BUCKETS + (ns >>> shift);
}

/** The middle of a bucket, ns. */
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
  #maxNs = 0;

  constructor(words: Int32Array, at: number) {
    assert(at >= 0 && at + HISTOGRAM_WORDS <= words.length, 'the histogram lies in its memory');
    this.#words = words;
    this.#at = at;
  }

  /** Allocates nothing. Fractions are cut off; what a clock's error makes negative counts as 0. */
  record(durationNs: number): void {
    const ns = durationNs > 0 ? Math.floor(Math.min(durationNs, HISTOGRAM_LIMIT_NS - 1)) : 0;
    addToCell(this.#words, this.#at + BUCKETS + bucketOf(ns) * CELL_WORDS, 1);
    addToCell(this.#words, this.#at + SUM, ns);
    if (ns <= this.#maxNs) return;
    this.#maxNs = ns;
    setCell(this.#words, this.#at + MAX, ns);
  }
}

/** What a histogram held when it was read. */
export class HistogramSnapshot {
  readonly count: number;
  readonly sumNs: number;
  /** The largest value; of a difference, the middle of the highest bucket. */
  readonly maxNs: number;
  readonly #counts: Float64Array;

  constructor(counts: Float64Array, sumNs: number, maxNs: number) {
    this.count = counts.reduce((sum, count) => sum + count, 0);
    this.sumNs = sumNs;
    this.maxNs = maxNs;
    this.#counts = counts;
  }

  /** The value that `share` of all values do not exceed, from 0 to 1; 0 of an empty histogram. */
  quantile(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.count));
    let seen = 0;
    for (let bucket = 0; bucket < this.#counts.length; bucket += 1) {
      seen += this.#counts[bucket] ?? 0;
      if (seen >= rank) return Math.min(middleOf(bucket), this.maxNs);
    }
    return 0;
  }

  /** What was recorded after `earlier`, a snapshot of the same histogram. */
  since(earlier: HistogramSnapshot): HistogramSnapshot {
    const counts = this.#counts.map((count, bucket) =>
      Math.max(0, count - (earlier.#counts[bucket] ?? 0)),
    );
    const highest = counts.findLastIndex((count) => count > 0);
    const maxNs = highest < 0 ? 0 : Math.min(middleOf(highest), this.maxNs);
    return new HistogramSnapshot(counts, this.sumNs - earlier.sumNs, maxNs);
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
  const sumNs = readCell(words, at + SUM);
  const maxNs = readCell(words, at + MAX);
  if (sumNs === undefined || maxNs === undefined) return undefined;
  return new HistogramSnapshot(counts, sumNs, maxNs);
}

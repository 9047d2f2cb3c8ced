/**
 * Multilinear polynomials by their values on {0, 1}^s, for the sumcheck: singles one after another,
 * the first variable is the index's highest bit. Values are below 0.76 r with limbs of 2^50, so
 * that a difference of two is multiplied as it is.
 */
import { mulR, ONE_R, PRIME_R } from './field-products';
import { addPair, copyPair, gather, PAIR, scatter, settle, SINGLE, subPair } from './pairs';

const a0: usize = memory.data(80, 16);
const a1: usize = memory.data(80, 16);
const b0: usize = memory.data(80, 16);
const b1: usize = memory.data(80, 16);
const c0: usize = memory.data(80, 16);
const weight: usize = memory.data(80, 16);
const challenge: usize = memory.data(80, 16);
const product: usize = memory.data(80, 16);
const sumLow: usize = memory.data(80, 16);
const sumHigh: usize = memory.data(80, 16);
const zero: usize = memory.data(40, 8);
const low: usize = memory.data(40, 8);
const high: usize = memory.data(40, 8);
const spare: usize = memory.data(40, 8);

/**
 * eq(point, x) for all x of the last k variables, for k = 0 to `levels`: the table of k begins at
 * single 2^k of the target, which has 2^(levels + 1). `point`: `levels` singles.
 */
export function equalityTables(target: usize, point: usize, levels: u32): void {
  scatter(target + SINGLE, spare, ONE_R);
  for (let level: u32 = 0; level < levels; level++) {
    const count: u32 = 1 << level;
    const coordinate = point + SINGLE * (levels - 1 - level);
    const from = target + SINGLE * count;
    const zeros = target + SINGLE * 2 * count;
    const ones = zeros + SINGLE * count;
    gather(challenge, coordinate, coordinate);
    for (let i: u32 = 0; i < count; i += 2) {
      const last = min(i + 1, count - 1);
      gather(a0, from + SINGLE * i, from + SINGLE * last);
      mulR(product, a0, challenge);
      subPair(a0, a0, product);
      settle(a0, a0, PRIME_R);
      scatter(ones + SINGLE * i, ones + SINGLE * last, product);
      scatter(zeros + SINGLE * i, zeros + SINGLE * last, a0);
    }
  }
}

/**
 * Sets the first variable to `r`, a single: target = the first half + r (the second - the first).
 * The target may be the table; `half`: its length afterwards.
 */
export function bindFirst(target: usize, table: usize, r: usize, half: u32): void {
  gather(challenge, r, r);
  for (let i: u32 = 0; i < half; i += 2) {
    const last = min(i + 1, half - 1);
    gather(a0, table + SINGLE * i, table + SINGLE * last);
    gather(a1, table + SINGLE * (half + i), table + SINGLE * (half + last));
    subPair(a1, a1, a0);
    mulR(product, a1, challenge);
    addPair(product, product, a0);
    settle(product, product, PRIME_R);
    scatter(target + SINGLE * i, target + SINGLE * last, product);
  }
}

/** The two lanes of a sum as one single. */
function joinLanes(target: usize, sum: usize): void {
  scatter(low, high, sum);
  gather(a0, low, low);
  gather(b0, high, high);
  addPair(a0, a0, b0);
  settle(a0, a0, PRIME_R);
  scatter(spare, target, a0);
}

/** sum += product times weight. */
// @ts-ignore: decorator
@inline
function addWeighted(sum: usize): void {
  mulR(product, product, weight);
  addPair(sum, sum, product);
  settle(sum, sum, PRIME_R);
}

/**
 * The sums, over the halves of the tables, of w (a b - c) where the first variable is 0, and of
 * w a' b' for the differences a', b' of the halves: that is the square's coefficient. Two singles.
 */
export function sumConstraints(
  target: usize, a: usize, b: usize, c: usize, weights: usize, half: u32,
): void {
  memory.fill(sumLow, 0, PAIR);
  memory.fill(sumHigh, 0, PAIR);
  const upper = SINGLE * half;
  for (let i: u32 = 0; i < half; i += 2) {
    const last = min(i + 1, half - 1);
    const at = SINGLE * i;
    const other = SINGLE * last;
    gather(a0, a + at, a + other);
    gather(b0, b + at, b + other);
    gather(c0, c + at, c + other);
    gather(weight, weights + at, last == i ? zero : weights + other);
    mulR(product, a0, b0);
    subPair(product, product, c0);
    addWeighted(sumLow);
    gather(a1, a + at + upper, a + other + upper);
    gather(b1, b + at + upper, b + other + upper);
    subPair(a1, a1, a0);
    subPair(b1, b1, b0);
    mulR(product, a1, b1);
    addWeighted(sumHigh);
  }
  joinLanes(target, sumLow);
  joinLanes(target + SINGLE, sumHigh);
}

/** target, a single: the sum of a times b over `count` elements. */
export function dotProduct(target: usize, a: usize, b: usize, count: u32): void {
  memory.fill(sumLow, 0, PAIR);
  for (let i: u32 = 0; i < count; i += 2) {
    const last = min(i + 1, count - 1);
    gather(a0, a + SINGLE * i, a + SINGLE * last);
    gather(weight, b + SINGLE * i, last == i ? zero : b + SINGLE * last);
    copyPair(product, a0);
    addWeighted(sumLow);
  }
  joinLanes(target, sumLow);
}

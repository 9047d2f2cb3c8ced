/**
 * Values of columns at a point outside the domains, and the combinations that prove them (SPEC
 * section 5, steps 6 and 7). All of it works on coset 0 alone, which determines a polynomial: n
 * rows, n a power of two from 64 on. Base columns are given as lists of addresses (u32), extension
 * columns as five coordinates of n words one behind the other, extension elements as five words.
 */
import {
  addExtension, mulExtension, scaleExtension, splatExtension, subExtension,
} from './extension';
import { add, fold, mul, mulWord, reduceWide, wideHigh, wideLow } from './field';

/** Elements of the extension in four lanes. */
const element: usize = memory.data(80, 16);
const constant: usize = memory.data(80, 16);

/** first, first ratio, first ratio^2, ...: `count` of them, a multiple of 4. */
export function geometric(target: usize, count: u32, first: u32, ratio: u32): void {
  const second = mulWord(first, ratio);
  const third = mulWord(second, ratio);
  const square = mulWord(ratio, ratio);
  const step = i32x4.splat(mulWord(square, square));
  let lanes = i32x4(first, second, third, mulWord(third, ratio));
  for (let at = target; at < target + (<usize>count << 2); at += 16) {
    v128.store(at, lanes);
    lanes = mul(lanes, step);
  }
}

/** The extension column factor x inverse, where `inverses` are 1 / (x - point). */
export function barycentricWeights(
  xs: usize, inverses: usize, factor: usize, n: u32, target: usize,
): void {
  const bytes = <usize>n << 2;
  splatExtension(constant, factor, 4);
  for (let at: usize = 0; at < bytes; at += 16) {
    scaleExtension(element, 16, inverses + at, bytes, v128.load(xs + at));
    mulExtension(target + at, bytes, element, 16, constant, 16);
  }
}

/** Rows whose weights stay in the first cache while one column after another is read. */
const DOT_ROWS: u32 = 512;

/**
 * out[j] = sum over all rows of weight * column j, five words each. `sums` is working memory of 80
 * bytes for each column.
 */
export function dotColumns(
  weights: usize, pointers: usize, count: u32, n: u32, out: usize, sums: usize,
): void {
  memory.fill(sums, 0, 80 * <usize>count);
  const bytes = <usize>n << 2;
  const block = min(n, DOT_ROWS) << 2;
  for (let from: usize = 0; from < bytes; from += block) {
    for (let j: usize = 0; j < <usize>count; j++) {
      const column = <usize>load<u32>(pointers + (j << 2)) + from;
      dotBlock(weights + from, bytes, column, block, sums + 80 * j);
    }
  }
  for (let i: usize = 0; i < 5 * <usize>count; i++) {
    store<u32>(out + (i << 2), sumOfLanes(v128.load(sums + (i << 4))));
  }
}

// @ts-ignore: decorator
@inline
function sumOfLanes(lanes: v128): u32 {
  const pairs = add(lanes, v128.shuffle<i32>(lanes, lanes, 2, 3, 0, 1));
  return i32x4.extract_lane(add(pairs, v128.shuffle<i32>(pairs, pairs, 1, 0, 3, 2)), 0);
}

/** Adds to five sums what a block of rows gives; `block` in bytes, a multiple of 32. */
function dotBlock(weights: usize, step: usize, column: usize, block: usize, sums: usize): void {
  const zero = i64x2.splat(0);
  let low0 = zero, low1 = zero, low2 = zero, low3 = zero, low4 = zero;
  let high0 = zero, high1 = zero, high2 = zero, high3 = zero, high4 = zero;
  for (const end = column + block; column < end; column += 32, weights += 32) {
    const a = v128.load(column);
    const b = v128.load(column, 16);
    let w = v128.load(weights);
    let v = v128.load(weights, 16);
    low0 = addTwoLow(low0, a, w, b, v);
    high0 = addTwoHigh(high0, a, w, b, v);
    w = v128.load(weights + step);
    v = v128.load(weights + step, 16);
    low1 = addTwoLow(low1, a, w, b, v);
    high1 = addTwoHigh(high1, a, w, b, v);
    w = v128.load(weights + 2 * step);
    v = v128.load(weights + 2 * step, 16);
    low2 = addTwoLow(low2, a, w, b, v);
    high2 = addTwoHigh(high2, a, w, b, v);
    w = v128.load(weights + 3 * step);
    v = v128.load(weights + 3 * step, 16);
    low3 = addTwoLow(low3, a, w, b, v);
    high3 = addTwoHigh(high3, a, w, b, v);
    w = v128.load(weights + 4 * step);
    v = v128.load(weights + 4 * step, 16);
    low4 = addTwoLow(low4, a, w, b, v);
    high4 = addTwoHigh(high4, a, w, b, v);
  }
  v128.store(sums, add(v128.load(sums), reduceWide(low0, high0)));
  v128.store(sums, add(v128.load(sums, 16), reduceWide(low1, high1)), 16);
  v128.store(sums, add(v128.load(sums, 32), reduceWide(low2, high2)), 32);
  v128.store(sums, add(v128.load(sums, 48), reduceWide(low3, high3)), 48);
  v128.store(sums, add(v128.load(sums, 64), reduceWide(low4, high4)), 64);
}

/** A folded sum and two products, folded again. */
// @ts-ignore: decorator
@inline
function addTwoLow(sum: v128, a: v128, x: v128, b: v128, y: v128): v128 {
  return fold(i64x2.add(sum, i64x2.add(wideLow(a, x), wideLow(b, y))));
}

// @ts-ignore: decorator
@inline
function addTwoHigh(sum: v128, a: v128, x: v128, b: v128, y: v128): v128 {
  return fold(i64x2.add(sum, i64x2.add(wideHigh(a, x), wideHigh(b, y))));
}

/** Rows whose sums stay in the first cache: columns are a power of two apart and would not. */
const COMBINE_ROWS: u32 = 256;
/** For four rows each: low and high parts of the five coordinates. */
const SUM_BYTES: usize = 160;
const sums: usize = memory.data(10240, 16);

/**
 * target = the sum of factor j times column j, for `count` columns; factors are extension elements,
 * one behind the other.
 */
export function combineColumns(
  factors: usize, pointers: usize, count: u32, n: u32, target: usize,
): void {
  const bytes = <usize>n << 2;
  const rows = min(n, COMBINE_ROWS);
  for (let from: usize = 0; from < bytes; from += <usize>rows << 2) {
    memory.fill(sums, 0, SUM_BYTES * <usize>(rows >> 2));
    let j: u32 = 0;
    for (; j + 4 <= count; j += 4) combineFour(factors, pointers, j, from, rows);
    for (; j < count; j++) combineOne(factors, pointers, j, from, rows);
    for (let group: usize = 0; group < <usize>(rows >> 2); group++) {
      const at = sums + SUM_BYTES * group;
      for (let coordinate: usize = 0; coordinate < 5; coordinate++) {
        const wide = at + (coordinate << 5);
        const sum = reduceWide(v128.load(wide), v128.load(wide, 16));
        v128.store(target + coordinate * bytes + from + (group << 4), sum);
      }
    }
  }
}

function combineFour(factors: usize, pointers: usize, j: u32, from: usize, rows: u32): void {
  const list = pointers + (<usize>j << 2);
  const first = <usize>load<u32>(list) + from;
  const second = <usize>load<u32>(list, 4) + from;
  const third = <usize>load<u32>(list, 8) + from;
  const fourth = <usize>load<u32>(list, 12) + from;
  const factor = factors + 20 * <usize>j;
  let sum = sums;
  for (let at: usize = 0; at < <usize>rows << 2; at += 16) {
    const a = v128.load(first + at);
    const b = v128.load(second + at);
    const c = v128.load(third + at);
    const d = v128.load(fourth + at);
    for (let coordinate: usize = 0; coordinate < 20; coordinate += 4) {
      const one = factor + coordinate;
      const w = v128.load32_splat(one);
      const x = v128.load32_splat(one, 20);
      const y = v128.load32_splat(one, 40);
      const z = v128.load32_splat(one, 60);
      v128.store(sum, addTwoLow(addTwoLow(v128.load(sum), a, w, b, x), c, y, d, z));
      v128.store(sum, addTwoHigh(addTwoHigh(v128.load(sum, 16), a, w, b, x), c, y, d, z), 16);
      sum += 32;
    }
  }
}

function combineOne(factors: usize, pointers: usize, j: u32, from: usize, rows: u32): void {
  const column = <usize>load<u32>(pointers + (<usize>j << 2)) + from;
  const factor = factors + 20 * <usize>j;
  let sum = sums;
  for (let at: usize = 0; at < <usize>rows << 2; at += 16) {
    const a = v128.load(column + at);
    for (let coordinate: usize = 0; coordinate < 20; coordinate += 4) {
      const w = v128.load32_splat(factor + coordinate);
      v128.store(sum, fold(i64x2.add(v128.load(sum), wideLow(a, w))));
      v128.store(sum, fold(i64x2.add(v128.load(sum, 16), wideHigh(a, w))), 16);
      sum += 32;
    }
  }
}

/**
 * target += (combined - value) inverse, where `inverses` are 1 / (x - point) and `value` is the
 * combination's at that point. Of a polynomial it is one again, of a degree less.
 */
export function addQuotient(
  combined: usize, value: usize, inverses: usize, n: u32, target: usize,
): void {
  const bytes = <usize>n << 2;
  splatExtension(constant, value, 4);
  for (let at: usize = 0; at < bytes; at += 16) {
    subExtension(element, 16, combined + at, bytes, constant, 16);
    mulExtension(element, 16, element, 16, inverses + at, bytes);
    addExtension(target + at, bytes, target + at, bytes, element, 16);
  }
}

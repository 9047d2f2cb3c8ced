/**
 * The extension F_p[X] / (X^5 - 2), four elements at a time. An element is five v128, its
 * coordinates, which lie in memory at an address and then each `step` bytes further on: 16 for one
 * that is kept for itself, a coordinate column's size for rows of a column. Results may lie where
 * an argument lies: arguments are read first. Code that has coordinates at hand in locals
 * (generated code) writes them by `dot5`, as `mulExtension` does, without the way through memory.
 */
import {
  add, double, fold, inverse, mul, reduceSum, sub, wideHigh, wideLow,
} from './field';

/** Bytes of an element that is kept for itself: five v128. */
export const ELEMENT: usize = 80;
/** z = 2^((p - 1) / 5), so that X^p = z X; z^2, z^3, z^4. In Montgomery form. */
const Z1: usize = memory.data<u32>([0x405ce03b, 0x405ce03b, 0x405ce03b, 0x405ce03b], 16);
const Z2: usize = memory.data<u32>([0x327d6570, 0x327d6570, 0x327d6570, 0x327d6570], 16);
const Z3: usize = memory.data<u32>([0x5f3cbd45, 0x5f3cbd45, 0x5f3cbd45, 0x5f3cbd45], 16);
const Z4: usize = memory.data<u32>([0x0de8fd14, 0x0de8fd14, 0x0de8fd14, 0x0de8fd14], 16);

const first: usize = memory.data(80, 16);
const second: usize = memory.data(80, 16);
const third: usize = memory.data(80, 16);

/** Coordinate `index` of the element at `address`. */
// @ts-ignore: decorator
@inline
export function at(address: usize, step: usize, index: usize): v128 {
  return v128.load(address + index * step);
}

/** One word in all lanes of each coordinate: an element from five words, `step` bytes apart. */
export function splatExtension(target: usize, words: usize, step: usize): void {
  for (let j: usize = 0; j < 5; j++) {
    v128.store(target + 16 * j, v128.load32_splat(words + j * step));
  }
}

/** a0 b0 + a1 b1 + a2 b2. */
// @ts-ignore: decorator
@inline
export function dot3(a0: v128, b0: v128, a1: v128, b1: v128, a2: v128, b2: v128): v128 {
  const low = i64x2.add(i64x2.add(wideLow(a0, b0), wideLow(a1, b1)), wideLow(a2, b2));
  const high = i64x2.add(i64x2.add(wideHigh(a0, b0), wideHigh(a1, b1)), wideHigh(a2, b2));
  return reduceSum(low, high);
}

// @ts-ignore: decorator
@inline
export function dot4(
  a0: v128, b0: v128, a1: v128, b1: v128, a2: v128, b2: v128, a3: v128, b3: v128,
): v128 {
  const low = i64x2.add(
    i64x2.add(wideLow(a0, b0), wideLow(a1, b1)),
    i64x2.add(wideLow(a2, b2), wideLow(a3, b3)),
  );
  const high = i64x2.add(
    i64x2.add(wideHigh(a0, b0), wideHigh(a1, b1)),
    i64x2.add(wideHigh(a2, b2), wideHigh(a3, b3)),
  );
  return reduceSum(low, high);
}

/** a0 b0 + ... + a4 b4: a coordinate of a product. */
// @ts-ignore: decorator
@inline
export function dot5(
  a0: v128, b0: v128, a1: v128, b1: v128, a2: v128, b2: v128, a3: v128, b3: v128,
  a4: v128, b4: v128,
): v128 {
  const low = i64x2.add(
    i64x2.add(wideLow(a0, b0), wideLow(a1, b1)),
    i64x2.add(wideLow(a2, b2), wideLow(a3, b3)),
  );
  const high = i64x2.add(
    i64x2.add(wideHigh(a0, b0), wideHigh(a1, b1)),
    i64x2.add(wideHigh(a2, b2), wideHigh(a3, b3)),
  );
  return reduceSum(
    i64x2.add(fold(low), wideLow(a4, b4)), i64x2.add(fold(high), wideHigh(a4, b4)),
  );
}

/** target = a + b. */
// @ts-ignore: decorator
@inline
export function addExtension(
  target: usize, step: usize, a: usize, aStep: usize, b: usize, bStep: usize,
): void {
  for (let j: usize = 0; j < 5; j++) {
    v128.store(target + j * step, add(at(a, aStep, j), at(b, bStep, j)));
  }
}

/** target = a - b. */
// @ts-ignore: decorator
@inline
export function subExtension(
  target: usize, step: usize, a: usize, aStep: usize, b: usize, bStep: usize,
): void {
  for (let j: usize = 0; j < 5; j++) {
    v128.store(target + j * step, sub(at(a, aStep, j), at(b, bStep, j)));
  }
}

/** target = a b for base elements b. */
// @ts-ignore: decorator
@inline
export function scaleExtension(target: usize, step: usize, a: usize, aStep: usize, b: v128): void {
  for (let j: usize = 0; j < 5; j++) v128.store(target + j * step, mul(at(a, aStep, j), b));
}

/** target = a b. */
// @ts-ignore: decorator
@inline
export function mulExtension(
  target: usize, step: usize, a: usize, aStep: usize, b: usize, bStep: usize,
): void {
  const a0 = at(a, aStep, 0);
  const a1 = at(a, aStep, 1);
  const a2 = at(a, aStep, 2);
  const a3 = at(a, aStep, 3);
  const a4 = at(a, aStep, 4);
  const b0 = at(b, bStep, 0);
  const b1 = at(b, bStep, 1);
  const b2 = at(b, bStep, 2);
  const b3 = at(b, bStep, 3);
  const b4 = at(b, bStep, 4);
  // X^5 = 2: what goes beyond X^4 comes back doubled.
  const d1 = double(b1);
  const d2 = double(b2);
  const d3 = double(b3);
  const d4 = double(b4);
  v128.store(target, dot5(a0, b0, a1, d4, a2, d3, a3, d2, a4, d1));
  v128.store(target + step, dot5(a0, b1, a1, b0, a2, d4, a3, d3, a4, d2));
  v128.store(target + 2 * step, dot5(a0, b2, a1, b1, a2, b0, a3, d4, a4, d3));
  v128.store(target + 3 * step, dot5(a0, b3, a1, b2, a2, b1, a3, b0, a4, d4));
  v128.store(target + 4 * step, dot5(a0, b4, a1, b3, a2, b2, a3, b1, a4, b0));
}

/** target = a^2, in three fifths of a product. */
// @ts-ignore: decorator
@inline
export function squareExtension(target: usize, step: usize, a: usize, aStep: usize): void {
  const a0 = at(a, aStep, 0);
  const a1 = at(a, aStep, 1);
  const a2 = at(a, aStep, 2);
  const a3 = at(a, aStep, 3);
  const a4 = at(a, aStep, 4);
  const d1 = double(a1);
  const d2 = double(a2);
  const d3 = double(a3);
  const d4 = double(a4);
  const f3 = double(d3);
  const f4 = double(d4);
  v128.store(target, dot3(a0, a0, a1, f4, a2, f3));
  v128.store(target + step, dot3(a0, d1, a2, f4, a3, d3));
  v128.store(target + 2 * step, dot3(a0, d2, a1, a1, a3, f4));
  v128.store(target + 3 * step, dot3(a0, d3, a1, d2, a4, d4));
  v128.store(target + 4 * step, dot3(a0, d4, a1, d3, a2, a2));
}

/** target = a^p, a conjugate of a. */
// @ts-ignore: decorator
@inline
export function conjugateExtension(target: usize, step: usize, a: usize, aStep: usize): void {
  twist(target, step, a, aStep, Z1, Z2, Z3, Z4);
}

/** The coordinates 1 to 4 times these, which takes a to its power by a power of p. */
// @ts-ignore: decorator
@inline
function twist(
  target: usize, step: usize, a: usize, aStep: usize, z1: usize, z2: usize, z3: usize, z4: usize,
): void {
  v128.store(target, at(a, aStep, 0));
  v128.store(target + step, mul(at(a, aStep, 1), v128.load(z1)));
  v128.store(target + 2 * step, mul(at(a, aStep, 2), v128.load(z2)));
  v128.store(target + 3 * step, mul(at(a, aStep, 3), v128.load(z3)));
  v128.store(target + 4 * step, mul(at(a, aStep, 4), v128.load(z4)));
}

/**
 * target = the product of a's other four conjugates, a^(p + p^2 + p^3 + p^4); the result is the
 * norm, their product with a, which lies in the base field and is 0 for 0 only. The inverse of a is
 * target / norm.
 */
// @ts-ignore: decorator
@inline
export function normExtension(target: usize, step: usize, a: usize, aStep: usize): v128 {
  twist(first, 16, a, aStep, Z1, Z2, Z3, Z4);
  twist(second, 16, a, aStep, Z2, Z4, Z1, Z3);
  mulExtension(third, 16, first, 16, second, 16);
  twist(first, 16, third, 16, Z2, Z4, Z1, Z3);
  mulExtension(third, 16, third, 16, first, 16);
  const norm = dot5(
    at(a, aStep, 0), at(third, 16, 0), double(at(a, aStep, 1)), at(third, 16, 4),
    double(at(a, aStep, 2)), at(third, 16, 3), double(at(a, aStep, 3)), at(third, 16, 2),
    double(at(a, aStep, 4)), at(third, 16, 1),
  );
  for (let j: usize = 0; j < 5; j++) v128.store(target + j * step, at(third, 16, j));
  return norm;
}

/** target = 1 / a, and 0 for 0. Four base inversions' cost: columns have `invertExtension`. */
export function inverseExtension(target: usize, step: usize, a: usize, aStep: usize): void {
  const norm = normExtension(target, step, a, aStep);
  scaleExtension(target, step, target, step, inverse(norm));
}

/**
 * Inverses of whole columns: one inversion for all, three products for each (P. Montgomery). The
 * inverse of 0 is 0. n is a multiple of 16.
 */
import { add, inverse, mul, ONE, sub } from './field';
import {
  at, conjugateExtension, dot3, dot4, ELEMENT, mulExtension, normExtension, scaleExtension,
  splatExtension, subExtension,
} from './extension';

const ONES: usize = memory.data<u32>([ONE, ONE, ONE, ONE], 16);
/** The factors of the polynomial that `invertDifferences` evaluates, and what it needs for them. */
const point: usize = memory.data(80, 16);
const conjugate: usize = memory.data(80, 16);
const product: usize = memory.data(80, 16);
const quotient: usize = memory.data(400, 16);
const norm: usize = memory.data(80, 16);

/** 1 in the lanes that have 0. */
// @ts-ignore: decorator
@inline
function orOne(a: v128): v128 {
  return v128.or(a, v128.and(i32x4.eq(a, i32x4.splat(0)), v128.load(ONES)));
}

/** A base column, in place. `scratch`: n words. */
export function invertColumn(column: usize, n: u32, scratch: usize): void {
  const bytes: usize = <usize>n << 2;
  // Four chains in each lane: a product waits for the last one of its chain only.
  let a = v128.load(ONES);
  let b = a;
  let c = a;
  let d = a;
  for (let i: usize = 0; i < bytes; i += 64) {
    v128.store(scratch + i, a);
    v128.store(scratch + i, b, 16);
    v128.store(scratch + i, c, 32);
    v128.store(scratch + i, d, 48);
    a = mul(a, orOne(v128.load(column + i)));
    b = mul(b, orOne(v128.load(column + i, 16)));
    c = mul(c, orOne(v128.load(column + i, 32)));
    d = mul(d, orOne(v128.load(column + i, 48)));
  }
  const ab = mul(a, b);
  const cd = mul(c, d);
  const all = inverse(mul(ab, cd));
  const abInverse = mul(all, cd);
  const cdInverse = mul(all, ab);
  let w = mul(abInverse, b);
  let x = mul(abInverse, a);
  let y = mul(cdInverse, d);
  let z = mul(cdInverse, c);
  for (let i = bytes; i > 0; ) {
    i -= 64;
    w = stepBack(column + i, scratch + i, w);
    x = stepBack(column + i + 16, scratch + i + 16, x);
    y = stepBack(column + i + 32, scratch + i + 32, y);
    z = stepBack(column + i + 48, scratch + i + 48, z);
  }
}

/** Given 1 / (the product up to here), writes the inverse and gives 1 / (the product before). */
// @ts-ignore: decorator
@inline
function stepBack(element: usize, before: usize, rest: v128): v128 {
  const value = v128.load(element);
  const isZero = i32x4.eq(value, i32x4.splat(0));
  v128.store(element, v128.andnot(mul(rest, v128.load(before)), isZero));
  return mul(rest, orOne(value));
}

/** An extension column, in place. `scratch`: 2 n words. */
export function invertExtension(columns: usize, n: u32, scratch: usize): void {
  const bytes: usize = <usize>n << 2;
  for (let i: usize = 0; i < bytes; i += 16) {
    v128.store(scratch + i, normExtension(columns + i, bytes, columns + i, bytes));
  }
  divideByNorms(columns, n, scratch);
}

/** target *= 1 / the norms at the beginning of the scratch memory. */
function divideByNorms(target: usize, n: u32, scratch: usize): void {
  const bytes: usize = <usize>n << 2;
  invertColumn(scratch, n, scratch + bytes);
  for (let i: usize = 0; i < bytes; i += 16) {
    scaleExtension(target + i, bytes, target + i, bytes, v128.load(scratch + i));
  }
}

/**
 * target = 1 / (x - z), an extension column, for a base column x and one element z, five words.
 * `scratch`: 2 n words. Half the cost of `invertExtension`: the product of x - z' over the other
 * conjugates z' of z is a polynomial in x, Q(X) = X^4 + q3 X^3 + ... + q0, and so is the norm,
 * (X - z) Q(X), whose coefficients lie in the base field.
 */
export function invertDifferences(
  target: usize, x: usize, n: u32, z: usize, scratch: usize,
): void {
  setPolynomials(z);
  const bytes: usize = <usize>n << 2;
  for (let i: usize = 0; i < bytes; i += 16) {
    const x1 = v128.load(x + i);
    const x2 = mul(x1, x1);
    const x3 = mul(x2, x1);
    const x4 = mul(x2, x2);
    for (let j: usize = 0; j < 5; j++) {
      const q = quotient + 16 * j;
      const high = dot3(
        v128.load(q + ELEMENT), x1, v128.load(q + 2 * ELEMENT), x2, v128.load(q + 3 * ELEMENT), x3,
      );
      const value = add(v128.load(q), high);
      v128.store(target + i + j * bytes, j == 0 ? add(value, x4) : value);
    }
    const top = add(v128.load(norm, 64), x1);
    const high = dot4(
      v128.load(norm, 16), x1, v128.load(norm, 32), x2, v128.load(norm, 48), x3, top, x4,
    );
    v128.store(scratch + i, add(v128.load(norm), high));
  }
  divideByNorms(target, n, scratch);
}

/** `quotient`: elements q0 .. q4 = 1, in all lanes. `norm`: the norm's coefficients 0 .. 4. */
function setPolynomials(z: usize): void {
  memory.fill(quotient, 0, 5 * ELEMENT);
  v128.store(quotient, v128.load(ONES));
  splatExtension(point, z, 4);
  memory.copy(conjugate, point, ELEMENT);
  // Times X - z' for each other conjugate: coefficients move up, less z' of the one above.
  for (let degree: usize = 0; degree < 4; degree++) {
    conjugateExtension(conjugate, 16, conjugate, 16);
    for (let j = degree + 1; ; j--) {
      const coefficient = quotient + j * ELEMENT;
      mulExtension(product, 16, coefficient, 16, conjugate, 16);
      if (j == 0) memory.fill(coefficient, 0, ELEMENT);
      else memory.copy(coefficient, coefficient - ELEMENT, ELEMENT);
      subExtension(coefficient, 16, coefficient, 16, product, 16);
      if (j == 0) break;
    }
  }
  for (let j: usize = 0; j < 5; j++) {
    mulExtension(product, 16, point, 16, quotient + j * ELEMENT, 16);
    const below = j == 0 ? i32x4.splat(0) : at(quotient + (j - 1) * ELEMENT, 16, 0);
    v128.store(norm + 16 * j, sub(below, at(product, 16, 0)));
  }
}

/** The extension F_p[X] / (X^5 - 2) in plain numbers (SPEC section 1). */
import * as base from './base.ts';

/** The coefficients of 1, X, ... X^4, each from 0 to p - 1. */
export type Extension = readonly [number, number, number, number, number];

export const DEGREE = 5;
export const ZERO: Extension = [0, 0, 0, 0, 0];
export const ONE: Extension = [1, 0, 0, 0, 0];

/** 2^((p - 1) / 5), of order 5: X^p = X 2^((p - 1) / 5) = Z X. And its powers. */
const Z1 = base.power(2, (base.PRIME - 1) / DEGREE);
const Z2 = base.mul(Z1, Z1);
const Z3 = base.mul(Z2, Z1);
const Z4 = base.mul(Z3, Z1);

export function fromBase(a: number): Extension {
  return [a, 0, 0, 0, 0];
}

/** The element whose coefficients stand in an array from an index on. */
export function fromWords(words: ArrayLike<number>, index = 0): Extension {
  if (index + DEGREE > words.length) throw new Error('assertion failed: an element is cut off');
  const [a = 0, b = 0, c = 0] = [words[index], words[index + 1], words[index + 2]];
  return [a, b, c, words[index + 3] ?? 0, words[index + 4] ?? 0];
}

export function equals(a: Extension, b: Extension): boolean {
  return a[0] === b[0] && a[1] === b[1] && a[2] === b[2] && a[3] === b[3] && a[4] === b[4];
}

export function add(a: Extension, b: Extension): Extension {
  return [
    base.add(a[0], b[0]),
    base.add(a[1], b[1]),
    base.add(a[2], b[2]),
    base.add(a[3], b[3]),
    base.add(a[4], b[4]),
  ];
}

export function sub(a: Extension, b: Extension): Extension {
  return [
    base.sub(a[0], b[0]),
    base.sub(a[1], b[1]),
    base.sub(a[2], b[2]),
    base.sub(a[3], b[3]),
    base.sub(a[4], b[4]),
  ];
}

/** a times a base element. */
export function scale(a: Extension, b: number): Extension {
  return [
    base.mul(a[0], b),
    base.mul(a[1], b),
    base.mul(a[2], b),
    base.mul(a[3], b),
    base.mul(a[4], b),
  ];
}

export function mul(a: Extension, b: Extension): Extension {
  const [a0, a1, a2, a3, a4] = a;
  const [b0, b1, b2, b3, b4] = b;
  // X^5 = 2: what goes beyond X^4 comes back doubled.
  return [
    sum(a0, b0, a1, 2 * b4, a2, 2 * b3, a3, 2 * b2, a4, 2 * b1),
    sum(a0, b1, a1, b0, a2, 2 * b4, a3, 2 * b3, a4, 2 * b2),
    sum(a0, b2, a1, b1, a2, b0, a3, 2 * b4, a4, 2 * b3),
    sum(a0, b3, a1, b2, a2, b1, a3, b0, a4, 2 * b4),
    sum(a0, b4, a1, b3, a2, b2, a3, b1, a4, b0),
  ];
}

/** a0 b0 + ... + a4 b4 modulo p; the b may be twice an element: at most nine products. */
function sum(
  a0: number,
  b0: number,
  a1: number,
  b1: number,
  a2: number,
  b2: number,
  a3: number,
  b3: number,
  a4: number,
  b4: number,
): number {
  const rounded = a0 * b0 + a1 * b1 + a2 * b2 + a3 * b3 + a4 * b4;
  const low = Math.imul(a0, b0) + Math.imul(a1, b1) + Math.imul(a2, b2) + Math.imul(a3, b3);
  return base.reduce(rounded, low + Math.imul(a4, b4));
}

/** @param exponent an integer from 0 to 2^53 */
export function power(a: Extension, exponent: number): Extension {
  let result = ONE;
  let square = a;
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = mul(result, square);
    square = mul(square, square);
  }
  return result;
}

/** a^(p^j), given Z^j, Z^2j, Z^3j and Z^4j: the map is linear, and takes X^i to Z^ij X^i. */
function conjugate(a: Extension, z1: number, z2: number, z3: number, z4: number): Extension {
  const [a0, a1, a2, a3, a4] = a;
  return [a0, base.mul(a1, z1), base.mul(a2, z2), base.mul(a3, z3), base.mul(a4, z4)];
}

/**
 * 1 / a, by the norm a^(1 + p + p^2 + p^3 + p^4), which lies in the base field: 1 / a is the
 * product of the other conjugates over it. 0 has none.
 */
export function inverse(a: Extension): Extension {
  const two = mul(conjugate(a, Z1, Z2, Z3, Z4), conjugate(a, Z2, Z4, Z1, Z3));
  const others = mul(two, conjugate(two, Z2, Z4, Z1, Z3));
  return scale(others, base.inverse(mul(a, others)[0]));
}

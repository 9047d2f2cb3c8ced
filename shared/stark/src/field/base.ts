/** Base elements as plain numbers: integers from 0 to p - 1 (SPEC section 1). */
export const PRIME = 15 * 2 ** 27 + 1;
/** Generates the multiplicative group. */
export const GENERATOR = 31;

const RECIPROCAL = 1 / PRIME;

export function add(a: number, b: number): number {
  const sum = a + b;
  return sum >= PRIME ? sum - PRIME : sum;
}

export function sub(a: number, b: number): number {
  const difference = a - b;
  return difference < 0 ? difference + PRIME : difference;
}

export function mul(a: number, b: number): number {
  return reduce(a * b, Math.imul(a, b));
}

/**
 * A sum of at most 16 products of elements, modulo p, by its value in doubles, `rounded`, and
 * modulo 2^32, `low`.
 *
 * The quotient by p is rounded down from doubles, and the remainder follows from the low halves
 * alone if it fits 32 bits. It does: a product is below 2^62, the sum below 2^66; each of its 31
 * roundings (16 products, 15 sums) is off by at most 2^12, half of the last place, all together by
 * less than 2^17, which is 2^-13 in the quotient. The quotient is below 2^35; multiplying by the
 * rounded reciprocal costs it two more roundings, 2^-16 together. So the floor is taken of a number
 * within 2^-12 of the true quotient, and the remainder lies between -2^-12 p and (1 + 2^-12) p,
 * which fits 32 bits with its sign, as p is below 0.94 times 2^31.
 */
export function reduce(rounded: number, low: number): number {
  const quotient = Math.floor(rounded * RECIPROCAL);
  const remainder = (low - Math.imul(quotient, PRIME)) | 0;
  if (remainder < 0) return remainder + PRIME;
  return remainder >= PRIME ? remainder - PRIME : remainder;
}

/** @param exponent an integer from 0 to 2^53 */
export function power(base: number, exponent: number): number {
  let result = 1;
  let square = base;
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = mul(result, square);
    square = mul(square, square);
  }
  return result;
}

/** By Fermat: a^(p - 2). 0 has none. */
export function inverse(a: number): number {
  if (a === 0) throw new Error('assertion failed: 0 has no inverse');
  return power(a, PRIME - 2);
}

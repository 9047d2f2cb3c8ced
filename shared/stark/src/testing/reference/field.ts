/** The base field of SPEC.md section 1, in BigInt. Elements are integers from 0 to p - 1. */
export const P = 15n * 2n ** 27n + 1n;

export const GENERATOR = 31n;

/** An element c0 + c1 X + ... + c4 X^4 of F_p[X] / (X^5 - 2): always five coefficients. */
export type Element = readonly bigint[];

export function mod(value: bigint): bigint {
  const rest = value % P;
  return rest < 0n ? rest + P : rest;
}

export function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = mod(base);
  for (let left = exponent; left > 0n; left >>= 1n) {
    if ((left & 1n) === 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}

/** w(k), of order 2^k. */
export function rootOfUnity(k: number): bigint {
  return power(GENERATOR, (P - 1n) >> BigInt(k));
}

/** s(m), the point of exponent 0 of the extended domain of log size m. */
export function shift(m: number): bigint {
  return power(GENERATOR, 1n << BigInt(27 - m));
}

/** The point of exponent e of D(m). */
export function domainPoint(m: number, exponent: number): bigint {
  return mod(shift(m) * power(rootOfUnity(m), BigInt(exponent)));
}

/** The array's item, where the caller has made sure that there is one. */
export function at<T>(items: ArrayLike<T>, index: number): T {
  const item = items[index];
  if (item === undefined) throw new RangeError(`no item ${index} of ${items.length}`);
  return item;
}

export const ZERO: Element = [0n, 0n, 0n, 0n, 0n];
export const ONE: Element = [1n, 0n, 0n, 0n, 0n];

export function fromBase(value: bigint): Element {
  return [mod(value), 0n, 0n, 0n, 0n];
}

export function add(a: Element, b: Element): Element {
  return a.map((value, i) => mod(value + at(b, i)));
}

export function subtract(a: Element, b: Element): Element {
  return a.map((value, i) => mod(value - at(b, i)));
}

export function scale(a: Element, factor: bigint): Element {
  return a.map((value) => mod(value * factor));
}

export function multiply(a: Element, b: Element): Element {
  const product = [0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n];
  for (let i = 0; i < 5; i += 1) {
    for (let j = 0; j < 5; j += 1) product[i + j] = at(product, i + j) + at(a, i) * at(b, j);
  }
  // X^(5 + i) is 2 X^i.
  return [0, 1, 2, 3, 4].map((i) => mod(at(product, i) + (i < 4 ? 2n * at(product, 5 + i) : 0n)));
}

export function powerOf(base: Element, exponent: bigint): Element {
  let result = ONE;
  let square = base;
  for (let left = exponent; left > 0n; left >>= 1n) {
    if ((left & 1n) === 1n) result = multiply(result, square);
    square = multiply(square, square);
  }
  return result;
}

/** X^p is X times 2^((p - 1) / 5), for p is 1 modulo 5. */
const FROBENIUS = [0n, 1n, 2n, 3n, 4n].map((i) => power(2n, (i * (P - 1n)) / 5n));

/** a to the p. */
function frobenius(a: Element): Element {
  return a.map((value, i) => mod(value * at(FROBENIUS, i)));
}

/** 1 / a; a must not be 0. The product of a's other conjugates, over the norm. */
export function inverse(a: Element): Element {
  let conjugate = a;
  let others = ONE;
  for (let i = 1; i < 5; i += 1) {
    conjugate = frobenius(conjugate);
    others = multiply(others, conjugate);
  }
  const norm = at(multiply(a, others), 0);
  if (norm === 0n) throw new RangeError('0 has no inverse');
  return scale(others, power(norm, P - 2n));
}

export function equals(a: Element, b: Element): boolean {
  return a.every((value, i) => value === b[i]);
}

/** sum of X^i parts[i]: the extension column whose coefficient columns have these values. */
export function fromCoordinates(parts: readonly Element[]): Element {
  const x = [0n, 1n, 0n, 0n, 0n];
  let sum = ZERO;
  for (let i = 4; i >= 0; i -= 1) sum = add(multiply(sum, x), at(parts, i));
  return sum;
}

/** The polynomial with these coefficients, the constant one first, at the point. */
export function evaluate(coefficients: readonly Element[], point: Element): Element {
  let sum = ZERO;
  for (let i = coefficients.length - 1; i >= 0; i -= 1) {
    sum = add(multiply(sum, point), at(coefficients, i));
  }
  return sum;
}

/** The values on D(m) of the polynomial with these coefficients, by definition. */
export function evaluateOnDomain(coefficients: readonly Element[], m: number): Element[] {
  const points = Array.from({ length: 2 ** m }, (_, e) => fromBase(domainPoint(m, e)));
  return points.map((point) => evaluate(coefficients, point));
}

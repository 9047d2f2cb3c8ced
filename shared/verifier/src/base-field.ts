/** Roots in BN254's base field and its quadratic extension, for points in compressed form. */
import { BASE_ORDER } from './field.ts';

const P = BASE_ORDER;
/** 1/2. */
const HALF = (P + 1n) / 2n;

/** Four bits each, the highest first, of (p - 3) / 4: p is 3 modulo 4. */
const EXPONENT_DIGITS = [...((P - 3n) / 4n).toString(16)].map((digit) =>
  Number.parseInt(digit, 16),
);

/** value^((p - 3) / 4): times value it is a root of what has one. */
function power(value: bigint): bigint {
  const table = [1n];
  for (let i = 1; i < 16; i++) table.push(((table[i - 1] ?? 0n) * value) % P);
  let result = 1n;
  for (const digit of EXPONENT_DIGITS) {
    result = (result * result) % P;
    result = (result * result) % P;
    result = (result * result) % P;
    result = (result * result) % P;
    if (digit !== 0) result = (result * (table[digit] ?? 0n)) % P;
  }
  return result;
}

/** A square root mod p, in [0, p); undefined for what has none. */
export function squareRoot(value: bigint): bigint | undefined {
  const root = (value * power(value)) % P;
  return (root * root) % P === value ? root : undefined;
}

/** An element c0 + c1 i of Fp2, i^2 = -1; both in [0, p). */
export type Pair = readonly [c0: bigint, c1: bigint];

/**
 * A square root in Fp2; undefined for what has none. With s^2 = c0^2 + c1^2 and t = (c0 + s) / 2,
 * the root is x + c1 / (2 x) i where x^2 = t; where t has no root, -t has one, w, and the root is
 * c1 / (2 w) + w i. One power gives x or w and its inverse.
 */
export function squareRootOfPair([c0, c1]: Pair): Pair | undefined {
  const norm = squareRoot((c0 * c0 + c1 * c1) % P);
  if (norm === undefined) return undefined;
  let t = ((c0 + norm) * HALF) % P;
  // Then c0 - s is c0 twice over: the other sign of s does.
  if (t === 0n) t = ((c0 - norm + P) * HALF) % P;
  const u = power(t);
  const first = (t * u) % P;
  const isSquare = (first * u) % P === 1n;
  const second = (((c1 * u) % P) * HALF) % P;
  const [x0, x1] = isSquare ? [first, second] : [(P - second) % P, first];
  const holds = (x0 * x0 - x1 * x1 - c0) % P === 0n && (2n * x0 * x1 - c1) % P === 0n;
  return holds ? [x0, x1] : undefined;
}

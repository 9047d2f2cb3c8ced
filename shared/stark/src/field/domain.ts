/** Trace domains and extended domains (SPEC section 2). */
import * as base from './base.ts';

/** 2^27 divides p - 1, 2^28 does not. */
export const TWO_ADICITY = 27;

/** w(k) by k, and s(m) by m. */
const ROOTS = squares((base.PRIME - 1) / 2 ** TWO_ADICITY);
const SHIFTS = squares(1);

/** g^exponent at index 27, its square before it, and so on. */
function squares(exponent: number): readonly number[] {
  const values = [base.power(base.GENERATOR, exponent)];
  for (let value = values[0] ?? 0; values.length <= TWO_ADICITY; ) {
    value = base.mul(value, value);
    values.unshift(value);
  }
  return values;
}

function at(values: readonly number[], logSize: number): number {
  const value = values[logSize];
  if (value === undefined) throw new Error(`assertion failed: no domain has 2^${logSize} points`);
  return value;
}

/** w(k), which generates the trace domain of height 2^k. */
export function root(k: number): number {
  return at(ROOTS, k);
}

/** s(m), the point of D(m) at exponent 0. */
export function shift(m: number): number {
  return at(SHIFTS, m);
}

/** The point of D(m) at an exponent, 0 to 2^m - 1. */
export function point(m: number, exponent: number): number {
  return base.mul(shift(m), base.power(root(m), exponent));
}

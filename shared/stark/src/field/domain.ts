/** Trace domains and extended domains (SPEC section 2). */
import * as base from './base.ts';

/** 2^27 divides p - 1, 2^28 does not. */
export const TWO_ADICITY = 27;

function checkLogSize(logSize: number): void {
  if (!Number.isInteger(logSize) || logSize < 0 || logSize > TWO_ADICITY) {
    throw new Error(`assertion failed: no domain has 2^${logSize} points`);
  }
}

/** w(k), which generates the trace domain of height 2^k. */
export function root(k: number): number {
  checkLogSize(k);
  return base.power(base.GENERATOR, (base.PRIME - 1) / 2 ** k);
}

/** s(m), the point of D(m) at exponent 0. */
export function shift(m: number): number {
  checkLogSize(m);
  return base.power(base.GENERATOR, 2 ** (TWO_ADICITY - m));
}

/** The point of D(m) at an exponent, 0 to 2^m - 1. */
export function point(m: number, exponent: number): number {
  return base.mul(shift(m), base.power(root(m), exponent));
}

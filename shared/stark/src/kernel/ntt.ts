/** Transforms of columns between rows, coefficients and cosets. */
import type { Kernel } from './kernel.ts';

/** Columns of at least 64 elements are transformed. */
export const MIN_LOG_HEIGHT = 6;
/** Extended domains have at most 2^27 points. */
const MAX_LOG_DOMAIN = 27;

/** Columns one behind the other, `strideBytes` apart. */
export interface Columns {
  readonly address: number;
  readonly strideBytes: number;
  readonly count: number;
}

/**
 * Transforms of columns of 2^k elements, for the heights it was made for, and their tables, which
 * it takes from the kernel's arena: about 16 times 2^k bytes for each height. Coefficients lie in
 * transform order (assembly/ntt.ts).
 */
export class Transforms {
  readonly logBlowup: number;
  readonly #kernel: Kernel;
  /** Addresses by k. */
  readonly #tables = new Map<number, number>();

  constructor(kernel: Kernel, logHeights: Iterable<number>, logBlowup: number) {
    this.#kernel = kernel;
    this.logBlowup = logBlowup;
    for (const k of new Set(logHeights)) {
      if (k < MIN_LOG_HEIGHT || k + logBlowup > MAX_LOG_DOMAIN) {
        throw new Error(`assertion failed: there are no transforms of 2^${k} elements`);
      }
      const { exports, arena } = kernel;
      const tables = arena.take(exports.transformTableBytes(k, logBlowup));
      exports.writeTransformTables(tables, k, logBlowup);
      this.#tables.set(k, tables);
    }
  }

  /** Values on the trace domain, in natural order, become coefficients, in place. */
  interpolate(columns: Columns, k: number): void {
    const { address, strideBytes, count } = columns;
    this.#kernel.exports.interpolateColumns(this.#of(k), address, strideBytes, count, k);
  }

  /** Values on coset c of D(k + b) become coefficients, in place. */
  interpolateCoset(columns: Columns, k: number, c: number): void {
    if (c < 0 || c >= 2 ** this.logBlowup) throw new Error(`assertion failed: no coset ${c}`);
    const { address, strideBytes, count } = columns;
    this.#kernel.exports.interpolateCoset(this.#of(k), address, strideBytes, count, k, c);
  }

  /**
   * Columns of coefficients to values on all of D(k + b), coset by coset. The target's columns
   * have 2^(k + b) elements and share no memory with the coefficients.
   */
  extend(coefficients: Columns, target: Omit<Columns, 'count'>, k: number): void {
    this.#kernel.exports.extendColumns(
      this.#of(k),
      coefficients.address,
      coefficients.strideBytes,
      target.address,
      target.strideBytes,
      coefficients.count,
      k,
      this.logBlowup,
    );
  }

  #of(k: number): number {
    const tables = this.#tables.get(k);
    if (tables === undefined) throw new Error(`assertion failed: no tables for height 2^${k}`);
    return tables;
  }
}

/** Which power's coefficient stands at an index of a column of 2^k in transform order. */
export function exponentAt(index: number, k: number): number {
  const exchanged = (index & ~15) | ((index & 3) << 2) | ((index >> 2) & 3);
  let exponent = 0;
  for (let bit = 0; bit < k; bit++) exponent = (exponent << 1) | ((exchanged >> bit) & 1);
  return exponent;
}

/** Columns of one table over its extended domain, coset by coset, in kernel memory. */
import { point, root } from '../field/domain.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { scratch } from '../kernel/kernel-values.ts';
import { toMontgomery } from '../kernel/montgomery.ts';
import type { Transforms } from '../kernel/ntt.ts';

const WORD_BYTES = 4;
/** Columns that are worked on at a time, so that they need little memory beside the result. */
const TOGETHER = 8;

export class ExtendedColumns {
  readonly address: number;
  readonly count: number;
  readonly logHeight: number;
  /** Bytes from a column to the next. */
  readonly stride: number;
  readonly #cosetBytes: number;

  constructor(address: number, count: number, logHeight: number, logBlowup: number) {
    this.address = address;
    this.count = count;
    this.logHeight = logHeight;
    this.#cosetBytes = WORD_BYTES * 2 ** logHeight;
    this.stride = this.#cosetBytes * 2 ** logBlowup;
  }

  /** Of a column's values on a coset. */
  at(column: number, coset = 0): number {
    if (column >= this.count) throw new Error(`assertion failed: there is no column ${column}`);
    return this.address + column * this.stride + coset * this.#cosetBytes;
  }

  /** Memory for columns that somebody fills. */
  static reserve(kernel: Kernel, count: number, logHeight: number, logBlowup: number) {
    const bytes = WORD_BYTES * count * 2 ** (logHeight + logBlowup);
    return new ExtendedColumns(kernel.arena.take(bytes), count, logHeight, logBlowup);
  }
}

/** The columns whose values on the trace domain lie one behind the other; these stay. */
export function extendValues(
  kernel: Kernel,
  transforms: Transforms,
  values: number,
  count: number,
  logHeight: number,
): ExtendedColumns {
  const target = ExtendedColumns.reserve(kernel, count, logHeight, transforms.logBlowup);
  const bytes = WORD_BYTES * 2 ** logHeight;
  scratch(kernel, () => {
    const work = kernel.arena.take(TOGETHER * bytes);
    for (let first = 0; first < count; first += TOGETHER) {
      const some = Math.min(TOGETHER, count - first);
      const memory = new Uint8Array(kernel.exports.memory.buffer);
      memory.copyWithin(work, values + first * bytes, values + (first + some) * bytes);
      const columns = { address: work, strideBytes: bytes, count: some };
      transforms.interpolate(columns, logHeight);
      const to = { address: target.at(first), strideBytes: target.stride };
      transforms.extend(columns, to, logHeight);
    }
  });
  return target;
}

/** The points of an extended domain, a base column. */
export function placePoints(kernel: Kernel, logHeight: number, logBlowup: number): number {
  const height = 2 ** logHeight;
  const address = kernel.arena.take(WORD_BYTES * height * 2 ** logBlowup);
  const ratio = toMontgomery(root(logHeight));
  for (let coset = 0; coset < 2 ** logBlowup; coset++) {
    const first = toMontgomery(point(logHeight + logBlowup, coset));
    kernel.exports.geometric(address + WORD_BYTES * height * coset, height, first, ratio);
  }
  return address;
}

/** What sums of points times scalars have in common, whatever the curve; for G1 and G2. */
import { Bn254Error, ELEMENT_BYTES, type Kernel, type KernelExports } from './kernel.ts';
import { SCALAR_ORDER } from './orders.ts';
import type { ByteOrder } from './vectors.ts';

const WIDEST_WINDOW = 15;
/** Lengths of scalars that the kernel counts. */
const LENGTHS = 256;
/** Additions that share an inversion in the kernel. */
const QUEUE = 2048;
/** What a bucket costs, counted in additions to buckets: two complete additions in both lanes. */
const BUCKET_COST = 4;
/** Bytes of a point, or of a pair of points of G1, that is being summed. */
const POINT_PAIR_BYTES = 240;

/** Takes kernel memory until the work at hand is done. */
export type Take = (length: number) => number;

/** Affine points one after another in kernel memory. */
export interface PointRange {
  readonly address: number;
  readonly length: number;
}

export interface SummedCurve {
  /** Bytes of an affine point in kernel memory. */
  readonly affineBytes: number;
  /** Whether every point's order is known to be r: scalars that are nearly r are short then. */
  readonly isOfOrder: boolean;
  /** Which of the kernel's functions sums them. */
  readonly sum: 'sumOfProducts' | 'sumOfTwistProducts';
}

/** How many parts of `size` bytes there are. Throws INPUT_LENGTH for a rest. */
export function whole(bytes: Uint8Array, size: number, what: string): number {
  const count = bytes.length / size;
  if (Number.isInteger(count)) return count;
  throw new Bn254Error('INPUT_LENGTH', `${bytes.length} bytes are not ${what} of ${size}`);
}

/** A block of kernel memory that `fill` writes, given `bytes` there; none stays if it throws. */
export function filledBlock(
  kernel: Kernel,
  length: number,
  bytes: Uint8Array,
  fill: (target: number, source: number) => void,
): number {
  return kernel.heap.filled(length, (target) => {
    kernel.heap.scratch((take) => {
      const source = take(bytes.length);
      kernel.bytes(source, bytes.length).set(bytes);
      fill(target, source);
    });
  });
}

/** A new block with the points of all ranges, one after another. */
export function joined(
  kernel: Kernel,
  affineBytes: number,
  ranges: readonly PointRange[],
): PointRange {
  const length = ranges.reduce((sum, range) => sum + range.length, 0);
  const address = kernel.heap.take(affineBytes * length);
  let target = address;
  for (const range of ranges) {
    const bytes = affineBytes * range.length;
    kernel.bytes(target, bytes).set(kernel.bytes(range.address, bytes));
    target += bytes;
  }
  return { address, length };
}

/** `count` points from number `first` on. Throws INPUT_LENGTH where there are fewer. */
export function partOf(
  points: PointRange,
  affineBytes: number,
  first: number,
  count: number,
): PointRange {
  if (first < 0 || first + count > points.length) {
    const message = `${count} scalars from point ${first}, but ${points.length} points`;
    throw new Bn254Error('INPUT_LENGTH', message);
  }
  return { address: points.address + affineBytes * first, length: count };
}

/** Puts scalars little-endian to an address. Throws INPUT_LENGTH, FIELD_RANGE. */
export function putScalars(
  kernel: Kernel,
  address: number,
  count: number,
  scalars: Uint8Array,
  order: ByteOrder = 'big',
): void {
  const { exports } = kernel;
  if (scalars.length !== ELEMENT_BYTES * count) {
    const message = `${scalars.length} bytes of scalars for ${count} points; 32 each`;
    throw new Bn254Error('INPUT_LENGTH', message);
  }
  kernel.bytes(address, scalars.length).set(scalars);
  if (order === 'big') exports.reverseNumbers(address, count);
  const good = exports.scalarsBelowOrder(address, count);
  if (good < count) {
    throw new Bn254Error('FIELD_RANGE', `scalar ${good} is not below ${SCALAR_ORDER}`);
  }
}

/** The sum's address, as an affine point; scalars are little-endian. */
export function sumOfScaled(
  kernel: Kernel,
  curve: SummedCurve,
  { address, length }: PointRange,
  scalars: number,
  take: Take,
): number {
  const { exports } = kernel;
  const lengths = take(Uint32Array.BYTES_PER_ELEMENT * LENGTHS);
  exports.signScalars(scalars, length, lengths, curve.isOfOrder ? 1 : 0);
  const counted = kernel.bytes(lengths, Uint32Array.BYTES_PER_ELEMENT * LENGTHS).slice();
  const { width, windows } = windowsFor(new Uint32Array(counted.buffer));
  const together = windowsTogether(length, windows);
  const scratch = take(scratchBytes(curve.affineBytes, length, { width, windows, together }));
  const target = take(curve.affineBytes);
  const sum: KernelExports['sumOfProducts'] = exports[curve.sum];
  sum(target, address, scalars, length, width, windows, together, scratch);
  return target;
}

/**
 * The window's width that costs the fewest additions. One bit more is for the last carry.
 * @param lengths how many scalars have 0, 1, 2 ... bits
 */
export function windowsFor(lengths: Uint32Array): {
  readonly width: number;
  readonly windows: number;
} {
  const longest = Math.max(
    0,
    lengths.findLastIndex((count) => count > 0),
  );
  let best = { width: 2, windows: 0, cost: Number.POSITIVE_INFINITY };
  for (let width = 2; width <= WIDEST_WINDOW; width++) {
    const windows = Math.ceil((longest + 1) / width);
    let cost = windows * BUCKET_COST * 2 ** (width - 1);
    for (let bits = 1; bits <= longest; bits++) {
      cost += (lengths[bits] ?? 0) * Math.ceil(bits / width);
    }
    if (cost < best.cost) best = { width, windows, cost };
  }
  return best;
}

/**
 * How many windows' buckets are filled at a time: 1, or an even number, so that a level of
 * additions fills the queue that shares an inversion.
 */
function windowsTogether(points: number, windows: number): number {
  if (points >= QUEUE) return 1;
  const wanted = 2 * Math.ceil(QUEUE / Math.max(points, 1));
  return Math.min(wanted, 2 * Math.ceil(windows / 2));
}

/** What sums lay out in their scratch, alignment included. */
function scratchBytes(
  affineBytes: number,
  points: number,
  { width, windows, together }: Record<'width' | 'windows' | 'together', number>,
): number {
  const buckets = 2 ** (width - 1);
  const block = Math.max(together, 2);
  const digits = 2 * points * windows + 16;
  const sums = POINT_PAIR_BYTES * Math.ceil(windows / 2) + block * affineBytes * buckets;
  const sorting = 8 * (buckets * together + 2) + 4 * points * together + 16;
  return digits + sums + sorting + affineBytes * Math.ceil((points * together) / 2);
}

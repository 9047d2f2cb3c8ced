import type { Kernel } from './kernel.ts';

/** Bytes of an affine point of the twist in kernel memory, and outside. */
export const G2_AFFINE_BYTES = 160;
export const G2_POINT_BYTES = 128;

/** Points of the twist in kernel memory, until they are given back. */
export class G2PointList {
  readonly length: number;
  /** Whether all are known to be in G2, the subgroup of order r, and not only on the curve. */
  readonly isInSubgroup: boolean;
  readonly #kernel: Kernel;
  #address: number | undefined;

  /** Takes over the block at `address`. */
  constructor(kernel: Kernel, address: number, length: number, isInSubgroup: boolean) {
    this.#kernel = kernel;
    this.#address = address;
    this.length = length;
    this.isInSubgroup = isInSubgroup;
  }

  get address(): number {
    if (this.#address === undefined) throw new Error('assertion failed: the points are released');
    return this.#address;
  }

  /** See G2; infinity is 128 zeros. */
  toBytes(): Uint8Array<ArrayBuffer> {
    return twistBytes(this.#kernel, this.address, this.length);
  }

  release(): void {
    this.#kernel.heap.give(this.address);
    this.#address = undefined;
  }
}

/** Bytes of the affine points at an address in kernel memory. */
export function twistBytes(
  kernel: Kernel,
  address: number,
  count: number,
): Uint8Array<ArrayBuffer> {
  const bytes = G2_POINT_BYTES * count;
  return kernel.heap.scratch((take) => {
    const singles = take(G2_AFFINE_BYTES * count);
    const target = take(bytes);
    kernel.exports.splitCoordinates(singles, address, count);
    kernel.exports.encodeQ(target, singles, 4 * count, 1);
    return kernel.bytes(target, bytes).slice();
  });
}

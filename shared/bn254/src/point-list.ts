import type { Kernel } from './kernel.ts';

/** Bytes of an affine point in kernel memory, outside, and compressed. */
export const AFFINE_BYTES = 80;
export const POINT_BYTES = 64;
export const COMPRESSED_BYTES = 32;

/** Points of G1 in kernel memory, until they are given back. */
export class PointList {
  readonly length: number;
  readonly #kernel: Kernel;
  #address: number | undefined;

  /** Takes over the block at `address`. */
  constructor(kernel: Kernel, address: number, length: number) {
    this.#kernel = kernel;
    this.#address = address;
    this.length = length;
  }

  get address(): number {
    if (this.#address === undefined) throw new Error('assertion failed: the points are released');
    return this.#address;
  }

  /** x, y of 32 bytes each, big-endian; infinity is 64 zeros. */
  toBytes(): Uint8Array<ArrayBuffer> {
    const bytes = POINT_BYTES * this.length;
    const { heap, exports } = this.#kernel;
    return heap.scratch((take) => {
      const target = take(bytes);
      exports.encodeQ(target, this.address, 2 * this.length, 1);
      return this.#kernel.bytes(target, bytes).slice();
    });
  }

  /** 32 bytes each: see G1. */
  toCompressed(): Uint8Array<ArrayBuffer> {
    const bytes = COMPRESSED_BYTES * this.length;
    const { heap, exports } = this.#kernel;
    return heap.scratch((take) => {
      const target = take(bytes);
      exports.compressPoints(target, this.address, this.length);
      return this.#kernel.bytes(target, bytes).slice();
    });
  }

  release(): void {
    this.#kernel.heap.give(this.address);
    this.#address = undefined;
  }
}

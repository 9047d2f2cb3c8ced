/** The optimal ate pairing of BN254, as far as verifiers need it: products that should be one. */

import { G2_AFFINE_BYTES, type G2PointList } from './g2-point-list.ts';
import { Bn254Error, type Kernel } from './kernel.ts';
import { AFFINE_BYTES, type PointList } from './point-list.ts';

/** Of a number of Fp12 in kernel memory, and of what is kept of a pair: see assembly/pairing.ts. */
const FP12_BYTES = 480;
const RECORD_BYTES = 640;

export class Pairing {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /**
   * Whether the product of e(g1[i], g2[i]) is one; pairs with infinity count for one. Some 0.3 ms a
   * pair and 5 ms more. Throws INPUT_LENGTH for lists of different lengths, NOT_IN_SUBGROUP.
   */
  productIsOne(g1: PointList, g2: G2PointList): boolean {
    if (g1.length !== g2.length) {
      const message = `${g1.length} points of G1 and ${g2.length} of G2 are no pairs`;
      throw new Bn254Error('INPUT_LENGTH', message);
    }
    const { heap, exports } = this.#kernel;
    if (!g2.isInSubgroup && exports.pointsInSubgroup(g2.address, g2.length) < g2.length) {
      throw new Bn254Error('NOT_IN_SUBGROUP', 'pairings are of points of G2, not of its curve');
    }
    return heap.scratch((take) => {
      const left = take(AFFINE_BYTES * g1.length);
      const right = take(G2_AFFINE_BYTES * g1.length);
      const count = this.#gatherFinite(left, right, g1, g2);
      if (count === 0) return true;
      const product = take(FP12_BYTES);
      const scratch = take(RECORD_BYTES * count);
      if (exports.millerLoops(product, left, right, count, scratch) === 0) {
        throw new Error('assertion failed: points of G2 have tangents and chords');
      }
      return exports.finalPowerIsOne(product) === 1;
    });
  }

  /** The pairs without infinity, and how many they are. */
  #gatherFinite(left: number, right: number, g1: PointList, g2: G2PointList): number {
    let count = 0;
    for (let i = 0; i < g1.length; i++) {
      const point = this.#kernel.bytes(g1.address + AFFINE_BYTES * i, AFFINE_BYTES);
      const other = this.#kernel.bytes(g2.address + G2_AFFINE_BYTES * i, G2_AFFINE_BYTES);
      if (isInfinity(point) || isInfinity(other)) continue;
      this.#kernel.bytes(left + AFFINE_BYTES * count, AFFINE_BYTES).set(point);
      this.#kernel.bytes(right + G2_AFFINE_BYTES * count, G2_AFFINE_BYTES).set(other);
      count += 1;
    }
    return count;
  }
}

/** Of an affine point in the kernel's form, where zero may have a sign. */
function isInfinity(point: Uint8Array): boolean {
  const limbs = new Float64Array(point.buffer, point.byteOffset, point.length / 8);
  return limbs.every((limb) => limb === 0);
}

/**
 * The group G2 of BN254: points of order r on the twist y^2 = x^3 + 3 / (9 + u) over Fp2 = Fp[u],
 * u^2 = -1. For public data only: time and memory access follow the data.
 *
 * Points outside are x, y of 64 bytes each, the imaginary part of a coordinate before its real part
 * and both big-endian (as in EIP-197); infinity is 128 zeros. The twist has points outside G2, too:
 * `fromBytes` refuses them, `fromBytesOnCurve` leaves that to the caller. Sums are right for both.
 */

import { G2_AFFINE_BYTES, G2_POINT_BYTES, G2PointList, twistBytes } from './g2-point-list.ts';
import { Bn254Error, ELEMENT_BYTES, type Kernel } from './kernel.ts';
import {
  filledBlock,
  joined,
  type PointRange,
  partOf,
  putScalars,
  type SummedCurve,
  sumOfScaled,
  type Take,
  whole,
} from './scalar-sums.ts';
import type { ByteOrder, FrVector } from './vectors.ts';

/** The twist's order is a multiple of r: only what is known to be in G2 has order r. */
const curveOf = (points: G2PointList): SummedCurve => ({
  affineBytes: G2_AFFINE_BYTES,
  isOfOrder: points.isInSubgroup,
  sum: 'sumOfTwistProducts',
});

export class G2 {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /**
   * Points of G2; some 0.1 ms each. Throws INPUT_LENGTH, FIELD_RANGE, NOT_ON_CURVE,
   * NOT_IN_SUBGROUP.
   */
  fromBytes(bytes: Uint8Array): G2PointList {
    const count = whole(bytes, G2_POINT_BYTES, 'points of the twist');
    return this.#filled(count, bytes, true, (target, source) => {
      this.#decode(target, source, count);
      const good = this.#kernel.exports.pointsInSubgroup(target, count);
      if (good === count) return;
      throw new Bn254Error('NOT_IN_SUBGROUP', `point ${good} is on the curve, but not in G2`);
    });
  }

  /**
   * Points of the twist, in G2 or not; about 1 us each. For points that came from a trusted source.
   * Throws INPUT_LENGTH, FIELD_RANGE, NOT_ON_CURVE.
   */
  fromBytesOnCurve(bytes: Uint8Array): G2PointList {
    const count = whole(bytes, G2_POINT_BYTES, 'points of the twist');
    return this.#filled(count, bytes, false, (target, source) => {
      this.#decode(target, source, count);
    });
  }

  /**
   * Points of the twist, in G2 or not, as proving keys have them: x, y of 64 bytes each, the real
   * part of a coordinate first, both little-endian and times 2^256 modulo p; infinity is 128 zeros.
   * Throws as fromBytesOnCurve does.
   */
  fromMontgomery(bytes: Uint8Array): G2PointList {
    const count = whole(bytes, G2_POINT_BYTES, 'points of the twist');
    // Backwards, a coordinate is in the order of fromBytes.
    const turned = Uint8Array.from(bytes);
    const half = G2_POINT_BYTES / 2;
    for (let at = 0; at < turned.length; at += half) turned.subarray(at, at + half).reverse();
    return this.#filled(count, turned, false, (target, source) => {
      this.#decode(target, source, count, 'decodeMontgomeryQ');
    });
  }

  /**
   * Points of G2 from x (64 bytes, imaginary part first) with one flag in its first byte, 0x80 for
   * a y that is larger than -y: by its imaginary part, by its real one where that is 0. Infinity
   * has no such form. Some 0.2 ms each.
   * @returns the points, or the number of the first that is none
   */
  fromSigned(bytes: Uint8Array): G2PointList | { readonly wrong: number } {
    const { exports } = this.#kernel;
    const count = whole(bytes, G2_POINT_BYTES / 2, 'signed points of the twist');
    let good = 0;
    const points = this.#filled(count, bytes, true, (target, source) => {
      good = exports.decompressTwist(target, source, count);
      if (good > 0) good = exports.pointsInSubgroup(target, good);
    });
    if (good === count) return points;
    points.release();
    return { wrong: good };
  }

  /** The number of the first point that is not in G2; -1 if all are. */
  findOutsideSubgroup(points: G2PointList): number {
    if (points.isInSubgroup) return -1;
    const good = this.#kernel.exports.pointsInSubgroup(points.address, points.length);
    return good === points.length ? -1 : good;
  }

  /** The sum of all points, each times its scalar of 32 bytes. @returns 128 bytes */
  sumOfProducts(
    points: G2PointList,
    scalars: Uint8Array,
    order: ByteOrder = 'big',
  ): Uint8Array<ArrayBuffer> {
    return this.#kernel.heap.scratch((take) => {
      const address = take(scalars.length);
      putScalars(this.#kernel, address, points.length, scalars, order);
      return this.#sum(points, curveOf(points), address, take);
    });
  }

  /** The sum of points, from number `first` on, times a vector's elements. @returns 128 bytes */
  commit(points: G2PointList, vector: FrVector, first = 0): Uint8Array<ArrayBuffer> {
    const part = partOf(points, G2_AFFINE_BYTES, first, vector.length);
    return this.#kernel.heap.scratch((take) => {
      const address = take(ELEMENT_BYTES * vector.length);
      this.#kernel.exports.encodeR(address, vector.address, vector.length, 0);
      return this.#sum(part, curveOf(points), address, take);
    });
  }

  /** Each point times its own scalar (32 bytes, big-endian); some 0.4 ms each. */
  multiply(points: G2PointList, scalars: Uint8Array): G2PointList {
    return this.#filled(points.length, scalars, points.isInSubgroup, (target, source) => {
      putScalars(this.#kernel, source, points.length, scalars);
      this.#kernel.exports.scaleTwistPoints(target, points.address, source, points.length);
    });
  }

  /** One list of all the lists' points, which stay as they are. */
  join(lists: readonly G2PointList[]): G2PointList {
    const { address, length } = joined(this.#kernel, G2_AFFINE_BYTES, lists);
    const areInSubgroup = lists.every((list) => list.isInSubgroup);
    return new G2PointList(this.#kernel, address, length, areInSubgroup);
  }

  /** Point i of `a` plus point i of `b`. */
  add(a: G2PointList, b: G2PointList): G2PointList {
    if (a.length !== b.length) {
      throw new Bn254Error('INPUT_LENGTH', `${a.length} points and ${b.length} are no couples`);
    }
    const couples = new Uint8Array(2 * G2_AFFINE_BYTES * a.length);
    for (const [offset, list] of [a, b].entries()) {
      const points = this.#kernel.bytes(list.address, G2_AFFINE_BYTES * list.length);
      for (let i = 0; i < list.length; i++) {
        const point = points.subarray(G2_AFFINE_BYTES * i, G2_AFFINE_BYTES * (i + 1));
        couples.set(point, G2_AFFINE_BYTES * (2 * i + offset));
      }
    }
    const areInSubgroup = a.isInSubgroup && b.isInSubgroup;
    return this.#filled(a.length, couples, areInSubgroup, (target, source) => {
      this.#kernel.exports.addManyOfTwist(target, source, a.length);
    });
  }

  #filled(
    count: number,
    bytes: Uint8Array,
    isInSubgroup: boolean,
    fill: (target: number, source: number) => void,
  ): G2PointList {
    const address = filledBlock(this.#kernel, G2_AFFINE_BYTES * count, bytes, fill);
    return new G2PointList(this.#kernel, address, count, isInSubgroup);
  }

  #decode(
    target: number,
    source: number,
    count: number,
    decode: 'decodeQ' | 'decodeMontgomeryQ' = 'decodeQ',
  ): void {
    const { heap, exports } = this.#kernel;
    heap.scratch((take) => {
      const singles = take(G2_AFFINE_BYTES * count);
      const read = exports[decode](singles, source, 4 * count, 1);
      if (read < 4 * count) {
        const message = `point ${Math.floor(read / 4)}: a coordinate is not below p`;
        throw new Bn254Error('FIELD_RANGE', message);
      }
      exports.pairCoordinates(target, singles, count);
    });
    const good = exports.pointsOnTwist(target, count);
    if (good < count) throw new Bn254Error('NOT_ON_CURVE', `point ${good} is not on the twist`);
  }

  #sum(
    points: PointRange,
    curve: SummedCurve,
    scalars: number,
    take: Take,
  ): Uint8Array<ArrayBuffer> {
    const target = sumOfScaled(this.#kernel, curve, points, scalars, take);
    return twistBytes(this.#kernel, target, 1);
  }
}

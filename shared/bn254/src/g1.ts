/**
 * The group G1 of BN254, y^2 = x^3 + 3 over the base field. For public data only: time and memory
 * access follow the data.
 *
 * Points outside are x, y of 32 bytes each, big-endian, infinity is 64 zeros. Compressed they are x
 * with two flags in its first byte: 0x80 for an odd y, 0x40 for infinity (then all else is zero).
 * Every decoder refuses coordinates that are not below p and points that are not on the curve; the
 * curve has prime order, so there is no subgroup to check. Scalars are 32 bytes, big-endian, and
 * refused unless they are below r.
 */
import { Bn254Error, ELEMENT_BYTES, type Kernel } from './kernel.ts';
import { AFFINE_BYTES, COMPRESSED_BYTES, POINT_BYTES, PointList } from './point-list.ts';
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

const BASES_DOMAIN = 'foldbook/bn254-bases/v1\n';
/** The kernel counts them in 32 bits. */
const BASES_END = 2 ** 32;
const BLOCK_BYTES = 64;
const CURVE: SummedCurve = {
  affineBytes: AFFINE_BYTES,
  isOfOrder: true,
  sum: 'sumOfProducts',
};

export class G1 {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Points from x, y. Throws INPUT_LENGTH, FIELD_RANGE, NOT_ON_CURVE. */
  fromBytes(bytes: Uint8Array): PointList {
    return this.#checked(bytes, (target, source, count) =>
      this.#kernel.exports.decodeQ(target, source, count, 1),
    );
  }

  /**
   * Points from x, y of 32 bytes each, little-endian, times 2^256 modulo p, as proving keys have
   * them; infinity is 64 zeros. Throws as fromBytes does.
   */
  fromMontgomery(bytes: Uint8Array): PointList {
    return this.#checked(bytes, (target, source, count) =>
      this.#kernel.exports.decodeMontgomeryQ(target, source, count, 0),
    );
  }

  /** Points from their compressed form; about 15 us each. Throws INPUT_LENGTH, POINT_FORMAT. */
  fromCompressed(bytes: Uint8Array): PointList {
    const count = whole(bytes, COMPRESSED_BYTES, 'compressed points');
    return this.#filled(count, bytes, (target, source) => {
      const good = this.#kernel.exports.decompressPoints(target, source, count);
      if (good === count) return;
      const message = `compressed point ${good} has no point on the curve, or false flags`;
      throw new Bn254Error('POINT_FORMAT', message);
    });
  }

  /**
   * Points from x with one flag in its first byte, 0x80 for a y that is larger than -y; infinity
   * has no such form. About 15 us each.
   * @returns the points, or the number of the first that is none
   */
  fromSigned(bytes: Uint8Array): PointList | { readonly wrong: number } {
    const count = whole(bytes, COMPRESSED_BYTES, 'signed points');
    let good = 0;
    const points = this.#filled(count, bytes, (target, source) => {
      good = this.#kernel.exports.decompressSigned(target, source, count);
    });
    if (good === count) return points;
    points.release();
    return { wrong: good };
  }

  /**
   * Points whose discrete logarithms nobody knows, the same for the same domain on every machine:
   * bases of commitments without a set-up. assembly/hash-to-points.ts says how they are found; the
   * seed is SHA-256("foldbook/bn254-bases/v1\n" || domain).
   * @param domain names what the bases are for
   * @param count 0 or more
   * @param first number of the first point; `first + count` is at most 2^32
   * @throws INPUT_LENGTH
   */
  bases(domain: string, count: number, first = 0): PointList {
    const areWhole = Number.isInteger(count) && Number.isInteger(first);
    if (!areWhole || count < 0 || first < 0 || first + count > BASES_END) {
      const message = `there are no ${count} bases from number ${first} on: 0 to 2^32 of them`;
      throw new Bn254Error('INPUT_LENGTH', message);
    }
    const seed = this.#sha256(new TextEncoder().encode(`${BASES_DOMAIN}${domain}`));
    return this.#filled(count, seed, (target, source) => {
      this.#kernel.exports.hashToPoints(target, source, first, count);
    });
  }

  /** The sum of all points, each times its scalar. @returns 64 bytes */
  sumOfProducts(
    points: PointList,
    scalars: Uint8Array,
    order: ByteOrder = 'big',
  ): Uint8Array<ArrayBuffer> {
    return this.#kernel.heap.scratch((take) => {
      const address = take(scalars.length);
      putScalars(this.#kernel, address, points.length, scalars, order);
      return this.#sum(points, address, take);
    });
  }

  /**
   * The sum of points, from number `first` on, times a vector's elements: a commitment to it.
   * @returns 64 bytes
   */
  commit(points: PointList, vector: FrVector, first = 0): Uint8Array<ArrayBuffer> {
    const part = partOf(points, AFFINE_BYTES, first, vector.length);
    return this.#kernel.heap.scratch((take) => {
      const address = take(ELEMENT_BYTES * vector.length);
      this.#kernel.exports.encodeR(address, vector.address, vector.length, 0);
      return this.#sum(part, address, take);
    });
  }

  /** Each point times its own scalar. */
  multiply(points: PointList, scalars: Uint8Array): PointList {
    return this.#filled(points.length, scalars, (target, source) => {
      const { length } = points;
      const { exports } = this.#kernel;
      putScalars(this.#kernel, source, length, scalars);
      const digits = Math.ceil(exports.longestScalar(source, length) / 4);
      exports.scalePoints(target, points.address, source, length, digits);
    });
  }

  /** One list of all the lists' points, which stay as they are. */
  join(lists: readonly PointList[]): PointList {
    const { address, length } = joined(this.#kernel, AFFINE_BYTES, lists);
    return new PointList(this.#kernel, address, length);
  }

  /** Point i of `a` plus point i of `b`. */
  add(a: PointList, b: PointList): PointList {
    if (a.length !== b.length) {
      throw new Bn254Error('INPUT_LENGTH', `${a.length} points and ${b.length} are no couples`);
    }
    const couples = new Uint8Array(2 * AFFINE_BYTES * a.length);
    return this.#filled(a.length, couples, (target, source) => {
      const bytes = this.#kernel.bytes(source, couples.length);
      for (const [offset, list] of [a, b].entries()) {
        const points = this.#kernel.bytes(list.address, AFFINE_BYTES * list.length);
        for (let i = 0; i < list.length; i++) {
          const point = points.subarray(AFFINE_BYTES * i, AFFINE_BYTES * (i + 1));
          bytes.set(point, AFFINE_BYTES * (2 * i + offset));
        }
      }
      this.#kernel.exports.addMany(target, source, a.length);
    });
  }

  /** Points of the curve whose coordinates `decode` reads, all of them if they are below p. */
  #checked(
    bytes: Uint8Array,
    decode: (target: number, source: number, coordinates: number) => number,
  ): PointList {
    const count = whole(bytes, POINT_BYTES, 'points');
    return this.#filled(count, bytes, (target, source) => {
      const read = decode(target, source, 2 * count);
      if (read < 2 * count) {
        const message = `point ${Math.floor(read / 2)}: a coordinate is not below p`;
        throw new Bn254Error('FIELD_RANGE', message);
      }
      const good = this.#kernel.exports.pointsOnCurve(target, count);
      if (good < count) throw new Bn254Error('NOT_ON_CURVE', `point ${good} is not on the curve`);
    });
  }

  /** A list that `fill` writes, given the bytes in kernel memory. */
  #filled(
    count: number,
    bytes: Uint8Array,
    fill: (target: number, source: number) => void,
  ): PointList {
    const target = filledBlock(this.#kernel, AFFINE_BYTES * count, bytes, fill);
    return new PointList(this.#kernel, target, count);
  }

  #sum(points: PointRange, scalars: number, take: Take): Uint8Array<ArrayBuffer> {
    const { exports } = this.#kernel;
    const target = sumOfScaled(this.#kernel, CURVE, points, scalars, take);
    const result = take(POINT_BYTES);
    exports.encodeQ(result, target, 2, 1);
    return this.#kernel.bytes(result, POINT_BYTES).slice();
  }

  #sha256(message: Uint8Array): Uint8Array<ArrayBuffer> {
    const blocks = Math.ceil((message.length + 9) / BLOCK_BYTES);
    const padded = new Uint8Array(BLOCK_BYTES * blocks);
    padded.set(message);
    padded[message.length] = 0x80;
    new DataView(padded.buffer).setUint32(padded.length - 4, 8 * message.length);
    return this.#kernel.heap.scratch((take) => {
      const source = take(padded.length);
      const target = take(ELEMENT_BYTES);
      this.#kernel.bytes(source, padded.length).set(padded);
      this.#kernel.exports.hashBlocks(target, source, blocks);
      return this.#kernel.bytes(target, ELEMENT_BYTES).slice();
    });
  }
}

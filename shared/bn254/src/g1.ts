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
import { SCALAR_ORDER } from './orders.ts';
import { AFFINE_BYTES, COMPRESSED_BYTES, POINT_BYTES, PointList } from './point-list.ts';
import type { FrVector } from './vectors.ts';

const BASES_DOMAIN = 'foldbook/bn254-bases/v1\n';
const BLOCK_BYTES = 64;
/** Bytes of a pair of points in the kernel's own form. */
const POINT_PAIR_BYTES = 240;
const WIDEST_WINDOW = 15;
/** What a bucket costs, counted in additions to buckets: two complete additions in both lanes. */
const BUCKET_COST = 4;

export class G1 {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Points from x, y. Throws INPUT_LENGTH, FIELD_RANGE, NOT_ON_CURVE. */
  fromBytes(bytes: Uint8Array): PointList {
    const count = whole(bytes, POINT_BYTES, 'points');
    return this.#filled(count, bytes, (target, source) => {
      const { exports } = this.#kernel;
      const read = exports.decodeQ(target, source, 2 * count, 1);
      if (read < 2 * count) {
        const message = `point ${Math.floor(read / 2)}: a coordinate is not below p`;
        throw new Bn254Error('FIELD_RANGE', message);
      }
      const good = exports.pointsOnCurve(target, count);
      if (good < count) throw new Bn254Error('NOT_ON_CURVE', `point ${good} is not on the curve`);
    });
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
   * Points whose discrete logarithms nobody knows, the same for the same domain on every machine:
   * bases of commitments without a set-up. assembly/hash-to-points.ts says how they are found; the
   * seed is SHA-256("foldbook/bn254-bases/v1\n" || domain).
   * @param domain names what the bases are for
   * @param first number of the first point
   */
  bases(domain: string, count: number, first = 0): PointList {
    const seed = this.#sha256(new TextEncoder().encode(`${BASES_DOMAIN}${domain}`));
    return this.#filled(count, seed, (target, source) => {
      this.#kernel.exports.hashToPoints(target, source, first, count);
    });
  }

  /** The sum of all points, each times its scalar. @returns 64 bytes */
  sumOfProducts(points: PointList, scalars: Uint8Array): Uint8Array<ArrayBuffer> {
    return this.#kernel.heap.scratch((take) => {
      const address = take(scalars.length);
      this.#putScalars(address, points.length, scalars);
      return this.#sum(points, address, take);
    });
  }

  /**
   * The sum of points, from number `first` on, times a vector's elements: a commitment to it.
   * @returns 64 bytes
   */
  commit(points: PointList, vector: FrVector, first = 0): Uint8Array<ArrayBuffer> {
    const { heap, exports } = this.#kernel;
    if (first < 0 || first + vector.length > points.length) {
      const message = `${vector.length} scalars from point ${first}, but ${points.length} points`;
      throw new Bn254Error('INPUT_LENGTH', message);
    }
    return heap.scratch((take) => {
      const address = take(ELEMENT_BYTES * vector.length);
      exports.encodeR(address, vector.address, vector.length, 0);
      const part = { address: points.address + AFFINE_BYTES * first, length: vector.length };
      return this.#sum(part, address, take);
    });
  }

  /** Each point times its own scalar. */
  multiply(points: PointList, scalars: Uint8Array): PointList {
    return this.#filled(points.length, scalars, (target, source) => {
      this.#putScalars(source, points.length, scalars);
      this.#kernel.exports.scalePoints(target, points.address, source, points.length);
    });
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

  /** A list that `fill` writes, given the bytes in kernel memory. */
  #filled(
    count: number,
    bytes: Uint8Array,
    fill: (target: number, source: number) => void,
  ): PointList {
    const { heap } = this.#kernel;
    const target = heap.take(AFFINE_BYTES * count);
    try {
      heap.scratch((take) => {
        const source = take(bytes.length);
        this.#kernel.bytes(source, bytes.length).set(bytes);
        fill(target, source);
      });
    } catch (error) {
      heap.give(target);
      throw error;
    }
    return new PointList(this.#kernel, target, count);
  }

  /** Little-endian, at an address with place for them. */
  #putScalars(address: number, count: number, scalars: Uint8Array): void {
    const { exports } = this.#kernel;
    if (scalars.length !== ELEMENT_BYTES * count) {
      const message = `${scalars.length} bytes of scalars for ${count} points; 32 each`;
      throw new Bn254Error('INPUT_LENGTH', message);
    }
    this.#kernel.bytes(address, scalars.length).set(scalars);
    exports.reverseNumbers(address, count);
    const good = exports.scalarsBelowOrder(address, count);
    if (good < count) {
      throw new Bn254Error('FIELD_RANGE', `scalar ${good} is not below ${SCALAR_ORDER}`);
    }
  }

  #sum(
    { address, length }: { readonly address: number; readonly length: number },
    scalars: number,
    take: (length: number) => number,
  ): Uint8Array<ArrayBuffer> {
    const { exports } = this.#kernel;
    const bits = exports.longestScalar(scalars, length);
    const { width, windows } = windowsFor(length, bits);
    const scratch = take(scratchBytes(length, width, windows));
    const target = take(AFFINE_BYTES);
    exports.sumOfProducts(target, address, scalars, length, width, windows, scratch);
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

/** The window's width that costs the fewest additions. One bit more is for the last carry. */
export function windowsFor(
  points: number,
  bits: number,
): { readonly width: number; readonly windows: number } {
  let best = { width: 2, windows: 0, cost: Number.POSITIVE_INFINITY };
  for (let width = 2; width <= WIDEST_WINDOW; width++) {
    const windows = Math.ceil((bits + 1) / width);
    const cost = windows * (points + BUCKET_COST * 2 ** (width - 1));
    if (cost < best.cost) best = { width, windows, cost };
  }
  return best;
}

/** What sumOfProducts lays out in its scratch, alignment included. */
function scratchBytes(points: number, width: number, windows: number): number {
  const buckets = 2 ** (width - 1);
  const digits = 2 * points * windows + 16;
  const sums = POINT_PAIR_BYTES * Math.ceil(windows / 2) + 2 * AFFINE_BYTES * buckets;
  const sorting = 8 * (buckets + 2) + 4 * points + 16;
  return digits + sums + sorting + AFFINE_BYTES * Math.ceil(points / 2);
}

function whole(bytes: Uint8Array, size: number, what: string): number {
  const count = bytes.length / size;
  if (Number.isInteger(count)) return count;
  throw new Bn254Error('INPUT_LENGTH', `${bytes.length} bytes are not ${what} of ${size}`);
}

/** Fourier transforms over the scalar field, on the powers of a root of unity. */
import { writeScalar } from './bytes.ts';
import { inverse } from './grain.ts';
import { Bn254Error, ELEMENT_BYTES, type Kernel, SINGLE_BYTES } from './kernel.ts';
import { SCALAR_ORDER } from './orders.ts';
import type { FrVector } from './vectors.ts';

/** r - 1 is an odd number times 2^28. */
const ROOTS_LOG2 = 28;
/** The least number that is no square modulo r, so that its powers reach roots of every order. */
const NON_SQUARE = 5n;

/**
 * The root of order 2^log2 that iden3's tools use too: 5^((r - 1) / 2^28), and its squares.
 * Throws RangeError unless log2 is 0 to 28.
 */
export function rootOfUnity(log2: number): bigint {
  if (!Number.isInteger(log2) || log2 < 0 || log2 > ROOTS_LOG2) {
    throw new RangeError(`no root of order 2^${log2}; 0 to ${ROOTS_LOG2}`);
  }
  return power(NON_SQUARE, (SCALAR_ORDER - 1n) >> BigInt(log2));
}

/**
 * The 2^log2 powers of a root w of that order, with what transforms on them need: 80 bytes of
 * kernel memory an element until it is released. All transforms are in place, of `size` elements.
 */
export class FrDomain {
  readonly log2: number;
  readonly size: number;
  readonly #kernel: Kernel;
  /** Powers of w and of 1/w, half a turn each. */
  readonly #roots: number;
  readonly #inverseRoots: number;
  /** Bit-reversed: powers of a root of twice the order, divided by the size. */
  readonly #shifts: number;

  /** @param log2 0 to 27 */
  constructor(kernel: Kernel, log2: number) {
    const [root, shift] = [rootOfUnity(log2), rootOfUnity(log2 + 1)];
    this.#kernel = kernel;
    this.log2 = log2;
    this.size = 2 ** log2;
    const half = Math.max(1, this.size / 2);
    const powers: number[] = [];
    try {
      this.#roots = this.#powers(1n, root, half);
      powers.push(this.#roots);
      this.#inverseRoots = this.#powers(1n, inverse(root), half);
      powers.push(this.#inverseRoots);
      this.#shifts = this.#powers(inverse(BigInt(this.size)), shift, this.size);
    } catch (error) {
      for (const address of powers) kernel.heap.give(address);
      throw error;
    }
    kernel.exports.reverseOrder(this.#shifts, log2);
  }

  /** From coefficients to values: element i becomes the polynomial's value at w^i. */
  evaluate(vector: FrVector): void {
    this.#check(vector);
    const { exports } = this.#kernel;
    exports.reverseOrder(vector.address, this.log2);
    exports.transformUp(vector.address, this.log2, this.#roots);
  }

  /** From values to coefficients. */
  interpolate(vector: FrVector): void {
    this.#check(vector);
    const { exports, heap } = this.#kernel;
    heap.scratch((take) => {
      // First, so that the vector is as it was where there is no place for them.
      const [zeros, factor] = [take(SINGLE_BYTES * this.size), take(SINGLE_BYTES)];
      exports.transformDown(vector.address, this.log2, this.#inverseRoots);
      exports.reverseOrder(vector.address, this.log2);
      this.#kernel.bytes(zeros, SINGLE_BYTES * this.size).fill(0);
      this.#put(factor, inverse(BigInt(this.size)));
      exports.addScaled(vector.address, zeros, factor, vector.address, this.size);
    });
  }

  /** From values at w^i to those of the same polynomial between them: at s w^i, for s^2 = w. */
  shift(vector: FrVector): void {
    this.#check(vector);
    const { exports } = this.#kernel;
    // Coefficients stay in reversed order between the transforms, and their factors too.
    exports.transformDown(vector.address, this.log2, this.#inverseRoots);
    exports.multiplyVectors(vector.address, vector.address, this.#shifts, this.size);
    exports.transformUp(vector.address, this.log2, this.#roots);
  }

  release(): void {
    for (const address of [this.#roots, this.#inverseRoots, this.#shifts]) {
      this.#kernel.heap.give(address);
    }
  }

  #check(vector: FrVector): void {
    if (vector.length === this.size) return;
    const message = `${vector.length} elements, the domain has ${this.size}`;
    throw new Bn254Error('INPUT_LENGTH', message);
  }

  #powers(first: bigint, factor: bigint, count: number): number {
    const { exports, heap } = this.#kernel;
    return heap.filled(SINGLE_BYTES * count, (target) => {
      heap.scratch((take) => {
        const [from, by] = [take(SINGLE_BYTES), take(SINGLE_BYTES)];
        this.#put(from, first);
        this.#put(by, factor);
        exports.powersOf(target, from, by, count);
      });
    });
  }

  #put(target: number, value: bigint): void {
    const bytes = new Uint8Array(ELEMENT_BYTES);
    writeScalar(bytes, 0, value);
    this.#kernel.heap.scratch((take) => {
      const source = take(ELEMENT_BYTES);
      this.#kernel.bytes(source, ELEMENT_BYTES).set(bytes);
      this.#kernel.exports.decodeR(target, source, 1, 1);
    });
  }
}

function power(base: bigint, exponent: bigint): bigint {
  let [result, square] = [1n, base];
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % SCALAR_ORDER;
    square = (square * square) % SCALAR_ORDER;
  }
  return result;
}

/**
 * Multilinear polynomials over the scalar field, by their values on {0, 1}^s: what the prover of a
 * sumcheck does with them. A polynomial of s variables is a vector of 2^s elements; its first
 * variable is the highest bit of the index.
 */
import { readNumber, writeScalar } from './bytes.ts';
import { Bn254Error, ELEMENT_BYTES, type Kernel, SINGLE_BYTES } from './kernel.ts';
import { FrVector } from './vectors.ts';

/** eq(point, x) of a point's last variables, for every number of them, until released. */
export class EqualityTables {
  /** Variables of the point. */
  readonly variables: number;
  readonly #kernel: Kernel;
  readonly #vector: FrVector;

  constructor(kernel: Kernel, variables: number, vector: FrVector) {
    this.#kernel = kernel;
    this.variables = variables;
    this.#vector = vector;
  }

  /** Where the table of the last `variables` variables begins; it has 2^variables elements. */
  addressOf(variables: number): number {
    if (variables < 0 || variables > this.variables) {
      throw new Bn254Error('INPUT_LENGTH', `${variables} variables of ${this.variables}`);
    }
    return this.#vector.address + SINGLE_BYTES * 2 ** variables;
  }

  /** The sum of the table of all variables times a vector: the value of its polynomial there. */
  evaluate(vector: FrVector): bigint {
    if (vector.length !== 2 ** this.variables) {
      throw new Bn254Error('INPUT_LENGTH', `${vector.length} values, ${this.variables} variables`);
    }
    const address = this.addressOf(this.variables);
    return result(this.#kernel, 1, (target) => {
      this.#kernel.exports.dotProduct(target, vector.address, address, vector.length);
    })[0];
  }

  release(): void {
    this.#vector.release();
  }
}

/** The first two of the elements that `compute` writes. */
function result(
  kernel: Kernel,
  count: number,
  compute: (target: number) => void,
): [bigint, bigint] {
  return kernel.heap.scratch((take) => {
    const target = take(SINGLE_BYTES * 2);
    const bytes = take(ELEMENT_BYTES * 2);
    kernel.bytes(bytes, ELEMENT_BYTES * 2).fill(0);
    compute(target);
    kernel.exports.encodeR(bytes, target, count, 1);
    const view = kernel.bytes(bytes, ELEMENT_BYTES * 2);
    return [readNumber(view, 0), readNumber(view, ELEMENT_BYTES)];
  });
}

export class Multilinear {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** The tables of eq(point, .); they take 2^(variables + 1) elements. Throws FIELD_RANGE. */
  equality(point: readonly bigint[]): EqualityTables {
    const { heap, exports } = this.#kernel;
    const length = 2 ** (point.length + 1);
    const address = heap.filled(SINGLE_BYTES * length, (target) => {
      this.#withElements(point, (elements) => {
        exports.equalityTables(target, elements, point.length);
      });
    });
    return new EqualityTables(
      this.#kernel,
      point.length,
      new FrVector(this.#kernel, address, length),
    );
  }

  /** The polynomial with its first variable set: a new vector of half the length. */
  bind(polynomial: FrVector, value: bigint): FrVector {
    const half = halfOf(polynomial.length);
    const address = this.#kernel.heap.filled(SINGLE_BYTES * half, (target) => {
      this.#bind(target, polynomial, value, half);
    });
    return new FrVector(this.#kernel, address, half);
  }

  /** The same in place: the first `length` elements are the polynomial, half of them remain. */
  bindInPlace(polynomial: FrVector, length: number, value: bigint): void {
    this.#bind(polynomial.address, polynomial, value, halfOf(checked(polynomial, length)));
  }

  /**
   * With w = eq of the variables behind the first: the sum of w (a b - c) where the first variable
   * is 0, and the coefficient of its square in the sum of w (a b - c), over all the others.
   * @param length elements of a, b and c that are the polynomials' values
   */
  constraintSums(
    [a, b, c]: readonly [FrVector, FrVector, FrVector],
    length: number,
    tables: EqualityTables,
  ): [atZero: bigint, square: bigint] {
    for (const polynomial of [a, b, c]) checked(polynomial, length);
    const half = halfOf(length);
    const weights = tables.addressOf(Math.log2(half));
    return result(this.#kernel, 2, (target) => {
      const { exports } = this.#kernel;
      exports.sumConstraints(target, a.address, b.address, c.address, weights, half);
    });
  }

  /** With w as above: the sum of w times the polynomial where its first variable is 0. */
  sumAtZero(polynomial: FrVector, length: number, tables: EqualityTables): bigint {
    const half = halfOf(checked(polynomial, length));
    const weights = tables.addressOf(Math.log2(half));
    return result(this.#kernel, 1, (target) => {
      this.#kernel.exports.dotProduct(target, polynomial.address, weights, half);
    })[0];
  }

  #bind(target: number, polynomial: FrVector, value: bigint, half: number): void {
    this.#withElements([value], (element) => {
      this.#kernel.exports.bindFirst(target, polynomial.address, element, half);
    });
  }

  #withElements(values: readonly bigint[], use: (address: number) => void): void {
    const bytes = new Uint8Array(ELEMENT_BYTES * values.length);
    values.forEach((value, index) => {
      writeScalar(bytes, ELEMENT_BYTES * index, value);
    });
    this.#kernel.heap.scratch((take) => {
      const source = take(bytes.length);
      const elements = take(SINGLE_BYTES * values.length);
      this.#kernel.bytes(source, bytes.length).set(bytes);
      this.#kernel.exports.decodeR(elements, source, values.length, 1);
      use(elements);
    });
  }
}

function halfOf(length: number): number {
  if (length < 2 || !Number.isInteger(Math.log2(length))) {
    throw new Bn254Error('INPUT_LENGTH', `${length} values are no polynomial with a variable`);
  }
  return length / 2;
}

function checked(polynomial: FrVector, length: number): number {
  if (polynomial.length >= length) return length;
  throw new Bn254Error('INPUT_LENGTH', `${polynomial.length} elements, ${length} were named`);
}

/**
 * Vectors over the scalar field, in kernel memory until they are released, and sparse matrices.
 * Elements outside are 32 bytes, below r, big-endian unless told otherwise.
 */
import { writeScalar } from './bytes.ts';
import { Bn254Error, ELEMENT_BYTES, type Kernel, SINGLE_BYTES } from './kernel.ts';
import { filledBlock } from './scalar-sums.ts';

export type ByteOrder = 'big' | 'little';

export class FrVector {
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
    if (this.#address === undefined) throw new Error('assertion failed: the vector is released');
    return this.#address;
  }

  /** Some of the elements where they are: as long as the vector is, and not to be released. */
  part(first: number, length: number): FrVector {
    if (first < 0 || length < 0 || first + length > this.length) {
      const message = `${length} elements from element ${first} of ${this.length}`;
      throw new Bn254Error('INPUT_LENGTH', message);
    }
    return new FrVector(this.#kernel, this.address + SINGLE_BYTES * first, length);
  }

  toBytes(order: ByteOrder = 'big'): Uint8Array<ArrayBuffer> {
    const bytes = ELEMENT_BYTES * this.length;
    const { heap, exports } = this.#kernel;
    return heap.scratch((take) => {
      const target = take(bytes);
      exports.encodeR(target, this.address, this.length, order === 'big' ? 1 : 0);
      return this.#kernel.bytes(target, bytes).slice();
    });
  }

  release(): void {
    this.#kernel.heap.give(this.address);
    this.#address = undefined;
  }
}

/** A matrix by rows: row i has the entries from rowStarts[i] to rowStarts[i + 1]. */
export interface SparseMatrix {
  readonly rowStarts: Uint32Array;
  /** Column of each entry. */
  readonly columns: Uint32Array;
  /** Coefficient of each entry: index into `values`. */
  readonly coefficients: Uint32Array;
  /** The distinct coefficients, 32 bytes each. */
  readonly values: Uint8Array;
  readonly valueOrder?: ByteOrder;
}

/** A sparse matrix in kernel memory, until it is released. */
export class LoadedMatrix {
  readonly rows: number;
  /** A vector that it is multiplied with has at least so many elements. */
  readonly width: number;
  /** Of rowStarts, columns, coefficients, values. */
  readonly addresses: readonly [number, number, number, number];
  readonly #kernel: Kernel;

  constructor(
    kernel: Kernel,
    size: { readonly rows: number; readonly width: number },
    addresses: readonly [number, number, number, number],
  ) {
    this.#kernel = kernel;
    this.rows = size.rows;
    this.width = size.width;
    this.addresses = addresses;
  }

  release(): void {
    for (const address of this.addresses) this.#kernel.heap.give(address);
  }
}

export class FrVectors {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Throws INPUT_LENGTH, FIELD_RANGE. */
  fromBytes(bytes: Uint8Array, order: ByteOrder = 'big'): FrVector {
    const length = bytes.length / ELEMENT_BYTES;
    if (!Number.isInteger(length)) {
      throw new Bn254Error('INPUT_LENGTH', `${bytes.length} bytes are not elements of 32`);
    }
    const { exports } = this.#kernel;
    const size = SINGLE_BYTES * length;
    const address = filledBlock(this.#kernel, size, bytes, (target, source) => {
      const read = exports.decodeR(target, source, length, order === 'big' ? 1 : 0);
      if (read < length) throw new Bn254Error('FIELD_RANGE', `element ${read} is not below r`);
    });
    return new FrVector(this.#kernel, address, length);
  }

  /** a + factor b, into a new vector or into `target` (which may be a or b). */
  addScaled(a: FrVector, factor: bigint, b: FrVector, target?: FrVector): FrVector {
    const bytes = new Uint8Array(ELEMENT_BYTES);
    writeScalar(bytes, 0, factor);
    const { heap, exports } = this.#kernel;
    return heap.scratch((take) => {
      const source = take(ELEMENT_BYTES);
      const single = take(SINGLE_BYTES);
      const result = this.#target([a, b], target);
      this.#kernel.bytes(source, ELEMENT_BYTES).set(bytes);
      exports.decodeR(single, source, 1, 1);
      exports.addScaled(result.address, a.address, single, b.address, a.length);
      return result;
    });
  }

  add(a: FrVector, b: FrVector, target?: FrVector): FrVector {
    const result = this.#target([a, b], target);
    this.#kernel.exports.addVectors(result.address, a.address, b.address, a.length, 0);
    return result;
  }

  subtract(a: FrVector, b: FrVector, target?: FrVector): FrVector {
    const result = this.#target([a, b], target);
    this.#kernel.exports.addVectors(result.address, a.address, b.address, a.length, 1);
    return result;
  }

  /** Element by element. */
  multiply(a: FrVector, b: FrVector, target?: FrVector): FrVector {
    const result = this.#target([a, b], target);
    this.#kernel.exports.multiplyVectors(result.address, a.address, b.address, a.length);
    return result;
  }

  /** Throws INPUT_LENGTH for a matrix whose parts do not fit, FIELD_RANGE. */
  matrix(given: SparseMatrix): LoadedMatrix {
    const rows = given.rowStarts.length - 1;
    const entries = given.columns.length;
    const count = given.values.length / ELEMENT_BYTES;
    const ascends = given.rowStarts.every((start, row) => start >= (given.rowStarts[row - 1] ?? 0));
    const fits =
      rows >= 0 &&
      ascends &&
      given.rowStarts[0] === 0 &&
      given.rowStarts[rows] === entries &&
      given.coefficients.length === entries &&
      given.coefficients.every((index) => index < count);
    if (!fits) {
      const message = `${rows} rows, ${entries} entries, ${count} values: they do not fit together`;
      throw new Bn254Error('INPUT_LENGTH', message);
    }
    const width = given.columns.reduce((most, column) => Math.max(most, column + 1), 0);
    const held: number[] = [];
    const hold = (address: number): number => {
      held.push(address);
      return address;
    };
    try {
      const values = hold(this.fromBytes(given.values, given.valueOrder).address);
      const starts = hold(this.#put(given.rowStarts));
      const columns = hold(this.#put(given.columns));
      const addresses = [starts, columns, hold(this.#put(given.coefficients)), values] as const;
      return new LoadedMatrix(this.#kernel, { rows, width }, addresses);
    } catch (error) {
      for (const address of held) this.#kernel.heap.give(address);
      throw error;
    }
  }

  /** matrix times vector: an element for each row. */
  apply(matrix: LoadedMatrix, vector: FrVector): FrVector {
    if (vector.length < matrix.width) {
      const message = `${vector.length} elements, the matrix takes ${matrix.width}`;
      throw new Bn254Error('INPUT_LENGTH', message);
    }
    const { heap, exports } = this.#kernel;
    const target = heap.take(SINGLE_BYTES * matrix.rows);
    exports.multiplyMatrix(target, ...matrix.addresses, vector.address, matrix.rows);
    return new FrVector(this.#kernel, target, matrix.rows);
  }

  #put(words: Uint32Array): number {
    const address = this.#kernel.heap.take(words.byteLength);
    const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
    this.#kernel.bytes(address, bytes.length).set(bytes);
    return address;
  }

  #target(operands: readonly FrVector[], target: FrVector | undefined): FrVector {
    const length = operands[0]?.length ?? 0;
    const all = target === undefined ? operands : [...operands, target];
    if (all.some((vector) => vector.length !== length)) {
      const lengths = all.map((vector) => vector.length).join(', ');
      throw new Bn254Error('INPUT_LENGTH', `vectors of different lengths: ${lengths}`);
    }
    if (target !== undefined) return target;
    return new FrVector(this.#kernel, this.#kernel.heap.take(SINGLE_BYTES * length), length);
  }
}

/**
 * Poseidon over BN254's scalar field with circomlib's parameters, for 1 to 16 inputs. Numbers are
 * 32 bytes, big-endian and below r. Two lists are hashed at once, one list takes as long as two:
 * give many to one call. For public data only: time and memory access follow the data.
 */
import { readNumber, writeScalar } from './bytes.ts';
import { partialRoundsOf, WIDEST } from './grain.ts';
import { Bn254Error, ELEMENT_BYTES, type Kernel, SINGLE_BYTES } from './kernel.ts';
import { SCALAR_ORDER } from './orders.ts';
import { poseidonTable } from './poseidon-table.ts';
import { filledBlock } from './scalar-sums.ts';

/** Words absorbed by one permutation of the sponge. */
export const SPONGE_RATE = 15;
/** Lists at a time in kernel memory, so that it does not follow the caller's. */
const LISTS_AT_ONCE = 4096;

interface LoadedTable {
  readonly address: number;
  readonly width: number;
  readonly rounds: number;
  readonly block: number;
}

export class Poseidon {
  readonly #kernel: Kernel;
  readonly #tables = new Map<number, LoadedTable>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Poseidon of 1 to 16 numbers. Throws FIELD_RANGE, INPUT_LENGTH. */
  hash(inputs: readonly bigint[]): bigint {
    return readNumber(this.hashMany(inputs.length, bytesOf(inputs)));
  }

  /** The hash of each list; `inputs`: the lists of `arity` numbers one after another. */
  hashLists(arity: number, inputs: readonly bigint[]): bigint[] {
    return numbersOf(this.hashMany(arity, bytesOf(inputs)));
  }

  /**
   * Hashes of lists that stand one after another, in the same order.
   * @param arity numbers in each list, 1 to 16
   * @param inputs lists x arity x 32 bytes
   * @returns lists x 32 bytes
   * @throws FIELD_RANGE for a number that is not below r, INPUT_LENGTH
   */
  hashMany(arity: number, inputs: Uint8Array): Uint8Array<ArrayBuffer> {
    const { address: table, width, rounds, block } = this.#table(arity);
    const listBytes = ELEMENT_BYTES * arity;
    const count = wholeLists(inputs, listBytes);
    const result = new Uint8Array(ELEMENT_BYTES * count);
    const { heap, exports } = this.#kernel;
    const atOnce = Math.min(count, LISTS_AT_ONCE);
    return heap.scratch((take) => {
      const source = take(listBytes * atOnce);
      const target = take(ELEMENT_BYTES * atOnce);
      for (let done = 0; done < count; done += atOnce) {
        const here = Math.min(atOnce, count - done);
        const part = inputs.subarray(listBytes * done, listBytes * (done + here));
        this.#kernel.bytes(source, part.length).set(part);
        const hashed = exports.hashes(target, source, here, width, rounds, block, table, 1);
        if (hashed < here) throw outOfRange(done + hashed);
        const hashes = this.#kernel.bytes(target, ELEMENT_BYTES * here);
        result.set(hashes, ELEMENT_BYTES * done);
      }
      return result;
    });
  }

  /**
   * Sponges over lists of words: h = iv, then h = Poseidon16(h, the next 15 words) until the words
   * end; a list's number of words is a multiple of 15.
   * @param ivs lists x 32 bytes
   * @param words lists x words x 32 bytes
   * @returns the last h of each, lists x 32 bytes
   * @throws FIELD_RANGE for a number that is not below r, INPUT_LENGTH
   */
  spongeMany(ivs: Uint8Array, words: Uint8Array): Uint8Array<ArrayBuffer> {
    const { address: table, width, rounds, block } = this.#table(SPONGE_RATE + 1);
    const count = wholeLists(ivs, ELEMENT_BYTES);
    if (count === 0) return new Uint8Array();
    const blocks = words.length / (ELEMENT_BYTES * SPONGE_RATE * count);
    if (!Number.isInteger(blocks)) {
      const message = `${words.length} bytes are not ${count} lists of a multiple of 15 words`;
      throw new Bn254Error('INPUT_LENGTH', message);
    }
    const { heap, exports } = this.#kernel;
    return heap.scratch((take) => {
      const from = take(ivs.length);
      const source = take(words.length);
      this.#kernel.bytes(from, ivs.length).set(ivs);
      this.#kernel.bytes(source, words.length).set(words);
      const sizes = [width, rounds, block] as const;
      const done = exports.sponges(from, from, source, count, blocks, ...sizes, table, 1);
      if (done < count) throw outOfRange(done);
      return this.#kernel.bytes(from, ivs.length).slice();
    });
  }

  /** One sponge: words are filled with zeros up to a multiple of 15. */
  sponge(iv: bigint, words: readonly bigint[]): bigint {
    const length = Math.ceil(words.length / SPONGE_RATE) * SPONGE_RATE;
    return readNumber(this.spongeMany(bytesOf([iv]), bytesOf(words, length)));
  }

  /** A sponge from each iv over its share of the words, a multiple of 15. */
  sponges(ivs: readonly bigint[], words: readonly bigint[]): bigint[] {
    return numbersOf(this.spongeMany(bytesOf(ivs), bytesOf(words)));
  }

  /** Constants are made at the first use of a width: up to some tens of milliseconds. */
  #table(arity: number): LoadedTable {
    const width = arity + 1;
    const known = this.#tables.get(width);
    if (known !== undefined) return known;
    if (!Number.isInteger(arity) || arity < 1 || width > WIDEST) {
      const message = `Poseidon takes 1 to ${WIDEST - 1} inputs, not ${arity}`;
      throw new Bn254Error('INPUT_LENGTH', message);
    }
    const { numbers, block } = poseidonTable(width);
    const size = SINGLE_BYTES * numbers.length;
    const address = filledBlock(this.#kernel, size, bytesOf(numbers), (target, source) => {
      this.#kernel.exports.decodeR(target, source, numbers.length, 1);
    });
    const table = { address, width, rounds: partialRoundsOf(width), block };
    this.#tables.set(width, table);
    return table;
  }
}

/** `length`: of the result, in numbers; zeros follow the values. */
function bytesOf(values: readonly bigint[], length = values.length): Uint8Array {
  const bytes = new Uint8Array(ELEMENT_BYTES * length);
  values.forEach((value, index) => {
    writeScalar(bytes, ELEMENT_BYTES * index, value);
  });
  return bytes;
}

function numbersOf(bytes: Uint8Array): bigint[] {
  const count = bytes.length / ELEMENT_BYTES;
  return Array.from({ length: count }, (_, index) => readNumber(bytes, ELEMENT_BYTES * index));
}

function wholeLists(bytes: Uint8Array, listBytes: number): number {
  const count = bytes.length / listBytes;
  if (Number.isInteger(count)) return count;
  const message = `${bytes.length} bytes are not a whole number of lists of ${listBytes}`;
  throw new Bn254Error('INPUT_LENGTH', message);
}

const outOfRange = (list: number): Bn254Error =>
  new Bn254Error('FIELD_RANGE', `list ${list} has a number that is not below ${SCALAR_ORDER}`);

// SPDX-License-Identifier: GPL-3.0-or-later
/** The matrices A and B of a proving key, by rows and with equal values kept once. */
import type { SparseMatrix } from '@foldbook/bn254';
import { damaged, ENTRY_BYTES } from './proving-key-file.ts';

const VALUE_BYTES = 32;
const VALUE_WORDS = 8;
const WIRE_OFFSET = 8;
const VALUE_OFFSET = 12;

/** Values little-endian, times 2^512 as the file has them. */
export type EntryMatrix = Omit<SparseMatrix, 'values' | 'valueOrder'>;

export interface EntryMatrices {
  readonly matrices: readonly [EntryMatrix, EntryMatrix];
  /** The distinct values of both. */
  readonly values: Uint8Array;
}

/** Throws PROVING_KEY for an entry beyond the matrices. */
export function sortEntries(entries: DataView, rows: number, wires: number): EntryMatrices {
  const count = entries.byteLength / ENTRY_BYTES;
  const starts = [new Uint32Array(rows + 1), new Uint32Array(rows + 1)] as const;
  for (let i = 0; i < count; i++) {
    const matrix = starts[entries.getUint32(i * ENTRY_BYTES, true)];
    const row = entries.getUint32(i * ENTRY_BYTES + 4, true);
    const wire = entries.getUint32(i * ENTRY_BYTES + WIRE_OFFSET, true);
    if (matrix === undefined || row >= rows || wire >= wires) {
      throw damaged(`entry ${i} of its matrices lies outside them`);
    }
    matrix[row + 1] = (matrix[row + 1] ?? 0) + 1;
  }
  const places = starts.map((list) => {
    for (let row = 0; row < rows; row++) list[row + 1] = (list[row + 1] ?? 0) + (list[row] ?? 0);
    return list.slice();
  });
  const distinct = new DistinctValues(count);
  const [a, b] = starts.map((rowStarts) => ({
    rowStarts,
    columns: new Uint32Array(rowStarts[rows] ?? 0),
    coefficients: new Uint32Array(rowStarts[rows] ?? 0),
  }));
  for (let i = 0; i < count; i++) {
    const at = i * ENTRY_BYTES;
    const number = entries.getUint32(at, true);
    const [matrix, place] = [number === 0 ? a : b, places[number]];
    if (matrix === undefined || place === undefined) continue;
    const row = entries.getUint32(at + 4, true);
    const index = place[row] ?? 0;
    place[row] = index + 1;
    matrix.columns[index] = entries.getUint32(at + WIRE_OFFSET, true);
    matrix.coefficients[index] = distinct.indexOf(entries, at + VALUE_OFFSET);
  }
  if (a === undefined || b === undefined) throw new Error('assertion failed: two matrices');
  return { matrices: [a, b], values: distinct.toBytes() };
}

/** A hash table with open addressing: of a circuit's millions of entries few are different. */
class DistinctValues {
  /** Index of a value plus one, or 0 for none. */
  readonly #slots: Uint32Array;
  readonly #words: Uint32Array;
  readonly #given = new Uint32Array(VALUE_WORDS);
  #count = 0;

  constructor(most: number) {
    this.#slots = new Uint32Array(2 ** (33 - Math.clz32(Math.max(1, most))));
    this.#words = new Uint32Array(VALUE_WORDS * most);
  }

  indexOf(view: DataView, offset: number): number {
    let hash = 0;
    for (let i = 0; i < VALUE_WORDS; i++) {
      const word = view.getUint32(offset + 4 * i, true);
      this.#given[i] = word;
      hash = Math.imul(hash ^ word, 0x9e37_79b1) ^ (hash >>> 15);
    }
    const mask = this.#slots.length - 1;
    for (let slot = (hash ^ (hash >>> 16)) & mask; ; slot = (slot + 1) & mask) {
      const index = (this.#slots[slot] ?? 0) - 1;
      if (index === -1) return this.#add(slot);
      if (this.#holds(index)) return index;
    }
  }

  /** Little-endian, 32 bytes each. */
  toBytes(): Uint8Array {
    const bytes = new Uint8Array(VALUE_BYTES * this.#count);
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < VALUE_WORDS * this.#count; i++) {
      view.setUint32(4 * i, this.#words[i] ?? 0, true);
    }
    return bytes;
  }

  #holds(index: number): boolean {
    for (let i = 0; i < VALUE_WORDS; i++) {
      if (this.#words[VALUE_WORDS * index + i] !== this.#given[i]) return false;
    }
    return true;
  }

  #add(slot: number): number {
    this.#words.set(this.#given, VALUE_WORDS * this.#count);
    this.#count++;
    this.#slots[slot] = this.#count;
    return this.#count - 1;
  }
}

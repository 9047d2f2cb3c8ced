/**
 * The trees of SPEC section 3 by definition, and what tests of commitments have in common: plain
 * numbers, a node from its two, no storage order.
 */
import { blake3 } from '@noble/hashes/blake3.js';
import { KEYS } from '../commit/keys.ts';

export const PRIME = 15 * 2 ** 27 + 1;

/** x 2^32 mod p, as the kernel has it in memory. */
export const montgomery = (value: number): number => Number((BigInt(value) << 32n) % BigInt(PRIME));

/** Words below p that look like chance, by a linear congruence. */
export function mixedWords(count: number, seed: number): number[] {
  let state = BigInt(seed);
  return Array.from({ length: count }, () => {
    state = (state * 6364136223846793005n + 1442695040888963407n) % 2n ** 64n;
    return Number((state >> 33n) % BigInt(PRIME));
  });
}

export const concat = (parts: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => [...part]));

export function u32Bytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

export function u64Bytes(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytes;
}

/** Rows of one height, by their exponent e: on a domain of `rows.length` points. */
export interface PlainRows {
  readonly rows: readonly (readonly number[])[];
}

const leaf = (row: readonly number[]): Uint8Array =>
  blake3(concat(row.map(u32Bytes)), { key: KEYS.LEAF });
const pair = (left: Uint8Array, right: Uint8Array): Uint8Array =>
  blake3(concat([left, right]), { key: KEYS.NODE });

/** @param heights - largest first, of different sizes */
export class PlainTree {
  readonly #heights: readonly PlainRows[];
  readonly #known = new Map<string, Uint8Array>();

  constructor(heights: readonly PlainRows[]) {
    this.#heights = heights;
  }

  get capSize(): number {
    return Math.min(64, this.#heights.at(-1)?.rows.length ?? 0);
  }

  /** Node e of the level of so many nodes. */
  node(size: number, e: number): Uint8Array {
    const key = `${size} ${e}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const made = this.#node(size, e);
    this.#known.set(key, made);
    return made;
  }

  #node(size: number, e: number): Uint8Array {
    const row = this.#heights.find(({ rows }) => rows.length === size)?.rows[e];
    if (size === this.#heights[0]?.rows.length) return leaf(row ?? []);
    const node = pair(this.node(2 * size, e), this.node(2 * size, e + size));
    return row === undefined ? node : pair(node, leaf(row));
  }

  get cap(): Uint8Array {
    return concat(Array.from({ length: this.capSize }, (_, e) => this.node(this.capSize, e)));
  }

  get root(): Uint8Array {
    return blake3(this.cap, { key: KEYS.NODE });
  }

  opening(e: number): { rows: (readonly number[])[]; siblings: Uint8Array } {
    const siblings: Uint8Array[] = [];
    for (let size = this.#heights[0]?.rows.length ?? 0; size > this.capSize; size /= 2) {
      siblings.push(this.node(size, (e + size / 2) % size));
    }
    const rows = this.#heights.map(({ rows }) => rows[e % rows.length] ?? []);
    return { rows, siblings: concat(siblings) };
  }
}

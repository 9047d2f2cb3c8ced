/** A plain tree of an account table's rows (SPEC section 12): no proof is about it. */
import { blake3 } from '@noble/hashes/blake3.js';
import { bytesOf, DIGEST_WORDS, hashWords, wordsOf } from '../commit/keyed-hash.ts';
import type { AccountTable } from '../trace/account-table.ts';

const keyOf = (name: string): Uint32Array =>
  wordsOf(blake3(new TextEncoder().encode(`foldbook/stark/${name}/v1`)));

const ROW = keyOf('account-row');
const NODE = keyOf('account-node');
const ROOT = keyOf('account-root');
/** An id and two balances. */
const ROW_WORDS = 5;
/** A power of 2: rows below a node that is kept. What is between is hashed again to open a row. */
const BLOCK_ROWS = 32;

/** One account as its leaf has it; balances are below 2^63, the supply's as the table has them. */
export interface AccountRow {
  readonly id: number;
  readonly base: bigint;
  readonly quote: bigint;
}

/** A row and the nodes beside its way up, 32 bytes each, from the leaf on: `siblingCount`. */
export interface OpenedRow extends AccountRow {
  readonly siblings: readonly Uint8Array[];
}

/** Root, 32 bytes, of all rows in their order, also of accounts that have nothing. */
export function plainRoot(table: AccountTable): Uint8Array {
  return new PlainTree(table).root;
}

/** How many nodes stand beside the way up from a place: a last node without one is lifted. */
export function siblingCount(rows: number, place: number): number {
  let siblings = 0;
  for (let [count, index] = [rows, place]; count > 1; count = above(count), index = half(index)) {
    if (hasSibling(count, index)) siblings += 1;
  }
  return siblings;
}

/** Root, 32 bytes, of the tree of so many rows that has this one at the place. */
export function rootFromRow(row: OpenedRow, place: number, rows: number): Uint8Array {
  const expected = siblingCount(rows, place);
  if (row.siblings.length !== expected) {
    throw new Error(`assertion failed: ${row.siblings.length} siblings of ${expected}`);
  }
  const node = new Uint32Array(DIGEST_WORDS);
  const pair = new Uint32Array(2 * DIGEST_WORDS);
  hashRow(row, node);
  let next = 0;
  for (let [count, index] = [rows, place]; count > 1; count = above(count), index = half(index)) {
    if (!hasSibling(count, index)) continue;
    const sibling = wordsOf(row.siblings[next] ?? new Uint8Array());
    next += 1;
    pair.set(node, index % 2 === 0 ? 0 : DIGEST_WORDS);
    pair.set(sibling, index % 2 === 0 ? DIGEST_WORDS : 0);
    hashWords(NODE, pair, node);
  }
  return rootOf(rows, node);
}

/** The tree of a table. It keeps 2 bytes or so a row besides. */
export class PlainTree {
  readonly table: AccountTable;
  /** 32 bytes. */
  readonly root: Uint8Array;
  /** From that of the blocks on; the last one has one node. */
  readonly #levels: readonly Uint32Array[];

  /**
   * @param table - of one row at least; not changed from here on
   * @param blocks - of a tree of the same table: nearly all of the work
   */
  constructor(table: AccountTable, blocks: Uint32Array = blocksOf(table)) {
    this.table = table;
    this.#levels = levelsFrom(blocks);
    this.root = rootOf(table.ids.length, this.#levels.at(-1) ?? blocks);
  }

  /** A node of 8 words for each 32 rows: what another thread needs to have the same tree. */
  get blocks(): Uint32Array {
    return this.#levels[0] ?? new Uint32Array();
  }

  /** The row at a place, with its way up. */
  open(place: number): OpenedRow {
    const block = Math.floor(place / BLOCK_ROWS);
    const siblings: Uint8Array[] = [];
    const climb = (levels: readonly Uint32Array[], first: number): void => {
      let index = first;
      for (const level of levels) {
        const isPaired = hasSibling(nodesIn(level), index);
        if (isPaired) siblings.push(bytesOf(nodeAt(level, siblingOf(index))));
        index = half(index);
      }
    };
    climb(levelsFrom(leavesOf(this.table, block)), place % BLOCK_ROWS);
    climb(this.#levels, block);
    return { ...rowAt(this.table, place), siblings };
  }
}

const rowAt = ({ ids, base, quote }: AccountTable, place: number): AccountRow => ({
  id: ids[place] ?? 0,
  base: base[place] ?? 0n,
  quote: quote[place] ?? 0n,
});

/** A block is a tree by itself: on levels below its node an even number of nodes is before it. */
function blocksOf(table: AccountTable): Uint32Array {
  const blocks = new Uint32Array(DIGEST_WORDS * Math.ceil(table.ids.length / BLOCK_ROWS));
  for (let block = 0; block < nodesIn(blocks); block++) {
    const top = levelsFrom(leavesOf(table, block)).at(-1);
    if (top !== undefined) nodeAt(blocks, block).set(top);
  }
  return blocks;
}

function leavesOf(table: AccountTable, block: number): Uint32Array {
  const first = block * BLOCK_ROWS;
  const rows = Math.min(BLOCK_ROWS, table.ids.length - first);
  const leaves = new Uint32Array(DIGEST_WORDS * rows);
  for (let row = 0; row < rows; row++) hashRow(rowAt(table, first + row), nodeAt(leaves, row));
  return leaves;
}

/** A level and all above it, up to that of one node. */
function levelsFrom(lowest: Uint32Array): Uint32Array[] {
  const levels = [lowest];
  for (let level = lowest; nodesIn(level) > 1; ) {
    level = levelAbove(level);
    levels.push(level);
  }
  return levels;
}

const half = (index: number): number => Math.floor(index / 2);
const above = (count: number): number => Math.ceil(count / 2);
const siblingOf = (index: number): number => (index % 2 === 0 ? index + 1 : index - 1);
const hasSibling = (count: number, index: number): boolean => siblingOf(index) < count;
const nodesIn = (level: Uint32Array): number => level.length / DIGEST_WORDS;

const nodeAt = (level: Uint32Array, index: number, count = 1): Uint32Array =>
  level.subarray(DIGEST_WORDS * index, DIGEST_WORDS * (index + count));

function levelAbove(level: Uint32Array): Uint32Array {
  const count = nodesIn(level);
  const next = new Uint32Array(DIGEST_WORDS * above(count));
  const pairs = half(count);
  for (let i = 0; i < pairs; i++) hashWords(NODE, nodeAt(level, 2 * i, 2), nodeAt(next, i));
  // The last of an odd number goes up as it is.
  if (count % 2 === 1) nodeAt(next, pairs).set(nodeAt(level, count - 1));
  return next;
}

const rowWords = new Uint32Array(ROW_WORDS);

function hashRow({ id, base, quote }: AccountRow, digest: Uint32Array): void {
  rowWords[0] = id;
  putWords(rowWords, 1, base);
  putWords(rowWords, 3, quote);
  hashWords(ROW, rowWords, digest);
}

function putWords(words: Uint32Array, at: number, value: bigint): void {
  words[at] = Number(value & 0xffff_ffffn);
  words[at + 1] = Number(value >> 32n);
}

function rootOf(rows: number, top: Uint32Array): Uint8Array {
  const root = new Uint32Array(DIGEST_WORDS);
  hashWords(ROOT, Uint32Array.of(rows, ...top), root);
  return bytesOf(root);
}

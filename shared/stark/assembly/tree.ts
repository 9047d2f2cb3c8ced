/** Hashing of rows and of tree levels (SPEC section 3), and the search for a nonce (section 9). */
import {
  BLOCK_WORDS, BLOCKS_BYTES, CHAINING_BYTES, DIGESTS_BYTES,
  startFour, storeDigests, storeTransposed, takeBlock,
} from './blake3';
import { GRIND, LEAF, NODE } from './blake3-compression';
import { fromMontgomery } from './field';

/** Groups of four rows that go together: a cache line of a column holds sixteen rows. */
const GROUPS: usize = 4;
const LINE_ROWS: u32 = 16;
const chaining: usize = memory.data(512, 16);
const blocks: usize = memory.data(1024, 16);

/** Sixteen rows of up to sixteen columns, as four groups of blocks. Reads each line once. */
function gatherLines(pointers: usize, words: u32, offset: usize): void {
  for (let j: u32 = 0; j < words; j++) {
    const line = <usize>load<u32>(pointers + (<usize>j << 2)) + offset;
    const block = blocks + (<usize>j << 4);
    v128.store(block, fromMontgomery(v128.load(line)));
    v128.store(block, fromMontgomery(v128.load(line, 16)), 256);
    v128.store(block, fromMontgomery(v128.load(line, 32)), 512);
    v128.store(block, fromMontgomery(v128.load(line, 48)), 768);
  }
  const zero = i32x4.splat(0);
  for (let j = words; j < BLOCK_WORDS; j++) {
    const block = blocks + (<usize>j << 4);
    for (let g: usize = 0; g < GROUPS; g++) v128.store(block + g * BLOCKS_BYTES, zero);
  }
}

/**
 * Leaves of rows: of row r the words at pointers[j] + 4 r, for j below count, out of Montgomery
 * form. Count is 1 to 256, the number of rows a multiple of 16; pointers are to whole cache lines.
 */
export function hashRows(pointers: usize, count: u32, rows: u32, digests: usize): void {
  for (let row: u32 = 0; row < rows; row += LINE_ROWS) {
    for (let g: usize = 0; g < GROUPS; g++) startFour(chaining + g * CHAINING_BYTES, LEAF);
    for (let first: u32 = 0; first < count; first += BLOCK_WORDS) {
      const words = min(count - first, BLOCK_WORDS);
      const isLast = first + words == count;
      gatherLines(pointers + (<usize>first << 2), words, <usize>row << 2);
      for (let g: usize = 0; g < GROUPS; g++) {
        const block = blocks + g * BLOCKS_BYTES;
        takeBlock(chaining + g * CHAINING_BYTES, block, words << 2, first == 0, isLast);
      }
    }
    const target = digests + (<usize>row << 5);
    for (let g: usize = 0; g < GROUPS; g++) {
      storeDigests(chaining + g * CHAINING_BYTES, target + g * DIGESTS_BYTES);
    }
  }
}

/** Four digests, one behind the other, as half of four blocks. */
// @ts-ignore: decorator
@inline
function loadDigests(digests: usize, block: usize): void {
  for (let half: usize = 0; half < 2; half++) {
    const words = digests + 16 * half;
    storeTransposed(
      v128.load(words), v128.load(words, 32), v128.load(words, 64), v128.load(words, 96),
      block + 64 * half, 16,
    );
  }
}

/** blake3(NODE, left || right) of `count` pairs, a multiple of 4. Target may be one of the two. */
function hashPairs(left: usize, right: usize, target: usize, count: u32): void {
  for (let i: usize = 0; i < <usize>count << 5; i += DIGESTS_BYTES) {
    startFour(chaining, NODE);
    loadDigests(left + i, blocks);
    loadDigests(right + i, blocks + 128);
    takeBlock(chaining, blocks, 64, true, true);
    storeDigests(chaining, target + i);
  }
}

/**
 * A level from the one below. In each coset stand `cosetNodes` nodes of it, a multiple of 4, and
 * twice as many below: the first half of those are left, the second half right.
 */
export function hashLevel(below: usize, target: usize, cosetNodes: u32, cosets: u32): void {
  const bytes = <usize>cosetNodes << 5;
  for (let c: usize = 0; c < cosets; c++) {
    const left = below + 2 * c * bytes;
    hashPairs(left, left + bytes, target + c * bytes, cosetNodes);
  }
}

/** Replaces each node by the hash of it and a leaf: blake3(NODE, node || leaf). */
export function injectRows(nodes: usize, leaves: usize, count: u32): void {
  hashPairs(nodes, leaves, nodes, count);
}

/**
 * The least nonce of high x 2^32 + low + 0, 1, ... count - 1 for which the first word of
 * blake3(GRIND, state || nonce) ends in so many zero bits, as its distance from the first of them;
 * -1 if none does. Bits are at most 31; count is a multiple of 4, and low + count at most 2^32.
 */
export function grind(state: usize, bits: u32, high: u32, low: u32, count: u32): i32 {
  memory.fill(blocks, 0, BLOCKS_BYTES);
  for (let i: usize = 0; i < 8; i++) {
    v128.store(blocks + 16 * i, v128.load32_splat(state + 4 * i));
  }
  v128.store(blocks + 144, i32x4.splat(high));
  const mask = i32x4.splat((1 << bits) - 1);
  const lanes = i32x4(0, 1, 2, 3);
  for (let i: u32 = 0; i < count; i += 4) {
    startFour(chaining, GRIND);
    v128.store(blocks + 128, i32x4.add(i32x4.splat(low + i), lanes));
    takeBlock(chaining, blocks, 40, true, true);
    const rest = v128.and(v128.load(chaining), mask);
    const hits = i32x4.bitmask(i32x4.eq(rest, i32x4.splat(0)));
    if (hits != 0) return i + ctz(hits);
  }
  return -1;
}

/** The verifier's side of a tree: roots and openings (SPEC section 3). */
import { blake3 } from '@noble/hashes/blake3.js';
import { DIGEST_WORDS, hashWords, wordsOf } from './keyed-hash.ts';
import { KEYS } from './keys.ts';
import { DIGEST_BYTES, type TreeShape } from './tree-shape.ts';

export interface Opening {
  /** One row a height, largest first, as canonical words. */
  readonly rows: readonly Uint32Array[];
  /** Digests from the leaf's sibling up to that below the cap. */
  readonly siblings: Uint8Array;
}

/** Why an opening is refused: it has not the shape of the tree, or leads to another cap. */
export type OpeningFault = 'CAP_LENGTH' | 'ROW_LENGTH' | 'SIBLING_LENGTH' | 'OTHER_CAP';
export type OpeningVerdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: OpeningFault };

const LEAF_KEY = wordsOf(KEYS.LEAF);
const NODE_KEY = wordsOf(KEYS.NODE);

/** @param cap - nodes in order of e, 32 bytes each */
export function capRoot(cap: Uint8Array): Uint8Array {
  return blake3(cap, { key: KEYS.NODE });
}

/**
 * Whether rows are those that a cap stands for, at an exponent of the largest domain. Words are
 * taken as they are: that they are canonical is for the reader of the proof to check.
 */
export function checkOpening(
  shape: TreeShape,
  cap: Uint8Array,
  e: number,
  { rows, siblings }: Opening,
): OpeningVerdict {
  if (e < 0 || e >= 2 ** shape.logSize) throw new Error(`assertion failed: no exponent: ${e}`);
  if (cap.length !== shape.capBytes) return { ok: false, reason: 'CAP_LENGTH' };
  if (siblings.length !== shape.siblingBytes) return { ok: false, reason: 'SIBLING_LENGTH' };
  const fits = shape.heights.every(({ columns }, index) => rows[index]?.length === columns);
  if (!fits || rows.length !== shape.heights.length) return { ok: false, reason: 'ROW_LENGTH' };
  const node = climb(shape, e, rows, siblings);
  const place = DIGEST_BYTES * (e % 2 ** shape.logCap);
  const isInCap = node.every((word, index) => word === wordAt(cap, place + 4 * index));
  return isInCap ? { ok: true } : { ok: false, reason: 'OTHER_CAP' };
}

/** The node of the cap that rows and siblings give. */
function climb(
  shape: TreeShape,
  e: number,
  rows: readonly Uint32Array[],
  siblings: Uint8Array,
): Uint32Array {
  const pair = new Uint32Array(2 * DIGEST_WORDS);
  const [left, right] = [pair.subarray(0, DIGEST_WORDS), pair.subarray(DIGEST_WORDS)];
  const node = new Uint32Array(DIGEST_WORDS);
  let next = 0;
  let sibling = 0;
  for (let logSize = shape.logSize; ; logSize--) {
    const row = shape.heights[next]?.logSize === logSize ? rows[next++] : undefined;
    if (row !== undefined && logSize === shape.logSize) hashWords(LEAF_KEY, row, node);
    else if (row !== undefined) {
      left.set(node);
      hashWords(LEAF_KEY, row, right);
      hashWords(NODE_KEY, pair, node);
    }
    if (logSize === shape.logCap) return node;
    const isRight = ((e >>> (logSize - 1)) & 1) === 1;
    const [own, other] = isRight ? [right, left] : [left, right];
    own.set(node);
    for (let i = 0; i < DIGEST_WORDS; i++) other[i] = wordAt(siblings, sibling + 4 * i);
    sibling += DIGEST_BYTES;
    hashWords(NODE_KEY, pair, node);
  }
}

/** The word of four bytes, little-endian. */
function wordAt(bytes: Uint8Array, offset: number): number {
  const low = (bytes[offset] ?? 0) | ((bytes[offset + 1] ?? 0) << 8);
  const high = (bytes[offset + 2] ?? 0) | ((bytes[offset + 3] ?? 0) << 8);
  return (low | (high << 16)) >>> 0;
}

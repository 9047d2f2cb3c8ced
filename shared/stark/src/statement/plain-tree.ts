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

/** Root, 32 bytes, of all rows in their order, also of accounts that have nothing. */
export function plainRoot({ ids, base, quote }: AccountTable): Uint8Array {
  const level = new Uint32Array(DIGEST_WORDS * ids.length);
  const row = new Uint32Array(ROW_WORDS);
  const at = (index: number, count = 1): Uint32Array =>
    level.subarray(DIGEST_WORDS * index, DIGEST_WORDS * (index + count));
  ids.forEach((id, index) => {
    row[0] = id;
    putWord(row, 1, base[index] ?? 0n);
    putWord(row, 3, quote[index] ?? 0n);
    hashWords(ROW, row, at(index));
  });
  // Each level takes the place of the one below it: node i is written where 2i was read.
  let count = ids.length;
  while (count > 1) {
    const pairs = Math.floor(count / 2);
    for (let index = 0; index < pairs; index++) hashWords(NODE, at(2 * index, 2), at(index));
    // The last of an odd number goes up as it is.
    if (count % 2 === 1) at(pairs).set(at(count - 1));
    count = Math.ceil(count / 2);
  }
  const top = Uint32Array.of(ids.length, ...at(0));
  const root = new Uint32Array(DIGEST_WORDS);
  hashWords(ROOT, top, root);
  return bytesOf(root);
}

function putWord(words: Uint32Array, at: number, value: bigint): void {
  words[at] = Number(value & 0xffff_ffffn);
  words[at + 1] = Number(value >> 32n);
}

/**
 * Words that a decoder knows (names of fields, columns, statuses) to the codes that the host gives
 * them, from 1. Told apart by their first and last eight bytes and their length, and then byte by
 * byte where they are longer than that covers.
 *
 * ```
 * slot  +0     +8    +16     +20   +24
 *       first  last  length  code  word
 * ```
 */
import { allocateBlock, blockShiftFor } from '../../engine/assembly/memory';

const SLOTS: u32 = 128;
const SLOT_SHIFT: u32 = 7;
const WORD: usize = 24;
const MAX_WORD_BYTES: u32 = 104;

let first: u64 = 0;
let last: u64 = 0;

export function newWords(): usize {
  return allocateBlock(blockShiftFor(SLOTS << SLOT_SHIFT));
}

/** The host keeps to a quarter of the slots' number, and to MAX_WORD_BYTES. */
export function addWord(table: usize, word: usize, length: u32, code: u32): void {
  const slot = find(table, word, min(length, MAX_WORD_BYTES));
  store<u64>(slot, first);
  store<u64>(slot, last, 8);
  store<u32>(slot, length, 16);
  store<u32>(slot, code, 20);
  memory.copy(slot + WORD, word, min(length, MAX_WORD_BYTES));
}

/** The code of a word, 0 where it has none. Reads up to 8 bytes from `word` on in any case. */
// @ts-ignore: decorator
@inline
export function codeOf(table: usize, word: usize, length: u32): u32 {
  return load<u32>(find(table, word, length), 20);
}

/** The slot of a word, or the empty one where it would be. */
function find(table: usize, word: usize, length: u32): usize {
  if (length >= 8) {
    first = load<u64>(word);
    last = load<u64>(word + length - 8);
  } else {
    first = load<u64>(word) & ((<u64>1 << (<u64>length << 3)) - 1);
    last = length;
  }
  const hash = (first ^ rotl<u64>(last, 23)) * 0x9e3779b97f4a7c15;
  let at = <usize>(hash >> 57);
  let slot = table + (at << SLOT_SHIFT);
  while (load<u32>(slot, 20) != 0 && !holds(slot, word, length)) {
    at = (at + 1) & (SLOTS - 1);
    slot = table + (at << SLOT_SHIFT);
  }
  return slot;
}

// @ts-ignore: decorator
@inline
function holds(slot: usize, word: usize, length: u32): bool {
  if (load<u64>(slot) != first || load<u64>(slot, 8) != last) return false;
  if (load<u32>(slot, 16) != length) return false;
  return length <= 16 || memory.compare(slot + WORD, word, length) == 0;
}

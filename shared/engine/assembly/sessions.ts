/**
 * The last request id of each account and session: open addressing, never deleted from, twice as
 * large as its content at least.
 *
 * ```
 * entry  +0                              +8
 *        account x 2^16 + session + 1    last request id
 * ```
 * The key of an empty entry is 0.
 */
import { sessionCapacity } from './market';
import { pagesFor, releasePages, reservePages } from './memory';
import { CAPACITY, OK, SUPERSEDED } from './protocol';

const ENTRY_SHIFT: usize = 4;
const FIRST_BITS: u32 = 12;

let table: usize = 0;
let bits: u32 = FIRST_BITS;
let count: u32 = 0;

export function setUpSessions(): void {
  table = reservePages(pagesFor((<usize>1 << bits) << ENTRY_SHIFT));
}

/** Entry of a key, or the empty one where it belongs. */
function slotOf(key: u64): usize {
  const mask = (<usize>1 << bits) - 1;
  let slot = <usize>((key * 0x9e3779b97f4a7c15) >> <u64>(64 - bits));
  let found = load<u64>(table + (slot << ENTRY_SHIFT));
  while (found != key && found != 0) {
    slot = (slot + 1) & mask;
    found = load<u64>(table + (slot << ENTRY_SHIFT));
  }
  return table + (slot << ENTRY_SHIFT);
}

/** Uses up a request id, or says why it can't be. */
export function admit(account: u32, session: u32, requestId: u64): u32 {
  const key = ((<u64>account << 16) | <u64>session) + 1;
  let entry = slotOf(key);
  // Of an entry that is empty the id is 0, which no request is above either.
  if (requestId <= load<u64>(entry, 8)) return SUPERSEDED;
  if (load<u64>(entry) == 0) {
    if (count >= sessionCapacity) return CAPACITY;
    count += 1;
    if (count > <u32>1 << (bits - 1)) {
      grow();
      entry = slotOf(key);
    }
    store<u64>(entry, key);
  }
  store<u64>(entry, requestId, 8);
  return OK;
}

function grow(): void {
  const old = table;
  const oldBytes = (<usize>1 << bits) << ENTRY_SHIFT;
  bits += 1;
  table = reservePages(pagesFor(oldBytes << 1));
  for (let at = old; at < old + oldBytes; at += 16) {
    const key = load<u64>(at);
    if (key == 0) continue;
    const entry = slotOf(key);
    store<u64>(entry, key);
    store<u64>(entry, load<u64>(at, 8), 8);
  }
  releasePages(old, pagesFor(oldBytes));
}

export function forEachSession(visit: (account: u64, session: u64, requestId: u64) => void): void {
  const end = table + ((<usize>1 << bits) << ENTRY_SHIFT);
  for (let entry = table; entry < end; entry += 16) {
    const key = load<u64>(entry);
    if (key != 0) visit((key - 1) >> 16, (key - 1) & 0xffff, load<u64>(entry, 8));
  }
}

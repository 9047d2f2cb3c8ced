/**
 * Events: records of eight 64-bit words in a ring. Within one thread the host is handed what there
 * is when the ring is full and at the end of a call. Across threads a consumer reads the ring
 * itself, up to the count that is published, and says how far it is.
 *
 * ```
 * word  0                          1         2        3      4      5         6          7
 *       kind side code16 account32 sequence  depends on the kind: see shared/protocol layout.ts
 *
 * counters  +0                     +128
 *           events published u32   events consumed u32      (both wrap around)
 * ```
 */
import { sequenceOf } from './market';
import { reservePages } from './memory';
import { RECORD_BYTES } from './protocol';

@external('host', 'flushEvents')
declare function flushEvents(count: u32): void;
@external('host', 'waitForRoom')
declare function waitForRoom(): void;

const CONSUMED: usize = 128;
const RECORD_SHIFT: u32 = 6;

let eventBase: usize = 0;
let eventCounters: usize = 0;
let end: usize = 0;
let capacity: u32 = 0;
/** Where the next event goes, and the end of what may be written without looking further. */
let cursor: usize = 0;
let limit: usize = 0;
/** Events that were written before the present lap of the ring. */
let lapStart: u32 = 0;
let isShared: bool = false;

/** @param pages - of 1,024 events each; a power of two */
export function setUpEvents(pages: u32): void {
  eventCounters = reservePages(1);
  eventBase = reservePages(pages);
  capacity = pages << 10;
  end = eventBase + (<usize>capacity << RECORD_SHIFT);
  cursor = eventBase;
  limit = end;
}

export function eventAddress(): usize {
  return eventBase;
}

export function countersAddress(): usize {
  return eventCounters;
}

/** From now on another thread consumes. */
export function shareEvents(): void {
  isShared = true;
}

// @ts-ignore: decorator
@inline
function written(): u32 {
  return lapStart + <u32>((cursor - eventBase) >> RECORD_SHIFT);
}

/** Hands over what there is. */
export function flush(): void {
  if (isShared) {
    atomic.store<u32>(eventCounters, written());
    return;
  }
  const count = <u32>((cursor - eventBase) >> RECORD_SHIFT);
  cursor = eventBase;
  if (count != 0) flushEvents(count);
}

/** Called when nothing more may be written at the cursor. */
function makeRoom(): void {
  if (!isShared) {
    flush();
    return;
  }
  if (cursor == end) {
    lapStart += capacity;
    cursor = eventBase;
  }
  for (;;) {
    const total = written();
    const room = capacity - (total - atomic.load<u32>(eventCounters, CONSUMED));
    if (room != 0) {
      limit = min(cursor + (<usize>room << RECORD_SHIFT), end);
      return;
    }
    atomic.store<u32>(eventCounters, total);
    waitForRoom();
  }
}

/** Address of the next event; its eight words are still to be written. */
// @ts-ignore: decorator
@inline
export function nextEvent(): usize {
  if (cursor == limit) makeRoom();
  const at = cursor;
  cursor = at + RECORD_BYTES;
  return at;
}

// @ts-ignore: decorator
@inline
export function write(
  market: usize,
  head: u64,
  w2: u64,
  w3: u64,
  w4: u64,
  w5: u64,
  w6: u64,
  w7: u64,
): void {
  const at = nextEvent();
  store<u64>(at, head);
  store<u64>(at, sequenceOf(market), 8);
  store<u64>(at, w2, 16);
  store<u64>(at, w3, 24);
  store<u64>(at, w4, 32);
  store<u64>(at, w5, 40);
  store<u64>(at, w6, 48);
  store<u64>(at, w7, 56);
}

// @ts-ignore: decorator
@inline
export function headWord(kind: u32, side: u32, code: u32, account: u32): u64 {
  return <u64>(kind | (side << 8) | (code << 16)) | (<u64>account << 32);
}

/**
 * Levels outside the ladder's window, a side: a sorted array with the best price last, so that what
 * happens near the market moves little of it. It doubles when it is full.
 *
 * ```
 * entry  +0     +8
 *        price  level
 * array  +0            +4        +8        (the caller's 12 bytes that describe it)
 *        entries' base  count     capacity
 * ```
 */
import { PAGE_BYTES, pagesFor, releasePages, reservePages } from './memory';
import { BUY } from './protocol';

export const FAR_BYTES: usize = 12;
const ENTRY_SHIFT: usize = 4;
const COUNT: usize = 4;
const ROOM: usize = 8;
const LEVEL: usize = 8;

// @ts-ignore: decorator
@inline
export function isBetter(side: u32, price: u64, than: u64): bool {
  return side == BUY ? price > than : price < than;
}

// @ts-ignore: decorator
@inline
export function farCount(far: usize): u32 {
  return load<u32>(far, COUNT);
}

// @ts-ignore: decorator
@inline
function entryAt(far: usize, index: u32): usize {
  return <usize>load<u32>(far) + (<usize>index << ENTRY_SHIFT);
}

// @ts-ignore: decorator
@inline
export function farPrice(far: usize, index: u32): u64 {
  return load<u64>(entryAt(far, index));
}

// @ts-ignore: decorator
@inline
export function farLevel(far: usize, index: u32): usize {
  return load<u32>(entryAt(far, index), LEVEL);
}

/** How many entries are worse than a price; also where its entry is or belongs. */
export function farRank(far: usize, side: u32, price: u64): u32 {
  let low: u32 = 0;
  let high = farCount(far);
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBetter(side, price, farPrice(far, middle))) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The level at exactly this price, or 0. */
export function farFind(far: usize, side: u32, price: u64): usize {
  const index = farRank(far, side, price);
  if (index == farCount(far) || farPrice(far, index) != price) return 0;
  return farLevel(far, index);
}

export function farInsert(far: usize, side: u32, price: u64, level: usize): void {
  const count = farCount(far);
  if (count == load<u32>(far, ROOM)) resize(far, max<u32>(count << 1, 1));
  const index = farRank(far, side, price);
  const at = entryAt(far, index);
  memory.copy(at + (1 << ENTRY_SHIFT), at, <usize>(count - index) << ENTRY_SHIFT);
  store<u64>(at, price);
  store<u32>(at, <u32>level, LEVEL);
  store<u32>(far, count + 1, COUNT);
}

export function farRemove(far: usize, side: u32, price: u64): void {
  const count = farCount(far) - 1;
  const index = farRank(far, side, price);
  const at = entryAt(far, index);
  memory.copy(at, at + (1 << ENTRY_SHIFT), <usize>(count - index) << ENTRY_SHIFT);
  store<u32>(far, count, COUNT);
}

/** Makes room for so many entries and keeps those there are. */
export function farReserve(far: usize, entries: u32): void {
  if (entries > load<u32>(far, ROOM)) resize(far, entries);
}

/** Puts an entry at an index that has room. */
export function farPut(far: usize, index: u32, price: u64, level: usize): void {
  const at = entryAt(far, index);
  store<u64>(at, price);
  store<u32>(at, <u32>level, LEVEL);
}

export function farSetCount(far: usize, count: u32): void {
  store<u32>(far, count, COUNT);
}

function resize(far: usize, entries: u32): void {
  const old: usize = load<u32>(far);
  const oldPages = pagesFor(<usize>load<u32>(far, ROOM) << ENTRY_SHIFT);
  const pages = pagesFor(<usize>entries << ENTRY_SHIFT);
  const base = reservePages(pages);
  memory.copy(base, old, <usize>farCount(far) << ENTRY_SHIFT);
  if (old != 0) releasePages(old, oldPages);
  store<u32>(far, <u32>base);
  store<u32>(far, <u32>((<usize>pages * PAGE_BYTES) >> ENTRY_SHIFT), ROOM);
}

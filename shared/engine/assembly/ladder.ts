/**
 * From prices to levels, and from a level to the next worse one. A window of 65,536 ticks is
 * addressed as a ring (slot = price mod 65,536) with one bitmap a side; levels outside it are in
 * sorted arrays. Both sides share the slots, as no price has orders of both sides.
 *
 * ```
 * side   +0    +4      +8    +12     +16
 *        best  levels  near  bitmap  far levels (see far-levels.ts)
 * ```
 * The window moves when new best prices were outside it thousands of times, not at once: a market
 * that jumps back and forth would spend its time moving. Where the window lies changes no outcome.
 */
import { BITMAP_BYTES, SLOTS, clearBit, isSet, scanDown, scanUp, setBit } from './bitmap';
import {
  farCount,
  farFind,
  farInsert,
  farLevel,
  farPrice,
  farPut,
  farRank,
  farRemove,
  farReserve,
  farSetCount,
  isBetter,
} from './far-levels';
import { allocateLevel, freeLevel, levelPrice, levelSide } from './levels';
import { pagesFor, reservePages } from './memory';
import { BUY, SELL } from './protocol';

const SLOT_MASK: u64 = <u64>SLOTS - 1;
/** The window starts at a multiple of this: no group of the bitmap straddles its ends. */
const WINDOW_STEP: u64 = 4_096;
/** New best prices outside the window before it moves. */
const FAR_BESTS_TO_MOVE: u32 = 4_096;

const BEST: usize = 0;
const LEVELS: usize = 4;
const NEAR: usize = 8;
const BITMAP: usize = 12;
const FAR: usize = 16;
const SIDE_SHIFT: usize = 6;

let sides: usize = 0;
let slots: usize = 0;
let windowStart: u64 = 0;
let farBests: u32 = 0;

export function setUpLadder(): void {
  slots = reservePages(pagesFor(<usize>SLOTS << 2));
  const fixed = reservePages(1);
  sides = fixed;
  const bitmaps = fixed + (2 << SIDE_SHIFT);
  store<u32>(sideAt(BUY), <u32>bitmaps, BITMAP);
  store<u32>(sideAt(SELL), <u32>(bitmaps + BITMAP_BYTES), BITMAP);
}

// @ts-ignore: decorator
@inline
function sideAt(side: u32): usize {
  return sides + (<usize>side << SIDE_SHIFT);
}

// @ts-ignore: decorator
@inline
function isInWindow(price: u64): bool {
  return price - windowStart < <u64>SLOTS;
}

// @ts-ignore: decorator
@inline
function slotOf(price: u64): u32 {
  return <u32>(price & SLOT_MASK);
}

// @ts-ignore: decorator
@inline
function levelInSlot(slot: u32): usize {
  return load<u32>(slots + (<usize>slot << 2));
}

// @ts-ignore: decorator
@inline
function setSlot(slot: u32, level: usize): void {
  store<u32>(slots + (<usize>slot << 2), <u32>level);
}

/** The best level of a side, or 0. */
// @ts-ignore: decorator
@inline
export function bestLevel(side: u32): usize {
  return load<u32>(sideAt(side), BEST);
}

// @ts-ignore: decorator
@inline
export function levelCount(side: u32): u32 {
  return load<u32>(sideAt(side), LEVELS);
}

/** The level of a side at a price, or 0. */
// @ts-ignore: decorator
@inline
export function findLevel(side: u32, price: u64): usize {
  if (!isInWindow(price)) return farFind(sideAt(side) + FAR, side, price);
  const level = levelInSlot(slotOf(price));
  return level != 0 && levelSide(level) == side ? level : 0;
}

/** Adds a level that is not there. */
export function insertLevel(side: u32, price: u64): usize {
  const at = sideAt(side);
  const best = bestLevel(side);
  const isBest = best == 0 || isBetter(side, price, levelPrice(best));
  if (isBest && !isInWindow(price)) considerMove(price);
  const level = allocateLevel(side, price);
  if (isInWindow(price)) addNear(at, slotOf(price), level);
  else farInsert(at + FAR, side, price, level);
  if (isBest) store<u32>(at, <u32>level, BEST);
  store<u32>(at, levelCount(side) + 1, LEVELS);
  return level;
}

/** Removes a level that has no orders any more. */
export function removeLevel(side: u32, level: usize): void {
  const at = sideAt(side);
  const price = levelPrice(level);
  if (isInWindow(price)) {
    const slot = slotOf(price);
    setSlot(slot, 0);
    clearBit(load<u32>(at, BITMAP), slot);
    store<u32>(at, load<u32>(at, NEAR) - 1, NEAR);
  } else {
    farRemove(at + FAR, side, price);
  }
  store<u32>(at, levelCount(side) - 1, LEVELS);
  if (bestLevel(side) == level) store<u32>(at, <u32>nextWorse(side, price), BEST);
  freeLevel(level);
}

/** The best level of a side that is worse than a price, or 0. */
export function nextWorse(side: u32, price: u64): usize {
  const at = sideAt(side);
  const near = load<u32>(at, NEAR) != 0 ? nearWorse(at, side, price) : 0;
  const far = at + FAR;
  if (farCount(far) == 0) return near;
  const rank = farRank(far, side, price);
  if (rank == 0) return near;
  const candidate = farLevel(far, rank - 1);
  if (near == 0 || isBetter(side, levelPrice(candidate), levelPrice(near))) return candidate;
  return near;
}

/** The same within the window, which has a level of this side at least. */
function nearWorse(at: usize, side: u32, price: u64): usize {
  const bitmap: usize = load<u32>(at, BITMAP);
  const last = windowStart + <u64>SLOTS - 1;
  let slot: u32;
  // The scan starts inside the window, however far outside the price is.
  if (side == BUY) {
    if (price <= windowStart) return 0;
    slot = scanDown(bitmap, slotOf(min(price - 1, last)));
  } else {
    if (price >= last) return 0;
    slot = scanUp(bitmap, slotOf(max(price + 1, windowStart)));
  }
  const level = levelInSlot(slot);
  // A better level means that the scan went around the ring.
  return isBetter(side, price, levelPrice(level)) ? level : 0;
}

// @ts-ignore: decorator
@inline
function addNear(at: usize, slot: u32, level: usize): void {
  setSlot(slot, level);
  setBit(load<u32>(at, BITMAP), slot);
  store<u32>(at, load<u32>(at, NEAR) + 1, NEAR);
}

function considerMove(price: u64): void {
  const isEmpty = levelCount(BUY) + levelCount(SELL) == 0;
  farBests += 1;
  if (!isEmpty && farBests < FAR_BESTS_TO_MOVE) return;
  farBests = 0;
  gather(BUY);
  gather(SELL);
  const half = <u64>SLOTS >> 1;
  windowStart = price < half ? 0 : (price - half) & ~(WINDOW_STEP - 1);
  scatter(BUY);
  scatter(SELL);
}

/** Moves all levels of a side from the window to the far levels, merging from the best one down. */
function gather(side: u32): void {
  const at = sideAt(side);
  const far = at + FAR;
  let near = load<u32>(at, NEAR);
  if (near == 0) return;
  let left = farCount(far);
  let index = left + near;
  farReserve(far, index);
  const bitmap: usize = load<u32>(at, BITMAP);
  let price = side == BUY ? windowStart + <u64>SLOTS : windowStart - 1;
  while (near != 0) {
    // Steps over the window from its best end.
    price = side == BUY ? price - 1 : price + 1;
    const slot = slotOf(price);
    if (!isSet(bitmap, slot)) continue;
    while (left != 0 && isBetter(side, farPrice(far, left - 1), price)) {
      left -= 1;
      index -= 1;
      farPut(far, index, farPrice(far, left), farLevel(far, left));
    }
    index -= 1;
    farPut(far, index, price, levelInSlot(slot));
    clearBit(bitmap, slot);
    setSlot(slot, 0);
    near -= 1;
  }
  farSetCount(far, farCount(far) + load<u32>(at, NEAR));
  store<u32>(at, 0, NEAR);
}

/** Moves the far levels of a side that the window covers into it. */
function scatter(side: u32): void {
  const at = sideAt(side);
  const far = at + FAR;
  const count = farCount(far);
  let kept: u32 = 0;
  for (let index: u32 = 0; index < count; index += 1) {
    const price = farPrice(far, index);
    const level = farLevel(far, index);
    if (isInWindow(price)) {
      addNear(at, slotOf(price), level);
    } else {
      farPut(far, kept, price, level);
      kept += 1;
    }
  }
  farSetCount(far, kept);
}

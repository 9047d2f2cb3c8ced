/**
 * What is due at a time: orders that expire and accounts whose dead man's switch is set. A binary
 * heap by deadline in chunks of 256 entries, so that it grows without moving; each owner knows its
 * place, so that a timer can be taken out.
 *
 * ```
 * entry  +0        +8
 *        deadline  address of the order; of the account, with the lowest bit set
 * ```
 * Entries of one deadline: orders by id, then accounts by number.
 */
import { orderAbove } from './account-orders';
import {
  DEADLINE,
  TIMER_PLACE as ACCOUNT_PLACE,
  noteNumber,
  notedNumber,
} from './accounts';
import {
  NEXT_DEADLINE,
  NO_DEADLINE,
  TIMER_COUNT,
  TIMER_DIRECTORY,
  TIMER_DIRECTORY_SHIFT,
  TIME_NS,
  addTerm,
} from './market';
import { allocateBlock, freeBlock } from './memory';
import { writeAllCancelled, writeCancelled } from './order-events';
import { orderIdOf, termsOf } from './orders';
import {
  BOTH_SIDES,
  MAX_PURGE,
  NS_PER_SECOND,
  REASON_CANCEL_AFTER,
  REASON_EXPIRED,
} from './protocol';
import { openOf, takeOff } from './resting';
import { ACCOUNT_TAG, P5, weight1 } from './scramble';
import { TIMER_PLACE as ORDER_PLACE, expireTimeOf, priceOf } from './terms';

const CHUNK_ENTRIES_SHIFT: u32 = 8;
const ENTRY_SHIFT: u32 = 4;
const CHUNK_SHIFT: u32 = CHUNK_ENTRIES_SHIFT + ENTRY_SHIFT;
const FIRST_DIRECTORY_SHIFT: u32 = 6;
const OWNER: usize = 8;
const IS_ACCOUNT: u32 = 1;

// @ts-ignore: decorator
@inline
function entryAt(market: usize, index: u32): usize {
  const directory: usize = load<u32>(market, TIMER_DIRECTORY);
  const chunk: usize = load<u32>(directory + (<usize>(index >> CHUNK_ENTRIES_SHIFT) << 2));
  return chunk + (<usize>(index & ((1 << CHUNK_ENTRIES_SHIFT) - 1)) << ENTRY_SHIFT);
}

export function addOrderTimer(market: usize, order: usize): void {
  add(market, <u64>expireTimeOf(order) * NS_PER_SECOND, <u32>order);
}

export function removeOrderTimer(market: usize, order: usize): void {
  removeAt(market, load<u32>(termsOf(order), ORDER_PLACE) - 1);
}

/** Sets an account's switch to a time, in place of what it was; 0 takes it off. */
export function setSwitch(market: usize, account: usize, id: u32, deadlineNs: u64): void {
  const old = load<u64>(account, DEADLINE);
  if (old != 0) removeAt(market, load<u32>(account, ACCOUNT_PLACE) - 1);
  noteNumber(account, id);
  store<u64>(account, deadlineNs, DEADLINE);
  addTerm(market, weight1(ACCOUNT_TAG, id) * ((deadlineNs - old) * P5));
  if (deadlineNs != 0) add(market, deadlineNs, <u32>account | IS_ACCOUNT);
}

function add(market: usize, deadline: u64, owner: u32): void {
  const index = load<u32>(market, TIMER_COUNT);
  makeRoom(market, index);
  store<u32>(market, index + 1, TIMER_COUNT);
  rise(market, index, deadline, owner);
  tellNext(market);
}

function makeRoom(market: usize, index: u32): void {
  if ((index & ((1 << CHUNK_ENTRIES_SHIFT) - 1)) != 0) return;
  const chunkIndex = index >> CHUNK_ENTRIES_SHIFT;
  let directory: usize = load<u32>(market, TIMER_DIRECTORY);
  if (directory == 0) {
    directory = allocateBlock(FIRST_DIRECTORY_SHIFT);
    store<u32>(market, <u32>directory, TIMER_DIRECTORY);
    store<u32>(market, FIRST_DIRECTORY_SHIFT, TIMER_DIRECTORY_SHIFT);
  }
  const shift = load<u32>(market, TIMER_DIRECTORY_SHIFT);
  if (chunkIndex << 2 == <u32>1 << shift) {
    const wider = allocateBlock(shift + 1);
    memory.copy(wider, directory, <usize>1 << shift);
    freeBlock(directory, shift);
    directory = wider;
    store<u32>(market, <u32>wider, TIMER_DIRECTORY);
    store<u32>(market, shift + 1, TIMER_DIRECTORY_SHIFT);
  }
  const entry = directory + (<usize>chunkIndex << 2);
  if (load<u32>(entry) == 0) store<u32>(entry, <u32>allocateBlock(CHUNK_SHIFT));
}

/** Gives back the heap, whichever timers are still in it. */
export function dropTimers(market: usize): void {
  const directory: usize = load<u32>(market, TIMER_DIRECTORY);
  if (directory == 0) return;
  const shift = load<u32>(market, TIMER_DIRECTORY_SHIFT);
  for (let entry = directory; entry < directory + (<usize>1 << shift); entry += 4) {
    const chunk: usize = load<u32>(entry);
    if (chunk != 0) freeBlock(chunk, CHUNK_SHIFT);
  }
  freeBlock(directory, shift);
}

// @ts-ignore: decorator
@inline
function addressOf(owner: u32): usize {
  return <usize>(owner & ~IS_ACCOUNT);
}

/** Puts an entry at an index and tells its owner. */
function put(market: usize, index: u32, deadline: u64, owner: u32): void {
  const entry = entryAt(market, index);
  store<u64>(entry, deadline);
  store<u32>(entry, owner, OWNER);
  if ((owner & IS_ACCOUNT) != 0) store<u32>(addressOf(owner), index + 1, ACCOUNT_PLACE);
  else store<u32>(termsOf(<usize>owner), index + 1, ORDER_PLACE);
}

function isBefore(deadline: u64, owner: u32, than: usize): bool {
  const other = load<u64>(than);
  if (deadline != other) return deadline < other;
  return rankOf(owner) < rankOf(load<u32>(than, OWNER));
}

/** What decides between entries of one deadline. */
function rankOf(owner: u32): u64 {
  if ((owner & IS_ACCOUNT) == 0) return orderIdOf(<usize>owner);
  return (<u64>1 << 63) | <u64>notedNumber(addressOf(owner));
}

function rise(market: usize, from: u32, deadline: u64, owner: u32): void {
  let index = from;
  while (index != 0) {
    const parent = (index - 1) >> 1;
    const entry = entryAt(market, parent);
    if (!isBefore(deadline, owner, entry)) break;
    put(market, index, load<u64>(entry), load<u32>(entry, OWNER));
    index = parent;
  }
  put(market, index, deadline, owner);
}

function sink(market: usize, from: u32, deadline: u64, owner: u32): void {
  const count = load<u32>(market, TIMER_COUNT);
  let index = from;
  for (;;) {
    let child = index * 2 + 1;
    if (child >= count) break;
    let entry = entryAt(market, child);
    if (child + 1 < count) {
      const right = entryAt(market, child + 1);
      if (isBefore(load<u64>(right), load<u32>(right, OWNER), entry)) {
        child += 1;
        entry = right;
      }
    }
    if (isBefore(deadline, owner, entry)) break;
    put(market, index, load<u64>(entry), load<u32>(entry, OWNER));
    index = child;
  }
  put(market, index, deadline, owner);
}

function removeAt(market: usize, index: u32): void {
  const last = load<u32>(market, TIMER_COUNT) - 1;
  store<u32>(market, last, TIMER_COUNT);
  if (index != last) {
    const moved = entryAt(market, last);
    const deadline = load<u64>(moved);
    const owner = load<u32>(moved, OWNER);
    if (index != 0 && isBefore(deadline, owner, entryAt(market, (index - 1) >> 1))) {
      rise(market, index, deadline, owner);
    } else {
      sink(market, index, deadline, owner);
    }
  }
  tellNext(market);
}

function tellNext(market: usize): void {
  const isEmpty = load<u32>(market, TIMER_COUNT) == 0;
  store<u64>(market, isEmpty ? NO_DEADLINE : load<u64>(entryAt(market, 0)), NEXT_DEADLINE);
}

/** Runs what is due at engine time; switches as far as they may cancel with one command. */
export function runTimers(market: usize): void {
  const now = load<u64>(market, TIME_NS);
  let left = MAX_PURGE;
  while (load<u64>(market, NEXT_DEADLINE) <= now) {
    const owner = load<u32>(entryAt(market, 0), OWNER);
    if ((owner & IS_ACCOUNT) == 0) {
      expire(market, <usize>owner);
    } else if (left != 0) {
      left -= fireSwitch(market, addressOf(owner), now, left);
    } else if (load<u64>(market, NEXT_DEADLINE) == now) {
      // Orders come first, so that none of them is due any more.
      return;
    } else {
      postpone(market, addressOf(owner), now);
    }
  }
}

function expire(market: usize, order: usize): void {
  writeCancelled(market, order, REASON_EXPIRED, priceOf(order), openOf(order), 0, 0);
  takeOff(market, order);
}

/** What is left of a switch is due now, behind all orders that are. */
function postpone(market: usize, account: usize, now: u64): void {
  setSwitch(market, account, notedNumber(account), now);
}

/** Cancels up to `most` orders; returns how many. */
function fireSwitch(market: usize, account: usize, now: u64, most: u32): u32 {
  const id = notedNumber(account);
  let count: u32 = 0;
  let order = orderAbove(account, 0);
  while (order != 0 && count < most) {
    const orderId = orderIdOf(order);
    writeCancelled(market, order, REASON_CANCEL_AFTER, priceOf(order), openOf(order), 0, 0);
    takeOff(market, order);
    count += 1;
    order = orderAbove(account, orderId);
  }
  setSwitch(market, account, id, order != 0 ? now : 0);
  writeAllCancelled(market, 0, BOTH_SIDES, REASON_CANCEL_AFTER, id, count, order != 0);
  return count;
}

/**
 * The open orders of an account in order of their ids: 6 in the account itself, more in chunks of
 * 14 in a growing array, of which the account's own 6 are the first. Orders come at the end and
 * leave anywhere; a chunk without orders goes, and its entry of the array with it as soon as half
 * of them are such. When the last order leaves, all is as it was in the beginning.
 *
 * ```
 * chunk   +0              +4           +8                              (own: the last 6 only)
 *         place in array  orders left  14 x order, 0 where one left
 * array   +0     +4     +8             +16: entries
 *         count  shift  without chunk
 * entry   +0                               +8
 *         no id of its orders is lower     chunk, or 0
 * ```
 */
import {
  CHUNKS,
  NEXT_PLACE,
  OPEN_ORDERS,
  OWN_CHUNK,
  OWN_PLACES,
  openOrdersOf,
} from './accounts';
import { allocateBlock, freeBlock } from './memory';
import { orderIdOf, placeOf, setPlace } from './orders';

const CHUNK_SHIFT: u32 = 6;
const CHUNK_MASK: usize = 63;
const LEFT: usize = 4;
const PLACES: usize = 8;

const SHIFT: usize = 4;
const GONE: usize = 8;
const ENTRIES: usize = 16;
const ENTRY_SHIFT: u32 = 4;
const CHUNK: usize = 8;
const FIRST_SHIFT: u32 = 6;

/** Adds an order whose id is above all others of the account. */
// @ts-ignore: decorator
@inline
export function listOrder(account: usize, order: usize): void {
  let place: usize = load<u32>(account, NEXT_PLACE);
  // Where a chunk ends, or there is none, the address is a multiple of its size.
  if ((place & CHUNK_MASK) == 0) place = addChunk(account, order);
  store<u32>(place, <u32>order);
  setPlace(order, place);
  store<u32>(account, <u32>place + 4, NEXT_PLACE);
  const chunk = place & ~CHUNK_MASK;
  store<u32>(chunk, load<u32>(chunk, LEFT) + 1, LEFT);
  store<u32>(account, openOrdersOf(account) + 1, OPEN_ORDERS);
}

// @ts-ignore: decorator
@inline
export function unlistOrder(account: usize, order: usize): void {
  const place = placeOf(order);
  store<u32>(place, 0);
  const chunk = place & ~CHUNK_MASK;
  const left = load<u32>(chunk, LEFT) - 1;
  store<u32>(chunk, left, LEFT);
  store<u32>(account, openOrdersOf(account) - 1, OPEN_ORDERS);
  if (left == 0) dropChunk(account, chunk);
}

// @ts-ignore: decorator
@inline
function firstPlaceOf(account: usize, chunk: usize): usize {
  return chunk == account + OWN_CHUNK ? account + OWN_PLACES : chunk + PLACES;
}

// @ts-ignore: decorator
@inline
function entryAt(array: usize, index: u32): usize {
  return array + ENTRIES + (<usize>index << ENTRY_SHIFT);
}

// @ts-ignore: decorator
@inline
function chunkAt(array: usize, index: u32): usize {
  return load<u32>(entryAt(array, index), CHUNK);
}

/** The first place of the account's own chunk, if there was none yet, or of a new one. */
function addChunk(account: usize, order: usize): usize {
  if (load<u32>(account, NEXT_PLACE) == 0) return account + OWN_PLACES;
  const array = ensureRoom(account);
  const index = load<u32>(array);
  const chunk = allocateBlock(CHUNK_SHIFT);
  store<u32>(chunk, index);
  putEntry(array, index, orderIdOf(order), chunk);
  store<u32>(array, index + 1);
  return chunk + PLACES;
}

function putEntry(array: usize, index: u32, id: u64, chunk: usize): void {
  const entry = entryAt(array, index);
  store<u64>(entry, id);
  store<u32>(entry, <u32>chunk, CHUNK);
}

/** The array, with room for one entry more. */
function ensureRoom(account: usize): usize {
  const array: usize = load<u32>(account, CHUNKS);
  if (array == 0) {
    const first = allocateBlock(FIRST_SHIFT);
    store<u32>(first, FIRST_SHIFT, SHIFT);
    putEntry(first, 0, 0, account + OWN_CHUNK);
    store<u32>(first, 1);
    store<u32>(account, <u32>first, CHUNKS);
    return first;
  }
  const count = load<u32>(array);
  const shift = load<u32>(array, SHIFT);
  if (ENTRIES + (<usize>(count + 1) << ENTRY_SHIFT) <= <usize>1 << shift) return array;
  if (load<u32>(array, GONE) << 1 >= count) {
    closeGaps(array);
    return array;
  }
  const wider = allocateBlock(shift + 1);
  memory.copy(wider, array, <usize>1 << shift);
  store<u32>(wider, shift + 1, SHIFT);
  freeBlock(array, shift);
  store<u32>(account, <u32>wider, CHUNKS);
  return wider;
}

function closeGaps(array: usize): void {
  const count = load<u32>(array);
  let kept: u32 = 0;
  for (let index: u32 = 0; index < count; index += 1) {
    const chunk = chunkAt(array, index);
    if (chunk == 0) continue;
    putEntry(array, kept, load<u64>(entryAt(array, index)), chunk);
    store<u32>(chunk, kept);
    kept += 1;
  }
  store<u32>(array, kept);
  store<u32>(array, 0, GONE);
}

/** A chunk whose last order left: used again from its start if it is the last one, else gone. */
function dropChunk(account: usize, chunk: usize): void {
  const array: usize = load<u32>(account, CHUNKS);
  const index = load<u32>(chunk);
  const isOwn = chunk == account + OWN_CHUNK;
  if (openOrdersOf(account) == 0) {
    startAgain(account, array, isOwn ? 0 : chunk);
  } else if (index + 1 == load<u32>(array)) {
    store<u32>(account, <u32>(chunk + PLACES), NEXT_PLACE);
  } else {
    store<u32>(entryAt(array, index), 0, CHUNK);
    if (!isOwn) freeBlock(chunk, CHUNK_SHIFT);
    store<u32>(array, load<u32>(array, GONE) + 1, GONE);
  }
}

/** Frees the array, the chunk that lost the last order and the last one, if that is another. */
function startAgain(account: usize, array: usize, chunk: usize): void {
  if (array != 0) {
    const last = chunkAt(array, load<u32>(array) - 1);
    if (last != chunk) freeBlock(last, CHUNK_SHIFT);
    freeBlock(array, load<u32>(array, SHIFT));
    store<u32>(account, 0, CHUNKS);
  }
  if (chunk != 0) freeBlock(chunk, CHUNK_SHIFT);
  store<u32>(account, <u32>(account + OWN_PLACES), NEXT_PLACE);
}

/** The account's open order with the lowest id above `id`, or 0. */
export function orderAbove(account: usize, id: u64): usize {
  const array: usize = load<u32>(account, CHUNKS);
  if (array == 0) return firstAbove(account, account + OWN_CHUNK, id);
  const count = load<u32>(array);
  const after = entriesUpTo(array, id);
  for (let index = after != 0 ? after - 1 : 0; index < count; index += 1) {
    const chunk = chunkAt(array, index);
    const order = chunk != 0 ? firstAbove(account, chunk, id) : 0;
    if (order != 0) return order;
  }
  return 0;
}

function firstAbove(account: usize, chunk: usize, id: u64): usize {
  const end = chunk + CHUNK_MASK;
  for (let place = firstPlaceOf(account, chunk); place < end; place += 4) {
    const order: usize = load<u32>(place);
    if (order != 0 && orderIdOf(order) > id) return order;
  }
  return 0;
}

/** How many entries start with an id that is not above `id`. */
function entriesUpTo(array: usize, id: u64): u32 {
  let low: u32 = 0;
  let high = load<u32>(array);
  while (low < high) {
    const middle = (low + high) >> 1;
    if (load<u64>(entryAt(array, middle)) <= id) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The account's open order with this id, or 0. */
export function orderWithId(account: usize, id: u64): usize {
  if (account == 0 || id == 0) return 0;
  const order = orderAbove(account, id - 1);
  return order != 0 && orderIdOf(order) == id ? order : 0;
}

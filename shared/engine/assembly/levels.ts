/**
 * Price levels: a queue of orders in order of arrival, and its totals. A level stays where it is
 * while it lives.
 *
 * ```
 * level  +0    +4    +8         +16    +24     +28
 *        head  tail  displayed  price  orders  book
 * ```
 * A free level is linked through `head`.
 */
import { PAGE_BYTES, reservePages } from './memory';
import { displayedOf, nextOf, previousOf, setLevel, setNext, setPrevious } from './orders';

const LEVEL_BYTES: usize = 32;
const HEAD: usize = 0;
const TAIL: usize = 4;
const QUANTITY: usize = 8;
const PRICE: usize = 16;
const ORDERS: usize = 24;
const BOOK: usize = 28;

let fresh: usize = 0;
let freshEnd: usize = 0;
let freeLevels: usize = 0;

/** A level without orders. */
export function allocateLevel(book: usize, price: u64): usize {
  let level = freeLevels;
  if (level != 0) {
    freeLevels = headOf(level);
  } else {
    if (fresh == freshEnd) {
      fresh = reservePages(1);
      freshEnd = fresh + PAGE_BYTES;
    }
    level = fresh;
    fresh += LEVEL_BYTES;
  }
  store<u64>(level, 0);
  store<u64>(level, 0, QUANTITY);
  store<u64>(level, price, PRICE);
  store<u32>(level, 0, ORDERS);
  store<u32>(level, <u32>book, BOOK);
  return level;
}

export function freeLevel(level: usize): void {
  store<u32>(level, <u32>freeLevels, HEAD);
  freeLevels = level;
}

// @ts-ignore: decorator
@inline
export function headOf(level: usize): usize {
  return load<u32>(level, HEAD);
}

// @ts-ignore: decorator
@inline
export function levelPrice(level: usize): u64 {
  return load<u64>(level, PRICE);
}

/** Of a level that is in no book. */
export function setLevelPrice(level: usize, price: u64): void {
  store<u64>(level, price, PRICE);
}

/** Displayed lots of all orders. */
// @ts-ignore: decorator
@inline
export function levelQuantity(level: usize): u64 {
  return load<u64>(level, QUANTITY);
}

// @ts-ignore: decorator
@inline
export function levelOrders(level: usize): u32 {
  return load<u32>(level, ORDERS);
}

// @ts-ignore: decorator
@inline
export function bookOf(level: usize): usize {
  return load<u32>(level, BOOK);
}

/** Of a level that is in no book. */
export function setBookOf(level: usize, book: usize): void {
  store<u32>(level, <u32>book, BOOK);
}

// @ts-ignore: decorator
@inline
export function reduceLevel(level: usize, quantity: u64): void {
  store<u64>(level, levelQuantity(level) - quantity, QUANTITY);
}

/** Puts an order at the end of the queue. */
// @ts-ignore: decorator
@inline
export function enqueue(level: usize, order: usize): void {
  const tail: usize = load<u32>(level, TAIL);
  setLevel(order, level);
  setPrevious(order, tail);
  setNext(order, 0);
  if (tail != 0) setNext(tail, order);
  else store<u32>(level, <u32>order, HEAD);
  store<u32>(level, <u32>order, TAIL);
  store<u64>(level, levelQuantity(level) + displayedOf(order), QUANTITY);
  store<u32>(level, levelOrders(level) + 1, ORDERS);
}

/** Takes an order out of the queue, wherever it stands. */
// @ts-ignore: decorator
@inline
export function dequeue(level: usize, order: usize): void {
  const next = nextOf(order);
  const previous = previousOf(order);
  if (previous != 0) setNext(previous, next);
  else store<u32>(level, <u32>next, HEAD);
  if (next != 0) setPrevious(next, previous);
  else store<u32>(level, <u32>previous, TAIL);
  reduceLevel(level, displayedOf(order));
  store<u32>(level, levelOrders(level) - 1, ORDERS);
}

/** The same orders have been linked in another order. */
export function setEnds(level: usize, head: usize, tail: usize): void {
  store<u32>(level, <u32>head, HEAD);
  store<u32>(level, <u32>tail, TAIL);
}

/** Links a queue in another order of the same orders: `first`, then as `next` says. */
export function relink(level: usize, first: usize): void {
  store<u32>(level, <u32>first, HEAD);
  let previous: usize = 0;
  for (let order = first; order != 0; order = nextOf(order)) {
    setPrevious(order, previous);
    previous = order;
  }
  store<u32>(level, <u32>previous, TAIL);
}

/**
 * What the host asks of a replay book. Answers of several fields go to memory that it names.
 *
 * ```
 * level row  +0     +8        +16        +24     +28
 *            price  quantity  anonymous  orders  level
 * order row  +0  +8        +16            +24          +28
 *            id  quantity  quantityAhead  isAnonymous  order
 * found      +0     +8        +16            +24       +28
 *            price  quantity  quantityAhead  position  side
 * ```
 * `level` and `order` name the row for the question after it, until the book changes. Quantities of
 * many orders are sums modulo 2^64.
 */
import { bestLevel, findLevel, levelCount, nextWorse } from '../../engine/assembly/ladder';
import { headOf, levelOrders, levelPrice, levelQuantity } from '../../engine/assembly/levels';
import {
  clientOrderIdOf,
  displayedOf,
  hasTerms,
  levelOf,
  nextOf,
  previousOf,
  sideOf,
} from '../../engine/assembly/orders';
import { anonymousOf } from './replay-anonymous';
import { findInstrument, Instrument, ladderOf, ReplayBook } from './replay-book';
import { findPlace, hashOf, orderIn } from './replay-map';
import { hasKey, keyOf, priceOfKey } from './replay-price';

const ROW_BYTES: usize = 32;

export function openOrders(book: usize): u32 {
  return changetype<ReplayBook>(book).count;
}

/** What the event is that was refused last. */
export function refusalCode(book: usize): u32 {
  return changetype<ReplayBook>(book).code;
}

/** 1 + the quantity of its last STATUS, or 0. */
export function instrumentStatus(book: usize, number: u32): u32 {
  const instrument = findInstrument(changetype<ReplayBook>(book), number);
  return instrument != 0 ? changetype<Instrument>(instrument).status : 0;
}

/** Levels of a side. */
export function levelsIn(book: usize, number: u32, side: u32): u32 {
  const instrument = findInstrument(changetype<ReplayBook>(book), number);
  return instrument != 0 ? levelCount(ladderOf(instrument, side)) : 0;
}

/**
 * Rows of levels, best first.
 * @param after - the level of the row before, or 0
 * @returns how many
 */
export function readLevels(
  book: usize,
  number: u32,
  side: u32,
  after: usize,
  most: u32,
  out: usize,
): u32 {
  const instrument = findInstrument(changetype<ReplayBook>(book), number);
  if (instrument == 0) return 0;
  const ladder = ladderOf(instrument, side);
  let level = after == 0 ? bestLevel(ladder) : nextWorse(ladder, levelPrice(after));
  let count: u32 = 0;
  for (; level != 0 && count < most; count += 1) {
    writeLevel(out + <usize>count * ROW_BYTES, changetype<Instrument>(instrument), level);
    level = nextWorse(ladder, levelPrice(level));
  }
  return count;
}

/** The row of the level at a price; false where there is none. */
export function readLevel(book: usize, number: u32, side: u32, price: i64, out: usize): bool {
  const instrument = findInstrument(changetype<ReplayBook>(book), number);
  if (instrument == 0) return false;
  const prices = changetype<Instrument>(instrument);
  if (!hasKey(prices, price)) return false;
  const level = findLevel(ladderOf(instrument, side), keyOf(prices, price));
  if (level == 0) return false;
  writeLevel(out, prices, level);
  return true;
}

function writeLevel(row: usize, prices: Instrument, level: usize): void {
  const anonymous = anonymousOf(level);
  store<i64>(row, priceOfKey(prices, levelPrice(level)));
  store<u64>(row, levelQuantity(level), 8);
  store<u64>(row, anonymous != 0 ? displayedOf(anonymous) : 0, 16);
  store<u32>(row, levelOrders(level) - (anonymous != 0 ? 1 : 0), 24);
  store<u32>(row, <u32>level, 28);
}

/**
 * Rows of a level's orders, first come first.
 * @param after - the order of the row before, or 0
 * @param ahead - quantity of all rows before
 * @returns how many
 */
export function readQueue(level: usize, after: usize, ahead: u64, most: u32, out: usize): u32 {
  let order = after == 0 ? headOf(level) : nextOf(after);
  let sum = ahead;
  let count: u32 = 0;
  for (; order != 0 && count < most; count += 1) {
    const row = out + <usize>count * ROW_BYTES;
    store<u64>(row, clientOrderIdOf(order));
    store<u64>(row, displayedOf(order), 8);
    store<u64>(row, sum, 16);
    store<u32>(row, hasTerms(order) ? 1 : 0, 24);
    store<u32>(row, <u32>order, 28);
    sum += displayedOf(order);
    order = nextOf(order);
  }
  return count;
}

/** Where an order stands: how many are before it, and what they show; false if there is none. */
export function findOrder(book: usize, number: u32, id: u64, out: usize): bool {
  const instrument = findInstrument(changetype<ReplayBook>(book), number);
  if (instrument == 0) return false;
  const it = changetype<ReplayBook>(book);
  const place = findPlace(it, hashOf(number, id), number, id);
  if (place == 0) return false;
  const order = orderIn(place);
  let ahead: u64 = 0;
  let position: u32 = 0;
  for (let before = previousOf(order); before != 0; before = previousOf(before)) {
    ahead += displayedOf(before);
    position += 1;
  }
  store<i64>(out, priceOfKey(changetype<Instrument>(instrument), levelPrice(levelOf(order))));
  store<u64>(out, displayedOf(order), 8);
  store<u64>(out, ahead, 16);
  store<u32>(out, position, 24);
  store<u32>(out, sideOf(order), 28);
  return true;
}

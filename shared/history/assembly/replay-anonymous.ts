/**
 * What is known of a book that was joined in the middle, or is seen in part: volumes of levels,
 * whose orders nobody named. It stands at the head of the level's queue as an order that has a mark
 * and is in no map, because who was there before is served before.
 */
import {
  bestLevel,
  ensureLevel,
  levelCount,
  removeLevel,
  worstLevel,
} from '../../engine/assembly/ladder';
import {
  dequeue,
  enqueue,
  headOf,
  levelPrice,
  reduceLevel,
  setEnds,
} from '../../engine/assembly/levels';
import {
  accountOf,
  allocateOrder,
  clientOrderIdOf,
  displayedOf,
  freeOrder,
  hasTerms,
  nameReplayOrder,
  nextOf,
  previousOf,
  setDisplayed,
  setNext,
  setPrevious,
} from '../../engine/assembly/orders';
import * as event from './event';
import {
  countCode,
  CROSSED,
  findInstrument,
  forgetDepths,
  Instrument,
  isRefused,
  ladderOf,
  MISSING_PRICE,
  ReplayBook,
  WRONG_SIDE,
  ZERO_QUANTITY,
} from './replay-book';
import { findPlace, hashOf, leavePlace } from './replay-map';
import { ensureKey } from './replay-price';

/** The anonymous volume of a level, or 0. */
// @ts-ignore: decorator
@inline
export function anonymousOf(level: usize): usize {
  const head = headOf(level);
  return head != 0 && hasTerms(head) ? head : 0;
}

/** Of a LEVEL. The levels that are kept are counted when an order comes, not now. */
export function addLevel(it: ReplayBook, instrument: usize, at: usize): bool {
  const side = <u32>load<u8>(at, event.SIDE);
  const quantity = load<u64>(at, event.QUANTITY);
  if (side >= event.NO_SIDE) return !isRefused(it, WRONG_SIDE);
  if ((load<u16>(at, event.FLAGS) & event.NO_PRICE) != 0) return !isRefused(it, MISSING_PRICE);
  if (quantity == 0) return !isRefused(it, ZERO_QUANTITY);
  it.hasAnonymous = 1;
  forgetDepths(changetype<Instrument>(instrument));
  const key = ensureKey(changetype<Instrument>(instrument), load<i64>(at, event.PRICE));
  const ladder = ladderOf(instrument, side);
  const level = ensureLevel(ladder, key);
  const there = anonymousOf(level);
  if (there != 0) {
    setDisplayed(there, displayedOf(there) + quantity);
    reduceLevel(level, 0 - quantity);
    return true;
  }
  const first = headOf(level);
  const order = allocateOrder();
  nameReplayOrder(order, 0, load<u32>(at, event.INSTRUMENT), side, true);
  setDisplayed(order, quantity);
  enqueue(level, order);
  if (first != 0) moveToHead(level, order, first);
  return true;
}

/** Of the order at the end of a queue. */
function moveToHead(level: usize, order: usize, first: usize): void {
  const last = previousOf(order);
  setNext(last, 0);
  setPrevious(order, 0);
  setNext(order, first);
  setPrevious(first, order);
  setEnds(level, order, last);
}

/** Takes from the anonymous volume of a level, as much as there is. */
export function takeAnonymous(ladder: usize, level: usize, order: usize, quantity: u64): void {
  const shown = displayedOf(order);
  if (quantity < shown) {
    setDisplayed(order, shown - quantity);
    reduceLevel(level, quantity);
    return;
  }
  dequeue(level, order);
  freeOrder(order);
  if (headOf(level) == 0) removeLevel(ladder, level);
}

/** Forgets the levels of an instrument beyond the best `levels` of each side. */
export function trimLevels(book: usize, number: u32, levels: u32): void {
  const it = changetype<ReplayBook>(book);
  const instrument = findInstrument(it, number);
  if (instrument == 0) return;
  forgetDepths(changetype<Instrument>(instrument));
  trimSide(it, ladderOf(instrument, 0), levels);
  trimSide(it, ladderOf(instrument, 1), levels);
}

export function trimSide(it: ReplayBook, ladder: usize, levels: u32): void {
  while (levelCount(ladder) > levels) forgetLevel(it, ladder, worstLevel(ladder));
}

/** Forgets the levels of the other side that an order at this price crosses. */
export function uncross(it: ReplayBook, instrument: usize, side: u32, key: u64): void {
  const others = ladderOf(instrument, 1 - side);
  for (;;) {
    const level = bestLevel(others);
    if (level == 0) return;
    const price = levelPrice(level);
    if (side == event.BUY ? price > key : price < key) return;
    countCode(it, CROSSED);
    forgetDepths(changetype<Instrument>(instrument));
    forgetLevel(it, others, level);
  }
}

/** With all its orders. */
function forgetLevel(it: ReplayBook, ladder: usize, level: usize): void {
  let order = headOf(level);
  while (order != 0) {
    const next = nextOf(order);
    if (!hasTerms(order)) {
      const number = accountOf(order);
      const id = clientOrderIdOf(order);
      const hash = hashOf(number, id);
      leavePlace(it, hash, findPlace(it, hash, number, id));
    }
    freeOrder(order);
    order = next;
  }
  removeLevel(ladder, level);
}

/** What events do to a replay book (event.ts says what each means). */
import { ensureLevel, findLevel, removeLevel } from '../../engine/assembly/ladder';
import {
  bookOf,
  dequeue,
  enqueue,
  headOf,
  levelPrice,
  reduceLevel,
} from '../../engine/assembly/levels';
import {
  allocateOrder,
  displayedOf,
  freeOrder,
  levelOf,
  nameReplayOrder,
  setDisplayed,
  sideOf,
} from '../../engine/assembly/orders';
import * as event from './event';
import { MAX_INSTRUMENTS } from './instruments';
import { addLevel, anonymousOf, takeAnonymous, trimSide, uncross } from './replay-anonymous';
import {
  ANONYMOUS,
  countCode,
  DUPLICATE_ORDER,
  ensureInstrument,
  findInstrument,
  forgetCounts,
  forgetShown,
  Instrument,
  isRefused,
  JOINED,
  ladderOf,
  MISSING_PRICE,
  ReplayBook,
  TOO_MUCH,
  UNCROSSES,
  UNKNOWN_ACTION,
  UNKNOWN_INSTRUMENT,
  UNKNOWN_ORDER,
  WRONG_SIDE,
  ZERO_QUANTITY,
} from './replay-book';
import { LOOK_AHEAD, lookAhead } from './replay-look-ahead';
import { enterOrder, findPlace, hashOf, leavePlace, orderIn } from './replay-map';
import { ensureKey, hasKey, keyOf } from './replay-price';

/**
 * Applies events until one is refused, which does nothing then.
 * @returns how many were applied; the book's `code` says why not all
 */
export function applyEvents(book: usize, events: usize, count: u32): u32 {
  const it = changetype<ReplayBook>(book);
  const last = events + <usize>count * event.EVENT_BYTES;
  for (let from = events; from < last; ) {
    const to = min<usize>(from + LOOK_AHEAD * event.EVENT_BYTES, last);
    lookAhead(it, from, to);
    for (; from < to; from += event.EVENT_BYTES) {
      if (!applyEvent(it, from)) return <u32>((from - events) / event.EVENT_BYTES);
    }
  }
  return count;
}

/** False where the event is refused. */
// @ts-ignore: decorator
@inline
export function applyEvent(it: ReplayBook, at: usize): bool {
  const number = load<u32>(at, event.INSTRUMENT);
  const id = load<u64>(at, event.ORDER_ID);
  const hash = hashOf(number, id);
  const instrument = ensureInstrument(it, number);
  if (instrument == 0) return !isRefused(it, UNKNOWN_INSTRUMENT);
  const action = load<u8>(at, event.ACTION);
  if (action == event.ADD) return addOrder(it, instrument, at, hash);
  if (action >= event.TRADE || action == 0) return applyRare(it, instrument, at);
  const place = findPlace(it, hash, number, id);
  if (place == 0) return changeUnknown(it, instrument, at, hash);
  const order = orderIn(place);
  if (sideOf(order) != <u32>load<u8>(at, event.SIDE) && !isSideFine(it, at)) return false;
  if (action == event.MODIFY) return modifyOrder(it, instrument, at, hash, place);
  if (action == event.DELETE) {
    it.replacedSide = sideOf(order);
    takeOut(it, hash, place);
    return true;
  }
  return reduceOrder(it, at, hash, place);
}

/** Of an event that does not say the side of its order. */
function isSideFine(it: ReplayBook, at: usize): bool {
  return load<u8>(at, event.SIDE) == event.NO_SIDE || !isRefused(it, WRONG_SIDE);
}

function addOrder(it: ReplayBook, instrument: usize, at: usize, hash: u64): bool {
  const side = sideOfNew(it, at);
  const quantity = load<u64>(at, event.QUANTITY);
  const number = load<u32>(at, event.INSTRUMENT);
  const id = load<u64>(at, event.ORDER_ID);
  if (side >= event.NO_SIDE) return !isRefused(it, isReplacing(at) ? UNKNOWN_ORDER : WRONG_SIDE);
  if (hasNoPrice(at)) return !isRefused(it, MISSING_PRICE);
  if (quantity == 0) return !isRefused(it, ZERO_QUANTITY);
  const there = findPlace(it, hash, number, id);
  if (there != 0) {
    if (isRefused(it, DUPLICATE_ORDER)) return false;
    // The feed's last word counts.
    takeOut(it, hash, there);
  }
  const key = ensureKey(changetype<Instrument>(instrument), load<i64>(at, event.PRICE));
  const ladder = ladderOf(instrument, side);
  const order = allocateOrder();
  nameReplayOrder(order, id, number, side, false);
  setDisplayed(order, quantity);
  enqueue(ensureLevel(ladder, key), order);
  enterOrder(it, hash, order);
  if ((it.options & UNCROSSES) != 0) uncross(it, instrument, side, key);
  if (it.window != 0) trimSide(it, ladder, it.window);
  return true;
}

/** Of an ADD that has another order's place in the feed: that order's, where it says none. */
// @ts-ignore: decorator
@inline
function sideOfNew(it: ReplayBook, at: usize): u32 {
  const side = <u32>load<u8>(at, event.SIDE);
  if (side != event.NO_SIDE || (load<u16>(at, event.FLAGS) & event.REPLACED) == 0) return side;
  const replaced = it.replacedSide;
  it.replacedSide = event.NO_SIDE;
  return replaced;
}

/** An ADD without a side of its own has that of an order before it; else that one is not known. */
function isReplacing(at: usize): bool {
  const isOfBefore = (load<u16>(at, event.FLAGS) & event.REPLACED) != 0;
  return isOfBefore && load<u8>(at, event.SIDE) == event.NO_SIDE;
}

// @ts-ignore: decorator
@inline
function hasNoPrice(at: usize): bool {
  return (load<u16>(at, event.FLAGS) & event.NO_PRICE) != 0;
}

/** Takes an order out of its queue and of the map. */
// @ts-ignore: decorator
@inline
function takeOut(it: ReplayBook, hash: u64, place: usize): void {
  const order = orderIn(place);
  const level = levelOf(order);
  dequeue(level, order);
  if (headOf(level) == 0) removeLevel(bookOf(level), level);
  leavePlace(it, hash, place);
  freeOrder(order);
}

/** REDUCE and EXECUTE. */
// @ts-ignore: decorator
@inline
function reduceOrder(it: ReplayBook, at: usize, hash: u64, place: usize): bool {
  const order = orderIn(place);
  const quantity = load<u64>(at, event.QUANTITY);
  const shown = displayedOf(order);
  if (quantity < shown) {
    setDisplayed(order, shown - quantity);
    reduceLevel(levelOf(order), quantity);
    return true;
  }
  if (quantity > shown && isRefused(it, TOO_MUCH)) return false;
  takeOut(it, hash, place);
  return true;
}

function modifyOrder(
  it: ReplayBook,
  instrument: usize,
  at: usize,
  hash: u64,
  place: usize,
): bool {
  const order = orderIn(place);
  if (hasNoPrice(at)) return !isRefused(it, MISSING_PRICE);
  const quantity = load<u64>(at, event.QUANTITY);
  if (quantity == 0) {
    takeOut(it, hash, place);
    return true;
  }
  const key = ensureKey(changetype<Instrument>(instrument), load<i64>(at, event.PRICE));
  const level = levelOf(order);
  const isSamePrice = levelPrice(level) == key;
  const shown = displayedOf(order);
  if (isSamePrice && quantity <= shown) {
    setDisplayed(order, quantity);
    reduceLevel(level, shown - quantity);
    return true;
  }
  dequeue(level, order);
  setDisplayed(order, quantity);
  if (isSamePrice) {
    enqueue(level, order);
    return true;
  }
  const ladder = bookOf(level);
  if (headOf(level) == 0) removeLevel(ladder, level);
  enqueue(ensureLevel(ladder, key), order);
  if ((it.options & UNCROSSES) != 0) uncross(it, instrument, sideOf(order), key);
  if (it.window != 0) trimSide(it, ladder, it.window);
  return true;
}

/** Anything but an ADD of an order that is not known. */
function changeUnknown(it: ReplayBook, instrument: usize, at: usize, hash: u64): bool {
  const side = <u32>load<u8>(at, event.SIDE);
  if (load<u8>(at, event.ACTION) == event.DELETE) it.replacedSide = min(side, <u32>event.NO_SIDE);
  if ((it.options & JOINED) == 0 || side >= event.NO_SIDE || hasNoPrice(at)) {
    return !isRefused(it, UNKNOWN_ORDER);
  }
  if (load<u8>(at, event.ACTION) == event.MODIFY) {
    countCode(it, ANONYMOUS);
    return load<u64>(at, event.QUANTITY) == 0 || addOrder(it, instrument, at, hash);
  }
  const price = load<i64>(at, event.PRICE);
  const prices = changetype<Instrument>(instrument);
  const ladder = ladderOf(instrument, side);
  const level = hasKey(prices, price) ? findLevel(ladder, keyOf(prices, price)) : 0;
  const order = level != 0 ? anonymousOf(level) : 0;
  if (order == 0) return !isRefused(it, UNKNOWN_ORDER);
  countCode(it, ANONYMOUS);
  takeAnonymous(ladder, level, order, load<u64>(at, event.QUANTITY));
  return true;
}

/** What changes no single order. */
function applyRare(it: ReplayBook, instrument: usize, at: usize): bool {
  switch (<u32>load<u8>(at, event.ACTION)) {
    case event.TRADE:
    case event.REPORT:
      return true;
    case event.CLEAR:
      trimSide(it, ladderOf(instrument, event.BUY), 0);
      trimSide(it, ladderOf(instrument, event.SELL), 0);
      return true;
    case event.STATUS:
      changetype<Instrument>(instrument).status = 1 + <u32>load<u8>(at, event.QUANTITY);
      return true;
    case event.LEVEL:
      return addLevel(it, instrument, at);
    default:
      return !isRefused(it, UNKNOWN_ACTION);
  }
}

/** Empties all books and forgets all counts; instruments keep their numbers. */
export function resetBook(book: usize): void {
  const it = changetype<ReplayBook>(book);
  for (let number: u32 = 0; number < MAX_INSTRUMENTS; number += 1) {
    const instrument = findInstrument(it, number);
    if (instrument == 0) continue;
    trimSide(it, ladderOf(instrument, event.BUY), 0);
    trimSide(it, ladderOf(instrument, event.SELL), 0);
    changetype<Instrument>(instrument).status = 0;
    forgetShown(changetype<Instrument>(instrument));
  }
  forgetCounts(it);
}

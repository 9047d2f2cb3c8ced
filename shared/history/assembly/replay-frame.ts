/**
 * Applies events one by one, and writes what each told and what its instrument showed after it into
 * the columns of a frame (frame.ts). What an event leaves out because its feed said it before (the
 * side, price or quantity of its order) is written as the book has it.
 */
import { bestLevel, levelCount, nextWorse } from '../../engine/assembly/ladder';
import { levelOrders, levelPrice, levelQuantity } from '../../engine/assembly/levels';
import { displayedOf, levelOf, sideOf } from '../../engine/assembly/orders';
import * as event from './event';
import * as frames from './frame';
import { anonymousOf } from './replay-anonymous';
import { applyEvent } from './replay-apply';
import {
  findInstrument,
  FINE,
  forgetDepths,
  Instrument,
  ladderOf,
  ReplayBook,
} from './replay-book';
import { LOOK_AHEAD, lookAhead } from './replay-look-ahead';
import { findPlace, hashOf, orderIn } from './replay-map';
import { priceOfKey } from './replay-price';

const FIRST_EVENT: usize = 8;
const BASE_TIME_NS: usize = 16;

/**
 * @param firstEvent - number of the first event in the run
 * @param depth - best levels whose quantities are added up; 1 is the best one alone
 * @returns how many events were applied, and rows written: see `applyEvents`
 */
export function applyToFrame(
  book: usize,
  events: usize,
  count: u32,
  frame: usize,
  firstEvent: f64,
  depth: u32,
): u32 {
  const it = changetype<ReplayBook>(book);
  const last = events + <usize>count * event.EVENT_BYTES;
  const baseNs = baseOf(events, last);
  store<u64>(frame, <u64>firstEvent, FIRST_EVENT);
  store<i64>(frame, baseNs, BASE_TIME_NS);
  let row: usize = 0;
  for (let from = events; from < last; ) {
    const to = min<usize>(from + LOOK_AHEAD * event.EVENT_BYTES, last);
    lookAhead(it, from, to);
    for (; from < to; from += event.EVENT_BYTES) {
      writeTold(it, frame, row, from, baseNs);
      it.code = FINE;
      if (!applyEvent(it, from)) {
        store<u32>(frame, <u32>row);
        return <u32>row;
      }
      writeShown(it, frame, row, from, depth);
      row += 1;
    }
  }
  store<u32>(frame, count);
  return count;
}

/**
 * What a frame's times count from: its first event's, so that they are small and exact. Snapshots
 * may have no time.
 */
function baseOf(events: usize, last: usize): i64 {
  const first = load<i64>(events, event.TIME_NS);
  return first != 0 ? first : load<i64>(last - event.EVENT_BYTES, event.TIME_NS);
}

// @ts-ignore: decorator
@inline
function cellOf(frame: usize, column: u32, row: usize): usize {
  return frames.columnOf(frame, column) + (row << 3);
}

// @ts-ignore: decorator
@inline
function writeTold(it: ReplayBook, frame: usize, row: usize, at: usize, baseNs: i64): void {
  const timeNs = <f64>(load<i64>(at, event.TIME_NS) - baseNs);
  store<f64>(cellOf(frame, frames.TIME_NS, row), timeNs);
  store<u64>(cellOf(frame, frames.ORDER_ID, row), load<u64>(at, event.ORDER_ID));
  const action = load<u8>(at, event.ACTION);
  const isPriced = (load<u16>(at, event.FLAGS) & event.NO_PRICE) == 0;
  const price = isPriced ? <f64>load<i64>(at, event.PRICE) : NaN;
  store<f64>(cellOf(frame, frames.PRICE, row), price);
  store<f64>(cellOf(frame, frames.QUANTITY, row), <f64>load<u64>(at, event.QUANTITY));
  const kind = cellOf(frame, frames.KIND, row);
  store<u32>(kind, load<u32>(at, event.INSTRUMENT));
  // Action, side and flags as they lie in the event.
  store<u32>(kind, load<u32>(at, event.ACTION), 4);
  if (load<u8>(at, event.SIDE) < event.NO_SIDE && isPriced) return;
  if (action <= event.EXECUTE) writeLeftOut(it, frame, row, at);
}

/** Of an order that is known. */
function writeLeftOut(it: ReplayBook, frame: usize, row: usize, at: usize): void {
  const kind = cellOf(frame, frames.KIND, row);
  const action = load<u8>(at, event.ACTION);
  const flags = load<u16>(at, event.FLAGS);
  if (action == event.ADD) {
    const isReplacing = (flags & event.REPLACED) != 0 && load<u8>(kind, 5) == event.NO_SIDE;
    if (isReplacing) store<u8>(kind, <u8>it.replacedSide, 5);
    return;
  }
  const number = load<u32>(at, event.INSTRUMENT);
  const id = load<u64>(at, event.ORDER_ID);
  const instrument = findInstrument(it, number);
  const place = instrument != 0 ? findPlace(it, hashOf(number, id), number, id) : 0;
  if (place == 0) return;
  const order = orderIn(place);
  if (load<u8>(kind, 5) == event.NO_SIDE) store<u8>(kind, <u8>sideOf(order), 5);
  if ((flags & event.NO_PRICE) != 0) {
    const price = priceOfKey(changetype<Instrument>(instrument), levelPrice(levelOf(order)));
    store<f64>(cellOf(frame, frames.PRICE, row), <f64>price);
  }
  if (action == event.DELETE && load<u64>(at, event.QUANTITY) == 0) {
    store<f64>(cellOf(frame, frames.QUANTITY, row), <f64>displayedOf(order));
  }
}

// @ts-ignore: decorator
@inline
function writeShown(it: ReplayBook, frame: usize, row: usize, at: usize, depth: u32): void {
  const found = findInstrument(it, load<u32>(at, event.INSTRUMENT));
  if (found == 0) {
    writeNothing(frame, row);
    return;
  }
  const instrument = changetype<Instrument>(found);
  const bids = ladderOf(found, event.BUY);
  const asks = ladderOf(found, event.SELL);
  writeBest(it, instrument, frame, row, bids, frames.BID_PRICE, frames.BID_ORDERS);
  writeBest(it, instrument, frame, row, asks, frames.ASK_PRICE, frames.ASK_ORDERS);
  writeTrade(instrument, frame, row, at);
  if (depth > 1) {
    // What an event does that cannot be true it may do to either side.
    const isOther = it.code != FINE || load<u8>(at, event.ACTION) == event.CLEAR;
    if (isOther) forgetDepths(instrument);
    writeDepths(instrument, frame, row, at, depth);
    return;
  }
  const bidDepth = load<f64>(cellOf(frame, frames.BID_QUANTITY, row));
  const askDepth = load<f64>(cellOf(frame, frames.ASK_QUANTITY, row));
  store<f64>(cellOf(frame, frames.BID_DEPTH, row), bidDepth);
  store<f64>(cellOf(frame, frames.ASK_DEPTH, row), askDepth);
}

/** @param price - the column; that of the quantity is the next */
// @ts-ignore: decorator
@inline
function writeBest(
  it: ReplayBook,
  instrument: Instrument,
  frame: usize,
  row: usize,
  ladder: usize,
  price: u32,
  orders: u32,
): void {
  const best = bestLevel(ladder);
  if (best == 0) {
    store<f64>(cellOf(frame, price, row), NaN);
    store<f64>(cellOf(frame, price + 1, row), 0);
    store<f64>(cellOf(frame, orders, row), 0);
    return;
  }
  store<f64>(cellOf(frame, price, row), <f64>priceOfKey(instrument, levelPrice(best)));
  store<f64>(cellOf(frame, price + 1, row), <f64>levelQuantity(best));
  let known = levelOrders(best);
  if (it.hasAnonymous != 0 && anonymousOf(best) != 0) known -= 1;
  store<f64>(cellOf(frame, orders, row), <f64>known);
}

// @ts-ignore: decorator
@inline
function writeTrade(instrument: Instrument, frame: usize, row: usize, at: usize): void {
  const action = load<u8>(at, event.ACTION);
  const isTrade = action == event.EXECUTE || action == event.TRADE;
  if (isTrade && (load<u16>(at, event.FLAGS) & event.PART) == 0) {
    const price = load<f64>(cellOf(frame, frames.PRICE, row));
    // Of an order that nobody knows there may be none.
    if (price == price) {
      instrument.lastPrice = price;
      instrument.lastQuantity = load<f64>(cellOf(frame, frames.QUANTITY, row));
    }
  }
  store<f64>(cellOf(frame, frames.LAST_PRICE, row), instrument.lastPrice);
  store<f64>(cellOf(frame, frames.LAST_QUANTITY, row), instrument.lastQuantity);
}

/** Of an instrument that there cannot be. */
function writeNothing(frame: usize, row: usize): void {
  store<f64>(cellOf(frame, frames.BID_PRICE, row), NaN);
  store<f64>(cellOf(frame, frames.ASK_PRICE, row), NaN);
  store<f64>(cellOf(frame, frames.LAST_PRICE, row), NaN);
  for (let column = frames.BID_QUANTITY; column <= frames.ASK_DEPTH; column += 1) {
    if (column == frames.ASK_PRICE || column == frames.LAST_PRICE) continue;
    store<f64>(cellOf(frame, column, row), 0);
  }
}

function writeDepths(
  instrument: Instrument,
  frame: usize,
  row: usize,
  at: usize,
  depth: u32,
): void {
  const side = load<u8>(cellOf(frame, frames.KIND, row), 5);
  const isSame = isDepthSame(instrument, side, at, depth);
  if (isUnknown(instrument.bidDepth) || (side != event.SELL && !isSame)) {
    instrument.bidDepth = depthOf(instrument, event.BUY, depth);
    instrument.bidEdge = edge;
  }
  if (isUnknown(instrument.askDepth) || (side != event.BUY && !isSame)) {
    instrument.askDepth = depthOf(instrument, event.SELL, depth);
    instrument.askEdge = edge;
  }
  store<f64>(cellOf(frame, frames.BID_DEPTH, row), instrument.bidDepth);
  store<f64>(cellOf(frame, frames.ASK_DEPTH, row), instrument.askDepth);
}

// @ts-ignore: decorator
@inline
function isUnknown(depth: f64): bool {
  return depth != depth;
}

/** Price of the level that `depthOf` counted last. */
let edge: i64 = 0;

function depthOf(instrument: Instrument, side: u32, depth: u32): f64 {
  const ladder = ladderOf(changetype<usize>(instrument), side);
  let sum: u64 = 0;
  let level = bestLevel(ladder);
  for (let met: u32 = 0; level != 0 && met < depth; met += 1) {
    sum += levelQuantity(level);
    const key = levelPrice(level);
    edge = priceOfKey(instrument, key);
    level = nextWorse(ladder, key);
  }
  return <f64>sum;
}

/**
 * Whether the event can have changed nothing but levels deeper than those that are added up. What
 * it says of an order's price counts only where the order is new.
 */
function isDepthSame(instrument: Instrument, side: u8, at: usize, depth: u32): bool {
  const action = load<u8>(at, event.ACTION);
  if (action > event.EXECUTE) return true;
  if (action != event.ADD || side >= event.NO_SIDE) return false;
  if (levelCount(ladderOf(changetype<usize>(instrument), side)) <= depth) return false;
  const price = load<i64>(at, event.PRICE);
  return side == event.BUY ? price < instrument.bidEdge : price > instrument.askEdge;
}

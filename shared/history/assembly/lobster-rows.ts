/**
 * LOBSTER orderbook files: row k is the book after message k, as so many levels,
 * `askPrice,askQuantity,bidPrice,bidQuantity` of each, best first. Messages tell only what happens
 * within those levels. So of the first row all levels are news; later the deepest one of a side is,
 * where that has come to lie deeper: it came into sight as the message took another away. Where a
 * side had fewer levels than a row has room for, none is hidden: messages tell of all that come.
 *
 * ```
 * decoder  +72     +76   +80    +84  +88      +96
 *          levels  most  stage  put  deepAsk  deepBid
 * ```
 * A LEVEL's sequence is the number of its row, from 1. Of a row only what may be news is read as
 * numbers; of the rest it is checked that it looks like them, 16 bytes at a time.
 */
import {
  BAD_FIELD,
  endStep,
  EVENTS,
  EVENTS_END,
  FULL,
  inputEndOf,
  inputOf,
  MORE,
  passFault,
  UNITS,
} from './decoding';
import {
  ACTION,
  ADD,
  BUY,
  DELETE,
  EVENT_BYTES,
  EXECUTE,
  FLAGS,
  INSTRUMENT,
  LEVEL,
  ORDER_ID,
  PRICE,
  QUANTITY,
  REDUCE,
  SELL,
  SEQUENCE,
  SIDE,
  TIME_NS,
} from './event';
import { isSkipping, LINES_OWN, skipLine } from './lines';
import { failAt, fault, faultAt, putStop, scanDecimal, scanUnsigned, value } from './text';

/** Levels of the file's rows; 0 before the first. */
const ROW_LEVELS: usize = LINES_OWN;
/** The best levels that count, as the host says; 0 for all. */
const MOST: usize = LINES_OWN + 4;
const STAGE: usize = LINES_OWN + 8;
/** Levels of the row under way that were put already, when there was no more room. */
const PUT: usize = LINES_OWN + 12;
/** Price of the deepest level that counts, or NONE. */
const DEEP_ASK: usize = LINES_OWN + 16;
const DEEP_BID: usize = LINES_OWN + 24;

/** Everything in the next row is news. */
const AT_FIRST: u32 = 0;
const AFTER_ROW: u32 = 1;
/** Several levels may have come into sight. */
const AFTER_FAULT: u32 = 2;

const COLUMNS: u32 = 4;
const COMMA: u8 = 0x2c;
/** What stands for the price of no level, or its negative. */
const NO_LEVEL: i64 = 9_999_999_999;
const NONE: i64 = i64.MIN_VALUE;

export function stepLobsterRows(decoder: usize): void {
  const end = inputEndOf(decoder);
  putStop(end);
  event = load<u32>(decoder, EVENTS);
  eventsEnd = load<u32>(decoder, EVENTS_END);
  let at = inputOf(decoder);
  let rows = load<u64>(decoder, UNITS);
  let code = MORE;
  while (at < end) {
    if (isSkipping(decoder)) {
      at = skipLine(decoder, at, end);
      rows += u64(!isSkipping(decoder));
      continue;
    }
    const next = checkRow(decoder, at, end);
    if (next == 0 && faultAt >= end) break;
    if (next != 0 && readRow(decoder, at)) {
      if (!putNews(decoder, at, rows + 1)) {
        code = FULL;
        break;
      }
      rows += 1;
      at = next;
      continue;
    }
    if (!passFault(decoder)) {
      code = fault;
      break;
    }
    if (load<u32>(decoder, STAGE) == AFTER_ROW) store<u32>(decoder, AFTER_FAULT, STAGE);
    at = skipLine(decoder, at, end);
    rows += u64(!isSkipping(decoder));
  }
  store<u64>(decoder, rows, UNITS);
  endStep(decoder, at, event, code);
}

let event: usize = 0;
let eventsEnd: usize = 0;
/** Behind the numbers of the row that was checked last. */
let rowEnd: usize = 0;

/** Where the next row begins, or 0: the row is whole numbers, four for each of its levels. */
function checkRow(decoder: usize, at: usize, end: usize): usize {
  const begin = at;
  let commas: u32 = 0;
  let returns: u32 = 0;
  // Whether a field begins here, and whether a minus stands before.
  let begins: u32 = 1;
  let isMinus: u32 = 0;
  for (; ; at += 16) {
    if (at >= end) return failAt(end, BAD_FIELD);
    const bytes = v128.load(at);
    const digits = i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(0x30)), i8x16.splat(10));
    const comma = maskOf(bytes, 0x2c);
    const digit = i8x16.bitmask(digits);
    // Nearly always.
    if ((comma | digit) == 0xffff && end - at >= 16) {
      if ((comma & ((comma << 1) | begins | isMinus)) != 0) return failAt(begin, BAD_FIELD);
      commas += popcnt(comma);
      begins = comma >> 15;
      isMinus = 0;
      continue;
    }
    const minus = maskOf(bytes, 0x2d);
    const carriage = maskOf(bytes, 0x0d);
    const breaks = maskOf(bytes, 0x0a);
    const there: u32 = end - at >= 16 ? 0xffff : (1 << <u32>(end - at)) - 1;
    const lowest = breaks & (0 - breaks) & there;
    const inside = lowest != 0 ? lowest - 1 : there;
    const upTo = inside | lowest;
    const starts = (comma << 1) | begins;
    const behindMinus = (minus << 1) | isMinus;
    const bad =
      (~(digit | comma | minus | carriage) & inside) |
      (starts & ~(digit | minus) & upTo) |
      (minus & ~starts & inside) |
      (behindMinus & ~digit & upTo);
    if (bad != 0) return failAt(begin, BAD_FIELD);
    commas += popcnt(comma & inside);
    returns += popcnt(carriage & inside);
    if (lowest != 0) {
      at += ctz(lowest);
      break;
    }
    begins = (starts >> 16) & 1;
    isMinus = (behindMinus >> 16) & 1;
  }
  rowEnd = at - usize(load<u8>(at - 1) == 0x0d);
  if (returns != u32(rowEnd != at)) return failAt(begin, BAD_FIELD);
  const known = load<u32>(decoder, ROW_LEVELS);
  const levels = (commas + 1) / COLUMNS;
  if (levels * COLUMNS != commas + 1 || (known != 0 && levels != known)) {
    return failAt(begin, BAD_FIELD);
  }
  store<u32>(decoder, levels, ROW_LEVELS);
  return at + 1;
}

// @ts-ignore: decorator
@inline
function maskOf(bytes: v128, byte: i8): u32 {
  return i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(byte)));
}

/** Levels of a row that count. */
function countOf(decoder: usize): u32 {
  const levels = load<u32>(decoder, ROW_LEVELS);
  const most = load<u32>(decoder, MOST);
  return most == 0 ? levels : min(most, levels);
}

/** Reads what may be news of a row, the deepest level last. False where it is faulty. */
function readRow(decoder: usize, row: usize): bool {
  const count = countOf(decoder);
  if (load<u32>(decoder, STAGE) != AFTER_ROW) {
    for (let level: u32 = 0; level < count; level += 1) {
      row = scanLevel(row);
      if (row == 0) return false;
    }
    return true;
  }
  const isLast = count == load<u32>(decoder, ROW_LEVELS);
  return scanLevel(isLast && count > 1 ? lastLevel() : levelAt(row, count - 1)) != 0;
}

let askPrice: i64 = 0;
let askQuantity: u64 = 0;
let bidPrice: i64 = 0;
let bidQuantity: u64 = 0;

/** Behind a level and what follows it, or 0. */
function scanLevel(at: usize): usize {
  at = scanDecimal(at, 0);
  if (at == 0) return 0;
  askPrice = priceIn(<i64>value);
  const askAt = at + 1;
  at = scanUnsigned(askAt);
  if (at == 0) return 0;
  askQuantity = value;
  at = scanDecimal(at + 1, 0);
  if (at == 0) return 0;
  bidPrice = priceIn(<i64>value);
  const bidAt = at + 1;
  at = scanUnsigned(bidAt);
  if (at == 0) return 0;
  bidQuantity = value;
  if (askPrice != NONE && askQuantity == 0) return failAt(askAt, BAD_FIELD);
  if (bidPrice != NONE && bidQuantity == 0) return failAt(bidAt, BAD_FIELD);
  return at + 1;
}

function priceIn(price: i64): i64 {
  return price == NO_LEVEL || price == -NO_LEVEL ? NONE : price;
}

/** Where the last level of several begins. */
function lastLevel(): usize {
  let at = rowEnd;
  for (let commas = COLUMNS; commas != 0; at -= 1) commas -= u32(load<u8>(at - 1) == COMMA);
  return at + 1;
}

function levelAt(row: usize, level: u32): usize {
  for (let commas = level * COLUMNS; commas != 0; row += 1) {
    commas -= u32(load<u8>(row) == COMMA);
  }
  return row;
}

/** Of the news of a row: how many there were, and how many of them are put. */
let met: u32 = 0;
let done: u32 = 0;

/** Puts the news of a row that `readRow` has read; false where there is no room for all of it. */
function putNews(decoder: usize, row: usize, number: u64): bool {
  const stage = load<u32>(decoder, STAGE);
  const deepAsk = load<i64>(decoder, DEEP_ASK);
  const deepBid = load<i64>(decoder, DEEP_BID);
  met = 0;
  done = load<u32>(decoder, PUT);
  if (stage == AFTER_ROW) {
    putLevel(stage, deepAsk, deepBid, number);
  } else {
    const count = countOf(decoder);
    for (let level: u32 = 0; level < count; level += 1) {
      row = scanLevel(row);
      putLevel(stage, deepAsk, deepBid, number);
    }
  }
  store<u32>(decoder, met == done ? 0 : done, PUT);
  if (met != done) return false;
  store<u32>(decoder, AFTER_ROW, STAGE);
  store<i64>(decoder, askPrice, DEEP_ASK);
  store<i64>(decoder, bidPrice, DEEP_BID);
  return true;
}

function putLevel(stage: u32, deepAsk: i64, deepBid: i64, number: u64): void {
  const isFirst = stage == AT_FIRST;
  if (askPrice != NONE && (isFirst || (deepAsk != NONE && askPrice > deepAsk))) {
    put(SELL, askPrice, askQuantity, number);
  }
  if (bidPrice != NONE && (isFirst || (deepBid != NONE && bidPrice < deepBid))) {
    put(BUY, bidPrice, bidQuantity, number);
  }
}

/** Unless it was put before, or there is no room. */
function put(side: u8, price: i64, quantity: u64, number: u64): void {
  met += 1;
  if (met <= done || event == eventsEnd) return;
  done = met;
  store<u64>(event, 0, ORDER_ID);
  store<i64>(event, price, PRICE);
  store<u64>(event, quantity, QUANTITY);
  store<u64>(event, 0, TIME_NS);
  store<u32>(event, 0, INSTRUMENT);
  store<u8>(event, LEVEL, ACTION);
  store<u8>(event, side, SIDE);
  store<u16>(event, 0, FLAGS);
  store<u64>(event, number, SEQUENCE);
  event += EVENT_BYTES;
}

/** Of `placeLevels`: two inputs and an output, as addresses, and whether anything was put. */
class Placing {
  message: u32;
  messagesEnd: u32;
  level: u32;
  levelsEnd: u32;
  to: u32;
  toEnd: u32;
  /** The first message has got the level that it takes from. */
  hasBegun: u32;
}

/**
 * Puts each level before the message of its row, with that one's time and sequence, as far as there
 * is room. It is not the last event of its message: the book is whole with the message itself.
 *
 * The first row is the book after the first message, so that what this one adds is not among the
 * levels before it, and what it takes is.
 */
export function placeLevels(placing: usize): void {
  const it = changetype<Placing>(placing);
  const messagesEnd: usize = it.messagesEnd;
  const levelsEnd: usize = it.levelsEnd;
  const toEnd: usize = it.toEnd;
  let message: usize = it.message;
  let level: usize = it.level;
  let to: usize = it.to;
  while (message < messagesEnd && to < toEnd) {
    const number = load<u64>(message, SEQUENCE);
    if (it.hasBegun == 0) {
      it.hasBegun = 1;
      if (number == 1 && isTaking(message)) {
        putTaken(message, to);
        to += EVENT_BYTES;
        continue;
      }
    }
    if (level == levelsEnd || load<u64>(level, SEQUENCE) > number) {
      copyEvent(message, to);
      message += EVENT_BYTES;
      to += EVENT_BYTES;
      continue;
    }
    const isInRow = number == 1 && load<u8>(message, ACTION) == ADD && isAtLevel(message, level);
    const added = isInRow ? load<u64>(message, QUANTITY) : 0;
    const quantity = load<u64>(level, QUANTITY);
    if (quantity > added) {
      copyEvent(level, to);
      store<u64>(to, quantity - added, QUANTITY);
      store<u64>(to, load<u64>(message, TIME_NS), TIME_NS);
      store<u64>(to, number, SEQUENCE);
      to += EVENT_BYTES;
    }
    level += EVENT_BYTES;
  }
  it.message = <u32>message;
  it.level = <u32>level;
  it.to = <u32>to;
}

/** Something that an order had, which nobody has told of. */
function isTaking(message: usize): bool {
  const action = load<u8>(message, ACTION);
  const isTaken = action == REDUCE || action == DELETE || action == EXECUTE;
  return isTaken && load<u64>(message, QUANTITY) != 0;
}

function putTaken(message: usize, to: usize): void {
  copyEvent(message, to);
  store<u64>(to, 0, ORDER_ID);
  store<u8>(to, LEVEL, ACTION);
  store<u16>(to, 0, FLAGS);
}

function isAtLevel(message: usize, level: usize): bool {
  const isSameSide = load<u8>(message, SIDE) == load<u8>(level, SIDE);
  return isSameSide && load<i64>(message, PRICE) == load<i64>(level, PRICE);
}

// @ts-ignore: decorator
@inline
function copyEvent(from: usize, to: usize): void {
  v128.store(to, v128.load(from));
  v128.store(to, v128.load(from, 16), 16);
  v128.store(to, v128.load(from, 32), 32);
}

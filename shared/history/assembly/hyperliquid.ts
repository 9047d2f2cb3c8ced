/**
 * What a Hyperliquid node writes, event by event: lines of a block each or of an event each
 * (`{"local_time","block_time","block_number","events":[...]}`), bare events a line each, and
 * snapshots of all orders (`[height,[[coin,[bids,asks]],...]]`, where newer nodes have
 * `{"book_orders":[bids,asks],"untriggered_orders":[...]}` for the pair).
 *
 * No line need fit into the input, only each of its events; but a block that names its number
 * behind its events must.
 */
import {
  BAD_FIELD,
  countSkipped,
  DECODER_BYTES,
  endStep,
  EVENTS,
  EVENTS_END,
  FULL,
  GAP,
  inputEndOf,
  inputOf,
  MORE,
  passFault,
  UNITS,
} from './decoding';
import {
  ACTION,
  CLEAR,
  EVENT_BYTES,
  FLAGS,
  INSTRUMENT,
  LAST,
  NO_PRICE,
  NO_SIDE,
  SEQUENCE,
  SIDE,
  SNAPSHOT,
} from './event';
import {
  lastCoin,
  putEvent,
  putOrder,
  RECENT_COINS_BYTES,
  scanCoinName,
  scanEvent,
  scanTimeText,
  useTables,
  waitsForTrigger,
} from './hyperliquid-event';
import {
  byteAt,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COMMA,
  keyCode,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  scanKey,
  scanMark,
  skipValue,
  space,
} from './json';
import { INSTRUMENTS, isSkipping, LINES_OWN, skipLine } from './lines';
import { failAt, fault, faultAt, isDigit, putStop, scanUnsigned, value } from './text';

/** Meanings of keys of a line, and of a snapshot's part. */
const K_NUMBER: u32 = 20;
const K_BLOCK_TIME: u32 = 21;
const K_EVENTS: u32 = 22;
const K_LOCAL_TIME: u32 = 23;
const K_BOOK_ORDERS: u32 = 24;

/** Where in the input the next thing is: */
const BETWEEN_LINES: u32 = 0;
/** before a key of a line's object; */
const BEFORE_KEY: u32 = 1;
/** behind a value of it; */
const BEHIND_VALUE: u32 = 2;
/** before an event of its array; */
const IN_EVENTS: u32 = 3;
/** in a snapshot: before a coin's part; */
const IN_COINS: u32 = 4;
/** in the pair of its lists; */
const IN_LISTS: u32 = 5;
/** behind the pair; */
const BEHIND_LISTS: u32 = 6;
/** before a key of a newer node's part; */
const IN_PART: u32 = 7;
/** in an array of orders that are in no book. */
const IN_OTHERS: u32 = 8;

const HAS_NUMBER: u32 = 1;
const HAS_TIME: u32 = 2;

class Hyperliquid {
  keys: u32;
  values: u32;
  statuses: u32;
  /** Lines are of an event each: numbers repeat, and skip blocks without events. */
  isStream: u32;
  state: u32;
  /** What the line has said so far: HAS_... */
  seen: u32;
  /** The line's block, and the latest block before it. */
  number: u64;
  timeNs: u64;
  last: u64;
  hasLast: u32;
  /** The line's block was here before: its events are passed. */
  isOld: u32;
  /** Of a snapshot; the coin's number, brackets open within its pair, list of the pair (from 1). */
  height: u64;
  coin: u32;
  depth: u32;
  list: u32;
  hasHeight: u32;
  isPart: u32;
}

/** Behind the state, up to the record's end. */
const RECENT_COINS: usize = DECODER_BYTES - RECENT_COINS_BYTES;

/** Whether the thing that was taken gave an event. */
let gave: bool = false;

// @ts-ignore: decorator
@inline
function stateOf(decoder: usize): Hyperliquid {
  return changetype<Hyperliquid>(decoder + LINES_OWN);
}

export function setHyperliquidWords(
  decoder: usize, keys: usize, values: usize, statuses: usize, isStream: bool,
): void {
  const it = stateOf(decoder);
  it.keys = <u32>keys;
  it.values = <u32>values;
  it.statuses = <u32>statuses;
  it.isStream = u32(isStream);
}

/** Whether the input may end here. */
export function isHyperliquidWhole(decoder: usize): bool {
  return stateOf(decoder).state == BETWEEN_LINES;
}

export function stepHyperliquid(decoder: usize): void {
  const it = stateOf(decoder);
  const table: usize = load<u32>(decoder, INSTRUMENTS);
  useTables(it.keys, it.values, it.statuses, table, decoder + RECENT_COINS);
  const end = inputEndOf(decoder);
  putStop(end);
  const eventsEnd: usize = load<u32>(decoder, EVENTS_END);
  let event: usize = load<u32>(decoder, EVENTS);
  let at = inputOf(decoder);
  let code = MORE;
  while (at < end) {
    if (isSkipping(decoder)) {
      at = skipLine(decoder, at, end);
      continue;
    }
    if (event == eventsEnd) {
      code = FULL;
      break;
    }
    gave = false;
    const next = takeNext(decoder, it, at, event);
    if (next == 0) {
      if (faultAt >= end) break;
      if (!passFault(decoder)) {
        code = fault;
        break;
      }
      it.state = BETWEEN_LINES;
      countUnit(decoder);
      at = skipLine(decoder, at, end);
      continue;
    }
    if (gave) event += EVENT_BYTES;
    at = next;
  }
  endStep(decoder, at, event, code);
}

/** Takes what is next. @returns where what follows begins, or 0 */
function takeNext(decoder: usize, it: Hyperliquid, at: usize, event: usize): usize {
  // Space alone is taken whatever follows: the input may have been cut behind it, or before.
  const begin = space(at);
  if (begin != at) return begin;
  switch (it.state) {
    case IN_EVENTS: return takeEvent(it, at, event);
    case BETWEEN_LINES: return takeBeginning(decoder, it, at, event);
    case BEFORE_KEY: return takeField(decoder, it, at);
    case BEHIND_VALUE: return takeSeparator(decoder, it, at);
    case IN_COINS: return takeCoin(decoder, it, at, event);
    case IN_LISTS: return takeOrder(it, at, event);
    case BEHIND_LISTS: return takeCoinEnd(it, at);
    case IN_PART: return takePartField(it, at);
    default: return takeOther(it, at);
  }
}

function countUnit(decoder: usize): void {
  store<u64>(decoder, load<u64>(decoder, UNITS) + 1, UNITS);
}

function takeBeginning(decoder: usize, it: Hyperliquid, at: usize, event: usize): usize {
  const byte = byteAt(at);
  if (byte == OPEN_BRACE) {
    const first = space(at + 1);
    if (scanKey(first, it.keys) == 0) return 0;
    if (keyCode < K_NUMBER || keyCode > K_LOCAL_TIME) return takeBareEvent(decoder, at, event);
    it.seen = 0;
    it.timeNs = 0;
    it.state = BEFORE_KEY;
    return first;
  }
  if (byte != OPEN_BRACKET) return failAt(at, BAD_FIELD);
  const inner = space(at + 1);
  return byteAt(inner) == QUOTE ? takeBareEvent(decoder, at, event) : takeSnapshot(it, inner);
}

/** An event that no block is told of: the line's number is its sequence. */
function takeBareEvent(decoder: usize, at: usize, event: usize): usize {
  const next = scanEvent(at);
  if (next == 0) return 0;
  const code = putEvent(event, load<u64>(decoder, UNITS) + 1, 0, LAST);
  if (code != 0) return failAt(at, code);
  countUnit(decoder);
  gave = true;
  return next;
}

function takeField(decoder: usize, it: Hyperliquid, at: usize): usize {
  const begin = at;
  at = scanKey(at, it.keys);
  if (at == 0) return 0;
  const code = keyCode;
  if (code == K_EVENTS) return takeEvents(decoder, it, begin, at);
  at = scanFrameValue(it, code, at);
  if (at != 0) it.state = BEHIND_VALUE;
  return at;
}

/** A value of a line's object that is not its events. */
function scanFrameValue(it: Hyperliquid, code: u32, at: usize): usize {
  if (code == K_NUMBER) {
    at = scanUnsigned(at);
    // A number that the stop cuts off says nothing yet.
    if (at == 0 || byteAt(at) == 0) return at == 0 ? 0 : failAt(at, BAD_FIELD);
    it.number = value;
    it.seen |= HAS_NUMBER;
    return at;
  }
  if (code == K_BLOCK_TIME) {
    at = scanTimeText(at);
    if (at == 0) return 0;
    it.timeNs = value;
    it.seen |= HAS_TIME;
    return at;
  }
  return skipValue(at);
}

/** The events begin: by now, or from what follows them, the block must be known. */
function takeEvents(decoder: usize, it: Hyperliquid, key: usize, at: usize): usize {
  if (byteAt(at) != OPEN_BRACKET) return failAt(at, BAD_FIELD);
  if (it.seen != (HAS_NUMBER | HAS_TIME) && !lookBehind(it, at)) return 0;
  if ((it.seen & HAS_NUMBER) == 0) return failAt(key, BAD_FIELD);
  const first = space(at + 1);
  const byte = byteAt(first);
  if (byte == 0) return failAt(first, BAD_FIELD);
  const step = it.number - it.last;
  it.isOld = u32(it.hasLast != 0 && (it.number < it.last || (step == 0 && it.isStream == 0)));
  if (it.isOld != 0) {
    countSkipped(decoder);
  } else {
    const isGap = it.hasLast != 0 && it.isStream == 0 && step > 1;
    if (isGap && !passFault(decoder)) return failAt(key, GAP);
    it.hasLast = 1;
    it.last = it.number;
  }
  it.state = byte == CLOSE_BRACKET ? BEHIND_VALUE : IN_EVENTS;
  return byte == CLOSE_BRACKET ? first + 1 : first;
}

/** Reads the fields behind the events, for which the rest of the line has to be there. */
function lookBehind(it: Hyperliquid, events: usize): bool {
  const seen = it.seen;
  if (readBehind(it, events)) return true;
  // What was read of it is read again, when there is more of the line.
  it.seen = seen;
  return false;
}

function readBehind(it: Hyperliquid, events: usize): bool {
  let at = skipValue(events);
  while (at != 0) {
    at = space(at);
    const byte = byteAt(at);
    if (byte == CLOSE_BRACE) return true;
    at = scanMark(at, COMMA);
    if (at != 0) at = scanKey(at, it.keys);
    if (at != 0) at = scanFrameValue(it, keyCode, at);
  }
  return false;
}

function takeEvent(it: Hyperliquid, at: usize, event: usize): usize {
  const byte = byteAt(at);
  if (byte != OPEN_BRACE && byte != OPEN_BRACKET) return failAt(at, BAD_FIELD);
  let next = it.isOld != 0 ? skipValue(at) : scanEvent(at);
  if (next == 0) return 0;
  next = space(next);
  const separator = byteAt(next);
  if (separator == COMMA) {
    next = space(next + 1);
  } else if (separator == CLOSE_BRACKET) {
    next += 1;
  } else {
    return failAt(next, BAD_FIELD);
  }
  if (it.isOld == 0) {
    const code = putEvent(event, it.number, it.timeNs, separator == CLOSE_BRACKET ? LAST : 0);
    if (code != 0) return failAt(at, code);
    gave = true;
  }
  if (separator == CLOSE_BRACKET) it.state = BEHIND_VALUE;
  return next;
}

function takeSeparator(decoder: usize, it: Hyperliquid, at: usize): usize {
  at = space(at);
  const byte = byteAt(at);
  if (byte == COMMA) {
    it.state = BEFORE_KEY;
    return space(at + 1);
  }
  if (byte != CLOSE_BRACE) return failAt(at, BAD_FIELD);
  it.state = BETWEEN_LINES;
  countUnit(decoder);
  return at + 1;
}

/** Behind the first bracket: a height and the array of parts, or at once the parts. */
function takeSnapshot(it: Hyperliquid, at: usize): usize {
  it.hasHeight = u32(isDigit(byteAt(at)));
  it.height = 0;
  if (it.hasHeight != 0) {
    at = scanUnsigned(at);
    if (at == 0) return 0;
    it.height = value;
    at = scanMark(space(at), COMMA);
    if (at == 0) return 0;
    if (byteAt(at) != OPEN_BRACKET) return failAt(at, BAD_FIELD);
    at += 1;
  } else if (byteAt(at) != OPEN_BRACKET && byteAt(at) != CLOSE_BRACKET) {
    return failAt(at, BAD_FIELD);
  }
  it.state = IN_COINS;
  return at;
}

/** Space and commas: what separates parts, lists and orders is not looked at. */
function skipSeparators(at: usize): usize {
  at = space(at);
  while (byteAt(at) == COMMA) at = space(at + 1);
  return at;
}

function takeCoin(decoder: usize, it: Hyperliquid, at: usize, event: usize): usize {
  at = skipSeparators(at);
  if (byteAt(at) == CLOSE_BRACKET) {
    if (it.hasHeight != 0) {
      at = space(at + 1);
      if (byteAt(at) != CLOSE_BRACKET) return failAt(at, BAD_FIELD);
    }
    it.state = BETWEEN_LINES;
    return at + 1;
  }
  at = scanMark(at, OPEN_BRACKET);
  if (at == 0) return 0;
  at = scanCoinName(at);
  if (at == 0) return 0;
  at = scanMark(space(at), COMMA);
  if (at == 0) return 0;
  const byte = byteAt(at);
  if (byte != OPEN_BRACE && byte != OPEN_BRACKET) return failAt(at, BAD_FIELD);
  const follow = byte == OPEN_BRACE ? 1 : ordersFollow(at + 1, 1);
  if (follow < 0) return 0;
  it.coin = lastCoin();
  it.isPart = u32(byte == OPEN_BRACE);
  openLists(it);
  if (byte == OPEN_BRACE) it.state = IN_PART;
  putClear(it, event, follow == 0 ? LAST : 0);
  countUnit(decoder);
  return at + 1;
}

function openLists(it: Hyperliquid): void {
  it.state = IN_LISTS;
  it.depth = 1;
  it.list = 0;
}

function putClear(it: Hyperliquid, event: usize, flags: u16): void {
  memory.fill(event, 0, EVENT_BYTES);
  store<u32>(event, it.coin, INSTRUMENT);
  store<u8>(event, CLEAR, ACTION);
  store<u8>(event, NO_SIDE, SIDE);
  store<u16>(event, flags | SNAPSHOT | NO_PRICE, FLAGS);
  store<u64>(event, it.height, SEQUENCE);
  gave = true;
}

/** Whether the pair of lists has orders from `at` on: -1 where the input does not tell. */
function ordersFollow(at: usize, depth: u32): i32 {
  at = skipSeparators(at);
  while (depth > 1 || byteAt(at) != CLOSE_BRACKET) {
    const byte = byteAt(at);
    if (byte == OPEN_BRACE || (byte == OPEN_BRACKET && depth == 2)) return 1;
    if (byte == OPEN_BRACKET) {
      depth = 2;
    } else if (byte == CLOSE_BRACKET) {
      depth = 1;
    } else {
      failAt(at, BAD_FIELD);
      return -1;
    }
    at = skipSeparators(at + 1);
  }
  return 0;
}

/** Within the pair of lists. */
function takeOrder(it: Hyperliquid, at: usize, event: usize): usize {
  at = skipSeparators(at);
  const byte = byteAt(at);
  if (byte == CLOSE_BRACKET) {
    it.depth -= 1;
    if (it.depth == 0) it.state = it.isPart != 0 ? IN_PART : BEHIND_LISTS;
    return at + 1;
  }
  if (it.depth == 1) {
    if (byte != OPEN_BRACKET || it.list == 2) return failAt(at, BAD_FIELD);
    it.depth = 2;
    it.list += 1;
    return at + 1;
  }
  if (byte != OPEN_BRACE && byte != OPEN_BRACKET) return failAt(at, BAD_FIELD);
  const next = scanEvent(at);
  if (next == 0) return 0;
  const follow = ordersFollow(next, 2);
  if (follow < 0) return 0;
  if (waitsForTrigger()) return next;
  if (lastCoin() != it.coin) return failAt(at, BAD_FIELD);
  const code = putOrder(event, it.height, follow == 0 ? LAST : 0);
  if (code != 0) return failAt(at, code);
  gave = true;
  return next;
}

function takeCoinEnd(it: Hyperliquid, at: usize): usize {
  at = space(at);
  if (byteAt(at) != CLOSE_BRACKET) return failAt(at, BAD_FIELD);
  it.state = IN_COINS;
  return at + 1;
}

function takePartField(it: Hyperliquid, at: usize): usize {
  at = skipSeparators(at);
  if (byteAt(at) == CLOSE_BRACE) {
    it.state = BEHIND_LISTS;
    return at + 1;
  }
  at = scanKey(at, it.keys);
  if (at == 0) return 0;
  if (keyCode == K_BOOK_ORDERS) {
    if (byteAt(at) != OPEN_BRACKET) return failAt(at, BAD_FIELD);
    openLists(it);
    return at + 1;
  }
  // One by one, as they may be many.
  if (byteAt(at) == OPEN_BRACKET) {
    it.state = IN_OTHERS;
    return at + 1;
  }
  return skipValue(at);
}

function takeOther(it: Hyperliquid, at: usize): usize {
  at = skipSeparators(at);
  if (byteAt(at) != CLOSE_BRACKET) return skipValue(at);
  it.state = IN_PART;
  return at + 1;
}

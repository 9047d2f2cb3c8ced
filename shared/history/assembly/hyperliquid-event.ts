/**
 * One event of a Hyperliquid node: a difference of the book, an order's status, a side of a trade,
 * or an order of a snapshot. Fields come in any order; those that nobody knows are passed. What
 * words mean, the host says (src/hyperliquid-words.ts).
 */
import { BAD_FIELD, BAD_TYPE, TOO_MANY_INSTRUMENTS } from './decoding';
import {
  ACTION,
  ADD,
  BUY,
  DELETE,
  FLAGS,
  INSTRUMENT,
  MODIFY,
  NO_PRICE,
  NO_SIDE,
  ORDER_ID,
  PART,
  PRICE,
  QUANTITY,
  REPORT,
  SELL,
  SEQUENCE,
  SIDE,
  SNAPSHOT,
  STATUS_SHIFT,
  TIME_NS,
  TRADE,
} from './event';
import { instrumentOf, MAX_NAME_BYTES, NO_INSTRUMENT } from './instruments';
import {
  byteAt,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COMMA,
  keyCode,
  OPEN_BRACE,
  QUOTE,
  restartKeys,
  scanDecimalText,
  scanKey,
  scanMark,
  scanString,
  skipValue,
  space,
  textAt,
  textLength,
} from './json';
import { failAt, scanTime, scanUnsigned, setValue, value } from './text';
import { codeOf } from './words';

/** Meanings of keys. */
const K_COIN: u32 = 1;
const K_SIDE: u32 = 2;
const K_PRICE: u32 = 3;
const K_SIZE: u32 = 4;
const K_ORDER_ID: u32 = 5;
const K_TIME: u32 = 6;
const K_STATUS: u32 = 7;
const K_ORDER: u32 = 8;
const K_DIFF: u32 = 9;
const K_TRADE_ID: u32 = 10;
const K_CROSSED: u32 = 11;
const K_TIF: u32 = 12;
const K_IS_TRIGGER: u32 = 13;
const K_ORDER_TYPE: u32 = 14;
const K_NEW: u32 = 15;
const K_UPDATE: u32 = 16;
const K_NEW_SIZE: u32 = 17;
const K_CONDITION: u32 = 18;

/** Prices and sizes are in 1e-8. */
const DECIMALS: u32 = 8;
const NS_PER_MS: u64 = 1_000_000;
/** The largest number of milliseconds whose nanoseconds fit. */
const MAX_MS: u64 = u64.MAX_VALUE / NS_PER_MS;

/** Meanings of words that are values. */
const W_REMOVE: u32 = 1;
/** Orders that never rest. */
const W_TAKES: u32 = 2;
/** A trigger's condition that came true. */
const W_TRIGGERED: u32 = 3;

/** Statuses by their numbers: those that change the book. */
const S_OPEN: u32 = 1;
const S_FILLED: u32 = 2;
const S_TRIGGERED: u32 = 4;
const S_OTHER: u32 = 255;

/** What the event's fields said; `seen` has a bit for each key. */
let seen: u32 = 0;
let instrument: u32 = 0;
let side: u8 = 0;
let price: i64 = 0;
let size: u64 = 0;
let newSize: u64 = 0;
let orderId: u64 = 0;
let timeNs: u64 = 0;
let tradeId: u64 = 0;
let status: u32 = 0;
/** The order has gone for good, and not because it was refused. */
let ended: bool = false;
let crossed: bool = false;
let takes: bool = false;
let isTrigger: bool = false;
let hasTriggered: bool = false;
let diff: u32 = 0;

/** Tables of the decoder whose event it is. */
let keys: usize = 0;
let values: usize = 0;
let statuses: usize = 0;
let table: usize = 0;
/** Coins met recently, of RECENT_COINS: letters (u64), number (u32). */
let recents: usize = 0;
export const RECENT_COINS_BYTES: usize = 64 << 4;

export function useTables(
  k: usize, v: usize, s: usize, instruments: usize, recentCoins: usize,
): void {
  recents = recentCoins;
  keys = k;
  values = v;
  statuses = s;
  table = instruments;
}

/** An event from its bracket to behind the other; what it said is for `putEvent`. */
export function scanEvent(at: usize): usize {
  restartKeys();
  seen = 0;
  takes = false;
  isTrigger = false;
  hasTriggered = false;
  if (byteAt(at) == OPEN_BRACE) return scanFields(at, 0);
  // A pair: the user and what is his.
  at = scanString(space(at + 1));
  if (at == 0) return 0;
  at = scanMark(space(at), COMMA);
  if (at == 0) return 0;
  at = scanFields(at, 0);
  if (at == 0) return 0;
  at = space(at);
  return byteAt(at) == CLOSE_BRACKET ? at + 1 : failAt(at, BAD_FIELD);
}

function scanFields(at: usize, level: u32): usize {
  at = scanMark(at, OPEN_BRACE);
  if (at == 0) return 0;
  if (byteAt(at) == CLOSE_BRACE) return at + 1;
  for (;;) {
    at = scanKey(at, keys);
    if (at == 0) return 0;
    const code = keyCode;
    at = code == 0 ? skipValue(at) : scanField(at, code, level);
    if (at == 0) return 0;
    at = space(at);
    const byte = byteAt(at);
    if (byte == CLOSE_BRACE) break;
    if (byte != COMMA) return failAt(at, BAD_FIELD);
    at = space(at + 1);
  }
  return at + 1;
}

function scanField(at: usize, code: u32, level: u32): usize {
  seen |= 1 << code;
  switch (code) {
    case K_COIN: return scanCoin(at);
    case K_SIDE: return scanSide(at);
    case K_PRICE: {
      at = scanDecimalText(at, DECIMALS);
      price = value;
      return at;
    }
    case K_SIZE: return scanSize(at);
    case K_NEW_SIZE: {
      at = scanSize(at);
      newSize = value;
      return at;
    }
    case K_ORDER_ID: {
      at = scanUnsigned(at);
      orderId = value;
      return at;
    }
    case K_TRADE_ID: {
      at = scanUnsigned(at);
      tradeId = value;
      return at;
    }
    case K_TIME: {
      at = scanTimeText(at);
      timeNs = value;
      return at;
    }
    case K_STATUS: return scanStatus(at);
    case K_ORDER: return level == 0 ? scanFields(at, 1) : skipValue(at);
    case K_DIFF: return level == 0 ? scanDiff(at) : skipValue(at);
    case K_CROSSED: {
      crossed = byteAt(at) == 0x74;
      return skipValue(at);
    }
    case K_IS_TRIGGER: {
      isTrigger = byteAt(at) == 0x74;
      return skipValue(at);
    }
    case K_TIF:
    case K_ORDER_TYPE:
    case K_CONDITION: return scanKind(at);
    case K_NEW:
    case K_UPDATE: return level == 2 ? scanFields(at, 3) : skipValue(at);
    default: return skipValue(at);
  }
}

function scanCoin(at: usize): usize {
  const begin = at;
  at = scanString(at);
  if (at == 0) return 0;
  if (textLength - 1 >= 7) return findCoin(begin, at);
  // Its letters, and its length in the highest byte.
  const letters = load<u64>(textAt) & ((<u64>1 << (<u64>textLength << 3)) - 1);
  const key = letters | (<u64>textLength << 56);
  const recent = recents + (<usize>((key * 0x9e3779b97f4a7c15) >> 58) << 4);
  if (load<u64>(recent) == key) {
    instrument = load<u32>(recent, 8);
    return at;
  }
  at = findCoin(begin, at);
  if (at == 0) return 0;
  store<u64>(recent, key);
  store<u32>(recent, instrument, 8);
  return at;
}

function findCoin(begin: usize, at: usize): usize {
  if (textLength - 1 >= MAX_NAME_BYTES) return failAt(begin, BAD_FIELD);
  instrument = instrumentOf(table, textAt, textLength);
  return instrument == NO_INSTRUMENT ? failAt(begin, TOO_MANY_INSTRUMENTS) : at;
}

/** The coin of a snapshot's part. */
export function scanCoinName(at: usize): usize {
  return scanCoin(at);
}

export function lastCoin(): u32 {
  return instrument;
}

function scanSide(at: usize): usize {
  const begin = at;
  at = scanString(at);
  if (at == 0) return 0;
  const letter = byteAt(textAt);
  if (textLength != 1 || (letter != 0x41 && letter != 0x42)) return failAt(begin, BAD_FIELD);
  side = letter == 0x42 ? BUY : SELL;
  return at;
}

function scanSize(at: usize): usize {
  const begin = at;
  at = scanDecimalText(at, DECIMALS);
  if (at == 0) return 0;
  if (<i64>value < 0) return failAt(begin, BAD_FIELD);
  size = value;
  return at;
}

/** Written out, or milliseconds since 1970. */
export function scanTimeText(at: usize): usize {
  const begin = at;
  if (byteAt(at) != QUOTE) {
    at = scanUnsigned(at);
    if (at == 0) return 0;
    if (byteAt(at) == 0) return failAt(at, BAD_FIELD);
    if (value > MAX_MS) return failAt(begin, BAD_FIELD);
    setValue(value * NS_PER_MS);
    return at;
  }
  at = scanTime(at + 1);
  if (at == 0) return 0;
  return byteAt(at) == QUOTE ? at + 1 : failAt(at, BAD_FIELD);
}

function scanStatus(at: usize): usize {
  at = scanString(at);
  if (at == 0) return 0;
  status = codeOf(statuses, textAt, textLength);
  if (status == 0) status = S_OTHER;
  // filled, canceled, reduceOnlyCanceled, scheduledCancel...
  const length = textLength;
  const last = length >= 8 ? load<u64>(textAt + length - 8) : 0;
  ended = status == S_FILLED || (last | 0x20) == CANCELED || (last >> 16 | 0x20) == CANCEL;
  return at;
}

/** `canceled`, and `cancel`: with a small first letter. */
const CANCELED: u64 = 0x64656c65636e6163;
const CANCEL: u64 = 0x6c65636e6163;

function scanKind(at: usize): usize {
  if (byteAt(at) != QUOTE) return skipValue(at);
  at = scanString(at);
  if (at == 0) return 0;
  const word = codeOf(values, textAt, textLength);
  if (word == W_TAKES) takes = true;
  if (word == W_TRIGGERED) hasTriggered = true;
  return at;
}

/** `"remove"`, `{"new":{"sz"}}` or `{"update":{"origSz","newSz"}}`. */
function scanDiff(at: usize): usize {
  const begin = at;
  if (byteAt(at) == QUOTE) {
    at = scanString(at);
    if (at == 0) return 0;
    diff = K_DIFF;
    return codeOf(values, textAt, textLength) == W_REMOVE ? at : failAt(begin, BAD_TYPE);
  }
  const before = seen;
  seen = 0;
  at = scanFields(at, 2);
  if (at == 0) return 0;
  const found = seen;
  seen |= before;
  diff = (found & (1 << K_NEW)) != 0 ? K_NEW : K_UPDATE;
  const needed: u32 = diff == K_NEW ? 1 << K_NEW | 1 << K_SIZE : 1 << K_UPDATE | 1 << K_NEW_SIZE;
  return (found & needed) == needed ? at : failAt(begin, BAD_TYPE);
}

const NEEDED: u32 = 1 << K_COIN | 1 << K_ORDER_ID;
const NEEDED_OF_ORDER: u32 = NEEDED | 1 << K_SIDE | 1 << K_PRICE | 1 << K_SIZE;
const NEEDED_OF_FILL: u32 = NEEDED_OF_ORDER | 1 << K_TRADE_ID | 1 << K_CROSSED;

/**
 * The event that was scanned, of a block or line. @returns 0, or an error where it lacks something
 */
export function putEvent(event: usize, sequence: u64, blockTimeNs: u64, flags: u16): u32 {
  store<u64>(event, sequence, SEQUENCE);
  store<u64>(event, (seen & (1 << K_TIME)) != 0 ? timeNs : blockTimeNs, TIME_NS);
  if ((seen & (1 << K_DIFF)) != 0) return putDiff(event, flags);
  if ((seen & (1 << K_TRADE_ID)) != 0) return putFill(event, flags);
  const isStatus = (seen & (1 << K_ORDER)) != 0 && (seen & (1 << K_STATUS)) != 0;
  return isStatus ? putStatus(event, flags) : BAD_TYPE;
}

function putDiff(event: usize, flags: u16): u32 {
  const needed = diff == K_NEW ? NEEDED_OF_ORDER : NEEDED;
  if ((seen & needed) != needed) return BAD_FIELD;
  if ((seen & (1 << K_SIDE)) == 0) side = NO_SIDE;
  if ((seen & (1 << K_PRICE)) == 0) {
    flags |= NO_PRICE;
    price = 0;
  }
  if (diff == K_NEW) put(event, ADD, size, flags);
  else if (diff == K_UPDATE) put(event, MODIFY, newSize, flags);
  else put(event, DELETE, 0, flags);
  return 0;
}

function putFill(event: usize, flags: u16): u32 {
  if ((seen & NEEDED_OF_FILL) != NEEDED_OF_FILL) return BAD_FIELD;
  // The side that took tells the trade, with the side of what it took.
  if (crossed) side ^= 1;
  put(event, TRADE, size, crossed ? flags : flags | PART);
  store<u64>(event, tradeId, SEQUENCE);
  return 0;
}

function putStatus(event: usize, flags: u16): u32 {
  if ((seen & NEEDED_OF_ORDER) != NEEDED_OF_ORDER) return BAD_FIELD;
  let action = REPORT;
  if (!takes) {
    const waits = waitsForTrigger();
    if (status == S_FILLED || (ended && !waits)) action = DELETE;
    else if (waits ? status == S_TRIGGERED : status == S_OPEN) action = ADD;
  }
  put(event, action, size, flags | <u16>(status << STATUS_SHIFT));
  return 0;
}

/** An order of a snapshot. @returns 0, or an error */
export function putOrder(event: usize, height: u64, flags: u16): u32 {
  if ((seen & NEEDED_OF_ORDER) != NEEDED_OF_ORDER) return BAD_FIELD;
  store<u64>(event, height, SEQUENCE);
  store<u64>(event, 0, TIME_NS);
  put(event, ADD, size, flags | SNAPSHOT);
  return 0;
}

/** Whether the order that was scanned waits for its trigger: then it is not in the book. */
export function waitsForTrigger(): bool {
  return isTrigger && !hasTriggered;
}

function put(event: usize, action: u8, quantity: u64, flags: u16): void {
  store<u64>(event, orderId, ORDER_ID);
  store<i64>(event, price, PRICE);
  store<u64>(event, quantity, QUANTITY);
  store<u32>(event, instrument, INSTRUMENT);
  store<u8>(event, action, ACTION);
  store<u8>(event, side, SIDE);
  store<u16>(event, flags, FLAGS);
}

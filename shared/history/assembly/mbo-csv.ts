/**
 * Market-by-order events as CSV with a header: columns in any order, those that nobody knows are
 * passed. What the words of the header, of actions and of sides mean, the host says
 * (src/mbo-csv-decoder.ts).
 *
 * ```
 * decoder  +72      +76      +80    +84      +88   +96
 *          columns  actions  sides  counted  seen  codes x u8
 * ```
 */
import {
  BAD_FIELD,
  BAD_MAGIC,
  BAD_TYPE,
  countSkipped,
  endStep,
  EVENTS,
  EVENTS_END,
  FULL,
  inputEndOf,
  inputOf,
  MORE,
  passFault,
  TOO_MANY_INSTRUMENTS,
  UNITS,
} from './decoding';
import {
  ACTION,
  ADD,
  BUY,
  CLEAR,
  EVENT_BYTES,
  FLAGS,
  INSTRUMENT,
  LAST,
  MAYBE_BAD,
  MODIFY,
  NO_PRICE,
  NO_SIDE,
  ORDER_ID,
  PART,
  PRICE,
  QUANTITY,
  REDUCE,
  SELL,
  SEQUENCE,
  SIDE,
  SNAPSHOT,
  TIME_NS,
  TRADE,
} from './event';
import { instrumentOf, MAX_NAME_BYTES, NO_INSTRUMENT } from './instruments';
import { INSTRUMENTS, isSkipping, LINES_OWN, skipLine } from './lines';
import {
  failAt,
  fault,
  faultAt,
  putStop,
  scanAmount,
  scanDecimal,
  scanTime,
  scanUnsigned,
  value,
} from './text';
import { codeOf } from './words';

const COLUMNS: usize = LINES_OWN;
const ACTIONS: usize = LINES_OWN + 4;
const SIDES: usize = LINES_OWN + 8;
/** Columns of the header; 0 before it is read. */
const COUNT: usize = LINES_OWN + 12;
/** Bits of the codes among them. */
const SEEN: usize = LINES_OWN + 16;
const CODES: usize = LINES_OWN + 24;
const MAX_COLUMNS: u32 = 256;

const C_ORDER_ID: u32 = 1;
const C_ACTION: u32 = 2;
const C_SIDE: u32 = 3;
const C_PRICE: u32 = 4;
const C_SIZE: u32 = 5;
const C_TIME: u32 = 6;
const C_FLAGS: u32 = 7;
const C_SEQUENCE: u32 = 8;
const C_SYMBOL: u32 = 9;
const C_INSTRUMENT_ID: u32 = 10;
const REQUIRED: u32 =
  1 << C_ORDER_ID | 1 << C_ACTION | 1 << C_SIDE | 1 << C_PRICE | 1 << C_SIZE;

const A_ADD: u32 = 1;
const A_CANCEL: u32 = 2;
const A_MODIFY: u32 = 3;
const A_CLEAR: u32 = 4;
const A_TRADE: u32 = 5;
const A_FILL: u32 = 6;
const A_NONE: u32 = 7;

/** In place of an action: the row says nothing of the book. */
const NOTHING: u8 = 0;
/** Decimals of a price. */
const DECIMALS: u32 = 9;

/** The field that `scanField` found, without its quotes. */
let fieldAt: usize = 0;
let fieldEnd: usize = 0;
/** The row's action as the host numbers it. */
let told: u32 = 0;

export function setMboCsvWords(decoder: usize, columns: usize, actions: usize, sides: usize): void {
  store<u32>(decoder, <u32>columns, COLUMNS);
  store<u32>(decoder, <u32>actions, ACTIONS);
  store<u32>(decoder, <u32>sides, SIDES);
}

export function stepMboCsv(decoder: usize): void {
  const end = inputEndOf(decoder);
  putStop(end);
  const eventsEnd: usize = load<u32>(decoder, EVENTS_END);
  let event: usize = load<u32>(decoder, EVENTS);
  let at = inputOf(decoder);
  let lines = load<u64>(decoder, UNITS);
  let code = MORE;
  while (at < end) {
    if (isSkipping(decoder)) {
      at = skipLine(decoder, at, end);
      lines += u64(!isSkipping(decoder));
      continue;
    }
    const inHeader = load<u32>(decoder, COUNT) == 0;
    if (!inHeader && event == eventsEnd) {
      code = FULL;
      break;
    }
    const next = inHeader ? scanHeader(decoder, at) : scanRow(decoder, at, event);
    if (next == 0) {
      if (faultAt >= end) break;
      if (inHeader || !passFault(decoder)) {
        code = fault;
        break;
      }
      at = skipLine(decoder, at, end);
      lines += u64(!isSkipping(decoder));
      continue;
    }
    at = next;
    lines += 1;
    if (inHeader) continue;
    if (load<u8>(event, ACTION) == NOTHING) countSkipped(decoder);
    else event += EVENT_BYTES;
  }
  store<u64>(decoder, lines, UNITS);
  endStep(decoder, at, event, code);
}

function scanHeader(decoder: usize, at: usize): usize {
  // A byte order mark.
  if ((load<u32>(at) & 0xffffff) == 0xbfbbef) at += 3;
  const begin = at;
  const words: usize = load<u32>(decoder, COLUMNS);
  let seen: u32 = 0;
  let count: u32 = 0;
  for (;;) {
    at = scanField(at);
    if (at == 0) return 0;
    if (count == MAX_COLUMNS) return failAt(begin, BAD_MAGIC);
    let code = codeOf(words, fieldAt, <u32>(fieldEnd - fieldAt));
    // The first of several columns of one meaning is the one that counts.
    if ((seen & (1 << code)) != 0) code = 0;
    seen |= 1 << code;
    store<u8>(decoder + count, <u8>code, CODES);
    count += 1;
    if (load<u8>(at) != 0x2c) break;
    at += 1;
  }
  at = lineBreak(at);
  if (at == 0) return 0;
  if ((seen & REQUIRED) != REQUIRED) return failAt(begin, BAD_MAGIC);
  if ((seen & (1 << C_SYMBOL)) != 0) dropColumn(decoder, count, C_INSTRUMENT_ID);
  store<u32>(decoder, count, COUNT);
  store<u32>(decoder, seen, SEEN);
  return at;
}

function dropColumn(decoder: usize, count: u32, code: u32): void {
  for (let column: u32 = 0; column < count; column += 1) {
    if (load<u8>(decoder + column, CODES) == code) store<u8>(decoder + column, 0, CODES);
  }
}

function scanRow(decoder: usize, at: usize, event: usize): usize {
  memory.fill(event, 0, EVENT_BYTES);
  const count = load<u32>(decoder, COUNT);
  // A feed without flags is whole after each event.
  store<u16>(event, (load<u32>(decoder, SEEN) & (1 << C_FLAGS)) != 0 ? 0 : LAST, FLAGS);
  for (let column: u32 = 0; ; ) {
    at = scanField(at);
    if (at == 0) return 0;
    const code: u32 = load<u8>(decoder + column, CODES);
    if (code != 0 && !takeField(decoder, event, code)) return 0;
    column += 1;
    if (column == count) break;
    if (load<u8>(at) != 0x2c) return failAt(at, BAD_FIELD);
    at += 1;
  }
  at = lineBreak(at);
  if (at == 0) return 0;
  turnTrade(event);
  if ((load<u32>(decoder, SEEN) & (1 << C_SYMBOL | 1 << C_INSTRUMENT_ID)) == 0) {
    store<u32>(event, instrumentOf(load<u32>(decoder, INSTRUMENTS), at, 0), INSTRUMENT);
  }
  return at;
}

/** Puts the field into the event. */
function takeField(decoder: usize, event: usize, code: u32): bool {
  const length = <u32>(fieldEnd - fieldAt);
  switch (code) {
    case C_ORDER_ID: return takeNumber(event, ORDER_ID);
    case C_ACTION: return takeAction(event, codeOf(load<u32>(decoder, ACTIONS), fieldAt, length));
    case C_SIDE: return takeSide(event, codeOf(load<u32>(decoder, SIDES), fieldAt, length));
    case C_PRICE: return takePrice(event);
    case C_SIZE: {
      if (!endsField(scanAmount(fieldAt, 0))) return false;
      store<u64>(event, value, QUANTITY);
      return true;
    }
    case C_TIME: return takeTime(event);
    case C_FLAGS: return takeFlags(event);
    case C_SEQUENCE: return takeNumber(event, SEQUENCE);
    default: return takeName(decoder, event);
  }
}

function takeNumber(event: usize, offset: usize): bool {
  if (!endsField(scanUnsigned(fieldAt))) return false;
  store<u64>(event + offset, value);
  return true;
}

function takeAction(event: usize, code: u32): bool {
  let action = NOTHING;
  switch (code) {
    case A_ADD: action = ADD; break;
    case A_CANCEL: action = REDUCE; break;
    case A_MODIFY: action = MODIFY; break;
    case A_CLEAR: action = CLEAR; break;
    case A_TRADE:
    case A_FILL: action = TRADE; break;
    case A_NONE: break;
    default: return failAt(fieldAt, BAD_TYPE) != 0;
  }
  told = code;
  store<u8>(event, action, ACTION);
  return true;
}

function takeSide(event: usize, code: u32): bool {
  if (code == 0) return failAt(fieldAt, BAD_FIELD) != 0;
  store<u8>(event, code == 1 ? BUY : code == 2 ? SELL : NO_SIDE, SIDE);
  return true;
}

/** A trade comes with the aggressor's side, its parts with the resting orders'. */
function turnTrade(event: usize): void {
  if (told == A_FILL) store<u16>(event, load<u16>(event, FLAGS) | PART, FLAGS);
  if (told != A_TRADE) return;
  const side = load<u8>(event, SIDE);
  if (side != NO_SIDE) store<u8>(event, side ^ 1, SIDE);
}

function takePrice(event: usize): bool {
  if (fieldAt == fieldEnd) {
    store<u16>(event, load<u16>(event, FLAGS) | NO_PRICE, FLAGS);
    return true;
  }
  if (!endsField(scanDecimal(fieldAt, DECIMALS))) return false;
  store<u64>(event, value, PRICE);
  return true;
}

/** Nanoseconds since 1970, as a number or written out. */
function takeTime(event: usize): bool {
  const written = fieldEnd - fieldAt > 4 && load<u8>(fieldAt, 4) == 0x2d;
  if (!endsField(written ? scanTime(fieldAt) : scanUnsigned(fieldAt))) return false;
  store<u64>(event, value, TIME_NS);
  return true;
}

/** Bits as Databento has them. */
function takeFlags(event: usize): bool {
  if (!endsField(scanUnsigned(fieldAt))) return false;
  let flags = load<u16>(event, FLAGS);
  if ((value & 128) != 0) flags |= LAST;
  if ((value & 32) != 0) flags |= SNAPSHOT;
  if ((value & 4) != 0) flags |= MAYBE_BAD;
  store<u16>(event, flags, FLAGS);
  return true;
}

function takeName(decoder: usize, event: usize): bool {
  const length = <u32>(fieldEnd - fieldAt);
  if (length > MAX_NAME_BYTES) return failAt(fieldAt, BAD_FIELD) != 0;
  const instrument = instrumentOf(load<u32>(decoder, INSTRUMENTS), fieldAt, length);
  if (instrument == NO_INSTRUMENT) return failAt(fieldAt, TOO_MANY_INSTRUMENTS) != 0;
  store<u32>(event, instrument, INSTRUMENT);
  return true;
}

/** What a scanner took must be the whole field. */
function endsField(at: usize): bool {
  if (at == fieldEnd) return true;
  if (at != 0) failAt(at, BAD_FIELD);
  return false;
}

/** A field up to the comma or line break behind it, which is where it ends. */
function scanField(at: usize): usize {
  if (load<u8>(at) == 0x22) return scanQuoted(at + 1);
  fieldAt = at;
  const commas = i8x16.splat(0x2c);
  const spaces = i8x16.splat(0x20);
  for (;;) {
    const bytes = v128.load(at);
    const found = i8x16.bitmask(v128.or(i8x16.eq(bytes, commas), i8x16.lt_u(bytes, spaces)));
    if (found != 0) {
      at += ctz(found);
      break;
    }
    at += 16;
  }
  fieldEnd = at;
  // The stop: the rest of the field may follow.
  return load<u8>(at) == 0 ? failAt(at, BAD_FIELD) : at;
}

/** A doubled quote stays doubled: no field that counts has one. */
function scanQuoted(at: usize): usize {
  fieldAt = at;
  for (;;) {
    const byte = load<u8>(at);
    if (byte == 0) return failAt(at, BAD_FIELD);
    if (byte == 0x22) {
      if (load<u8>(at, 1) != 0x22) break;
      at += 1;
    }
    at += 1;
  }
  fieldEnd = at;
  const after = load<u8>(at, 1);
  const ends = after == 0x2c || after == 0x0a || after == 0x0d;
  return ends ? at + 1 : failAt(at + 1, BAD_FIELD);
}

function lineBreak(at: usize): usize {
  if (load<u8>(at) == 0x0d) at += 1;
  return load<u8>(at) == 0x0a ? at + 1 : failAt(at, BAD_FIELD);
}

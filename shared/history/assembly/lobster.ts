/**
 * LOBSTER message files, a line an event:
 * `time,type,orderId,size,price,direction`, with whatever columns a vendor adds behind. Time is in
 * seconds since midnight, price in dollars x 10,000; direction is the resting order's side.
 */
import {
  BAD_FIELD,
  BAD_TYPE,
  endStep,
  EVENTS,
  EVENTS_END,
  FULL,
  inputEndOf,
  inputOf,
  MORE,
  OUT_OF_ORDER,
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
  LAST,
  NO_PRICE,
  NO_SIDE,
  ORDER_ID,
  PRICE,
  QUANTITY,
  REDUCE,
  SELL,
  SEQUENCE,
  SIDE,
  STATUS,
  TIME_NS,
  TRADE,
} from './event';
import { isSkipping, LINES_OWN, skipLine } from './lines';
import {
  failAt,
  fault,
  faultAt,
  putStop,
  scanAmount,
  scanDecimal,
  scanUnsigned,
  value,
} from './text';

const LAST_TIME: usize = LINES_OWN;
const HALT: u32 = 7;

export function stepLobster(decoder: usize): void {
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
    if (event == eventsEnd) {
      code = FULL;
      break;
    }
    const next = scanLine(at, event);
    if (next != 0 && followsTime(decoder, load<u64>(event, TIME_NS))) {
      lines += 1;
      store<u64>(event, lines, SEQUENCE);
      event += EVENT_BYTES;
      at = next;
      continue;
    }
    if (next == 0 && faultAt >= end) break;
    if (!passFault(decoder)) {
      code = next == 0 ? fault : OUT_OF_ORDER;
      break;
    }
    if (next != 0) continue;
    at = skipLine(decoder, at, end);
    lines += u64(!isSkipping(decoder));
  }
  store<u64>(decoder, lines, UNITS);
  endStep(decoder, at, event, code);
}

/** Remembers the time in any case: a lenient decoder takes the line in its second attempt. */
function followsTime(decoder: usize, timeNs: u64): bool {
  const last = load<u64>(decoder, LAST_TIME);
  store<u64>(decoder, timeNs, LAST_TIME);
  return timeNs >= last;
}

/** Where the next line begins, or 0. */
function scanLine(at: usize, event: usize): usize {
  at = comma(scanAmount(at, 9));
  if (at == 0) return 0;
  store<u64>(event, value, TIME_NS);
  const typeAt = at;
  at = comma(scanUnsigned(at));
  if (at == 0) return 0;
  if (value - 1 >= 7) return failAt(typeAt, BAD_TYPE);
  const type = <u32>value;
  at = comma(scanUnsigned(at));
  if (at == 0) return 0;
  store<u64>(event, value, ORDER_ID);
  at = comma(scanUnsigned(at));
  if (at == 0) return 0;
  store<u64>(event, value, QUANTITY);
  const priceAt = at;
  at = comma(scanDecimal(at, 0));
  if (at == 0) return 0;
  const price = <i64>value;
  const sideAt = at;
  at = scanDecimal(at, 0);
  if (at == 0) return 0;
  const direction = <i64>value;
  at = lineBreak(at);
  if (at == 0) return 0;
  if (direction != 1 && direction != -1) return failAt(sideAt, BAD_FIELD);
  store<u32>(event, 0, INSTRUMENT);
  if (type == HALT) {
    if (price < -1 || price > 1) return failAt(priceAt, BAD_FIELD);
    store<u64>(event, <u64>(price + 1), QUANTITY);
    store<u64>(event, 0, PRICE);
    putKind(event, STATUS, NO_SIDE, LAST | NO_PRICE);
  } else {
    store<i64>(event, price, PRICE);
    // A cross names no side.
    putKind(event, actionOf(type), type == 6 ? NO_SIDE : direction == 1 ? BUY : SELL, LAST);
  }
  return at;
}

function putKind(event: usize, action: u8, side: u8, flags: u16): void {
  store<u8>(event, action, ACTION);
  store<u8>(event, side, SIDE);
  store<u16>(event, flags, FLAGS);
}

function actionOf(type: u32): u8 {
  switch (type) {
    case 1: return ADD;
    case 2: return REDUCE;
    case 3: return DELETE;
    case 4: return EXECUTE;
    default: return TRADE;
  }
}

// @ts-ignore: decorator
@inline
function comma(at: usize): usize {
  if (at == 0) return 0;
  return load<u8>(at) == 0x2c ? at + 1 : failAt(at, BAD_FIELD);
}

/** Behind the line's break; columns that are left over are passed. */
function lineBreak(at: usize): usize {
  let byte: u32 = load<u8>(at);
  if (byte == 0x2c) {
    do byte = load<u8>(++at);
    while (byte >= 0x20);
  }
  if (byte == 0x0d) byte = load<u8>(++at);
  return byte == 0x0a ? at + 1 : failAt(at, BAD_FIELD);
}

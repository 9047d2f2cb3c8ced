/**
 * NASDAQ TotalView-ITCH 5.0, big-endian: a length of two bytes, then a message. A length of zero is
 * one that the file leaves out: the message's type says it.
 *
 * ```
 * message  +0    +1      +3        +5        +11
 *          type  locate  tracking  timeNs    body
 * ```
 * Instruments are counted by locate; their names come from the stock directory and from orders.
 */
import { reservePages } from '../../engine/assembly/memory';
import {
  BAD_FIELD,
  BAD_LENGTH,
  BAD_TYPE,
  countSkipped,
  endStep,
  EVENTS,
  EVENTS_END,
  FULL,
  inputEndOf,
  inputOf,
  MORE,
  OWN,
  passFault,
  UNITS,
} from './decoding';
import * as event from './event';

const PREFIX_BYTES: usize = 2;
const HEADER_BYTES: u32 = 11;
const DAY_NS: u64 = 86_400_000_000_000;
/** What one message gives at most. */
const MOST_EVENTS: usize = 2;
const BLANK: u8 = 32;
/** N */
const NOT_PRINTED: u8 = 0x4e;

/** Address of `Stocks`; how many messages of each type there were (u64 each). */
const STOCKS: usize = OWN;
export const TYPE_COUNTS: usize = OWN + 64;

/** 65,536 of each: 1 + number by locate (u32) from 0, name by locate, locate by number (u16). */
const NAMES: usize = 65_536 << 2;
const LOCATES: usize = NAMES + (65_536 << 3);
const COUNT: usize = LOCATES + (65_536 << 1);
const STOCKS_PAGES: u32 = 15;

/** By type: bytes of a message, 0 for types that there are not. */
const lengths: usize = memory.data(256);

/** Before the first step. @returns the address of its stocks */
export function beginItch(decoder: usize): usize {
  length('S', 12);
  length('R', 39);
  length('H', 25);
  length('Y', 20);
  length('L', 26);
  length('V', 35);
  length('W', 12);
  length('K', 28);
  length('J', 35);
  length('h', 21);
  length('A', 36);
  length('F', 40);
  length('E', 31);
  length('C', 36);
  length('X', 23);
  length('D', 19);
  length('U', 35);
  length('P', 44);
  length('Q', 40);
  length('B', 19);
  length('I', 50);
  length('N', 20);
  length('O', 48);
  const stocks = reservePages(STOCKS_PAGES);
  store<u32>(decoder, <u32>stocks, STOCKS);
  return stocks;
}

function length(name: string, bytes: u8): void {
  store<u8>(lengths + <usize>name.charCodeAt(0), bytes);
}

export function itchStockCount(stocks: usize): u32 {
  return load<u32>(stocks, COUNT);
}

export function itchLocateOf(stocks: usize, number: u32): u32 {
  return load<u16>(stocks + LOCATES + (<usize>number << 1));
}

/** Address of eight bytes: zeros where no message has named the stock. */
export function itchNameOf(stocks: usize, locate: u32): usize {
  return stocks + NAMES + (<usize>locate << 3);
}

export function stepItch(decoder: usize): void {
  let input = inputOf(decoder);
  const end = inputEndOf(decoder);
  let events: usize = load<u32>(decoder, EVENTS);
  const eventsEnd: usize = load<u32>(decoder, EVENTS_END);
  let units = load<u64>(decoder, UNITS);
  let code = MORE;
  while (end - input > PREFIX_BYTES) {
    const message = input + PREFIX_BYTES;
    const type = load<u8>(message);
    const expected = <u32>load<u8>(lengths + type);
    const told = <u32>bswap<u16>(load<u16>(input));
    if (told == 0 && expected == 0) {
      code = BAD_TYPE;
      break;
    }
    const bytes = told == 0 ? expected : told;
    if (end - message < bytes) break;
    if (eventsEnd - events < MOST_EVENTS * event.EVENT_BYTES) {
      code = FULL;
      break;
    }
    code = bytes < HEADER_BYTES || (expected != 0 && bytes != expected) ? BAD_LENGTH : MORE;
    if (code == MORE) {
      const count = decoder + TYPE_COUNTS + (<usize>type << 3);
      store<u64>(count, load<u64>(count) + 1);
      const next = take(decoder, message, type, events, units);
      if (next == 0) code = BAD_FIELD;
      else if (next == events) countSkipped(decoder);
      else events = next;
    }
    if (code != MORE && !passFault(decoder)) break;
    code = MORE;
    input = message + bytes;
    units += 1;
  }
  store<u64>(decoder, units, UNITS);
  endStep(decoder, input, events, code);
}

// @ts-ignore: decorator
@inline
function u32At(message: usize, at: usize): u32 {
  return bswap<u32>(load<u32>(message + at));
}

// @ts-ignore: decorator
@inline
function u64At(message: usize, at: usize): u64 {
  return bswap<u64>(load<u64>(message + at));
}

/** @returns behind the last event, or 0 where a field is not valid */
// @ts-ignore: decorator
@inline
function take(decoder: usize, message: usize, type: u8, to: usize, units: u64): usize {
  // The low six of eight bytes.
  const timeNs = u64At(message, 3) & 0xffff_ffff_ffff;
  if (timeNs >= DAY_NS) return 0;
  const stocks: usize = load<u32>(decoder, STOCKS);
  const locate = bswap<u16>(load<u16>(message, 1));
  store<u64>(to, timeNs, event.TIME_NS);
  store<u64>(to, units, event.SEQUENCE);
  switch (type) {
    case 0x41: // A
    case 0x46: // F
      return added(stocks, locate, message, to);
    case 0x45: // E
      return changed(stocks, locate, message, to, event.EXECUTE, u32At(message, 19));
    case 0x43: // C
      return executedAt(stocks, locate, message, to);
    case 0x58: // X
      return changed(stocks, locate, message, to, event.REDUCE, u32At(message, 19));
    case 0x44: // D
      return changed(stocks, locate, message, to, event.DELETE, 0);
    case 0x55: // U
      return replaced(stocks, locate, message, to);
    default:
      return takeRest(stocks, locate, message, type, to);
  }
}

function takeRest(stocks: usize, locate: u16, message: usize, type: u8, to: usize): usize {
  switch (type) {
    case 0x50: // P
      return traded(stocks, locate, message, to);
    case 0x51: // Q
      return crossed(stocks, locate, message, to);
    case 0x48: // H
      return halted(stocks, locate, message, to);
    case 0x52: // R
      name(stocks, locate, message + 11);
      return to;
    default:
      return to;
  }
}

/** What all have; the time and the sequence are there. @returns behind the event */
// @ts-ignore: decorator
@inline
function put(
  stocks: usize,
  locate: u16,
  to: usize,
  orderId: u64,
  price: i64,
  quantity: u64,
  kind: u32,
): usize {
  store<u64>(to, orderId, event.ORDER_ID);
  store<i64>(to, price, event.PRICE);
  store<u64>(to, quantity, event.QUANTITY);
  store<u32>(to, numberOf(stocks, locate), event.INSTRUMENT);
  store<u32>(to, kind, event.ACTION);
  return to + event.EVENT_BYTES;
}

/** Action, side and flags as they lie in an event. */
// @ts-ignore: decorator
@inline
function kindOf(action: u8, side: u8, flags: u16): u32 {
  return <u32>action | (<u32>side << 8) | (<u32>flags << 16);
}

/** BUY, SELL, or NO_SIDE where the letter is neither. */
// @ts-ignore: decorator
@inline
function sideAt(message: usize): u8 {
  const letter = load<u8>(message, 19);
  return letter == 0x42 ? event.BUY : letter == 0x53 ? event.SELL : event.NO_SIDE;
}

function added(stocks: usize, locate: u16, message: usize, to: usize): usize {
  const side = sideAt(message);
  if (side == event.NO_SIDE) return 0;
  if (load<u64>(itchNameOf(stocks, locate)) == 0) name(stocks, locate, message + 24);
  const kind = kindOf(event.ADD, side, event.LAST);
  const quantity = u32At(message, 20);
  return put(stocks, locate, to, u64At(message, 11), u32At(message, 32), quantity, kind);
}

// @ts-ignore: decorator
@inline
function changed(
  stocks: usize,
  locate: u16,
  message: usize,
  to: usize,
  action: u8,
  quantity: u32,
): usize {
  const kind = kindOf(action, event.NO_SIDE, event.LAST | event.NO_PRICE);
  return put(stocks, locate, to, u64At(message, 11), 0, quantity, kind);
}

/** What is not printed is part of a cross, which a message of its own tells as a whole. */
function executedAt(stocks: usize, locate: u16, message: usize, to: usize): usize {
  const isPrinted = load<u8>(message, 31) != NOT_PRINTED;
  const flags: u16 = isPrinted ? event.LAST : event.LAST | event.PART;
  const kind = kindOf(event.EXECUTE, event.NO_SIDE, flags);
  const quantity = u32At(message, 19);
  return put(stocks, locate, to, u64At(message, 11), u32At(message, 32), quantity, kind);
}

function replaced(stocks: usize, locate: u16, message: usize, to: usize): usize {
  const gone = kindOf(event.DELETE, event.NO_SIDE, event.NO_PRICE);
  const next = put(stocks, locate, to, u64At(message, 11), 0, 0, gone);
  store<u64>(next, load<u64>(to, event.TIME_NS), event.TIME_NS);
  store<u64>(next, load<u64>(to, event.SEQUENCE), event.SEQUENCE);
  const kind = kindOf(event.ADD, event.NO_SIDE, event.LAST | event.REPLACED);
  const quantity = u32At(message, 27);
  return put(stocks, locate, next, u64At(message, 19), u32At(message, 31), quantity, kind);
}

function traded(stocks: usize, locate: u16, message: usize, to: usize): usize {
  const side = sideAt(message);
  if (side == event.NO_SIDE) return 0;
  if (load<u64>(itchNameOf(stocks, locate)) == 0) name(stocks, locate, message + 24);
  const kind = kindOf(event.TRADE, side, event.LAST);
  const quantity = u32At(message, 20);
  return put(stocks, locate, to, u64At(message, 11), u32At(message, 32), quantity, kind);
}

/** An auction's trade; those in which nothing was traded are passed over. */
function crossed(stocks: usize, locate: u16, message: usize, to: usize): usize {
  const quantity = u64At(message, 11);
  if (quantity == 0) return to;
  const kind = kindOf(event.TRADE, event.NO_SIDE, event.LAST);
  return put(stocks, locate, to, 0, u32At(message, 27), quantity, kind);
}

function halted(stocks: usize, locate: u16, message: usize, to: usize): usize {
  let quantity: u64 = 0;
  switch (load<u8>(message, 19)) {
    case 0x48: // H
    case 0x50: // P
      break;
    case 0x51: // Q
      quantity = 1;
      break;
    case 0x54: // T
      quantity = 2;
      break;
    default:
      return 0;
  }
  const kind = kindOf(event.STATUS, event.NO_SIDE, event.LAST | event.NO_PRICE);
  return put(stocks, locate, to, 0, 0, quantity, kind);
}

// @ts-ignore: decorator
@inline
function numberOf(stocks: usize, locate: u16): u32 {
  const known = load<u32>(stocks + (<usize>locate << 2));
  return known != 0 ? known - 1 : enter(stocks, locate);
}

function enter(stocks: usize, locate: u16): u32 {
  const number = load<u32>(stocks, COUNT);
  store<u32>(stocks, number + 1, COUNT);
  store<u32>(stocks + (<usize>locate << 2), number + 1);
  store<u16>(stocks + LOCATES + (<usize>number << 1), locate);
  return number;
}

/** The eight bytes of a stock's name, filled with blanks, which are left out. */
function name(stocks: usize, locate: u16, from: usize): void {
  const to = itchNameOf(stocks, locate);
  for (let at: usize = 0; at < 8; at += 1) {
    const letter = load<u8>(from + at);
    store<u8>(to + at, letter == BLANK ? 0 : letter);
  }
}

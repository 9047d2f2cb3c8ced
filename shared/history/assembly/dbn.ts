/**
 * Records of Databento's binary encoding, versions 1 to 3; the host reads the metadata before them.
 *
 * ```
 * record  +0      +1     +2         +4          +8
 *         length  rtype  publisher  instrument  tsEvent
 * order   +16      +24    +32   +36    +37      +38     +39   +40     +48        +52
 *         orderId  price  size  flags  channel  action  side  tsRecv  tsInDelta  sequence
 * ```
 * The length is in words of four bytes; records of another type are passed over by it. An
 * instrument's name in the table is its key: number (u32) and publisher (u16).
 */
import {
  BAD_FIELD,
  BAD_LENGTH,
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
  TOO_MANY_INSTRUMENTS,
  UNITS,
} from './decoding';
import * as event from './event';
import { instrumentOf, newInstruments, NO_INSTRUMENT } from './instruments';

const HEADER_BYTES: usize = 16;
const ORDER_BYTES: usize = 56;
const ORDER_TYPE: u8 = 160;

const NONE: u8 = 0x7f;
const BAD: u8 = 0xff;
const FIRST_LETTER: u8 = 65;
const LETTERS: u8 = 26;

/** The instruments' table; the recently met: key + 1 (u64), number (u32). */
const TABLE: usize = OWN;
const RECENT: usize = OWN + 16;
const RECENT_COUNT: usize = 128;

/** By letter; both are filled once. */
const actions: usize = memory.data(32);
const sides: usize = memory.data(32);

/** Before the first step. @returns its instruments' table */
export function beginDbn(decoder: usize): usize {
  memory.fill(actions, BAD, 32);
  memory.fill(sides, BAD, 32);
  letter(actions, 'A', event.ADD);
  letter(actions, 'C', event.REDUCE);
  letter(actions, 'M', event.MODIFY);
  letter(actions, 'R', event.CLEAR);
  letter(actions, 'T', event.TRADE);
  letter(actions, 'F', event.TRADE);
  letter(actions, 'N', NONE);
  letter(sides, 'A', event.SELL);
  letter(sides, 'B', event.BUY);
  letter(sides, 'N', event.NO_SIDE);
  const table = newInstruments();
  store<u32>(decoder, <u32>table, TABLE);
  return table;
}

function letter(table: usize, name: string, value: u8): void {
  store<u8>(table + <usize>name.charCodeAt(0) - FIRST_LETTER, value);
}

export function stepDbn(decoder: usize): void {
  let input = inputOf(decoder);
  const end = inputEndOf(decoder);
  let events: usize = load<u32>(decoder, EVENTS);
  const eventsEnd: usize = load<u32>(decoder, EVENTS_END);
  let units = load<u64>(decoder, UNITS);
  let code = MORE;
  while (input < end) {
    const length = <usize>load<u8>(input) << 2;
    if (length < HEADER_BYTES) {
      code = BAD_LENGTH;
      break;
    }
    if (end - input < length) break;
    if (load<u8>(input, 1) == ORDER_TYPE) {
      if (events == eventsEnd) {
        code = FULL;
        break;
      }
      code = takeOrder(decoder, input, length, events);
      if (code == MORE) {
        events += event.EVENT_BYTES;
      } else if (code != NONE && !passFault(decoder)) {
        break;
      }
      code = MORE;
    } else {
      countSkipped(decoder);
    }
    input += length;
    units += 1;
  }
  store<u64>(decoder, units, UNITS);
  endStep(decoder, input, events, code);
}

/** @returns MORE, NONE where it gives no event, or an error */
// @ts-ignore: decorator
@inline
function takeOrder(decoder: usize, record: usize, length: usize, to: usize): u32 {
  if (length < ORDER_BYTES) return BAD_LENGTH;
  const actionLetter = load<u8>(record, 38) - FIRST_LETTER;
  const sideLetter = load<u8>(record, 39) - FIRST_LETTER;
  if (max(actionLetter, sideLetter) >= LETTERS) return BAD_FIELD;
  const action = load<u8>(actions + actionLetter);
  let side = load<u8>(sides + sideLetter);
  if (max(action, side) == BAD) return BAD_FIELD;
  if (action == NONE) {
    countSkipped(decoder);
    return NONE;
  }
  const number = instrumentIn(decoder, record);
  if (number == NO_INSTRUMENT) return TOO_MANY_INSTRUMENTS;
  const told = load<u8>(record, 36);
  // LAST is its 128, SNAPSHOT its 32, MAYBE_BAD its 4.
  let flags = <u16>((told >> 7) | ((told >> 4) & 2) | (told & 4));
  if (action == event.TRADE) {
    // A trade comes with the aggressor's side, its parts with the resting orders'.
    if (actionLetter == 70 - FIRST_LETTER) flags |= event.PART;
    else if (side != event.NO_SIDE) side ^= 1;
  }
  let price = load<i64>(record, 24);
  if (price == i64.MAX_VALUE) {
    price = 0;
    flags |= event.NO_PRICE;
  }
  store<u64>(to, load<u64>(record, 16), event.ORDER_ID);
  store<i64>(to, price, event.PRICE);
  store<u64>(to, load<u32>(record, 32), event.QUANTITY);
  store<u64>(to, load<u64>(record, 8), event.TIME_NS);
  store<u32>(to, number, event.INSTRUMENT);
  store<u8>(to, action, event.ACTION);
  store<u8>(to, side, event.SIDE);
  store<u16>(to, flags, event.FLAGS);
  store<u64>(to, load<u32>(record, 52), event.SEQUENCE);
  return MORE;
}

// @ts-ignore: decorator
@inline
function instrumentIn(decoder: usize, record: usize): u32 {
  const number = load<u32>(record, 4);
  const key = ((<u64>load<u16>(record, 2) << 32) | number) + 1;
  const recent = decoder + RECENT + ((<usize>number & (RECENT_COUNT - 1)) << 4);
  if (load<u64>(recent) == key) return load<u32>(recent, 8);
  return lookUp(decoder, recent, key);
}

/** Behind the recently met lies room for a key as the table has it. */
function lookUp(decoder: usize, recent: usize, key: u64): u32 {
  const name = decoder + RECENT + (RECENT_COUNT << 4);
  store<u64>(name, key - 1);
  const number = instrumentOf(load<u32>(decoder, TABLE), name, 6);
  if (number != NO_INSTRUMENT) {
    store<u64>(recent, key);
    store<u32>(recent, number, 8);
  }
  return number;
}

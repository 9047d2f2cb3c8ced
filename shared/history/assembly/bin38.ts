/**
 * The packed order record of 38 bytes that Hyperliquid stream processors write, little-endian.
 *
 * ```
 * record  +0       +8      +12    +20   +28    +29          +37
 *         orderId  market  price  size  isBuy  timestampNs  status
 * ```
 * Price and size are doubles. Kept are integers of 1e-8: those of the shortest decimal that reads
 * as the double; one that has no such decimal of eight places is refused. A market's name in the
 * table of instruments is its number (u32).
 */
import {
  BAD_FIELD,
  BAD_NUMBER,
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

export const RECORD_BYTES: usize = 38;
const OPEN: u8 = 0;
const FILLED: u8 = 1;
const CANCELLED: u8 = 2;

const PLACES: u32 = 8;
const UNIT: f64 = 100_000_000;
/** Below it every product with UNIT is rounded to the right integer. */
const SAFE: f64 = 20_000_000;
const MOST_EXACT: f64 = 9_007_199_254_740_992;
/** No integer of 1e-8: the largest ones are not reached. */
const NO_INTEGER: i64 = i64.MIN_VALUE;

/** The instruments' table; the last market + 1 (u64), its number. */
const TABLE: usize = OWN;
const LAST_MARKET: usize = OWN + 8;
const LAST_NUMBER: usize = OWN + 16;

/** Before the first step. @returns its instruments' table */
export function beginBin38(decoder: usize): usize {
  const table = newInstruments();
  store<u32>(decoder, <u32>table, TABLE);
  return table;
}

export function stepBin38(decoder: usize): void {
  let input = inputOf(decoder);
  const end = inputEndOf(decoder);
  let events: usize = load<u32>(decoder, EVENTS);
  const eventsEnd: usize = load<u32>(decoder, EVENTS_END);
  let units = load<u64>(decoder, UNITS);
  let code = MORE;
  while (end - input >= RECORD_BYTES) {
    if (events == eventsEnd) {
      code = FULL;
      break;
    }
    code = take(decoder, input, events, units);
    if (code == MORE) events += event.EVENT_BYTES;
    else if (!passFault(decoder)) break;
    code = MORE;
    input += RECORD_BYTES;
    units += 1;
  }
  store<u64>(decoder, units, UNITS);
  endStep(decoder, input, events, code);
}

// @ts-ignore: decorator
@inline
function take(decoder: usize, record: usize, to: usize, units: u64): u32 {
  const status = load<u8>(record, 37);
  if (status > CANCELLED) return BAD_FIELD;
  const price = integerOf(load<f64>(record, 12));
  const size = integerOf(load<f64>(record, 20));
  if (price == NO_INTEGER || size < 0) return BAD_NUMBER;
  const number = numberOf(decoder, record + 8);
  if (number == NO_INSTRUMENT) return TOO_MANY_INSTRUMENTS;
  store<u64>(to, load<u64>(record), event.ORDER_ID);
  store<i64>(to, price, event.PRICE);
  store<i64>(to, size, event.QUANTITY);
  store<u64>(to, load<u64>(record, 29), event.TIME_NS);
  store<u32>(to, number, event.INSTRUMENT);
  store<u8>(to, actionOf(status), event.ACTION);
  store<u8>(to, load<u8>(record, 28) != 0 ? event.BUY : event.SELL, event.SIDE);
  store<u16>(to, event.LAST, event.FLAGS);
  store<u64>(to, units, event.SEQUENCE);
  return MORE;
}

// @ts-ignore: decorator
@inline
function actionOf(status: u8): u8 {
  return status == OPEN ? event.ADD : status == FILLED ? event.EXECUTE : event.DELETE;
}

// @ts-ignore: decorator
@inline
function numberOf(decoder: usize, market: usize): u32 {
  const key = <u64>load<u32>(market) + 1;
  if (load<u64>(decoder, LAST_MARKET) == key) return load<u32>(decoder, LAST_NUMBER);
  const number = instrumentOf(load<u32>(decoder, TABLE), market, 4);
  store<u64>(decoder, key, LAST_MARKET);
  store<u32>(decoder, number, LAST_NUMBER);
  return number;
}

/** The integer of 1e-8 that a double stands for; NO_INTEGER where there is none. */
// @ts-ignore: decorator
@inline
function integerOf(value: f64): i64 {
  if (abs(value) < SAFE) {
    const rounded = nearest(value * UNIT);
    // A division is rounded right: what gives the double back is what it was made from.
    return rounded / UNIT == value ? <i64>rounded : NO_INTEGER;
  }
  return longIntegerOf(value);
}

/**
 * Of a double that lies closer to several integers of 1e-8 than they lie to each other, or that is
 * no number: the shortest decimal's.
 */
function longIntegerOf(value: f64): i64 {
  const size = abs(value);
  let power: f64 = 1;
  let rest: i64 = 100_000_000;
  for (let places: u32 = 0; places <= PLACES; places += 1) {
    const rounded = nearest(size * power);
    // False for what is no number, too.
    if (!(rounded <= MOST_EXACT)) return NO_INTEGER;
    // The product is rounded, too, so that its neighbours may be what the double was made from.
    for (let other = 0; other < 3; other += 1) {
      const near = rounded + <f64>(other == 2 ? -1 : other);
      if (near / power != size) continue;
      if (<i64>near > i64.MAX_VALUE / rest) return NO_INTEGER;
      const integer = <i64>near * rest;
      return value < 0 ? -integer : integer;
    }
    power *= 10;
    rest /= 10;
  }
  return NO_INTEGER;
}

/**
 * Writes events as records, as far as they are such: ADD, EXECUTE and DELETE with a side, a price
 * and a quantity that doubles can hold.
 * @param markets numbers of the `marketCount` markets (u32) by instrument
 * @param to room for `count` records
 * @returns how many it wrote before the first that is none
 */
export function writeBin38(
  events: usize,
  count: u32,
  markets: usize,
  marketCount: u32,
  to: usize,
): u32 {
  for (let index: u32 = 0; index < count; index += 1) {
    const from = events + <usize>index * event.EVENT_BYTES;
    const action = load<u8>(from, event.ACTION);
    const side = load<u8>(from, event.SIDE);
    const price = load<i64>(from, event.PRICE);
    const size = load<i64>(from, event.QUANTITY);
    const priceDouble = doubleOf(price);
    const sizeDouble = doubleOf(size);
    const instrument = load<u32>(from, event.INSTRUMENT);
    const isWritable =
      instrument < marketCount &&
      (action == event.ADD || action == event.EXECUTE || action == event.DELETE) &&
      side != event.NO_SIDE &&
      (load<u16>(from, event.FLAGS) & event.NO_PRICE) == 0 &&
      integerOf(priceDouble) == price &&
      integerOf(sizeDouble) == size &&
      size >= 0;
    if (!isWritable) return index;
    const market = load<u32>(markets + (<usize>instrument << 2));
    const record = to + <usize>index * RECORD_BYTES;
    store<u64>(record, load<u64>(from, event.ORDER_ID));
    store<u32>(record, market, 8);
    store<f64>(record, priceDouble, 12);
    store<f64>(record, sizeDouble, 20);
    store<u8>(record, side == event.BUY ? 1 : 0, 28);
    store<u64>(record, load<u64>(from, event.TIME_NS), 29);
    store<u8>(record, statusOf(action), 37);
  }
  return count;
}

function statusOf(action: u8): u8 {
  return action == event.ADD ? OPEN : action == event.EXECUTE ? FILLED : CANCELLED;
}

/** The double nearest to an integer of 1e-8, if its digits fit; whoever asks reads it back. */
function doubleOf(integer: i64): f64 {
  let unit: f64 = UNIT;
  while (unit > 1 && integer % 10 == 0 && integer != 0) {
    integer /= 10;
    unit /= 10;
  }
  return <f64>integer / unit;
}

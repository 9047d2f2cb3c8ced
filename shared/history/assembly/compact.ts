/**
 * This project's own file of events: as they are, exactly, in a quarter of the room or less.
 * Little-endian; docs in ARCHITECTURE.md.
 *
 * ```
 * file    +0     +8       +12            +13               +14       +16     +20
 *         magic  version  priceExponent  quantityExponent  reserved  crc32c  blocks
 * block   +0     +4       +8             +12               +16
 *         kind   bytes    count          crc32c            payload
 * column  +0     +8       +16
 *         first  unit     widths, differences
 * ```
 * The checksum covers what stands before it, and of a block the payload, too. NAMES are those of
 * the next `count` instruments, a length (u8) before each. EVENTS are columns (COLUMNS): the first
 * value, and how each differs from the one before it, divided by the unit that divides all of them,
 * its sign in the lowest bit. Two bits say whether a difference takes 1, 2, 4 or 8 bytes. Where
 * nothing differs, the unit is 0 and nothing follows. Nothing reaches beyond a block: a faulty one
 * costs only its own events. END has the number of all events (u64); a file without it was cut off.
 */
import { allocateBlock, blockShiftFor } from '../../engine/assembly/memory';
import { crc32c } from './crc32c';
import {
  BAD_FIELD,
  BAD_LENGTH,
  BAD_MAGIC,
  BAD_TYPE,
  BAD_VERSION,
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
import { MAX_INSTRUMENTS } from './instruments';

/** "FBEVENTS" */
const MAGIC: u64 = 0x53544e4556454246;
const VERSION: u32 = 1;
const HEADER_BYTES: usize = 20;
const HEADER_CRC: usize = 16;
const BLOCK_BYTES: usize = 16;
const BLOCK_CRC: usize = 12;
const MOST_BYTES: u32 = 256 * 1_024;
const MOST_EVENTS: u32 = 4_096;

const NAMES: u32 = 1;
const EVENT_COLUMNS: u32 = 2;
const END: u32 = 3;

/** The kind takes the room of the sequence's lower half, until that is read. */
const COLUMNS: u32 = 7;
const KIND: usize = 36;
const COLUMN_BYTES: usize = 16;

const DATA_CORRUPT: u32 = BAD_FIELD;

/** Own state: what was read of the file; instruments; events (u64); the last names' address. */
const STAGE: usize = OWN;
const INSTRUMENTS: usize = OWN + 4;
const TOTAL: usize = OWN + 8;
const LAST_NAMES: usize = OWN + 16;
/** Address of the first names: next, count, bytes, and the payload 16 bytes behind. */
export const FIRST_NAMES: usize = OWN + 20;
export const PRICE_EXPONENT: usize = OWN + 24;
export const QUANTITY_EXPONENT: usize = OWN + 25;

const AT_HEADER: u32 = 0;
const AT_BLOCK: u32 = 1;
const AT_END: u32 = 2;

/** Whether the file was whole. */
export function compactEnded(decoder: usize): bool {
  return load<u32>(decoder, STAGE) == AT_END;
}

export function stepCompact(decoder: usize): void {
  let input = inputOf(decoder);
  const end = inputEndOf(decoder);
  let code = MORE;
  if (load<u32>(decoder, STAGE) == AT_HEADER && end - input >= HEADER_BYTES) {
    code = takeHeader(decoder, input);
    if (code == MORE) input += HEADER_BYTES;
  }
  if (code == MORE && load<u32>(decoder, STAGE) != AT_HEADER) {
    takeBlocks(decoder, input, end);
  } else {
    endStep(decoder, input, load<u32>(decoder, EVENTS), code);
  }
}

function takeHeader(decoder: usize, header: usize): u32 {
  if (load<u64>(header) != MAGIC) return BAD_MAGIC;
  if (load<u32>(header, 8) != VERSION) return BAD_VERSION;
  if (load<u32>(header, HEADER_CRC) != crc32c(header, <u32>HEADER_CRC, 0)) return DATA_CORRUPT;
  store<u8>(decoder, load<u8>(header, 12), PRICE_EXPONENT);
  store<u8>(decoder, load<u8>(header, 13), QUANTITY_EXPONENT);
  store<u32>(decoder, AT_BLOCK, STAGE);
  return MORE;
}

function takeBlocks(decoder: usize, from: usize, end: usize): void {
  let input = from;
  let events: usize = load<u32>(decoder, EVENTS);
  const eventsEnd: usize = load<u32>(decoder, EVENTS_END);
  let code = MORE;
  while (end - input >= BLOCK_BYTES) {
    const bytes = load<u32>(input, 4);
    const count = load<u32>(input, 8);
    if (bytes > MOST_BYTES) {
      code = BAD_LENGTH;
      break;
    }
    if (end - input < BLOCK_BYTES + bytes) break;
    code = checkBlock(decoder, input, bytes);
    if (code == MORE && load<u32>(input) == EVENT_COLUMNS) {
      if (count > MOST_EVENTS) code = BAD_LENGTH;
      else if (<u32>(eventsEnd - events) < count * <u32>event.EVENT_BYTES) {
        code = FULL;
        break;
      } else {
        code = takeEvents(decoder, input, bytes, count, events);
        if (code == MORE) events += <usize>count * event.EVENT_BYTES;
      }
    } else if (code == MORE) {
      code = takeOther(decoder, input, bytes, count);
    }
    if (code != MORE && !passFault(decoder)) break;
    code = MORE;
    store<u64>(decoder, load<u64>(decoder, UNITS) + 1, UNITS);
    input += BLOCK_BYTES + bytes;
  }
  endStep(decoder, input, events, code);
}

function checkBlock(decoder: usize, block: usize, bytes: u32): u32 {
  // Nothing follows the end.
  if (load<u32>(decoder, STAGE) == AT_END) return BAD_TYPE;
  const sum = crc32c(block, <u32>BLOCK_CRC, 0);
  const isWhole = load<u32>(block, BLOCK_CRC) == crc32c(block + BLOCK_BYTES, bytes, sum);
  return isWhole ? MORE : DATA_CORRUPT;
}

function takeOther(decoder: usize, block: usize, bytes: u32, count: u32): u32 {
  switch (load<u32>(block)) {
    case NAMES:
      return takeNames(decoder, block + BLOCK_BYTES, bytes, count);
    case END:
      if (bytes != 8) return BAD_LENGTH;
      store<u32>(decoder, AT_END, STAGE);
      return load<u64>(block, BLOCK_BYTES) == load<u64>(decoder, TOTAL) ? MORE : BAD_FIELD;
    default:
      return BAD_TYPE;
  }
}

/** Keeps the payload as it is, for the host to read. */
function takeNames(decoder: usize, payload: usize, bytes: u32, count: u32): u32 {
  const known = load<u32>(decoder, INSTRUMENTS);
  if (count > MAX_INSTRUMENTS - known) return TOO_MANY_INSTRUMENTS;
  let at: u32 = 0;
  for (let index: u32 = 0; index < count; index += 1) {
    if (at >= bytes) return BAD_LENGTH;
    at += 1 + <u32>load<u8>(payload + at);
  }
  if (at != bytes) return BAD_LENGTH;
  if (count == 0) return MORE;
  const kept = allocateBlock(blockShiftFor(16 + bytes));
  store<u32>(kept, count, 4);
  store<u32>(kept, bytes, 8);
  memory.copy(kept + 16, payload, bytes);
  const last: usize = load<u32>(decoder, LAST_NAMES);
  if (last == 0) store<u32>(decoder, <u32>kept, FIRST_NAMES);
  else store<u32>(last, <u32>kept);
  store<u32>(decoder, <u32>kept, LAST_NAMES);
  store<u32>(decoder, known + count, INSTRUMENTS);
  return MORE;
}

function takeEvents(decoder: usize, block: usize, bytes: u32, count: u32, to: usize): u32 {
  let at = block + BLOCK_BYTES;
  const end = at + bytes;
  if (count == 0) return bytes == 0 ? MORE : BAD_LENGTH;
  for (let column: u32 = 0; column < COLUMNS; column += 1) {
    at = readColumn(at, end, to + offsetOf(column), count);
    if (at == 0) return BAD_LENGTH;
  }
  if (at != end) return BAD_LENGTH;
  const instruments = load<u32>(decoder, INSTRUMENTS);
  const stop = to + <usize>count * event.EVENT_BYTES;
  for (let one = to; one < stop; one += event.EVENT_BYTES) {
    const kind = load<u32>(one, KIND);
    const action = kind & 15;
    const side = (kind >> 4) & 3;
    const isKnown = action != 0 && action <= event.LEVEL && side <= event.NO_SIDE;
    if (!isKnown || kind >> 22 != 0) return BAD_FIELD;
    if (load<u32>(one, event.INSTRUMENT) >= instruments) return BAD_FIELD;
    store<u32>(one, action | (side << 8) | ((kind >> 6) << 16), KIND);
  }
  store<u64>(decoder, load<u64>(decoder, TOTAL) + count, TOTAL);
  return MORE;
}

/** Where its values lie in an event: each overwrites what the column before wrote too far. */
function offsetOf(column: u32): usize {
  switch (column) {
    case 0:
      return event.ORDER_ID;
    case 1:
      return event.PRICE;
    case 2:
      return event.QUANTITY;
    case 3:
      return event.TIME_NS;
    case 4:
      return event.INSTRUMENT;
    case 5:
      return KIND;
    default:
      return event.SEQUENCE;
  }
}

/** @returns behind the column, or 0 where it ends behind the block */
function readColumn(from: usize, end: usize, to: usize, count: u32): usize {
  if (end - from < COLUMN_BYTES) return 0;
  let value = load<u64>(from);
  const unit = load<u64>(from, 8);
  const widths = from + COLUMN_BYTES;
  const differences = unit == 0 ? 0 : count - 1;
  let at = widths + ((<usize>differences + 3) >> 2);
  if (at > end || at + bytesOf(widths, differences) > end) return 0;
  const stop = to + <usize>count * event.EVENT_BYTES;
  store<u64>(to, value);
  let one = to + event.EVENT_BYTES;
  if (unit == 0) {
    for (; one < stop; one += event.EVENT_BYTES) store<u64>(one, value);
    return at;
  }
  for (let index: usize = 0; one < stop; index += 1, one += event.EVENT_BYTES) {
    const bytes = widthAt(widths, index);
    const code = load<u64>(at) & (u64.MAX_VALUE >> (64 - (bytes << 3)));
    value += unit * ((code >> 1) ^ (0 - (code & 1)));
    store<u64>(one, value);
    at += bytes;
  }
  return at;
}

/** Bytes of a difference. */
// @ts-ignore: decorator
@inline
function widthAt(widths: usize, index: usize): usize {
  return <usize>1 << ((<u32>load<u8>(widths + (index >> 2)) >> (<u32>(index & 3) << 1)) & 3);
}

function bytesOf(widths: usize, differences: u32): usize {
  let bytes: usize = 0;
  for (let index: usize = 0; index < differences; index += 1) bytes += widthAt(widths, index);
  return bytes;
}

/**
 * Writes the file's header.
 * @returns its bytes
 */
export function writeCompactHeader(priceExponent: i32, quantityExponent: i32, to: usize): u32 {
  store<u64>(to, MAGIC);
  store<u32>(to, VERSION, 8);
  store<u8>(to, <u8>priceExponent, 12);
  store<u8>(to, <u8>quantityExponent, 13);
  store<u16>(to, 0, 14);
  store<u32>(to, crc32c(to, <u32>HEADER_CRC, 0), HEADER_CRC);
  return <u32>HEADER_BYTES;
}

/**
 * Puts a block's header before a payload that is there already.
 * @returns bytes of the block
 */
export function sealCompactBlock(kind: u32, count: u32, bytes: u32, to: usize): u32 {
  store<u32>(to, kind);
  store<u32>(to, bytes, 4);
  store<u32>(to, count, 8);
  const sum = crc32c(to, <u32>BLOCK_CRC, 0);
  store<u32>(to, crc32c(to + BLOCK_BYTES, bytes, sum), BLOCK_CRC);
  return <u32>BLOCK_BYTES + bytes;
}

/**
 * Writes a block of 1 to 4,096 events.
 * @param instruments how many have a name
 * @param to room for MOST_BYTES and a header
 * @returns bytes of the block; 0 where an event's instrument has no name
 */
export function writeCompactEvents(events: usize, count: u32, instruments: u32, to: usize): u32 {
  const stop = events + <usize>count * event.EVENT_BYTES;
  for (let one = events; one < stop; one += event.EVENT_BYTES) {
    if (load<u32>(one, event.INSTRUMENT) >= instruments) return 0;
  }
  const payload = to + BLOCK_BYTES;
  let at = payload;
  for (let column: u32 = 0; column < COLUMNS; column += 1) {
    at = writeColumn(events, count, column, at);
  }
  return sealCompactBlock(EVENT_COLUMNS, count, <u32>(at - payload), to);
}

function valueOf(one: usize, column: u32): u64 {
  if (column == 4) return load<u32>(one, event.INSTRUMENT);
  if (column != 5) return load<u64>(one + offsetOf(column));
  const flags = <u32>load<u16>(one, event.FLAGS);
  return load<u8>(one, event.ACTION) | (<u32>load<u8>(one, event.SIDE) << 4) | (flags << 6);
}

function writeColumn(events: usize, count: u32, column: u32, to: usize): usize {
  const stop = events + <usize>count * event.EVENT_BYTES;
  const unit = unitOf(events, stop, column);
  let value = valueOf(events, column);
  store<u64>(to, value);
  store<u64>(to, unit, 8);
  const widths = to + COLUMN_BYTES;
  if (unit == 0) return widths;
  const widthBytes = (<usize>count + 2) >> 2;
  memory.fill(widths, 0, widthBytes);
  let at = widths + widthBytes;
  let index: usize = 0;
  for (let one = events + event.EVENT_BYTES; one < stop; one += event.EVENT_BYTES) {
    const next = valueOf(one, column);
    const difference = <i64>(next - value);
    const steps = <i64>(sizeOf(difference) / unit);
    const signed = difference < 0 ? -steps : steps;
    const code = <u64>((signed << 1) ^ (signed >> 63));
    const width = widthOf(code);
    const byte = widths + (index >> 2);
    store<u8>(byte, load<u8>(byte) | <u8>(width << (<u32>(index & 3) << 1)));
    // What is too much of it is overwritten by the next.
    store<u64>(at, code);
    at += <usize>1 << width;
    index += 1;
    value = next;
  }
  return at;
}

/** 0 to 3: 1, 2, 4 or 8 bytes. */
function widthOf(code: u64): u32 {
  return <u32>(code > 0xff) + <u32>(code > 0xffff) + <u32>(code > 0xffffffff);
}

function sizeOf(difference: i64): u64 {
  return <u64>(difference < 0 ? -difference : difference);
}

/** The greatest that divides all differences of a column; 0 where there are none. */
function unitOf(events: usize, stop: usize, column: u32): u64 {
  let unit: u64 = 0;
  let value = valueOf(events, column);
  for (let one = events + event.EVENT_BYTES; one < stop; one += event.EVENT_BYTES) {
    const next = valueOf(one, column);
    let rest = sizeOf(<i64>(next - value));
    value = next;
    if (unit == 1 || rest == 0) continue;
    if (unit == 0) {
      unit = rest;
      continue;
    }
    while (rest != 0) {
      const divided = unit % rest;
      unit = rest;
      rest = divided;
    }
  }
  return unit;
}

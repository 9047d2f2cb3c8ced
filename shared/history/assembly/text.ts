/**
 * What text is made of, scanned byte by byte straight to integers.
 *
 * The byte behind the input is a NUL that the step has put there (`putStop`), which no format
 * here allows anywhere. So a scanner needs no bound: it ends at the latest there. A scanner takes
 * an address and gives the one behind what it took, or 0 at a fault, which is `fault` at `faultAt`;
 * a fault at the end of the input only says that more is to come.
 */
import { BAD_FIELD, BAD_NUMBER } from './decoding';

/** What the last scanner found. */
export let value: u64 = 0;
export let fault: u32 = 0;
export let faultAt: usize = 0;

const NANOSECONDS: u64 = 1_000_000_000;
const LARGEST: u64 = <u64>i64.MAX_VALUE;
/** The last magnitude that another digit can follow: with it 2^63 is passed by one at most. */
const LAST_FOR_DIGIT: u64 = LARGEST / 10;
const MAX_DECIMALS: u32 = 18;
const POWERS: StaticArray<u64> = [
  1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000,
  10_000_000_000, 100_000_000_000, 1_000_000_000_000, 10_000_000_000_000, 100_000_000_000_000,
  1_000_000_000_000_000, 10_000_000_000_000_000, 100_000_000_000_000_000,
  1_000_000_000_000_000_000,
];

/** Bytes behind the input that belong to nobody: SIMD reads them, and the stop lies there. */
export function putStop(end: usize): void {
  v128.store(end, i64x2.splat(0));
}

export function setValue(it: u64): void {
  value = it;
}

export function failAt(at: usize, code: u32): usize {
  fault = code;
  faultAt = at;
  return 0;
}

// @ts-ignore: decorator
@inline
export function isDigit(byte: u32): bool {
  return byte - 0x30 < 10;
}

/** An unsigned integer up to 2^64 - 1. */
export function scanUnsigned(at: usize): usize {
  let digit: u32 = <u32>load<u8>(at) - 0x30;
  if (digit > 9) return failAt(at, BAD_FIELD);
  const first = at;
  let sum: u64 = 0;
  do {
    sum = sum * 10 + digit;
    at += 1;
    digit = <u32>load<u8>(at) - 0x30;
  } while (digit <= 9);
  // Nineteen digits always fit.
  if (at - first > 19 && !fits(first, at)) return failAt(first, BAD_NUMBER);
  value = sum;
  return at;
}

function fits(at: usize, end: usize): bool {
  let sum: u64 = 0;
  for (; at < end; at += 1) {
    const digit: u64 = load<u8>(at) - 0x30;
    if (sum > u64.MAX_VALUE / 10) return false;
    sum *= 10;
    if (sum > u64.MAX_VALUE - digit) return false;
    sum += digit;
  }
  return true;
}

/**
 * A decimal as an integer of 10^-decimals, exactly: `value` has the bits of an i64. More decimals
 * than that must be zeros. No exponents.
 */
export function scanDecimal(at: usize, decimals: u32): usize {
  let byte: u32 = load<u8>(at);
  const negative = byte == 0x2d;
  if (negative) byte = load<u8>(++at);
  let sum: u64 = 0;
  const first = at;
  while (isDigit(byte)) {
    if (sum > LAST_FOR_DIGIT) return failAt(at, BAD_NUMBER);
    sum = sum * 10 + (byte - 0x30);
    byte = load<u8>(++at);
  }
  let missing = decimals;
  if (byte == 0x2e) {
    const point = at;
    byte = load<u8>(++at);
    while (isDigit(byte)) {
      if (missing != 0) {
        if (sum > LAST_FOR_DIGIT) return failAt(at, BAD_NUMBER);
        sum = sum * 10 + (byte - 0x30);
        missing -= 1;
      } else if (byte != 0x30) {
        return failAt(at, BAD_NUMBER);
      }
      byte = load<u8>(++at);
    }
    if (at == point + 1) return failAt(at, BAD_FIELD);
  } else if (at == first) {
    return failAt(at, BAD_FIELD);
  }
  if (missing != 0) {
    const power = unchecked(POWERS[missing]);
    // Below 2^32 * 10^9 nothing overflows: no need to divide.
    if ((sum >> 32 != 0 || missing > 9) && sum > (LARGEST + 1) / power) {
      return failBehind(first, at);
    }
    sum *= power;
  }
  if (sum > LARGEST + u64(negative)) return failBehind(first, at);
  value = negative ? 0 - sum : sum;
  return at;
}

/** Too large, unless the stop has cut it off: then what follows may be another fault. */
function failBehind(first: usize, at: usize): usize {
  return failAt(load<u8>(at) == 0 ? at : first, BAD_NUMBER);
}

/** The same, but not below zero. */
export function scanAmount(at: usize, decimals: u32): usize {
  if (load<u8>(at) == 0x2d) return failAt(at, BAD_FIELD);
  return scanDecimal(at, decimals);
}

/** The last time written out, up to where it ends, and what it and its minute are. */
const lastText = memory.data(32);
let lastBytes: usize = 0;
let lastNs: u64 = 0;
let lastMinuteNs: u64 = 0;

const LONG_TIME_BYTES: usize = 29;

/**
 * Nanoseconds since 1970 of a time in UTC: `2026-04-30T20:46:43.304461819`, with a space for the T,
 * up to nine decimals, and with a Z or nothing behind it.
 */
export function scanTime(at: usize): usize {
  // Times of a block are all the same, and those of a minute begin alike.
  if (!v128.any_true(v128.xor(v128.load(at), v128.load(lastText))) && lastBytes != 0) {
    const rest = v128.xor(v128.load(at, 13), v128.load(lastText, 13));
    if (lastBytes == LONG_TIME_BYTES && !v128.any_true(rest)) {
      value = lastNs;
      at += LONG_TIME_BYTES;
      if (isDigit(load<u8>(at))) return failAt(at, BAD_NUMBER);
      return load<u8>(at) == 0x5a ? at + 1 : at;
    }
    return scanSeconds(at, at + 16);
  }
  const begin = at;
  lastBytes = 0;
  at = scanMinute(at);
  return at == 0 ? 0 : scanSeconds(begin, at);
}

function scanSeconds(begin: usize, at: usize): usize {
  if (load<u8>(at) != 0x3a) return failAt(at, BAD_FIELD);
  at = scanDigits(at + 1, 2);
  if (at == 0) return 0;
  if (value > 60) return failAt(at - 2, BAD_FIELD);
  const seconds = value;
  let fraction: u64 = 0;
  if (load<u8>(at) == 0x2e) {
    const point = at;
    let byte: u32 = load<u8>(++at);
    while (isDigit(byte)) {
      fraction = fraction * 10 + (byte - 0x30);
      byte = load<u8>(++at);
    }
    const digits = <u32>(at - point - 1);
    if (digits == 0) return failAt(at, BAD_FIELD);
    if (digits > 9) return failAt(point, BAD_NUMBER);
    fraction *= unchecked(POWERS[9 - digits]);
  }
  value = lastMinuteNs + seconds * NANOSECONDS + fraction;
  lastNs = value;
  lastBytes = at - begin;
  memory.copy(lastText, begin, min(lastBytes, 32));
  return load<u8>(at) == 0x5a ? at + 1 : at;
}

/** `2026-04-30T20:46` to `lastMinuteNs`. */
function scanMinute(at: usize): usize {
  at = scanDigits(at, 4);
  if (at == 0) return 0;
  const year = value;
  if (year < 1970 || year > 2553) return failAt(at - 4, BAD_FIELD);
  at = scanPart(at, 0x2d, 1, 12);
  if (at == 0) return 0;
  const month = value;
  at = scanPart(at, 0x2d, 1, 31);
  if (at == 0) return 0;
  const day = value;
  at = scanPart(at, load<u8>(at) == 0x20 ? 0x20 : 0x54, 0, 23);
  if (at == 0) return 0;
  const hour = value;
  at = scanPart(at, 0x3a, 0, 59);
  if (at == 0) return 0;
  lastMinuteNs = ((daysSince1970(year, month, day) * 24 + hour) * 60 + value) * 60 * NANOSECONDS;
  return at;
}

function scanPart(at: usize, before: u32, least: u64, most: u64): usize {
  if (load<u8>(at) != before) return failAt(at, BAD_FIELD);
  at = scanDigits(at + 1, 2);
  if (at == 0) return 0;
  return value < least || value > most ? failAt(at - 2, BAD_FIELD) : at;
}

function scanDigits(at: usize, digits: u32): usize {
  let sum: u64 = 0;
  for (let left = digits; left != 0; left -= 1) {
    const byte: u32 = load<u8>(at);
    if (!isDigit(byte)) return failAt(at, BAD_FIELD);
    sum = sum * 10 + (byte - 0x30);
    at += 1;
  }
  value = sum;
  return at;
}

/** Of the Gregorian calendar. A year begins in March here, so that a leap day is its last. */
function daysSince1970(year: u64, month: u64, day: u64): u64 {
  const y = month <= 2 ? year - 1 : year;
  const m = month <= 2 ? month + 9 : month - 3;
  const days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1;
  return days - 719_468;
}

/** Where the next line break is, or the stop. */
export function lineEnd(at: usize, end: usize): usize {
  const breaks = i8x16.splat(0x0a);
  for (; at < end; at += 16) {
    const found = i8x16.bitmask(i8x16.eq(v128.load(at), breaks));
    if (found != 0) return min(at + ctz(found), end);
  }
  return end;
}

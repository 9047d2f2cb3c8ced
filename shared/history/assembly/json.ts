/**
 * JSON, scanned where it lies and as far as somebody wants it: values that nobody wants are only
 * passed. The scanners are as those of text.ts.
 */
import { BAD_FIELD, BAD_LENGTH } from './decoding';
import { failAt, fault, faultAt, isDigit, scanDecimal } from './text';
import { codeOf } from './words';

const QUOTE: u32 = 0x22;
const BACKSLASH: u32 = 0x5c;
const COMMA: u32 = 0x2c;
const COLON: u32 = 0x3a;
const OPEN_BRACKET: u32 = 0x5b;
const CLOSE_BRACKET: u32 = 0x5d;
const OPEN_BRACE: u32 = 0x7b;
const CLOSE_BRACE: u32 = 0x7d;
/** The four bytes of each. */
const NULL: u32 = 0x6c6c756e;
const TRUE: u32 = 0x65757274;
const ALSE: u32 = 0x65736c61;

const MAX_DEPTH: u32 = 64;

/** The string that was scanned last, where it lies or without its escapes. */
export let textAt: usize = 0;
export let textLength: u32 = 0;
/** What the key that was scanned last means. */
export let keyCode: u32 = 0;

/** A string without its escapes; no name or number is as long. */
const UNESCAPED_BYTES: u32 = 256;
const unescaped = memory.data(272);

// @ts-ignore: decorator
@inline
export function space(at: usize): usize {
  return load<u8>(at) > 0x20 ? at : skipSpace(at);
}

function skipSpace(at: usize): usize {
  for (;;) {
    const byte = load<u8>(at);
    if (byte != 0x20 && (byte < 0x09 || byte > 0x0d)) break;
    at += 1;
  }
  return at;
}

/** From its quote to behind the other. */
export function scanString(at: usize): usize {
  if (load<u8>(at) != QUOTE) return failAt(at, BAD_FIELD);
  at += 1;
  const begin = at;
  const quotes = i8x16.splat(<i8>QUOTE);
  const backslashes = i8x16.splat(<i8>BACKSLASH);
  const spaces = i8x16.splat(0x20);
  for (;;) {
    const bytes = v128.load(at);
    const ends = v128.or(i8x16.eq(bytes, quotes), i8x16.eq(bytes, backslashes));
    const found = i8x16.bitmask(v128.or(ends, i8x16.lt_u(bytes, spaces)));
    if (found != 0) {
      at += ctz(found);
      break;
    }
    at += 16;
  }
  const byte: u32 = load<u8>(at);
  if (byte == BACKSLASH) return scanEscaped(begin, at);
  if (byte != QUOTE) return failAt(at, BAD_FIELD);
  textAt = begin;
  textLength = <u32>(at - begin);
  return at + 1;
}

/** A string that has an escape at `at`. One that is too long for anything is taken as empty. */
function scanEscaped(begin: usize, at: usize): usize {
  let length = <u32>min<usize>(at - begin, UNESCAPED_BYTES + 1);
  if (length <= UNESCAPED_BYTES) memory.copy(unescaped, begin, length);
  for (;;) {
    const byte: u32 = load<u8>(at);
    if (byte == QUOTE) break;
    if (byte < 0x20) return failAt(at, BAD_FIELD);
    let point = byte;
    at += 1;
    if (byte == BACKSLASH) {
      at = scanEscape(at);
      if (at == 0) return 0;
      point = escape;
    }
    // Bytes beyond ASCII are parts of characters already.
    const size = byte == BACKSLASH ? putCharacter(length, point) : putByte(length, point);
    length = min(length + size, UNESCAPED_BYTES + 1);
  }
  if (length > UNESCAPED_BYTES) length = 0;
  textAt = unescaped;
  textLength = length;
  // Numbers end there.
  store<u8>(unescaped + length, 0);
  return at + 1;
}

/** The character of the last escape. */
let escape: u32 = 0;

/** Behind the backslash. Halves of a character that stand alone are refused. */
function scanEscape(at: usize): usize {
  const byte: u32 = load<u8>(at);
  switch (byte) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f: escape = byte; return at + 1;
    case 0x62: escape = 0x08; return at + 1;
    case 0x66: escape = 0x0c; return at + 1;
    case 0x6e: escape = 0x0a; return at + 1;
    case 0x72: escape = 0x0d; return at + 1;
    case 0x74: escape = 0x09; return at + 1;
    case 0x75: return scanUnicode(at + 1);
    default: return failAt(at, BAD_FIELD);
  }
}

function scanUnicode(at: usize): usize {
  const begin = at;
  at = scanHex(at);
  if (at == 0 || (escape & 0xf800) != 0xd800) return at;
  const high = escape;
  if (high >= 0xdc00) return failAt(begin, BAD_FIELD);
  if (load<u8>(at) != BACKSLASH) return failAt(at, BAD_FIELD);
  if (load<u8>(at, 1) != 0x75) return failAt(at + 1, BAD_FIELD);
  at = scanHex(at + 2);
  if (at == 0) return 0;
  if ((escape & 0xfc00) != 0xdc00) return failAt(begin, BAD_FIELD);
  escape = 0x10000 + ((high & 0x3ff) << 10) + (escape & 0x3ff);
  return at;
}

function scanHex(at: usize): usize {
  let sum: u32 = 0;
  for (let left = 4; left != 0; left -= 1) {
    const byte: u32 = load<u8>(at);
    const letter = (byte | 0x20) - 0x61;
    if (!isDigit(byte) && letter > 5) return failAt(at, BAD_FIELD);
    sum = (sum << 4) | (letter <= 5 ? letter + 10 : byte - 0x30);
    at += 1;
  }
  escape = sum;
  return at;
}

/** As UTF-8. @returns its bytes */
function putCharacter(length: u32, point: u32): u32 {
  if (point < 0x80) return putByte(length, point);
  if (point < 0x800) return putByte(length, 0xc0 | (point >> 6)) + putTail(length + 1, point, 1);
  if (point < 0x10000) return putByte(length, 0xe0 | (point >> 12)) + putTail(length + 1, point, 2);
  return putByte(length, 0xf0 | (point >> 18)) + putTail(length + 1, point, 3);
}

function putTail(length: u32, point: u32, bytes: u32): u32 {
  for (let left = bytes; left != 0; left -= 1) {
    putByte(length, 0x80 | ((point >> ((left - 1) * 6)) & 0x3f));
    length += 1;
  }
  return bytes;
}

function putByte(length: u32, byte: u32): u32 {
  if (length < UNESCAPED_BYTES) store<u8>(unescaped + length, <u8>byte);
  return 1;
}

/**
 * Objects of one kind have their keys in one order nearly always: what was the n-th key of the last
 * object is compared first, with its quotes and colon at once.
 *
 * ```
 * guess  +0     +32   +64    +68   +72
 *        bytes  mask  words  code  length of all
 * ```
 */
const GUESSES: u32 = 64;
const GUESS_SHIFT: u32 = 7;
const MAX_GUESS_BYTES: u32 = 32;
const guesses = memory.data(8_192);
let nextGuess: u32 = 0;

/** A new object begins. */
export function restartKeys(): void {
  nextGuess = 0;
}

/** A key and its colon, up to the value; `words` has what keys mean. */
export function scanKey(at: usize, words: usize): usize {
  const guess = guesses + (<usize>(nextGuess & (GUESSES - 1)) << GUESS_SHIFT);
  nextGuess += 1;
  const length: usize = load<u32>(guess, 72);
  let differs = v128.and(v128.xor(v128.load(at), v128.load(guess)), v128.load(guess, 32));
  if (length > 16) {
    const more = v128.xor(v128.load(at, 16), v128.load(guess, 16));
    differs = v128.or(differs, v128.and(more, v128.load(guess, 48)));
  }
  if (v128.any_true(differs) || load<u32>(guess, 64) != words) return learnKey(at, words, guess);
  keyCode = load<u32>(guess, 68);
  return space(at + length);
}

function learnKey(at: usize, words: usize, guess: usize): usize {
  const begin = at;
  at = scanString(at);
  if (at == 0) return 0;
  keyCode = codeOf(words, textAt, textLength);
  const isCompact = at - begin == textLength + 2 && textAt == begin + 1;
  at = space(at);
  if (load<u8>(at) != COLON) return failAt(at, BAD_FIELD);
  const length = <u32>(at + 1 - begin);
  if (isCompact && length == textLength + 3 && length <= MAX_GUESS_BYTES) {
    memory.fill(guess, 0, 64);
    memory.copy(guess, begin, length);
    memory.fill(guess + 32, 0xff, length);
    store<u32>(guess, <u32>words, 64);
    store<u32>(guess, keyCode, 68);
    store<u32>(guess, length, 72);
  }
  return space(at + 1);
}

/** A decimal in quotes or without. */
export function scanDecimalText(at: usize, decimals: u32): usize {
  if (load<u8>(at) != QUOTE) return scanDecimal(at, decimals);
  const begin = at;
  at = scanDecimal(at + 1, decimals);
  const stop = at == 0 ? faultAt : at;
  const byte: u32 = load<u8>(stop);
  if (byte == BACKSLASH) return scanEscapedDecimal(begin, decimals);
  if (at == 0) return 0;
  return byte == QUOTE ? at + 1 : failAt(at, BAD_FIELD);
}

function scanEscapedDecimal(at: usize, decimals: u32): usize {
  const begin = at;
  at = scanString(at);
  if (at == 0) return 0;
  const ends = scanDecimal(textAt, decimals);
  // Told where it lies, not where it was unescaped.
  if (ends == 0) return failAt(begin, fault);
  return ends == textAt + textLength ? at : failAt(begin, BAD_FIELD);
}

/** Whatever value there is. */
export function skipValue(at: usize): usize {
  const byte: u32 = load<u8>(at);
  if (byte == QUOTE) return scanString(at);
  if (byte == OPEN_BRACE || byte == OPEN_BRACKET) return skipNested(at);
  if (byte == 0x2d || isDigit(byte)) return skipNumber(at);
  if (byte == 0x6e) return scanWord(at, NULL);
  if (byte == 0x74) return scanWord(at, TRUE);
  return byte == 0x66 ? scanWord(at + 1, ALSE) : failAt(at, BAD_FIELD);
}

/** Four bytes. */
function scanWord(at: usize, word: u32): usize {
  if (load<u32>(at) == word) return at + 4;
  while (load<u8>(at) == (word & 0xff)) {
    at += 1;
    word >>= 8;
  }
  return failAt(at, BAD_FIELD);
}

function skipNumber(at: usize): usize {
  let byte: u32;
  do byte = load<u8>(++at);
  while (isDigit(byte) || byte == 0x2e || byte == 0x2b || byte == 0x2d || (byte | 0x20) == 0x65);
  // More digits may follow.
  return byte == 0 ? failAt(at, BAD_FIELD) : at;
}

/** An object or array: that its brackets match is all that is looked at. */
function skipNested(at: usize): usize {
  const quotes = i8x16.splat(<i8>QUOTE);
  const bits = i8x16.splat(0x20);
  const opening = i8x16.splat(<i8>OPEN_BRACE);
  const closing = i8x16.splat(<i8>CLOSE_BRACE);
  const zeros = i8x16.splat(0);
  let depth: u32 = 0;
  /** A bit for each level: 1 for a brace. */
  let braces: u64 = 0;
  for (;;) {
    const bytes = v128.load(at);
    // A brace is a bracket with one bit more.
    const raised = v128.or(bytes, bits);
    const nests = v128.or(i8x16.eq(raised, opening), i8x16.eq(raised, closing));
    const others = v128.or(i8x16.eq(bytes, quotes), i8x16.eq(bytes, zeros));
    const found = i8x16.bitmask(v128.or(nests, others));
    if (found == 0) {
      at += 16;
      continue;
    }
    at += ctz(found);
    const byte: u32 = load<u8>(at);
    if (byte == 0) return failAt(at, BAD_FIELD);
    if (byte == QUOTE) {
      at = scanString(at);
      if (at == 0) return 0;
      continue;
    }
    const isBrace: u64 = (byte >> 5) & 1;
    if ((byte & 0x06) == 0x02) {
      if (depth == MAX_DEPTH) return failAt(at, BAD_LENGTH);
      braces = (braces << 1) | isBrace;
      depth += 1;
    } else {
      if ((braces & 1) != isBrace) return failAt(at, BAD_FIELD);
      braces >>= 1;
      depth -= 1;
    }
    at += 1;
    if (depth == 0) break;
  }
  return at;
}

// @ts-ignore: decorator
@inline
export function byteAt(at: usize): u32 {
  return load<u8>(at);
}

/** The byte that must be there, and space behind it. */
export function scanMark(at: usize, mark: u32): usize {
  return load<u8>(at) == mark ? space(at + 1) : failAt(at, BAD_FIELD);
}

export { CLOSE_BRACE, CLOSE_BRACKET, COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE };

/** 32-byte numbers in and out of the kernel's form. */
import {
  ENTER_MONTGOMERY_Q, ENTER_Q, ENTER_R, LEAVE_Q, LEAVE_R, mulQ, mulR, ORDER_Q, ORDER_R, PRIME_Q,
  PRIME_R,
} from './field-products';
import { gather, isBelow, pack, scatter, SINGLE, unpack } from './pairs';

const pair: usize = memory.data(80, 16);
const low: usize = memory.data(40, 8);
const high: usize = memory.data(40, 8);

/**
 * Reads `count` numbers of 32 bytes into singles.
 * @returns how many were read: less than `count` if the next one is not below the order
 */
export function decodeR(target: usize, source: usize, count: u32, bigEndian: bool): u32 {
  for (let i: u32 = 0; i < count; i += 2) {
    const rest = min<u32>(count - i, 2);
    for (let k: u32 = 0; k < rest; k++) {
      if (!isBelow(source + 32 * (i + k), ORDER_R, bigEndian)) return i + k;
    }
    unpack(low, source + 32 * i, bigEndian);
    unpack(high, source + 32 * (i + rest - 1), bigEndian);
    gather(pair, low, high);
    mulR(pair, pair, ENTER_R);
    scatter(target + SINGLE * i, target + SINGLE * (i + rest - 1), pair);
  }
  return count;
}

/** Writes `count` singles as numbers of 32 bytes. Singles are at most 1.5 p, limbs 2^51. */
export function encodeR(target: usize, source: usize, count: u32, bigEndian: bool): void {
  for (let i: u32 = 0; i < count; i += 2) {
    const last = i + min<u32>(count - i, 2) - 1;
    gather(pair, source + SINGLE * i, source + SINGLE * last);
    mulR(pair, pair, LEAVE_R);
    scatter(low, high, pair);
    pack(target + 32 * last, high, PRIME_R, bigEndian);
    pack(target + 32 * i, low, PRIME_R, bigEndian);
  }
}

/** As decodeR. */
export function decodeQ(target: usize, source: usize, count: u32, bigEndian: bool): u32 {
  return enterQ(target, source, count, bigEndian, ENTER_Q);
}

/** As decodeQ, of numbers that stand times 2^256 modulo p. */
export function decodeMontgomeryQ(
  target: usize, source: usize, count: u32, bigEndian: bool,
): u32 {
  return enterQ(target, source, count, bigEndian, ENTER_MONTGOMERY_Q);
}

function enterQ(target: usize, source: usize, count: u32, bigEndian: bool, factor: usize): u32 {
  for (let i: u32 = 0; i < count; i += 2) {
    const rest = min<u32>(count - i, 2);
    for (let k: u32 = 0; k < rest; k++) {
      if (!isBelow(source + 32 * (i + k), ORDER_Q, bigEndian)) return i + k;
    }
    unpack(low, source + 32 * i, bigEndian);
    unpack(high, source + 32 * (i + rest - 1), bigEndian);
    gather(pair, low, high);
    mulQ(pair, pair, factor);
    scatter(target + SINGLE * i, target + SINGLE * (i + rest - 1), pair);
  }
  return count;
}

/** As encodeR. */
export function encodeQ(target: usize, source: usize, count: u32, bigEndian: bool): void {
  for (let i: u32 = 0; i < count; i += 2) {
    const last = i + min<u32>(count - i, 2) - 1;
    gather(pair, source + SINGLE * i, source + SINGLE * last);
    mulQ(pair, pair, LEAVE_Q);
    scatter(low, high, pair);
    pack(target + 32 * last, high, PRIME_Q, bigEndian);
    pack(target + 32 * i, low, PRIME_Q, bigEndian);
  }
}

/** Turns numbers of 32 bytes to the other byte order, in place. */
export function reverseNumbers(numbers: usize, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const number = numbers + 32 * i;
    const w0 = load<u64>(number);
    const w1 = load<u64>(number, 8);
    store<u64>(number, bswap(load<u64>(number, 24)));
    store<u64>(number, bswap(load<u64>(number, 16)), 8);
    store<u64>(number, bswap(w1), 16);
    store<u64>(number, bswap(w0), 24);
  }
}

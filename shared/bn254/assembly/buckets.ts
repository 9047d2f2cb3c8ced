/**
 * What sums of points times scalars by N. Pippenger's method do whatever the curve: scalars are cut
 * into signed digits, the points of a digit's value are summed in that value's bucket. A bucket is
 * summed as a tree: all additions of a level, of all buckets, are independent, so that affine
 * additions share one inversion (P. Montgomery's trick) among some thousand. They wait in a queue;
 * ./msm and ./g2-msm compute what is queued.
 *
 * An affine point is of any size; all zeros is infinity, and negating is to negate its second half.
 */
import { ORDER_R, PRIME_Q } from './field-products';
import { isBelow } from './pairs';

/** Most additions that share an inversion, for a size of points of 80 bytes. */
const QUEUE: u32 = 2048;
const NEGATIVE: u32 = 1;
const MASK_51: i64 = (1 << 51) - 1;

export const lefts: usize = memory.data(8192, 8);
export const rights: usize = memory.data(8192, 8);
export const results: usize = memory.data(8192, 8);
export const prefixes: usize = memory.data(81920, 16);
export const differences: usize = memory.data(81920, 16);
/** Sums that the formula for different points does not give: where they go, and they. */
const exceptions: usize = memory.data(8192, 8);
const exceptionSums: usize = memory.data(163840, 16);
let exceptionCount: u32 = 0;

let queued: u32 = 0;
let capacity: u32 = QUEUE;
let pointBytes: usize = 80;
let addQueued: (count: u32) => void = (count: u32) => {};

/** Which points are summed from here on: their size, and what computes a queue of additions. */
export function chooseCurve(bytes: usize, add: (count: u32) => void): void {
  pointBytes = bytes;
  capacity = <u32>((<usize>QUEUE * 80) / bytes);
  addQueued = add;
}

// @ts-ignore: decorator
@inline
export function addressOf(ref: u32): usize {
  return <usize>(ref & ~NEGATIVE);
}

// @ts-ignore: decorator
@inline
export function signOf(ref: u32): f64 {
  return ref & NEGATIVE ? -1.0 : 1.0;
}

// @ts-ignore: decorator
@inline
function isNothing(point: usize): bool {
  if (load<f64>(point) != 0) return false;
  for (let i: usize = 8; i < pointBytes; i += 8) if (load<f64>(point + i) != 0) return false;
  return true;
}

/** Whether a difference may be a multiple of p: 0, p or -p, by its lowest limb. */
// @ts-ignore: decorator
@inline
export function mayVanish(limb: f64): bool {
  const low = <i64>limb & MASK_51;
  const prime = <i64>load<f64>(PRIME_Q) & MASK_51;
  return low == 0 || low == prime || low == MASK_51 + 1 - prime;
}

/** The affine point of a reference, its sign applied. */
export function resolve(target: usize, ref: u32): void {
  memory.copy(target, addressOf(ref), pointBytes);
  if ((ref & NEGATIVE) == 0) return;
  for (let i = pointBytes / 2; i < pointBytes; i += 8) {
    store<f64>(target + i, -load<f64>(target + i));
  }
}

/** Where to put the sum of addition `index`, which the common formula does not give. */
export function exceptionFor(index: u32): usize {
  const place = exceptionCount++;
  store<u32>(exceptions + 4 * place, load<u32>(results + 4 * index));
  return exceptionSums + pointBytes * place;
}

/** Computes what is queued. */
export function flush(): void {
  if (queued == 0) return;
  exceptionCount = 0;
  addQueued(queued);
  for (let i: u32 = 0; i < exceptionCount; i++) {
    memory.copy(load<u32>(exceptions + 4 * i), exceptionSums + pointBytes * i, pointBytes);
  }
  queued = 0;
}

/** Queues the addition of two references; `result` may be the left one's own place. */
// @ts-ignore: decorator
@inline
export function enqueue(a: u32, b: u32, result: usize): void {
  store<u32>(lefts + 4 * queued, a);
  store<u32>(rights + 4 * queued, b);
  store<u32>(results + 4 * queued, <u32>result);
  queued++;
  if (queued == capacity) flush();
}

/**
 * Sums each bucket's points. Bucket b has the references from starts[b] to starts[b + 1]; its sum's
 * reference ends up at starts[b]. `lengths`: a u32 for each bucket.
 */
function sumBuckets(refs: usize, starts: usize, lengths: usize, buckets: u32, work: usize): void {
  let longest: u32 = 0;
  for (let b: u32 = 0; b < buckets; b++) {
    const length = load<u32>(starts + 4 * (b + 1)) - load<u32>(starts + 4 * b);
    store<u32>(lengths + 4 * b, length);
    longest = max(longest, length);
  }
  for (let isFirst = true; longest > 1; isFirst = false) {
    for (let b: u32 = 0; b < buckets; b++) {
      const length = load<u32>(lengths + 4 * b);
      if (length < 2) continue;
      const list = refs + 4 * load<u32>(starts + 4 * b);
      const half = length >> 1;
      for (let i: u32 = 0; i < half; i++) {
        const a = load<u32>(list + 8 * i);
        const other = load<u32>(list + 8 * i + 4);
        // After the first level the left point is a sum, whose place is free for the next.
        const result = isFirst ? work : addressOf(a);
        if (isFirst) work += pointBytes;
        enqueue(a, other, result);
        store<u32>(list + 4 * i, <u32>result);
      }
      if (length & 1) store<u32>(list + 4 * half, load<u32>(list + 4 * (length - 1)));
      store<u32>(lengths + 4 * b, half + (length & 1));
    }
    flush();
    longest = (longest + 1) >> 1;
  }
}

/**
 * Sorts the points of `windows` windows into buckets by the digit's magnitude, and sums them into
 * `sums`, window by window. Few points are the better for many windows at a time: there is an
 * inversion for each level of the trees, however little it is for.
 */
export function fillBuckets(
  bases: usize, digits: usize, count: u32, width: u32, windows: u32, scratch: usize, sums: usize,
): void {
  const ofWindow: u32 = 1 << (width - 1);
  const buckets = ofWindow * windows;
  const starts = scratch;
  const ends = starts + 4 * (buckets + 2);
  const refs = ends + 4 * (buckets + 2);
  const work = (refs + 4 * count * windows + 15) & ~15;
  memory.fill(starts, 0, 8 * (buckets + 2));
  for (let w: u32 = 0; w < windows; w++) {
    const ofDigit = ends + 4 * ofWindow * w;
    for (let i: u32 = 0; i < count; i++) {
      const digit = <i32>load<i16>(digits + 2 * (count * w + i));
      if (digit == 0 || isNothing(bases + pointBytes * i)) continue;
      const at = ofDigit + 4 * abs(digit);
      store<u32>(at, load<u32>(at) + 1);
    }
  }
  let total: u32 = 0;
  for (let b: u32 = 0; b < buckets; b++) {
    const length = load<u32>(ends + 4 * (b + 1));
    store<u32>(starts + 4 * b, total);
    store<u32>(ends + 4 * (b + 1), total);
    total += length;
  }
  store<u32>(starts + 4 * buckets, total);
  for (let w: u32 = 0; w < windows; w++) {
    const ofDigit = ends + 4 * ofWindow * w;
    for (let i: u32 = 0; i < count; i++) {
      const digit = <i32>load<i16>(digits + 2 * (count * w + i));
      const base = bases + pointBytes * i;
      if (digit == 0 || isNothing(base)) continue;
      const at = ofDigit + 4 * abs(digit);
      const place = load<u32>(at);
      store<u32>(at, place + 1);
      store<u32>(refs + 4 * place, <u32>base | (digit < 0 ? NEGATIVE : 0));
    }
  }
  sumBuckets(refs, starts, ends, buckets, work);
  for (let b: u32 = 0; b < buckets; b++) {
    const start = load<u32>(starts + 4 * b);
    if (start == load<u32>(starts + 4 * (b + 1))) memory.fill(sums + pointBytes * b, 0, pointBytes);
    else resolve(sums + pointBytes * b, load<u32>(refs + 4 * start));
  }
}

/**
 * Replaces each scalar s above r/2 by r - s with a sign, the highest bit of its 32 bytes: what is
 * near r gets as short as what is near 0. Counts the lengths: lengths[b] (256 u32) is how many
 * scalars have b bits. Where points may be of another order than r, none gets a sign (`maySign`).
 */
export function signScalars(scalars: usize, count: u32, lengths: usize, maySign: bool): void {
  memory.fill(lengths, 0, 4 * 256);
  for (let i: u32 = 0; i < count; i++) {
    const scalar = scalars + 32 * i;
    let bits = lengthOf(scalar);
    if (maySign && bits >= ORDER_BITS - 1) {
      difference(negated, ORDER_R, scalar);
      if (isBelow(negated, scalar, false)) {
        bits = lengthOf(negated);
        memory.copy(scalar, negated, 32);
        store<u64>(scalar, load<u64>(scalar, 24) | SIGN, 24);
      }
    }
    const place = lengths + 4 * bits;
    store<u32>(place, load<u32>(place) + 1);
  }
}

const ORDER_BITS: u32 = 254;
const SIGN: u64 = 1 << 63;
const negated: usize = memory.data(32, 8);

/** target = a - b of four words, which is not negative. */
function difference(target: usize, a: usize, b: usize): void {
  let borrow: u64 = 0;
  for (let i: usize = 0; i < 32; i += 8) {
    const word = load<u64>(a + i);
    const taken = load<u64>(b + i);
    store<u64>(target + i, word - taken - borrow);
    borrow = word < taken || (word == taken && borrow != 0) ? 1 : 0;
  }
}

/** Bits of a number of four words. */
function lengthOf(number: usize): u32 {
  for (let i: u32 = 4; i > 0; i--) {
    const word = load<u64>(number + 8 * (i - 1));
    if (word != 0) return 64 * i - <u32>clz(word);
  }
  return 0;
}

/** Bits of the longest of `count` numbers of 32 little-endian bytes. */
export function longestScalar(scalars: usize, count: u32): u32 {
  let longest: u32 = 0;
  for (let i: u32 = 0; i < count; i++) longest = max(longest, lengthOf(scalars + 32 * i));
  return longest;
}

/** How many of the scalars come before the first that is not below r; all if all are. */
export function scalarsBelowOrder(scalars: usize, count: u32): u32 {
  for (let i: u32 = 0; i < count; i++) {
    if (!isBelow(scalars + 32 * i, ORDER_R, false)) return i;
  }
  return count;
}

/**
 * Signed digits of `width` bits: digits[window * count + scalar]. They reach up to 2^(width - 1)
 * itself, so that a last window whose top bit is free never carries. Scalars are as signScalars
 * left them.
 */
export function cut(digits: usize, scalars: usize, count: u32, width: u32, windows: u32): void {
  const half: i32 = 1 << (width - 1);
  const mask: u64 = (1 << width) - 1;
  for (let i: u32 = 0; i < count; i++) {
    const scalar = scalars + 32 * i;
    const sign: i32 = load<u64>(scalar, 24) & SIGN ? -1 : 1;
    store<u64>(scalar, load<u64>(scalar, 24) & ~SIGN, 24);
    let carry: i32 = 0;
    for (let w: u32 = 0; w < windows; w++) {
      const bit = w * width;
      const word = bit >> 6;
      const offset = bit & 63;
      let value: u64 = word < 4 ? load<u64>(scalar + 8 * word) >> offset : 0;
      if (offset + width > 64 && word < 3) {
        value |= load<u64>(scalar + 8 * (word + 1)) << (64 - offset);
      }
      let digit = <i32>(value & mask) + carry;
      carry = 0;
      if (digit > half) {
        digit -= 2 * half;
        carry = 1;
      }
      store<i16>(digits + 2 * (w * count + i), <i16>(sign * digit));
    }
  }
}

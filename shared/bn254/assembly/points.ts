/** Points of G1 in and out of the kernel's form, and their multiples one by one. */
import { encodeQ } from './codec';
import { mulQ, ENTER_Q, ONE_Q, ORDER_Q, PRIME_Q, squareQ } from './field-products';
import {
  addPoints, AFFINE, isInfinite, liftAffine, POINT, rootQ, setInfinity, toAffine,
} from './g1';
import {
  addPair, gather, isBelow, scalePair, settle, SINGLE, subPair, unpack,
} from './pairs';

const ODD: u8 = 0x80;
const INFINITE: u8 = 0x40;
const LARGER: u8 = 0x80;

const x: usize = memory.data(80, 16);
const y: usize = memory.data(80, 16);
const right: usize = memory.data(80, 16);
const check: usize = memory.data(80, 16);
const bytes: usize = memory.data(64, 8);
const singles: usize = memory.data(80, 8);

// @ts-ignore: decorator
@inline
function laneVanishes(pair: usize, lane: usize): bool {
  return (
    load<f64>(pair + lane) == 0 && load<f64>(pair + lane, 16) == 0 &&
    load<f64>(pair + lane, 32) == 0 && load<f64>(pair + lane, 48) == 0 &&
    load<f64>(pair + lane, 64) == 0
  );
}

/** right = x^3 + 3, settled. */
function curveRight(): void {
  squareQ(right, x);
  mulQ(right, right, x);
  scalePair(check, ONE_Q, f64x2.splat(3.0));
  settle(check, check, PRIME_Q);
  addPair(right, right, check);
  settle(right, right, PRIME_Q);
}

/** How many affine points come before the first that is neither on the curve nor infinity. */
export function pointsOnCurve(points: usize, count: u32): u32 {
  for (let i: u32 = 0; i < count; i += 2) {
    const first = points + AFFINE * i;
    const second = points + AFFINE * min(i + 1, count - 1);
    gather(x, first, second);
    gather(y, first + SINGLE, second + SINGLE);
    curveRight();
    squareQ(y, y);
    subPair(check, y, right);
    settle(check, check, PRIME_Q);
    if (!laneVanishes(check, 0) && !isInfinite(first)) return i;
    if (!laneVanishes(check, 8) && !isInfinite(second)) return i + 1;
  }
  return count;
}

/** Writes 32 bytes a point: x, big-endian, with the flags of src/g1.ts in its first byte. */
export function compressPoints(target: usize, points: usize, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const point = points + AFFINE * i;
    const out = target + 32 * i;
    encodeQ(bytes, point, 2, true);
    memory.copy(out, bytes, 32);
    if (isInfinite(point)) store<u8>(out, INFINITE);
    else if (load<u8>(bytes, 63) & 1) store<u8>(out, load<u8>(out) | ODD);
  }
}

/**
 * Negates the y of a lane if it is odd where it shouldn't be, or the other way round, and writes
 * the point of that lane. With a `factor` of 2 it is the parity of 2 y mod p that counts: odd where
 * y is larger than -y.
 */
function finishRoot(target: usize, lane: usize, isOdd: bool, factor: f64): void {
  for (let i: usize = 0; i < 5; i++) {
    store<f64>(singles + 8 * i, load<f64>(x + 16 * i + lane));
    store<f64>(singles + 40 + 8 * i, load<f64>(y + 16 * i + lane));
  }
  memory.copy(target, singles, AFFINE);
  for (let i: usize = 40; i < 80; i += 8) store<f64>(singles + i, load<f64>(singles + i) * factor);
  encodeQ(bytes, singles + SINGLE, 1, true);
  if (<bool>(load<u8>(bytes, 31) & 1) == isOdd) return;
  for (let i: usize = 40; i < 80; i += 8) store<f64>(target + i, -load<f64>(target + i));
}

/** y = a root of x^3 + 3 in each lane. Returns which lanes have one: bit 0, bit 1. */
function solve(): u32 {
  curveRight();
  rootQ(y, right);
  squareQ(check, y);
  subPair(check, check, right);
  settle(check, check, PRIME_Q);
  return <u32>laneVanishes(check, 0) | (<u32>laneVanishes(check, 8) << 1);
}

/** Loads x of a compressed point into a single; false if it isn't the form of one. */
function readCompressed(target: usize, source: usize): bool {
  memory.copy(bytes, source, 32);
  const first = load<u8>(source);
  store<u8>(bytes, first & 0x3f);
  unpack(target, bytes, true);
  if (first & INFINITE) {
    let rest: u64 = first & ~INFINITE;
    for (let i: usize = 0; i < 32; i += 8) rest |= load<u64>(bytes + i);
    return rest == 0;
  }
  return isBelow(bytes, ORDER_Q, true);
}

/** How many compressed points come before the first that is none. */
export function decompressPoints(target: usize, source: usize, count: u32): u32 {
  for (let i: u32 = 0; i < count; i += 2) {
    const last = min(i + 1, count - 1);
    const first = source + 32 * i;
    const second = source + 32 * last;
    const isRead = readCompressed(singles, first);
    const isOtherRead = readCompressed(singles + SINGLE, second);
    gather(x, singles, singles + SINGLE);
    mulQ(x, x, ENTER_Q);
    const roots = solve();
    for (let k = i; k <= last; k++) {
      const lane = k - i;
      const flags = load<u8>(source + 32 * k);
      if (!(k == i ? isRead : isOtherRead)) return k;
      if (flags & INFINITE) memory.fill(target + AFFINE * k, 0, AFFINE);
      else if (roots & (1 << lane)) {
        finishRoot(target + AFFINE * k, 8 * lane, (flags & ODD) != 0, 1.0);
      }
      else return k;
    }
  }
  return count;
}

/**
 * As decompressPoints, of points in another form: x with one flag, 0x80, for a y larger than -y.
 * Infinity has no such form.
 */
export function decompressSigned(target: usize, source: usize, count: u32): u32 {
  for (let i: u32 = 0; i < count; i += 2) {
    const last = min(i + 1, count - 1);
    const isRead = readSigned(singles, source + 32 * i);
    const isOtherRead = readSigned(singles + SINGLE, source + 32 * last);
    gather(x, singles, singles + SINGLE);
    mulQ(x, x, ENTER_Q);
    const roots = solve();
    for (let k = i; k <= last; k++) {
      const lane = k - i;
      if (!(k == i ? isRead : isOtherRead) || (roots & (1 << lane)) == 0) return k;
      finishRoot(target + AFFINE * k, 8 * lane, (load<u8>(source + 32 * k) & LARGER) != 0, 2.0);
    }
  }
  return count;
}

/** Loads a number, whatever it is, whose first bit is a flag; false if it is not below p. */
export function readSigned(single: usize, source: usize): bool {
  memory.copy(bytes, source, 32);
  store<u8>(bytes, load<u8>(source) & ~LARGER);
  unpack(single, bytes, true);
  return isBelow(bytes, ORDER_Q, true);
}

/**
 * The points of two candidates for x, in Montgomery's form, with y odd or not.
 * Returns which have one: bit 0, bit 1.
 */
export function pointsOfX(
  target0: usize, target1: usize, x0: usize, x1: usize, odd0: bool, odd1: bool,
): u32 {
  gather(x, x0, x1);
  const roots = solve();
  if (roots & 1) finishRoot(target0, 0, odd0, 1.0);
  if (roots & 2) finishRoot(target1, 8, odd1, 1.0);
  return roots;
}

const multiples: usize = memory.data(3840, 16);
const sum: usize = memory.data(240, 16);
const chosen: usize = memory.data(240, 16);
const affinePair: usize = memory.data(160, 8);
const scratch: usize = memory.data(80, 16);

// @ts-ignore: decorator
@inline
function digitOf(scalar: usize, digit: u32): usize {
  return <usize>(load<u8>(scalar + (digit >> 1)) >> <u8>(4 * (digit & 1))) & 15;
}

/**
 * Each point times its scalar of 32 bytes, little-endian, below 16^digits. Two at a time, 4 bits at
 * a time.
 */
export function scalePoints(
  target: usize, points: usize, scalars: usize, count: u32, digits: u32,
): void {
  for (let i: u32 = 0; i < count; i += 2) {
    const last = min(i + 1, count - 1);
    setInfinity(multiples);
    liftAffine(multiples + POINT, points + AFFINE * i, points + AFFINE * last);
    for (let k: usize = 2; k < 16; k++) {
      addPoints(multiples + POINT * k, multiples + POINT * (k - 1), multiples + POINT);
    }
    setInfinity(sum);
    for (let digit = digits; digit > 0; digit--) {
      for (let k = 0; k < 4; k++) addPoints(sum, sum, sum);
      const left = multiples + POINT * digitOf(scalars + 32 * i, digit - 1);
      const other = multiples + POINT * digitOf(scalars + 32 * last, digit - 1);
      for (let k: usize = 0; k < POINT; k += 16) {
        v128.store(chosen + k, v128.load64_lane(other + k + 8, v128.load64_zero(left + k), 1));
      }
      addPoints(sum, sum, chosen);
    }
    toAffine(affinePair, sum, 1, scratch);
    memory.copy(target + AFFINE * i, affinePair, AFFINE);
    memory.copy(target + AFFINE * last, affinePair + (last == i ? 0 : AFFINE), AFFINE);
  }
}

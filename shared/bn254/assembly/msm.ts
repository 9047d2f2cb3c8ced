/**
 * Sums of points times scalars by N. Pippenger's method: scalars are cut into signed digits, the
 * points of a digit's value are summed in that value's bucket, and the buckets are weighed by
 * running sums. A bucket is summed as a tree: all additions of a level, of all buckets, are
 * independent, so that affine additions share one inversion (P. Montgomery's trick) among some
 * thousand, and go two at a time.
 */
import {
  addPoints, AFFINE, inverseQ, isInfinite, liftAffine, POINT, setInfinity, toAffine,
} from './g1';
import { mulQ, ONE_Q, ORDER_R, PRIME_Q, squareQ } from './field-products';
import {
  copyPair, gather, isBelow, PAIR, scalePair, scatter, settle, SINGLE, subPair,
} from './pairs';

/** Additions that share an inversion. */
const BATCH: u32 = 2048;
const NEGATIVE: u32 = 1;
const MASK_51: i64 = (1 << 51) - 1;

const lefts: usize = memory.data(8192, 8);
const rights: usize = memory.data(8192, 8);
const results: usize = memory.data(8192, 8);
let queued: u32 = 0;

const prefixes: usize = memory.data(81920, 16);
const differences: usize = memory.data(81920, 16);
/** Sums that the formula for different points does not give: where they go, and they. */
const exceptions: usize = memory.data(8192, 8);
const exceptionSums: usize = memory.data(163840, 16);
let exceptionCount: u32 = 0;

const product: usize = memory.data(80, 16);
const inverted: usize = memory.data(80, 16);
const ax: usize = memory.data(80, 16);
const ay: usize = memory.data(80, 16);
const bx: usize = memory.data(80, 16);
const by: usize = memory.data(80, 16);
const slope: usize = memory.data(80, 16);
const cx: usize = memory.data(80, 16);
const cy: usize = memory.data(80, 16);

// @ts-ignore: decorator
@inline
function addressOf(ref: u32): usize {
  return <usize>(ref & ~NEGATIVE);
}

// @ts-ignore: decorator
@inline
function signOf(ref: u32): f64 {
  return ref & NEGATIVE ? -1.0 : 1.0;
}

/** Whether a difference may be a multiple of p: 0, p or -p, by its lowest limb. */
// @ts-ignore: decorator
@inline
function mayVanish(limb: f64): bool {
  const low = <i64>limb & MASK_51;
  const prime = <i64>load<f64>(PRIME_Q) & MASK_51;
  return low == 0 || low == prime || low == MASK_51 + 1 - prime;
}

const lifted: usize = memory.data(240, 16);
const liftedOther: usize = memory.data(240, 16);
const signedPoints: usize = memory.data(160, 16);
const sumScratch: usize = memory.data(80, 16);
const bothLanes: usize = memory.data(160, 16);

/** The affine point of a reference, its sign applied. */
function resolve(target: usize, ref: u32): void {
  memory.copy(target, addressOf(ref), AFFINE);
  if ((ref & NEGATIVE) == 0) return;
  for (let i: usize = 40; i < 80; i += 8) store<f64>(target + i, -load<f64>(target + i));
}

/** Any two points, slowly. */
function addException(index: u32): void {
  const place = exceptionCount++;
  store<u32>(exceptions + 4 * place, load<u32>(results + 4 * index));
  resolve(signedPoints, load<u32>(lefts + 4 * index));
  resolve(signedPoints + AFFINE, load<u32>(rights + 4 * index));
  liftAffine(lifted, signedPoints, signedPoints);
  liftAffine(liftedOther, signedPoints + AFFINE, signedPoints + AFFINE);
  addPoints(lifted, lifted, liftedOther);
  toAffine(bothLanes, lifted, 1, sumScratch);
  memory.copy(exceptionSums + AFFINE * place, bothLanes, AFFINE);
}

/** Whether the addition is for addException; the lane's difference becomes one then. */
function exclude(index: u32, difference: usize, lane: usize): bool {
  const a = addressOf(load<u32>(lefts + 4 * index));
  const b = addressOf(load<u32>(rights + 4 * index));
  const suspicious = mayVanish(load<f64>(difference + lane)) ||
    load<f64>(a) == 0 || load<f64>(b) == 0;
  if (!suspicious) return false;
  settle(slope, difference, PRIME_Q);
  let vanishes = true;
  for (let i: usize = 0; i < 80; i += 16) vanishes = vanishes && load<f64>(slope + i + lane) == 0;
  if (!vanishes && !isInfinite(a) && !isInfinite(b)) return false;
  for (let i: usize = 0; i < 80; i += 16) {
    store<f64>(difference + i + lane, load<f64>(ONE_Q + i));
  }
  return true;
}

/** Computes what is queued. An odd last one is computed in both lanes. */
function flush(): void {
  if (queued == 0) return;
  const pairs = (queued + 1) >> 1;
  exceptionCount = 0;
  copyPair(product, ONE_Q);
  for (let k: u32 = 0; k < pairs; k++) {
    const first = 2 * k;
    const second = min(first + 1, queued - 1);
    const difference = differences + PAIR * k;
    gather(ax, addressOf(load<u32>(lefts + 4 * first)), addressOf(load<u32>(lefts + 4 * second)));
    gather(bx, addressOf(load<u32>(rights + 4 * first)), addressOf(load<u32>(rights + 4 * second)));
    subPair(difference, bx, ax);
    if (exclude(first, difference, 0)) addException(first);
    if (exclude(second, difference, 8) && second != first) addException(second);
    copyPair(prefixes + PAIR * k, product);
    mulQ(product, product, difference);
  }
  inverseQ(product, product);
  for (let k = pairs; k > 0; k--) addPairOfQueue(k - 1);
  for (let i: u32 = 0; i < exceptionCount; i++) {
    memory.copy(load<u32>(exceptions + 4 * i), exceptionSums + AFFINE * i, AFFINE);
  }
  queued = 0;
}

/** On entry `product` is the inverse of the differences up to this one's. */
function addPairOfQueue(k: u32): void {
  const first = 2 * k;
  const second = min(first + 1, queued - 1);
  const a0 = load<u32>(lefts + 4 * first);
  const a1 = load<u32>(lefts + 4 * second);
  const b0 = load<u32>(rights + 4 * first);
  const b1 = load<u32>(rights + 4 * second);
  mulQ(inverted, product, prefixes + PAIR * k);
  mulQ(product, product, differences + PAIR * k);
  gather(ax, addressOf(a0), addressOf(a1));
  gather(bx, addressOf(b0), addressOf(b1));
  gather(ay, addressOf(a0) + SINGLE, addressOf(a1) + SINGLE);
  gather(by, addressOf(b0) + SINGLE, addressOf(b1) + SINGLE);
  scalePair(ay, ay, f64x2.replace_lane(f64x2.splat(signOf(a0)), 1, signOf(a1)));
  scalePair(by, by, f64x2.replace_lane(f64x2.splat(signOf(b0)), 1, signOf(b1)));
  subPair(by, by, ay);
  mulQ(slope, by, inverted);
  squareQ(cx, slope);
  subPair(cx, cx, ax);
  subPair(cx, cx, bx);
  settle(cx, cx, PRIME_Q);
  subPair(ax, ax, cx);
  mulQ(cy, slope, ax);
  subPair(cy, cy, ay);
  settle(cy, cy, PRIME_Q);
  const left = <usize>load<u32>(results + 4 * first);
  const right = <usize>load<u32>(results + 4 * second);
  scatter(left, right, cx);
  scatter(left + SINGLE, right + SINGLE, cy);
}

// @ts-ignore: decorator
@inline
function enqueue(a: u32, b: u32, result: usize): void {
  store<u32>(lefts + 4 * queued, a);
  store<u32>(rights + 4 * queued, b);
  store<u32>(results + 4 * queued, <u32>result);
  queued++;
  if (queued == BATCH) flush();
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
        if (isFirst) work += AFFINE;
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

/** Sorts a window's points into buckets by the digit's magnitude, and sums them into `sums`. */
function fillBuckets(
  bases: usize, digits: usize, count: u32, buckets: u32, scratch: usize, sums: usize,
): void {
  const starts = scratch;
  const ends = starts + 4 * (buckets + 2);
  const refs = ends + 4 * (buckets + 2);
  const work = (refs + 4 * count + 15) & ~15;
  memory.fill(starts, 0, 8 * (buckets + 2));
  for (let i: u32 = 0; i < count; i++) {
    const digit = <i32>load<i16>(digits + 2 * i);
    if (digit == 0 || isInfinite(bases + AFFINE * i)) continue;
    const at = ends + 4 * abs(digit);
    store<u32>(at, load<u32>(at) + 1);
  }
  let total: u32 = 0;
  for (let b: u32 = 0; b < buckets; b++) {
    const length = load<u32>(ends + 4 * (b + 1));
    store<u32>(starts + 4 * b, total);
    store<u32>(ends + 4 * (b + 1), total);
    total += length;
  }
  store<u32>(starts + 4 * buckets, total);
  for (let i: u32 = 0; i < count; i++) {
    const digit = <i32>load<i16>(digits + 2 * i);
    const base = bases + AFFINE * i;
    if (digit == 0 || isInfinite(base)) continue;
    const at = ends + 4 * abs(digit);
    const place = load<u32>(at);
    store<u32>(at, place + 1);
    store<u32>(refs + 4 * place, <u32>base | (digit < 0 ? NEGATIVE : 0));
  }
  sumBuckets(refs, starts, ends, buckets, work);
  for (let b: u32 = 0; b < buckets; b++) {
    const start = load<u32>(starts + 4 * b);
    if (start == load<u32>(starts + 4 * (b + 1))) memory.fill(sums + AFFINE * b, 0, AFFINE);
    else resolve(sums + AFFINE * b, load<u32>(refs + 4 * start));
  }
}

/** Bits of the longest of `count` numbers of 32 little-endian bytes. */
export function longestScalar(scalars: usize, count: u32): u32 {
  let w0: u64 = 0;
  let w1: u64 = 0;
  let w2: u64 = 0;
  let w3: u64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    w0 |= load<u64>(scalars + 32 * i);
    w1 |= load<u64>(scalars + 32 * i, 8);
    w2 |= load<u64>(scalars + 32 * i, 16);
    w3 |= load<u64>(scalars + 32 * i, 24);
  }
  if (w3 != 0) return 256 - <u32>clz(w3);
  if (w2 != 0) return 192 - <u32>clz(w2);
  if (w1 != 0) return 128 - <u32>clz(w1);
  return 64 - <u32>clz(w0);
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
 * itself, so that a last window whose top bit is free never carries.
 */
function cut(digits: usize, scalars: usize, count: u32, width: u32, windows: u32): void {
  const half: i32 = 1 << (width - 1);
  const mask: u64 = (1 << width) - 1;
  for (let i: u32 = 0; i < count; i++) {
    const scalar = scalars + 32 * i;
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
      store<i16>(digits + 2 * (w * count + i), <i16>digit);
    }
  }
}

const running: usize = memory.data(240, 16);
const bucketPair: usize = memory.data(240, 16);
const total: usize = memory.data(240, 16);
const lanePoint: usize = memory.data(240, 16);

/** The same lane of a point in both. */
function spread(target: usize, point: usize, lane: usize): void {
  for (let i: usize = 0; i < POINT; i += 16) {
    v128.store(target + i, v128.load64_splat(point + i + lane));
  }
}

/**
 * target (affine) = sum of bases (affine) times scalars (32 bytes, little-endian, below r).
 * `width`: bits of a window, 2 to 15; `windows` x width is more than the longest scalar has.
 * `scratch`: bytes as src/msm.ts says.
 */
export function sumOfProducts(
  target: usize, bases: usize, scalars: usize, count: u32, width: u32, windows: u32,
  scratch: usize,
): void {
  const buckets: u32 = 1 << (width - 1);
  const digits = scratch;
  const windowSums = (digits + 2 * count * windows + 15) & ~15;
  const bucketSums = windowSums + POINT * ((windows + 1) >> 1);
  const rest = bucketSums + 2 * AFFINE * buckets;
  cut(digits, scalars, count, width, windows);
  for (let w: u32 = 0; w < windows; w += 2) {
    const other = bucketSums + AFFINE * buckets;
    fillBuckets(bases, digits + 2 * count * w, count, buckets, rest, bucketSums);
    if (w + 1 < windows) {
      fillBuckets(bases, digits + 2 * count * (w + 1), count, buckets, rest, other);
    } else memory.fill(other, 0, AFFINE * buckets);
    const sum = windowSums + POINT * (w >> 1);
    setInfinity(running);
    setInfinity(sum);
    for (let b = buckets; b > 0; b--) {
      liftAffine(bucketPair, bucketSums + AFFINE * (b - 1), other + AFFINE * (b - 1));
      addPoints(running, running, bucketPair);
      addPoints(sum, sum, running);
    }
  }
  setInfinity(total);
  for (let w = windows; w > 0; w--) {
    for (let i: u32 = 0; i < width; i++) addPoints(total, total, total);
    spread(lanePoint, windowSums + POINT * ((w - 1) >> 1), 8 * ((w - 1) & 1));
    addPoints(total, total, lanePoint);
  }
  toAffine(bothLanes, total, 1, sumScratch);
  memory.copy(target, bothLanes, AFFINE);
}

/** Sums of `count` couples of affine points that stand one after another; both may be anything. */
export function addMany(target: usize, points: usize, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const a = points + 2 * AFFINE * i;
    enqueue(<u32>a, <u32>(a + AFFINE), target + AFFINE * i);
  }
  flush();
}

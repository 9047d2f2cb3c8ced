/**
 * Sums of points of G1 times scalars: see ./buckets. Additions go two at a time, one in each lane,
 * and so do two windows when their buckets are weighed by running sums.
 */
import {
  addressOf, chooseCurve, cut, differences, enqueue, exceptionFor, fillBuckets, flush, lefts,
  mayVanish, prefixes, resolve, results, rights, signOf,
} from './buckets';
import {
  addPoints, AFFINE, inverseQ, isInfinite, liftAffine, POINT, setInfinity, toAffine,
} from './g1';
import { mulQ, ONE_Q, PRIME_Q, squareQ } from './field-products';
import { copyPair, gather, PAIR, scalePair, scatter, settle, SINGLE, subPair } from './pairs';

const product: usize = memory.data(80, 16);
const inverted: usize = memory.data(80, 16);
const ax: usize = memory.data(80, 16);
const ay: usize = memory.data(80, 16);
const bx: usize = memory.data(80, 16);
const by: usize = memory.data(80, 16);
const slope: usize = memory.data(80, 16);
const cx: usize = memory.data(80, 16);
const cy: usize = memory.data(80, 16);

const lifted: usize = memory.data(240, 16);
const liftedOther: usize = memory.data(240, 16);
const signedPoints: usize = memory.data(160, 16);
const sumScratch: usize = memory.data(80, 16);
const bothLanes: usize = memory.data(160, 16);

/** Any two points, slowly. */
function addException(index: u32): void {
  const target = exceptionFor(index);
  resolve(signedPoints, load<u32>(lefts + 4 * index));
  resolve(signedPoints + AFFINE, load<u32>(rights + 4 * index));
  liftAffine(lifted, signedPoints, signedPoints);
  liftAffine(liftedOther, signedPoints + AFFINE, signedPoints + AFFINE);
  addPoints(lifted, lifted, liftedOther);
  toAffine(bothLanes, lifted, 1, sumScratch);
  memory.copy(target, bothLanes, AFFINE);
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

/** Computes what is queued, two at a time; an odd last one in both lanes. */
function addQueued(queued: u32): void {
  const pairs = (queued + 1) >> 1;
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
  for (let k = pairs; k > 0; k--) addPairOfQueue(k - 1, queued);
}

/** On entry `product` is the inverse of the differences up to this one's. */
function addPairOfQueue(k: u32, queued: u32): void {
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

/** The sum of b times bucket b over each of two windows, one in each lane. */
function weighBuckets(sum: usize, first: usize, second: usize, buckets: u32): void {
  setInfinity(running);
  setInfinity(sum);
  for (let b = buckets; b > 0; b--) {
    liftAffine(bucketPair, first + AFFINE * (b - 1), second + AFFINE * (b - 1));
    addPoints(running, running, bucketPair);
    addPoints(sum, sum, running);
  }
}

/**
 * target (affine) = sum of bases (affine) times scalars (32 bytes, little-endian, below r; those to
 * which signScalars gave a sign lose it).
 * `width`: bits of a window, 2 to 15; `windows` x width is more than the longest scalar has.
 * `together`: windows whose buckets are filled at a time, 1 or an even number.
 * `scratch`: bytes as src/scalar-sums.ts says.
 */
export function sumOfProducts(
  target: usize, bases: usize, scalars: usize, count: u32, width: u32, windows: u32,
  together: u32, scratch: usize,
): void {
  const buckets: u32 = 1 << (width - 1);
  const digits = scratch;
  const windowSums = (digits + 2 * count * windows + 15) & ~15;
  const bucketSums = windowSums + POINT * ((windows + 1) >> 1);
  const block = max(together, 2);
  const windowBytes = AFFINE * buckets;
  const rest = bucketSums + windowBytes * block;
  chooseCurve(AFFINE, addQueued);
  cut(digits, scalars, count, width, windows);
  for (let first: u32 = 0; first < windows; first += block) {
    const end = min(first + block, windows);
    memory.fill(bucketSums + windowBytes * (end - first), 0, windowBytes * (first + block - end));
    for (let w = first; w < end; w += together) {
      const sums = bucketSums + windowBytes * (w - first);
      const filled = min(together, end - w);
      fillBuckets(bases, digits + 2 * count * w, count, width, filled, rest, sums);
    }
    for (let w = first; w < end; w += 2) {
      const sums = bucketSums + windowBytes * (w - first);
      weighBuckets(windowSums + POINT * (w >> 1), sums, sums + windowBytes, buckets);
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
  chooseCurve(AFFINE, addQueued);
  for (let i: u32 = 0; i < count; i++) {
    const a = points + 2 * AFFINE * i;
    enqueue(<u32>a, <u32>(a + AFFINE), target + AFFINE * i);
  }
  flush();
}

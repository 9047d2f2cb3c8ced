/** Sums of points of the twist times scalars: see ./buckets. */
import {
  addressOf, chooseCurve, cut, differences, enqueue, exceptionFor, fillBuckets, flush, lefts,
  mayVanish, prefixes, resolve, results, rights, signOf,
} from './buckets';
import { inverseQ2, isZeroQ2, squareQ2, subSettled } from './extension';
import { mulQ2, ONE_Q2, PRIME_Q } from './field-products';
import {
  addTwistPoints, doubleTwistPoint, isTwistInfinite, liftTwist, setTwistInfinity, toTwistAffine,
  TWIST_AFFINE,
} from './g2';
import { copyPair, PAIR, scalePair, settle, subPair } from './pairs';

const product: usize = memory.data(80, 16);
const inverted: usize = memory.data(80, 16);
const slope: usize = memory.data(80, 16);
const left: usize = memory.data(160, 16);
const right: usize = memory.data(160, 16);
const sumX: usize = memory.data(80, 16);
const sumY: usize = memory.data(80, 16);
const lifted: usize = memory.data(240, 16);
const liftedOther: usize = memory.data(240, 16);

/** Any two points, slowly. */
function addException(index: u32): void {
  const target = exceptionFor(index);
  resolve(left, load<u32>(lefts + 4 * index));
  resolve(right, load<u32>(rights + 4 * index));
  liftTwist(lifted, left);
  liftTwist(liftedOther, right);
  addTwistPoints(lifted, lifted, liftedOther);
  toTwistAffine(target, lifted);
}

/** Whether the addition is for addException. */
function isException(index: u32, difference: usize): bool {
  const a = addressOf(load<u32>(lefts + 4 * index));
  const b = addressOf(load<u32>(rights + 4 * index));
  if (isTwistInfinite(a) || isTwistInfinite(b)) return true;
  if (!mayVanish(load<f64>(difference)) || !mayVanish(load<f64>(difference, 8))) return false;
  settle(slope, difference, PRIME_Q);
  return isZeroQ2(slope);
}

function addQueued(queued: u32): void {
  copyPair(product, ONE_Q2);
  for (let k: u32 = 0; k < queued; k++) {
    const difference = differences + PAIR * k;
    const a = addressOf(load<u32>(lefts + 4 * k));
    subPair(difference, addressOf(load<u32>(rights + 4 * k)), a);
    if (isException(k, difference)) {
      addException(k);
      copyPair(difference, ONE_Q2);
    }
    copyPair(prefixes + PAIR * k, product);
    mulQ2(product, product, difference);
  }
  inverseQ2(product, product);
  for (let k = queued; k > 0; k--) addOfQueue(k - 1);
}

/** On entry `product` is the inverse of the differences up to this one's. */
function addOfQueue(k: u32): void {
  const a = load<u32>(lefts + 4 * k);
  const b = load<u32>(rights + 4 * k);
  const ax = addressOf(a);
  mulQ2(inverted, product, prefixes + PAIR * k);
  mulQ2(product, product, differences + PAIR * k);
  scalePair(left, ax + PAIR, f64x2.splat(signOf(a)));
  scalePair(right, addressOf(b) + PAIR, f64x2.splat(signOf(b)));
  subPair(right, right, left);
  mulQ2(slope, right, inverted);
  squareQ2(sumX, slope);
  subPair(sumX, sumX, ax);
  subSettled(sumX, sumX, addressOf(b));
  subPair(right, ax, sumX);
  mulQ2(sumY, slope, right);
  const target = <usize>load<u32>(results + 4 * k);
  subSettled(target + PAIR, sumY, left);
  copyPair(target, sumX);
}

const running: usize = memory.data(240, 16);
const bucket: usize = memory.data(240, 16);
const total: usize = memory.data(240, 16);

/** Adds b times bucket b, over all of a window's, to the total. */
function addWeighed(sums: usize, buckets: u32): void {
  setTwistInfinity(running);
  for (let b = buckets; b > 0; b--) {
    liftTwist(bucket, sums + TWIST_AFFINE * (b - 1));
    addTwistPoints(running, running, bucket);
    addTwistPoints(total, total, running);
  }
}

/** As sumOfProducts of ./msm, of affine points of the twist. */
export function sumOfTwistProducts(
  target: usize, bases: usize, scalars: usize, count: u32, width: u32, windows: u32,
  together: u32, scratch: usize,
): void {
  const buckets: u32 = 1 << (width - 1);
  const digits = scratch;
  const bucketSums = (digits + 2 * count * windows + 15) & ~15;
  const windowBytes = TWIST_AFFINE * buckets;
  const rest = bucketSums + windowBytes * together;
  chooseCurve(TWIST_AFFINE, addQueued);
  cut(digits, scalars, count, width, windows);
  setTwistInfinity(total);
  let left = windows;
  while (left > 0) {
    const filled = min(together, left);
    left -= filled;
    fillBuckets(bases, digits + 2 * count * left, count, width, filled, rest, bucketSums);
    for (let w = filled; w > 0; w--) {
      for (let i: u32 = 0; i < width; i++) doubleTwistPoint(total, total);
      addWeighed(bucketSums + windowBytes * (w - 1), buckets);
    }
  }
  toTwistAffine(target, total);
}

/** Sums of `count` couples of affine points that stand one after another; both may be anything. */
export function addManyOfTwist(target: usize, points: usize, count: u32): void {
  chooseCurve(TWIST_AFFINE, addQueued);
  for (let i: u32 = 0; i < count; i++) {
    const a = points + 2 * TWIST_AFFINE * i;
    enqueue(<u32>a, <u32>(a + TWIST_AFFINE), target + TWIST_AFFINE * i);
  }
  flush();
}

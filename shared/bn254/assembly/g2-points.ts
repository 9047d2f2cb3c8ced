/** Points of the twist in and out of the kernel's form, one by one, and which of them are in G2. */
import { addSettled, isZeroQ2, squareQ2, subSettled } from './extension';
import { mulQ2, TWIST_B } from './field-products';
import {
  addTwistPoints, doubleTwistPoint, isTwistInfinite, liftTwist, negateTwistPoint, psi,
  setTwistInfinity, toTwistAffine, TWIST_AFFINE, TWIST_POINT,
} from './g2';
import { gather, PAIR, scatter, SINGLE } from './pairs';

const right: usize = memory.data(80, 16);
const check: usize = memory.data(80, 16);

/** target = x^3 + b, settled. */
export function twistRight(target: usize, x: usize): void {
  squareQ2(target, x);
  mulQ2(target, target, x);
  addSettled(target, target, TWIST_B);
}

/** Points of singles x.c1, x.c0, y.c1, y.c0 (EIP-197's order) as points of pairs. */
export function pairCoordinates(target: usize, singles: usize, count: u32): void {
  for (let i: u32 = 0; i < 2 * count; i++) {
    const number = singles + 2 * SINGLE * i;
    gather(target + PAIR * i, number + SINGLE, number);
  }
}

/** The other way. */
export function splitCoordinates(target: usize, points: usize, count: u32): void {
  for (let i: u32 = 0; i < 2 * count; i++) {
    const number = target + 2 * SINGLE * i;
    scatter(number + SINGLE, number, points + PAIR * i);
  }
}

/** How many affine points come before the first that is neither on the twist nor infinity. */
export function pointsOnTwist(points: usize, count: u32): u32 {
  for (let i: u32 = 0; i < count; i++) {
    const point = points + TWIST_AFFINE * i;
    if (isTwistInfinite(point)) continue;
    twistRight(right, point);
    squareQ2(check, point + PAIR);
    subSettled(check, check, right);
    if (!isZeroQ2(check)) return i;
  }
  return count;
}

const point: usize = memory.data(240, 16);
const minus: usize = memory.data(240, 16);
const multiple: usize = memory.data(240, 16);
const image: usize = memory.data(240, 16);
const sum: usize = memory.data(240, 16);

/** The curve's parameter in digits 1, 0 and -1: which are not zero, which are -1. */
export const PARAMETER: u64 = 4965661367192848881;

/** target = parameter times a point of the twist; `digits` below the highest, from the top. */
function timesParameter(target: usize, a: usize, opposite: usize): void {
  // x = (x + x / 2) - x / 2: where the bits of the two differ is a digit 1 or -1.
  memory.copy(target, a, TWIST_POINT);
  const half = PARAMETER >> 1;
  const sums = PARAMETER + half;
  const ones = sums & ~half;
  const minuses = half & ~sums;
  for (let bit: i32 = 62 - <i32>clz(ones); bit >= 0; bit--) {
    doubleTwistPoint(target, target);
    if ((ones >> bit) & 1) addTwistPoints(target, target, a);
    else if ((minuses >> bit) & 1) addTwistPoints(target, target, opposite);
  }
}

/**
 * How many affine points come before the first that is not in G2, the subgroup of order r; they are
 * on the twist. A point P is in it where [x + 1] P + psi([x] P) + psi^2([x] P) = psi^3([2 x] P) for
 * the curve's parameter x (Dai, Lin, Zhao, Zhou, "Fast subgroup membership testings for G1, G2 and
 * GT on pairing-friendly curves", ePrint 2022/348, section 5.1). Infinity is in it.
 */
export function pointsInSubgroup(points: usize, count: u32): u32 {
  for (let i: u32 = 0; i < count; i++) {
    liftTwist(point, points + TWIST_AFFINE * i);
    negateTwistPoint(minus, point);
    timesParameter(multiple, point, minus);
    addTwistPoints(sum, multiple, point);
    psi(image, multiple);
    addTwistPoints(sum, sum, image);
    psi(image, image);
    addTwistPoints(sum, sum, image);
    psi(image, image);
    doubleTwistPoint(image, image);
    negateTwistPoint(image, image);
    addTwistPoints(sum, sum, image);
    if (!isZeroQ2(sum + 2 * PAIR)) return i;
  }
  return count;
}

const multiples: usize = memory.data(3840, 16);

/** Each point times its scalar of 32 bytes, little-endian, 4 bits at a time. */
export function scaleTwistPoints(target: usize, points: usize, scalars: usize, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    setTwistInfinity(multiples);
    liftTwist(multiples + TWIST_POINT, points + TWIST_AFFINE * i);
    for (let k: usize = 2; k < 16; k++) {
      const before = multiples + TWIST_POINT * (k - 1);
      addTwistPoints(multiples + TWIST_POINT * k, before, multiples + TWIST_POINT);
    }
    setTwistInfinity(sum);
    for (let digit: u32 = 64; digit > 0; digit--) {
      for (let k = 0; k < 4; k++) doubleTwistPoint(sum, sum);
      const place = digit - 1;
      const byte = load<u8>(scalars + 32 * i + (place >> 1));
      addTwistPoints(sum, sum, multiples + TWIST_POINT * ((byte >> <u8>(4 * (place & 1))) & 15));
    }
    toTwistAffine(target + TWIST_AFFINE * i, sum);
  }
}

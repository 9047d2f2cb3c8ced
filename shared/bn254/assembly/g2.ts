/**
 * Points of the twist, y^2 = x^3 + 3 / (9 + u) over Fp2, as homogeneous X : Y : Z; infinity is
 * 0 : 1 : 0. A point is three numbers of Fp2 (240 bytes). There are r (2 p - r) points, an odd
 * number, so that addition and doubling have no exceptions, in G2 or outside it (Renes, Costello,
 * Batina, "Complete addition formulas for prime order elliptic curves", ePrint 2015/1060,
 * algorithms 7 and 9, whose proof asks for no point of order two).
 *
 * An affine point is x, y (160 bytes, aligned to 16); 0, 0 is infinity, since it is not on the
 * curve.
 */
import {
  addSettled, conjugate, inverseQ2, isZeroQ2, negatePair, squareQ2, subSettled, tripleSettled,
} from './extension';
import { FROBENIUS, mulQ2, ONE_Q2, PRIME_Q, TWIST_3B } from './field-products';
import { addPair, copyPair, PAIR, scalePair, settle, subPair } from './pairs';

export const TWIST_POINT: usize = 240;
export const TWIST_AFFINE: usize = 160;

const t0: usize = memory.data(80, 16);
const t1: usize = memory.data(80, 16);
const t2: usize = memory.data(80, 16);
const t3: usize = memory.data(80, 16);
const t4: usize = memory.data(80, 16);
const t5: usize = memory.data(80, 16);
const sums: usize = memory.data(80, 16);
const others: usize = memory.data(80, 16);

/** target = (a1 + a2)(b1 + b2) - p - q, settled. */
function crossProducts(
  target: usize, a1: usize, a2: usize, b1: usize, b2: usize, p: usize, q: usize,
): void {
  addPair(sums, a1, a2);
  addPair(others, b1, b2);
  mulQ2(target, sums, others);
  subPair(target, target, p);
  subSettled(target, target, q);
}

/** target = a + b. The three may be the same. */
export function addTwistPoints(target: usize, a: usize, b: usize): void {
  const ay = a + PAIR;
  const az = a + 2 * PAIR;
  const by = b + PAIR;
  const bz = b + 2 * PAIR;
  mulQ2(t0, a, b);
  mulQ2(t1, ay, by);
  mulQ2(t2, az, bz);
  crossProducts(t3, a, ay, b, by, t0, t1);
  crossProducts(t4, ay, az, by, bz, t1, t2);
  crossProducts(t5, a, az, b, bz, t0, t2);
  mulQ2(t5, t5, TWIST_3B);
  mulQ2(t2, t2, TWIST_3B);
  tripleSettled(t0, t0);
  addPair(sums, t1, t2);
  subPair(others, t1, t2);
  mulQ2(t1, t3, others);
  mulQ2(t2, t4, t5);
  subSettled(target, t1, t2);
  mulQ2(t1, others, sums);
  mulQ2(t2, t5, t0);
  addSettled(target + PAIR, t1, t2);
  mulQ2(t1, t4, sums);
  mulQ2(t2, t0, t3);
  addSettled(target + 2 * PAIR, t1, t2);
}

/** target = 2 a; may be a. */
export function doubleTwistPoint(target: usize, a: usize): void {
  squareQ2(t0, a + PAIR);
  // 8 Y^2, in limbs of 2^52: its other factors have limbs of 2^50.
  addSettled(t3, t0, t0);
  scalePair(t3, t3, f64x2.splat(4.0));
  mulQ2(t1, a + PAIR, a + 2 * PAIR);
  squareQ2(t2, a + 2 * PAIR);
  mulQ2(t2, t2, TWIST_3B);
  mulQ2(t4, a, a + PAIR);
  mulQ2(target + 2 * PAIR, t1, t3);
  settle(target + 2 * PAIR, target + 2 * PAIR, PRIME_Q);
  mulQ2(t5, t2, t3);
  addPair(sums, t0, t2);
  tripleSettled(t2, t2);
  subPair(others, t0, t2);
  mulQ2(target + PAIR, others, sums);
  addSettled(target + PAIR, target + PAIR, t5);
  mulQ2(target, others, t4);
  addSettled(target, target, target);
}

export function setTwistInfinity(target: usize): void {
  memory.fill(target, 0, TWIST_POINT);
  copyPair(target + PAIR, ONE_Q2);
}

// @ts-ignore: decorator
@inline
export function isTwistInfinite(affine: usize): bool {
  return load<f64>(affine) == 0 && isZeroQ2(affine) && isZeroQ2(affine + PAIR);
}

/** An affine point as X : Y : Z. */
export function liftTwist(target: usize, affine: usize): void {
  if (isTwistInfinite(affine)) {
    setTwistInfinity(target);
    return;
  }
  memory.copy(target, affine, TWIST_AFFINE);
  copyPair(target + 2 * PAIR, ONE_Q2);
}

/** A point as an affine one. */
export function toTwistAffine(target: usize, point: usize): void {
  const z = point + 2 * PAIR;
  if (isZeroQ2(z)) {
    memory.fill(target, 0, TWIST_AFFINE);
    return;
  }
  inverseQ2(t0, z);
  mulQ2(target, point, t0);
  mulQ2(target + PAIR, point + PAIR, t0);
}

/** target = -a; may be a. */
export function negateTwistPoint(target: usize, a: usize): void {
  if (target != a) memory.copy(target, a, TWIST_POINT);
  negatePair(target + PAIR, a + PAIR);
}

/**
 * target = psi(a), the Frobenius of the curve seen from its twist: each coordinate's conjugate,
 * x times xi^((p - 1) / 3) and y times xi^((p - 1) / 2). In G2 it multiplies by p.
 */
export function psi(target: usize, a: usize): void {
  for (let i: usize = 0; i < TWIST_POINT; i += PAIR) conjugate(target + i, a + i);
  mulQ2(target, target, FROBENIUS + PAIR);
  mulQ2(target + PAIR, target + PAIR, FROBENIUS + 2 * PAIR);
}

/**
 * Points of G1, y^2 = x^3 + 3, as homogeneous X : Y : Z; infinity is 0 : 1 : 0. A point is three
 * pairs (240 bytes), that is two points, one in each lane. The addition has no exceptions (Renes,
 * Costello, Batina, "Complete addition formulas for prime order elliptic curves", ePrint 2015/1060,
 * algorithm 7 for a = 0): both lanes do the same whatever the points are.
 *
 * An affine point is x, y as singles (80 bytes); 0, 0 is infinity, since it is not on the curve.
 */
import { mulQ, ONE_Q, PRIME_Q, squareQ } from './field-products';
import {
  addPair, copyPair, gather, PAIR, scalePair, scatter, settle, SINGLE, subPair,
} from './pairs';

export const POINT: usize = 240;
export const AFFINE: usize = 80;

const t0: usize = memory.data(80, 16);
const t1: usize = memory.data(80, 16);
const t2: usize = memory.data(80, 16);
const t3: usize = memory.data(80, 16);
const t4: usize = memory.data(80, 16);
const t5: usize = memory.data(80, 16);
const sums: usize = memory.data(80, 16);
const others: usize = memory.data(80, 16);

/** target = (a1 + a2)(b1 + b2) */
// @ts-ignore: decorator
@inline
function mulOfSums(target: usize, a1: usize, a2: usize, b1: usize, b2: usize): void {
  addPair(sums, a1, a2);
  addPair(others, b1, b2);
  mulQ(target, sums, others);
}

/** target = 3 a, settled; of a settled a, or a product. */
// @ts-ignore: decorator
@inline
function triple(target: usize, a: usize): void {
  scalePair(target, a, f64x2.splat(3.0));
  settle(target, target, PRIME_Q);
}

/** target = a + b, in each lane. The three may be the same. */
export function addPoints(target: usize, a: usize, b: usize): void {
  const ax = a;
  const ay = a + PAIR;
  const az = a + 2 * PAIR;
  const bx = b;
  const by = b + PAIR;
  const bz = b + 2 * PAIR;
  mulQ(t0, ax, bx);
  mulQ(t1, ay, by);
  mulQ(t2, az, bz);
  // The sum of products by (a + b)(c + d) - ac - bd, brought back to one limb's size.
  mulOfSums(t3, ax, ay, bx, by);
  subPair(t3, t3, t0);
  subPair(t3, t3, t1);
  settle(t3, t3, PRIME_Q);
  mulOfSums(t4, ay, az, by, bz);
  subPair(t4, t4, t1);
  subPair(t4, t4, t2);
  settle(t4, t4, PRIME_Q);
  mulOfSums(t5, ax, az, bx, bz);
  subPair(t5, t5, t0);
  subPair(t5, t5, t2);
  settle(t5, t5, PRIME_Q);
  // The formulas' 3 b is 9.
  triple(t5, t5);
  triple(t5, t5);
  triple(t0, t0);
  triple(t2, t2);
  triple(t2, t2);
  addPair(sums, t1, t2);
  subPair(t1, t1, t2);
  mulQ(t2, t4, t5);
  mulQ(target, t3, t1);
  subPair(target, target, t2);
  settle(target, target, PRIME_Q);
  mulQ(t5, t5, t0);
  mulQ(t1, t1, sums);
  addPair(target + PAIR, t1, t5);
  settle(target + PAIR, target + PAIR, PRIME_Q);
  mulQ(t0, t0, t3);
  mulQ(t4, t4, sums);
  addPair(target + 2 * PAIR, t4, t0);
  settle(target + 2 * PAIR, target + 2 * PAIR, PRIME_Q);
}

export function setInfinity(target: usize): void {
  memory.fill(target, 0, POINT);
  copyPair(target + PAIR, ONE_Q);
}

// @ts-ignore: decorator
@inline
export function isInfinite(affine: usize): bool {
  // Limbs are balanced, so that zero has one form.
  return (
    load<f64>(affine) == 0 && load<f64>(affine, 8) == 0 && load<f64>(affine, 40) == 0 &&
    load<f64>(affine, 48) == 0 && isZero(affine) && isZero(affine + SINGLE)
  );
}

// @ts-ignore: decorator
@inline
export function isZero(single: usize): bool {
  return (
    load<f64>(single) == 0 && load<f64>(single, 8) == 0 && load<f64>(single, 16) == 0 &&
    load<f64>(single, 24) == 0 && load<f64>(single, 32) == 0
  );
}

/** The pair of two affine points as X : Y : Z. An address of zero is infinity, too. */
export function liftAffine(target: usize, a: usize, b: usize): void {
  const none: usize = noPoint;
  const left = a == 0 ? none : a;
  const right = b == 0 ? none : b;
  gather(target, left, right);
  gather(target + PAIR, left + SINGLE, right + SINGLE);
  copyPair(target + 2 * PAIR, ONE_Q);
  if (isInfinite(left)) setLaneInfinite(target, 0);
  if (isInfinite(right)) setLaneInfinite(target, 8);
}

const noPoint: usize = memory.data(80, 8);

function setLaneInfinite(target: usize, lane: usize): void {
  for (let i: usize = 0; i < 80; i += 16) {
    store<f64>(target + i + lane, 0.0);
    store<f64>(target + PAIR + i + lane, load<f64>(ONE_Q + i));
    store<f64>(target + 2 * PAIR + i + lane, 0.0);
  }
}

const powerBase: usize = memory.data(80, 16);
const powers: usize = memory.data(1280, 16);
/** p - 2 and (p + 1) / 4. */
const INVERSE_POWER = memory.data<u64>([
  0x3c208c16d87cfd45, 0x97816a916871ca8d, 0xb85045b68181585d, 0x30644e72e131a029,
]);
const ROOT_POWER = memory.data<u64>([
  0x4f082305b61f3f52, 0x65e05aa45a1c72a3, 0x6e14116da0605617, 0x0c19139cb84c680a,
]);

/** target = a^e in each lane, e of four words; by windows of four bits. Limbs of a are settled. */
export function powerQ(target: usize, a: usize, exponent: usize): void {
  copyPair(powerBase, a);
  copyPair(powers, ONE_Q);
  for (let i: usize = 1; i < 16; i++) mulQ(powers + PAIR * i, powers + PAIR * (i - 1), powerBase);
  copyPair(target, ONE_Q);
  for (let digit: i32 = 63; digit >= 0; digit--) {
    for (let k = 0; k < 4; k++) squareQ(target, target);
    const word = load<u64>(exponent + 8 * (digit >> 4));
    const value = <usize>((word >> (4 * (digit & 15))) & 15);
    if (value != 0) mulQ(target, target, powers + PAIR * value);
  }
}

/** target = 1/a in each lane; 1/0 = 0. */
export function inverseQ(target: usize, a: usize): void {
  powerQ(target, a, INVERSE_POWER);
}

/** target = a^((p + 1) / 4): a square root of a in each lane, where there is one. */
export function rootQ(target: usize, a: usize): void {
  powerQ(target, a, ROOT_POWER);
}

const product: usize = memory.data(80, 16);
const inverted: usize = memory.data(80, 16);
const xPart: usize = memory.data(80, 16);
const yPart: usize = memory.data(80, 16);

/**
 * `count` pairs of points as 2 count affine points: those of the first lane, then those of the
 * second. One inversion for all. `scratch`: count * 80 bytes.
 */
export function toAffine(target: usize, points: usize, count: u32, scratch: usize): void {
  copyPair(product, ONE_Q);
  for (let i: u32 = 0; i < count; i++) {
    copyPair(scratch + PAIR * i, product);
    const z = points + POINT * i + 2 * PAIR;
    const z1 = z + 8;
    // Infinity takes no part: its factor is one.
    copyPair(inverted, z);
    if (laneIsZero(z)) setLaneOne(inverted, 0);
    if (laneIsZero(z1)) setLaneOne(inverted, 8);
    mulQ(product, product, inverted);
  }
  inverseQ(product, product);
  for (let i: u32 = count; i > 0; i--) {
    const k = i - 1;
    const point = points + POINT * k;
    const z = point + 2 * PAIR;
    mulQ(inverted, product, scratch + PAIR * k);
    mulQ(xPart, point, inverted);
    mulQ(yPart, point + PAIR, inverted);
    const first = target + AFFINE * k;
    const second = target + AFFINE * (count + k);
    scatter(first, second, xPart);
    scatter(first + SINGLE, second + SINGLE, yPart);
    copyPair(inverted, z);
    if (laneIsZero(z)) {
      setLaneOne(inverted, 0);
      memory.fill(first, 0, AFFINE);
    }
    if (laneIsZero(z + 8)) {
      setLaneOne(inverted, 8);
      memory.fill(second, 0, AFFINE);
    }
    mulQ(product, product, inverted);
  }
}

// @ts-ignore: decorator
@inline
function laneIsZero(lane: usize): bool {
  return (
    load<f64>(lane) == 0 && load<f64>(lane, 16) == 0 && load<f64>(lane, 32) == 0 &&
    load<f64>(lane, 48) == 0 && load<f64>(lane, 64) == 0
  );
}

function setLaneOne(pair: usize, lane: usize): void {
  for (let i: usize = 0; i < 80; i += 16) store<f64>(pair + i + lane, load<f64>(ONE_Q + i));
}

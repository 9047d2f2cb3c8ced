/**
 * Products of optimal ate pairings (F. Vercauteren, "Optimal pairings", ePrint 2008/096), all pairs
 * in step: one accumulator, so that its squarings are shared, and affine points, so that the slopes
 * of a step share one inversion. A line through points of the twist with slope s, at (x, y) of G1
 * and divided by y, is 1 - s x/y w + (s x' - y') / y w^3: two coefficients that are not 0 or 1.
 *
 * All points are finite and those of the twist in G2. Then the multiples k Q of Q that are added or
 * doubled have 0 < k < r, and neither k Q = +-Q nor, at the end, +-p Q or +-p^2 Q is met, so that
 * slopes are never infinite. That is why a point outside G2 must not come here.
 */
import {
  conjugate, inverseQ2, isZeroQ2, negatePair, squareQ2, subSettled, tripleSettled,
} from './extension';
import { ATE_DIGITS, ATE_LENGTH, FROBENIUS, mulQ, mulQ2, ONE_Q, ONE_Q2 } from './field-products';
import {
  conjugate12, FP12, frobenius12, inverse12, isOne12, mul12, setOne12, timesLine,
} from './fp12';
import { AFFINE, inverseQ } from './g1';
import { TWIST_AFFINE } from './g2';
import { PARAMETER } from './g2-points';
import { addPair, copyPair, gather, PAIR, SINGLE, subPair } from './pairs';

/**
 * What is kept of each pair: the multiple and the point of G2, then of the point (x, y) of G1 both
 * -x/y and 1/y (in both lanes), the slope's denominator and the product of those before it.
 */
const MULTIPLE: usize = 0;
const POINT: usize = 160;
const MINUS_X: usize = 320;
const INVERSE_Y: usize = 400;
const DENOMINATOR: usize = 480;
const PREFIX: usize = 560;
const RECORD: usize = 640;

/** What is added to the multiples. */
const SAME: u32 = 0;
const OPPOSITE: u32 = 1;
const FROBENIUS_ONCE: u32 = 2;
const MINUS_FROBENIUS_TWICE: u32 = 3;

const product: usize = memory.data(80, 16);
const inverted: usize = memory.data(80, 16);
const slope: usize = memory.data(80, 16);
const other: usize = memory.data(160, 16);
const newX: usize = memory.data(80, 16);
const newY: usize = memory.data(80, 16);
const first: usize = memory.data(80, 16);
const third: usize = memory.data(80, 16);

/** Fills the records; one inversion for all. */
function prepare(records: usize, g1: usize, g2: usize, count: u32): void {
  copyPair(product, ONE_Q);
  for (let i: u32 = 0; i < count; i++) {
    const record = records + RECORD * i;
    const point = g1 + AFFINE * i;
    memory.copy(record + MULTIPLE, g2 + TWIST_AFFINE * i, TWIST_AFFINE);
    memory.copy(record + POINT, g2 + TWIST_AFFINE * i, TWIST_AFFINE);
    gather(record + MINUS_X, point, point);
    gather(record + DENOMINATOR, point + SINGLE, point + SINGLE);
    copyPair(record + PREFIX, product);
    mulQ(product, product, record + DENOMINATOR);
  }
  inverseQ(product, product);
  for (let i = count; i > 0; i--) {
    const record = records + RECORD * (i - 1);
    mulQ(record + INVERSE_Y, product, record + PREFIX);
    mulQ(product, product, record + DENOMINATOR);
    negatePair(record + MINUS_X, record + MINUS_X);
    mulQ(record + MINUS_X, record + MINUS_X, record + INVERSE_Y);
  }
}

/** other = what is added to the record's multiple. */
function chooseOther(record: usize, what: u32): void {
  memory.copy(other, record + POINT, TWIST_AFFINE);
  const images: u32 = what == FROBENIUS_ONCE ? 1 : what == MINUS_FROBENIUS_TWICE ? 2 : 0;
  for (let i: u32 = 0; i < images; i++) {
    conjugate(other, other);
    conjugate(other + PAIR, other + PAIR);
    mulQ2(other, other, FROBENIUS + PAIR);
    mulQ2(other + PAIR, other + PAIR, FROBENIUS + 2 * PAIR);
  }
  if (what == OPPOSITE || what == MINUS_FROBENIUS_TWICE) negatePair(other + PAIR, other + PAIR);
}

/** Queues a record's denominator for the inversion. */
// @ts-ignore: decorator
@inline
function multiplyIn(record: usize): void {
  copyPair(record + PREFIX, product);
  mulQ2(product, product, record + DENOMINATOR);
}

/** inverted = 1/denominator of the record, the last that is still in the product. */
// @ts-ignore: decorator
@inline
function divideOut(record: usize): void {
  mulQ2(inverted, product, record + PREFIX);
  mulQ2(product, product, record + DENOMINATOR);
}

/** f times the line of `slope`; the multiple moves on. `x`: of the other point on the line. */
function step(f: usize, record: usize, x: usize): void {
  const px = record + MULTIPLE;
  const py = px + PAIR;
  mulQ(first, slope, record + MINUS_X);
  mulQ2(third, slope, px);
  subPair(third, third, py);
  mulQ(third, third, record + INVERSE_Y);
  squareQ2(newX, slope);
  subPair(newX, newX, px);
  subSettled(newX, newX, x);
  subPair(inverted, px, newX);
  mulQ2(newY, slope, inverted);
  subSettled(py, newY, py);
  copyPair(px, newX);
  timesLine(f, first, third);
}

/** Tangents; false if a point has none that is finite. */
function doubleAll(f: usize, records: usize, count: u32): bool {
  copyPair(product, ONE_Q2);
  for (let i: u32 = 0; i < count; i++) {
    const record = records + RECORD * i;
    const y = record + MULTIPLE + PAIR;
    addPair(record + DENOMINATOR, y, y);
    multiplyIn(record);
  }
  if (isZeroQ2(product)) return false;
  inverseQ2(product, product);
  for (let i = count; i > 0; i--) {
    const record = records + RECORD * (i - 1);
    divideOut(record);
    squareQ2(slope, record + MULTIPLE);
    tripleSettled(slope, slope);
    mulQ2(slope, slope, inverted);
    step(f, record, record + MULTIPLE);
  }
  return true;
}

/** Chords; false if one is not finite. */
function addAll(f: usize, records: usize, count: u32, what: u32): bool {
  copyPair(product, ONE_Q2);
  for (let i: u32 = 0; i < count; i++) {
    const record = records + RECORD * i;
    chooseOther(record, what);
    subPair(record + DENOMINATOR, other, record + MULTIPLE);
    multiplyIn(record);
  }
  if (isZeroQ2(product)) return false;
  inverseQ2(product, product);
  for (let i = count; i > 0; i--) {
    const record = records + RECORD * (i - 1);
    divideOut(record);
    chooseOther(record, what);
    subPair(slope, other + PAIR, record + MULTIPLE + PAIR);
    mulQ2(slope, slope, inverted);
    step(f, record, other);
  }
  return true;
}

/**
 * f = the product of the Miller loops of `count` pairs (at least one), `scratch` of 640 bytes for
 * each. False if the points are not as said above.
 */
export function millerLoops(f: usize, g1: usize, g2: usize, count: u32, scratch: usize): bool {
  prepare(scratch, g1, g2, count);
  setOne12(f);
  let isFinite = true;
  for (let i: usize = 0; i < <usize>ATE_LENGTH; i++) {
    mul12(f, f, f);
    isFinite = isFinite && doubleAll(f, scratch, count);
    const digit = load<i8>(ATE_DIGITS + i);
    if (digit != 0) {
      isFinite = isFinite && addAll(f, scratch, count, digit > 0 ? SAME : OPPOSITE);
    }
  }
  isFinite = isFinite && addAll(f, scratch, count, FROBENIUS_ONCE);
  return isFinite && addAll(f, scratch, count, MINUS_FROBENIUS_TWICE);
}

const easy: usize = memory.data(480, 16);
const x1: usize = memory.data(480, 16);
const x2: usize = memory.data(480, 16);
const x3: usize = memory.data(480, 16);
const part: usize = memory.data(480, 16);
const low: usize = memory.data(480, 16);
const digits: usize = memory.data(480, 16);
const powerBase: usize = memory.data(480, 16);

/** target = a^exponent; may be a. */
function power12(target: usize, a: usize, exponent: u64): void {
  memory.copy(powerBase, a, FP12);
  memory.copy(target, a, FP12);
  for (let bit: i64 = 62 - clz<i64>(exponent); bit >= 0; bit--) {
    mul12(target, target, target);
    if ((exponent >> <u64>bit) & 1) mul12(target, target, powerBase);
  }
}

/** target = target times a^exponent. */
function timesPower(target: usize, a: usize, exponent: u64): void {
  power12(part, a, exponent);
  mul12(target, target, part);
}

/**
 * Whether f^((p^12 - 1) / r) is 1. The exponent is (p^6 - 1)(p^2 + 1) times
 *   p^3 + (6 x^2 + 1) p^2 - (36 x^3 + 18 x^2 + 12 x - 1) p - (36 x^3 + 30 x^2 + 18 x + 2)
 * for the curve's parameter x (Devegili, Scott, Dahab, "Implementing cryptographic pairings over
 * Barreto-Naehrig curves", ePrint 2007/390). After the first two factors conjugates are inverses.
 */
export function finalPowerIsOne(f: usize): bool {
  inverse12(part, f);
  conjugate12(easy, f);
  mul12(easy, easy, part);
  frobenius12(part, easy);
  frobenius12(part, part);
  mul12(easy, easy, part);

  power12(x1, easy, PARAMETER);
  power12(x2, x1, PARAMETER);
  power12(x3, x2, PARAMETER);
  // 36 x^3 + 18 x^2 + 12 x, the last two digits have in common.
  power12(low, x3, 6);
  timesPower(low, x2, 3);
  timesPower(low, x1, 2);
  power12(low, low, 6);
  conjugate12(low, low);

  frobenius12(digits, easy);
  timesPower(digits, x2, 6);
  mul12(digits, digits, easy);
  frobenius12(digits, digits);
  mul12(digits, digits, low);
  mul12(digits, digits, easy);
  frobenius12(digits, digits);
  mul12(digits, digits, low);
  power12(low, x2, 12);
  timesPower(low, x1, 6);
  timesPower(low, easy, 2);
  conjugate12(low, low);
  mul12(digits, digits, low);
  return isOne12(digits);
}

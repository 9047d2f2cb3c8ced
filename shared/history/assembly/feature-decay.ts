/**
 * Sums of which half is gone after a time: sum = added + sum x 2^(-passed / half-life). What is
 * left of the sum before is computed for all rows first, two at a time; then each row waits for a
 * multiplication and an addition alone.
 */
import { factors, isOneState, passed, states, VALUES } from './feature-steps';

/** Of the factors, ns; 0 for none. */
let factorsOf: f64 = 0;

/** Another frame comes. */
export function forgetFactors(): void {
  factorsOf = 0;
}

/**
 * Adds a column up.
 * @param index - of the value in the instruments' states
 */
export function addUp(step: usize, halfLifeNs: f64, index: u32, out: usize, rows: u32): void {
  const bytes = <usize>rows << 3;
  if (bytes == 0) return;
  if (halfLifeNs != factorsOf) computeFactors(halfLifeNs, bytes);
  const value = VALUES + (<usize>index << 3);
  const left = factors();
  if (isOneState) {
    addUpOne(step, left, <usize>load<u32>(states()) + value, out, bytes);
    return;
  }
  const numbers = states();
  for (let at: usize = 0; at < bytes; at += 8) {
    const place = <usize>load<u32>(numbers + (at >> 1)) + value;
    const sum = load<f64>(step + at) + load<f64>(place) * load<f64>(left + at);
    store<f64>(place, sum);
    store<f64>(out + at, sum);
  }
}

/**
 * The rows of one instrument, four at a time: what each four come to without the sum before them
 * does not wait for that, so that the sum has one step in four rows.
 * @param place - of the sum before the first row
 */
function addUpOne(step: usize, left: usize, place: usize, out: usize, bytes: usize): void {
  let sum = load<f64>(place);
  let at: usize = 0;
  for (; at + 32 <= bytes; at += 32) {
    const first = load<f64>(step + at);
    const firstLeft = load<f64>(left + at);
    const secondLeft = load<f64>(left + at, 8);
    const thirdLeft = load<f64>(left + at, 16);
    const fourthLeft = load<f64>(left + at, 24);
    const second = load<f64>(step + at, 8) + first * secondLeft;
    const third = load<f64>(step + at, 16) + second * thirdLeft;
    const fourth = load<f64>(step + at, 24) + third * fourthLeft;
    const leftOfTwo = firstLeft * secondLeft;
    const leftOfThree = leftOfTwo * thirdLeft;
    store<f64>(out + at, first + sum * firstLeft);
    store<f64>(out + at, second + sum * leftOfTwo, 8);
    store<f64>(out + at, third + sum * leftOfThree, 16);
    sum = fourth + sum * (leftOfThree * fourthLeft);
    store<f64>(out + at, sum, 24);
  }
  for (; at < bytes; at += 8) {
    sum = load<f64>(step + at) + sum * load<f64>(left + at);
    store<f64>(out + at, sum);
  }
  store<f64>(place, sum);
}

function computeFactors(halfLifeNs: f64, bytes: usize): void {
  const perHalfLife = f64x2.splat(1 / halfLifeNs);
  const times = passed();
  const out = factors();
  for (let at: usize = 0; at < bytes; at += 16) {
    v128.store(out + at, halved(f64x2.mul(v128.load(times + at), perHalfLife)));
  }
  factorsOf = halfLifeNs;
}

/** Of what is left after so many half-lives nothing counts any more. */
const MOST_HALF_LIVES: f64 = 1_000;
/** Has an integer that is added to it in its lowest bits. */
const INTEGERS: f64 = 6_755_399_441_055_744;
const EXPONENT_BITS: i32 = 52;

/**
 * 2^-x for x >= 0, to 6e-9 of itself: of the part below 1/2 the Taylor series of e^y to y^7, by
 * pairs (Estrin's scheme); the rest goes into the exponent.
 */
// @ts-ignore: decorator
@inline
function halved(many: v128): v128 {
  const x = f64x2.min(many, f64x2.splat(MOST_HALF_LIVES));
  const whole = f64x2.nearest(x);
  const y = f64x2.mul(f64x2.sub(whole, x), f64x2.splat(0.6931471805599453));
  const y2 = f64x2.mul(y, y);
  const y4 = f64x2.mul(y2, y2);
  const first = pair(1, 1, y);
  const second = pair(0.5, 0.16666666666666666, y);
  const third = pair(0.041666666666666664, 0.008333333333333333, y);
  const fourth = pair(0.001388888888888889, 0.0001984126984126984, y);
  const low = f64x2.add(first, f64x2.mul(second, y2));
  const high = f64x2.add(third, f64x2.mul(fourth, y2));
  const series = f64x2.add(low, f64x2.mul(high, y4));
  const integers = f64x2.add(whole, f64x2.splat(INTEGERS));
  const exponents = i64x2.sub(
    i64x2.splat(<i64>1_023 << 52),
    i64x2.shl(integers, EXPONENT_BITS),
  );
  return f64x2.mul(series, exponents);
}

/** constant + linear x y */
// @ts-ignore: decorator
@inline
function pair(constant: f64, linear: f64, y: v128): v128 {
  return f64x2.add(f64x2.splat(constant), f64x2.mul(f64x2.splat(linear), y));
}

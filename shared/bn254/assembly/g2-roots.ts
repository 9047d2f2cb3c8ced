/** Points of the twist by x and a sign: square roots in Fp2, two at a time, one in each lane. */
import { encodeQ } from './codec';
import { isZeroQ2, negatePair, squareQ2, subSettled } from './extension';
import { ENTER_Q, HALF_Q, mulQ, ONE_Q, PRIME_Q, squareQ } from './field-products';
import { powerQ, rootQ } from './g1';
import { TWIST_AFFINE } from './g2';
import { twistRight } from './g2-points';
import { addPair, gather, PAIR, settle, SINGLE, subPair } from './pairs';
import { readSigned } from './points';

const LARGER: u8 = 0x80;
/** (p - 3) / 4: a^that times a is a root of a, where it has one. */
const POWER = memory.data<u64>([
  0x4f082305b61f3f51, 0x65e05aa45a1c72a3, 0x6e14116da0605617, 0x0c19139cb84c680a,
]);

const real: usize = memory.data(80, 16);
const imaginary: usize = memory.data(80, 16);
const norm: usize = memory.data(80, 16);
const square: usize = memory.data(80, 16);
const power: usize = memory.data(80, 16);
const firstPart: usize = memory.data(80, 16);
const secondPart: usize = memory.data(80, 16);
const check: usize = memory.data(80, 16);

/** Numbers of Fp2 as the pair of their real and that of their imaginary parts; or the other way. */
function turn(first: usize, second: usize, a: usize, b: usize): void {
  for (let i: usize = 0; i < PAIR; i += 16) {
    const left = v128.load(a + i);
    const right = v128.load(b + i);
    v128.store(first + i, v128.shuffle<f64>(left, right, 0, 2));
    v128.store(second + i, v128.shuffle<f64>(left, right, 1, 3));
  }
}

// @ts-ignore: decorator
@inline
function laneVanishes(pair: usize, lane: usize): bool {
  for (let i: usize = 0; i < PAIR; i += 16) if (load<f64>(pair + lane + i) != 0) return false;
  return true;
}

/**
 * Roots of two numbers a = a0 + a1 u, where they have one; else anything. With s^2 = a0^2 + a1^2
 * and t = (a0 + s) / 2 a root is x + a1 / (2 x) u where x^2 = t; where t has no root -t has one, w,
 * and the root is a1 / (2 w) + w u. One power of t gives x or w, and its inverse or that negated.
 */
function roots(first: usize, second: usize, a: usize, b: usize): void {
  turn(real, imaginary, a, b);
  squareQ(norm, real);
  squareQ(square, imaginary);
  addPair(norm, norm, square);
  settle(norm, norm, PRIME_Q);
  rootQ(norm, norm);
  addPair(square, real, norm);
  settle(square, square, PRIME_Q);
  // Where a0 = -s, a0 - s is 2 a0: the other sign of s does.
  for (let lane: usize = 0; lane < 16; lane += 8) {
    if (!laneVanishes(square, lane)) continue;
    for (let i: usize = lane; i < PAIR; i += 16) {
      store<f64>(square + i, load<f64>(real + i) - load<f64>(norm + i));
    }
  }
  mulQ(square, square, HALF_Q);
  powerQ(power, square, POWER);
  mulQ(firstPart, square, power);
  mulQ(secondPart, imaginary, power);
  mulQ(secondPart, secondPart, HALF_Q);
  mulQ(check, firstPart, power);
  subPair(check, check, ONE_Q);
  settle(check, check, PRIME_Q);
  for (let lane: usize = 0; lane < 16; lane += 8) {
    if (laneVanishes(check, lane)) continue;
    for (let i: usize = lane; i < PAIR; i += 16) {
      const limb = load<f64>(firstPart + i);
      store<f64>(firstPart + i, -load<f64>(secondPart + i));
      store<f64>(secondPart + i, limb);
    }
  }
  turn(first, second, firstPart, secondPart);
}

const singles: usize = memory.data(160, 16);
const bytes: usize = memory.data(64, 8);
const xs: usize = memory.data(160, 16);
const rights: usize = memory.data(160, 16);
const ys: usize = memory.data(160, 16);

/** Whether a number is more than its negative: by its imaginary part, by its real one if 0. */
function isLarger(number: usize): bool {
  for (let i: usize = 0; i < 5; i++) {
    store<f64>(singles + 8 * i, 2.0 * load<f64>(number + 16 * i));
    store<f64>(singles + SINGLE + 8 * i, 2.0 * load<f64>(number + 16 * i, 8));
  }
  // Twice a number modulo p is odd where the number is more than p / 2.
  encodeQ(bytes, singles, 2, true);
  let isReal = true;
  for (let i: usize = 32; i < 64; i++) isReal = isReal && load<u8>(bytes + i) == 0;
  return (load<u8>(bytes + (isReal ? 31 : 63)) & 1) != 0;
}

/** Reads x of a compressed point, whatever it is; false if a part is not below p. */
function readX(target: usize, source: usize): bool {
  const isRead = readSigned(singles + SINGLE, source);
  const isRealRead = readSigned(singles, source + 32) && (load<u8>(source, 32) & LARGER) == 0;
  gather(target, singles, singles + SINGLE);
  mulQ(target, target, ENTER_Q);
  return isRead && isRealRead;
}

/**
 * How many compressed points come before the first that is none: 64 bytes each, the imaginary part
 * of x, big-endian, and its real part; the first bit says that y is the larger of y and -y, by its
 * imaginary part unless that is 0. Points are on the twist, in G2 or not. Infinity has no such
 * form.
 */
export function decompressTwist(target: usize, source: usize, count: u32): u32 {
  for (let i: u32 = 0; i < count; i += 2) {
    const last = min(i + 1, count - 1);
    // A neighbour that is none is computed with all the same: the first one is to be told.
    const isRead = readX(xs, source + 64 * i);
    const isOtherRead = readX(xs + PAIR, source + 64 * last);
    twistRight(rights, xs);
    twistRight(rights + PAIR, xs + PAIR);
    roots(ys, ys + PAIR, rights, rights + PAIR);
    for (let k = i; k <= last; k++) {
      const place = PAIR * (k - i);
      const point = target + TWIST_AFFINE * k;
      const y = ys + place;
      settle(y, y, PRIME_Q);
      squareQ2(check, y);
      subSettled(check, check, rights + place);
      if (!isZeroQ2(check) || isZeroQ2(y)) return k;
      if (!(k == i ? isRead : isOtherRead)) return k;
      memory.copy(point, xs + place, PAIR);
      memory.copy(point + PAIR, y, PAIR);
      const wanted = (load<u8>(source + 64 * k) & LARGER) != 0;
      if (isLarger(y) != wanted) negatePair(point + PAIR, y);
    }
  }
  return count;
}

/**
 * Fp2 = Fp[u], u^2 = -1. A number is a pair: its real part in the first lane, its imaginary part in
 * the second. Sums and differences are those of pairs; products are in ./field-products.
 */
import { mulQ, PRIME_Q } from './field-products';
import { inverseQ } from './g1';
import { addPair, scalePair, settle, subPair } from './pairs';

const sums: usize = memory.data(80, 16);
const others: usize = memory.data(80, 16);
const norm: usize = memory.data(80, 16);

/** target = a^2 / R = (a0 + a1)(a0 - a1) + 2 a0 a1 u; limbs of a are at most 2^50. */
export function squareQ2(target: usize, a: usize): void {
  for (let i: usize = 0; i < 80; i += 16) {
    const imaginary = v128.load64_splat(a + i, 8);
    v128.store(sums + i, v128.add<f64>(v128.load(a + i), imaginary));
    const rest = v128.sub<f64>(v128.load64_splat(a + i), v128.load64_zero(a + i, 8));
    v128.store(others + i, rest);
  }
  mulQ(target, sums, others);
}

// @ts-ignore: decorator
@inline
function firstSign(): v128 {
  return f64x2(-1.0, 1.0);
}

/** Each number's two parts in the other's place. */
// @ts-ignore: decorator
@inline
function swapped(limbs: v128): v128 {
  return v128.shuffle<f64>(limbs, limbs, 1, 0);
}

/** target = a0 - a1 u; may be a. */
export function conjugate(target: usize, a: usize): void {
  scalePair(target, a, f64x2(1.0, -1.0));
}

/** target = -a; may be a. */
export function negatePair(target: usize, a: usize): void {
  scalePair(target, a, f64x2(-1.0, -1.0));
}

/** target = a + b, settled. */
export function addSettled(target: usize, a: usize, b: usize): void {
  addPair(target, a, b);
  settle(target, target, PRIME_Q);
}

/** target = a - b, settled. */
export function subSettled(target: usize, a: usize, b: usize): void {
  subPair(target, a, b);
  settle(target, target, PRIME_Q);
}

/** target = 3 a, settled, of a number with limbs of 2^50 that is at most 0.8 p. */
export function tripleSettled(target: usize, a: usize): void {
  scalePair(target, a, f64x2(3.0, 3.0));
  settle(target, target, PRIME_Q);
}

/** target = (9 + u) a, settled, of a as tripleSettled takes it; not the same as a. */
export function timesXi(target: usize, a: usize): void {
  tripleSettled(target, a);
  tripleSettled(target, target);
  for (let i: usize = 0; i < 80; i += 16) {
    const turned = v128.mul<f64>(swapped(v128.load(a + i)), firstSign());
    v128.store(target + i, v128.add<f64>(v128.load(target + i), turned));
  }
  settle(target, target, PRIME_Q);
}

/** target = 1/a; 1/0 = 0. */
export function inverseQ2(target: usize, a: usize): void {
  mulQ(norm, a, a);
  for (let i: usize = 0; i < 80; i += 16) {
    const squares = v128.load(norm + i);
    v128.store(norm + i, v128.add<f64>(squares, swapped(squares)));
  }
  settle(norm, norm, PRIME_Q);
  inverseQ(norm, norm);
  mulQ(target, a, norm);
  conjugate(target, target);
}

/** Whether a settled number is zero. */
export function isZeroQ2(a: usize): bool {
  for (let i: usize = 0; i < 80; i += 8) if (load<f64>(a + i) != 0) return false;
  return true;
}

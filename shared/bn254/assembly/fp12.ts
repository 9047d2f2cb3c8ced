/**
 * Fp12 = Fp2[w], w^6 = xi = 9 + u: six numbers of Fp2 one after another (480 bytes), the
 * coefficients of 1, w, ..., w^5, settled or products. With one reduction a coefficient, the
 * schoolbook's 36 products cost about what a tower's 18 do.
 */
import {
  addSettled, conjugate, inverseQ2, isZeroQ2, negatePair, squareQ2, subSettled, timesXi,
} from './extension';
import { dotQ2, FROBENIUS, mulQ2, ONE_Q2 } from './field-products';
import { addPair, copyPair, PAIR } from './pairs';

export const FP12: usize = 480;

/** xi b_1 .. xi b_5, b_0 .. b_5: what a_k meets in coefficient i stands i - k from the b_0. */
const wrapped: usize = memory.data(880, 16);
const result: usize = memory.data(480, 16);

/** target = a b; the three may be the same. */
export function mul12(target: usize, a: usize, b: usize): void {
  for (let i: usize = 0; i < 5; i++) timesXi(wrapped + PAIR * i, b + PAIR * (i + 1));
  memory.copy(wrapped + 5 * PAIR, b, FP12);
  for (let i: usize = 0; i < 6; i++) {
    dotQ2(result + PAIR * i, 6, a, PAIR, wrapped + PAIR * (i + 5), 0 - PAIR);
  }
  memory.copy(target, result, FP12);
}

const factors: usize = memory.data(320, 16);

/** f = f (1 + a w + b w^3), a and b products. */
export function timesLine(f: usize, a: usize, b: usize): void {
  timesXi(factors, a);
  timesXi(factors + PAIR, b);
  copyPair(factors + 2 * PAIR, a);
  copyPair(factors + 3 * PAIR, b);
  const plain = factors + 2 * PAIR;
  const down: usize = 0 - 2 * PAIR;
  // The two partners of each coefficient, one and three below it; below zero they come with xi.
  dotQ2(result, 2, f + 5 * PAIR, down, factors, PAIR);
  dotQ2(result + PAIR, 2, f, 4 * PAIR, plain, 0 - PAIR);
  dotQ2(result + 2 * PAIR, 2, f + PAIR, 4 * PAIR, plain, 0 - PAIR);
  for (let i: usize = 3; i < 6; i++) {
    dotQ2(result + PAIR * i, 2, f + PAIR * (i - 1), down, plain, PAIR);
  }
  for (let i: usize = 0; i < FP12; i += PAIR) addSettled(f + i, f + i, result + i);
}

export function setOne12(target: usize): void {
  memory.fill(target, 0, FP12);
  copyPair(target, ONE_Q2);
}

const difference: usize = memory.data(80, 16);

export function isOne12(a: usize): bool {
  subSettled(difference, a, ONE_Q2);
  let isOne = isZeroQ2(difference);
  for (let i: usize = PAIR; i < FP12; i += PAIR) isOne = isOne && isZeroQ2(a + i);
  return isOne;
}

/** target = a^(p^6): the odd coefficients negated. The inverse of what finalExponent has. */
export function conjugate12(target: usize, a: usize): void {
  for (let i: usize = 0; i < FP12; i += 2 * PAIR) {
    copyPair(target + i, a + i);
    negatePair(target + i + PAIR, a + i + PAIR);
  }
}

/** target = a^p; may be a. */
export function frobenius12(target: usize, a: usize): void {
  conjugate(target, a);
  for (let i: usize = PAIR; i < FP12; i += PAIR) {
    conjugate(target + i, a + i);
    mulQ2(target + i, target + i, FROBENIUS + i - PAIR);
  }
}

const norm: usize = memory.data(480, 16);
const opposite: usize = memory.data(480, 16);
const adjoint: usize = memory.data(480, 16);
const t0: usize = memory.data(80, 16);
const t1: usize = memory.data(80, 16);

/** target = 1/a; 1/0 = 0. By the norm to Fp6 = Fp2[w^2], and from there by that to Fp2. */
export function inverse12(target: usize, a: usize): void {
  conjugate12(opposite, a);
  mul12(norm, a, opposite);
  const c0 = norm;
  const c1 = norm + 2 * PAIR;
  const c2 = norm + 4 * PAIR;
  memory.fill(adjoint, 0, FP12);
  // c0^2 - xi c1 c2, xi c2^2 - c0 c1, c1^2 - c0 c2.
  squareQ2(t0, c0);
  mulQ2(t1, c1, c2);
  timesXi(difference, t1);
  subSettled(adjoint, t0, difference);
  squareQ2(t0, c2);
  timesXi(difference, t0);
  mulQ2(t1, c0, c1);
  subSettled(adjoint + 2 * PAIR, difference, t1);
  squareQ2(t0, c1);
  mulQ2(t1, c0, c2);
  subSettled(adjoint + 4 * PAIR, t0, t1);
  mulQ2(t0, c2, adjoint + 2 * PAIR);
  mulQ2(t1, c1, adjoint + 4 * PAIR);
  addSettled(t0, t0, t1);
  timesXi(difference, t0);
  mulQ2(t1, c0, adjoint);
  addPair(t1, t1, difference);
  inverseQ2(t1, t1);
  for (let i: usize = 0; i < FP12; i += 2 * PAIR) mulQ2(adjoint + i, adjoint + i, t1);
  mul12(target, opposite, adjoint);
}

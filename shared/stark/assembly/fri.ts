/**
 * FRI's fold (SPEC section 9). A layer is an extension column on D(m): five coordinates of n 2^b
 * words each, coset by coset. The 2^s siblings of row i stand at i + j n / 2^s in its coset.
 */
import {
  addExtension, ELEMENT, mulExtension, scaleExtension, splatExtension, subExtension,
} from './extension';
import { mul } from './field';

/** The siblings, then what folding by two again and again leaves of them. */
const siblings: usize = memory.data(640, 16);
const difference: usize = memory.data(80, 16);
/** A coset's factors, at most 7, and that of the combination, in four lanes. */
const cosetFactors: usize = memory.data(560, 16);
const weightLanes: usize = memory.data(80, 16);

/**
 * Folds `2^arityLog` siblings into one value, and adds a combination's to it.
 *
 * Folding by 2^s with beta is folding by two s times, with beta, beta^2, beta^4: of f(x) = a and
 * f(-x) = b it leaves a + b + beta / x (a - b), twice the value. `factors` are, for each coset c
 * one behind the other, beta^(2^l) / (x(c) w(s)^j)^(2^l) for l = 0 .. s-1 and j < 2^(s-1-l), where
 * x(c) is the coset's first x; `inverses` are w(k)^-i, for i < n / 2^s and k = log n, and `scale`
 * is 2^-s. The next layer has n / 2^s rows in a coset.
 *
 * @param combination of the next layer's size, or 0; `weight` (beta^(2^s)) is its factor
 */
export function foldLayer(
  source: usize, target: usize, n: u32, cosets: u32, arityLog: u32,
  inverses: usize, factors: usize, scale: u32, combination: usize, weight: usize,
): void {
  const sourceStep = <usize>n * cosets << 2;
  const rows = n >> arityLog;
  const targetStep = sourceStep >> arityLog;
  const factorCount: usize = (1 << arityLog) - 1;
  const scales = i32x4.splat(scale);
  if (combination) splatExtension(weightLanes, weight, 4);
  for (let c: usize = 0; c < <usize>cosets; c++) {
    for (let j: usize = 0; j < factorCount; j++) {
      splatExtension(cosetFactors + j * ELEMENT, factors + 20 * (c * factorCount + j), 4);
    }
    const from = source + (n * c << 2);
    const to = rows * c << 2;
    for (let at: usize = 0; at < <usize>rows << 2; at += 16) {
      loadSiblings(from + at, <usize>rows << 2, sourceStep, 1 << arityLog);
      foldSiblings(v128.load(inverses + at), arityLog);
      const place = target + to + at;
      scaleExtension(place, targetStep, siblings, 16, scales);
      if (combination) {
        mulExtension(difference, 16, combination + to + at, targetStep, weightLanes, 16);
        addExtension(place, targetStep, place, targetStep, difference, 16);
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function loadSiblings(from: usize, apart: usize, step: usize, count: usize): void {
  for (let j: usize = 0; j < count; j++) {
    for (let i: usize = 0; i < 5; i++) {
      v128.store(siblings + j * ELEMENT + (i << 4), v128.load(from + j * apart + i * step));
    }
  }
}

/** Leaves 2^arityLog times the folded value in the first place. */
function foldSiblings(inverse: v128, arityLog: u32): void {
  let factor = cosetFactors;
  for (let half: usize = (<usize>1 << arityLog) >> 1; half > 0; half >>= 1) {
    for (let j: usize = 0; j < half; j++, factor += ELEMENT) {
      const left = siblings + j * ELEMENT;
      const right = left + half * ELEMENT;
      subExtension(difference, 16, left, 16, right, 16);
      scaleExtension(difference, 16, difference, 16, inverse);
      mulExtension(difference, 16, difference, 16, factor, 16);
      addExtension(left, 16, left, 16, right, 16);
      addExtension(left, 16, left, 16, difference, 16);
    }
    inverse = mul(inverse, inverse);
  }
}

/** FRI's fold of one leaf (SPEC section 9), in plain numbers. */
import * as base from '../field/base.ts';
import { root } from '../field/domain.ts';
import type { Extension } from '../field/extension.ts';
import * as extension from '../field/extension.ts';

/** Leaves have up to 2^3 siblings. For each s: 1 / w(s), and 2^-s. */
const BACKWARDS = [0, 1, 2, 3].map((arityLog) => base.inverse(root(arityLog)));
const SCALES = [0, 1, 2, 3].map((arityLog) => base.inverse(2 ** arityLog));

/**
 * beta^(2^l) / (x w(s)^j)^(2^l) for l = 0 .. s - 1 and j < 2^(s-1-l), in this order: what folding
 * by two, s times, multiplies differences by.
 *
 * @param inverse 1 / x
 */
export function foldFactors(beta: Extension, inverse: number, arityLog: number): Extension[] {
  const factors: Extension[] = [];
  let [power, ratio, first] = [beta, BACKWARDS[arityLog] ?? 0, inverse];
  for (let half = 2 ** arityLog / 2; half >= 1; half /= 2) {
    let scale = first;
    for (let j = 0; j < half; j++) {
      factors.push(extension.scale(power, scale));
      scale = base.mul(scale, ratio);
    }
    power = extension.mul(power, power);
    [ratio, first] = [base.mul(ratio, ratio), base.mul(first, first)];
  }
  return factors;
}

/**
 * The value of sum of beta^i f_i at x^(2^s), where f = sum of X^i f_i(X^(2^s)).
 *
 * @param siblings values of f at x w(s)^j, j = 0 .. 2^s - 1
 * @param inverse 1 / x
 */
export function foldLeaf(
  siblings: readonly Extension[],
  beta: Extension,
  inverse: number,
): Extension {
  const arityLog = Math.log2(siblings.length);
  const factors = foldFactors(beta, inverse, arityLog).values();
  let values = siblings;
  while (values.length > 1) {
    const opposite = values.slice(values.length / 2);
    values = opposite.map((right, j) => {
      const left = values[j] ?? extension.ZERO;
      const factor = factors.next().value ?? extension.ZERO;
      const odd = extension.mul(factor, extension.sub(left, right));
      return extension.add(extension.add(left, right), odd);
    });
  }
  const [sum = extension.ZERO] = values;
  return extension.scale(sum, SCALES[arityLog] ?? 0);
}

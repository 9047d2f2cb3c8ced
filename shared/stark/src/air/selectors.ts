/** The selectors first, last and trans at a point outside the trace domain (SPEC section 8). */
import { inverse as inverseOf } from '../field/base.ts';
import { root } from '../field/domain.ts';
import {
  type Extension,
  fromBase,
  inverse,
  mul,
  ONE,
  power,
  scale,
  sub,
} from '../field/extension.ts';
import type { Selector } from './expression.ts';

/**
 * The selectors of a table of height 2^k at a point: first and last are (x^n - 1) w / (n (x - w)),
 * w the row's point.
 * @param zeta - not in the trace domain
 */
export function selectorsAt(zeta: Extension, k: number): Readonly<Record<Selector, Extension>> {
  const height = 2 ** k;
  const lastPoint = inverseOf(root(k));
  const vanishing = scale(sub(power(zeta, height), ONE), inverseOf(height));
  const at = (point: number): Extension =>
    scale(mul(vanishing, inverse(sub(zeta, fromBase(point)))), point);
  return { first: at(1), last: at(lastPoint), trans: sub(zeta, fromBase(lastPoint)) };
}

/** Values of columns at points outside the domains (SPEC section 5, step 6). */
import { inverse, mul, power } from '../field/base.ts';
import { point } from '../field/domain.ts';
import type { Extension } from '../field/extension.ts';
import * as F from '../field/extension.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { DEGREE } from '../proof/part-shape.ts';
import { placePoints } from './extended-columns.ts';
import { placeElements, placePointers, readElements, scratch } from './kernel-values.ts';

const WORD_BYTES = 4;
/** Working memory of the kernel for each column. */
const SUM_BYTES = 80;

/**
 * The columns' values at a point.
 * @param columns - addresses of their values on coset 0
 */
export function valuesAt(
  kernel: Kernel,
  columns: readonly number[],
  { logHeight, logBlowup }: { readonly logHeight: number; readonly logBlowup: number },
  at: Extension,
): Extension[] {
  const { arena, exports } = kernel;
  const height = 2 ** logHeight;
  return scratch(kernel, () => {
    // l_i(z) = (z^n - A) / (n A) x_i / (z - x_i), where x^n is A on the coset.
    const a = power(point(logHeight + logBlowup, 0), height);
    const above = F.sub(F.power(at, height), F.fromBase(a));
    const factor = F.scale(above, inverse(mul(height, a)));
    const weights = arena.take(WORD_BYTES * DEGREE * height);
    const points = placePoints(kernel, logHeight, logBlowup, 1);
    const inverses = arena.take(WORD_BYTES * DEGREE * height);
    const work = arena.take(WORD_BYTES * 2 * height);
    exports.invertDifferences(inverses, points, height, placeElements(kernel, [at]), work);
    // 1 / (x_i - z) is what there is: the sign goes into the factor.
    const turned = placeElements(kernel, [F.sub(F.ZERO, factor)]);
    exports.barycentricWeights(points, inverses, turned, height, weights);
    const pointers = placePointers(kernel, columns);
    const out = arena.take(WORD_BYTES * DEGREE * columns.length);
    const sums = arena.take(SUM_BYTES * columns.length);
    exports.dotColumns(weights, pointers, columns.length, height, out, sums);
    return readElements(kernel, out, columns.length);
  });
}

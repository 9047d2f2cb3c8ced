/** The combinations that FRI is about (SPEC section 5, step 7). */

import type { Extension } from '../field/extension.ts';
import * as F from '../field/extension.ts';
import { powersOf } from '../field/powers.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Transforms } from '../kernel/ntt.ts';
import { combinationPlan, type OpenedColumns } from '../proof/combination-plan.ts';
import { DEGREE, type PartShape } from '../proof/part-shape.ts';
import { placePoints } from './extended-columns.ts';
import { placeElements, placePointers, scratch } from './kernel-values.ts';

const WORD_BYTES = 4;

/** What is opened of a table's columns at a point: where the columns are, and their values. */
export interface OpenedValues {
  readonly at: Extension;
  /** Addresses of the columns on coset 0. */
  readonly columns: readonly number[];
  readonly values: readonly Extension[];
}

/** Columns of one height that are opened at the same point, each with its power of gamma. */
interface Term {
  readonly at: Extension;
  readonly columns: number[];
  readonly powers: Extension[];
  /** The values by these powers, added up. */
  total: Extension;
}

/** Addresses of the combinations, five coordinates each, by the log size of their domains. */
export function combinations(
  kernel: Kernel,
  transforms: Transforms,
  shape: PartShape,
  openedOf: (opened: OpenedColumns) => OpenedValues,
  gamma: Extension,
): Map<number, number> {
  const { logBlowup } = transforms;
  const result = new Map<number, number>();
  for (const { logHeight, opened } of combinationPlan(shape)) {
    const size = 2 ** (logHeight + logBlowup);
    const target = kernel.arena.take(WORD_BYTES * DEGREE * size);
    kernel.arena.words(target, DEGREE * size).fill(0);
    const terms = new Map<string, Term>();
    for (const one of opened) addTo(terms, openedOf(one), one.firstPower, gamma);
    scratch(kernel, () => {
      const points = placePoints(kernel, logHeight, logBlowup);
      for (const term of terms.values()) {
        scratch(kernel, () => addTerm(kernel, transforms, logHeight, points, term, target));
      }
    });
    result.set(logHeight + logBlowup, target);
  }
  return result;
}

function addTo(
  terms: Map<string, Term>,
  { at, columns, values }: OpenedValues,
  firstPower: number,
  gamma: Extension,
): void {
  const name = at.join();
  const term = terms.get(name) ?? { at, columns: [], powers: [], total: F.ZERO };
  terms.set(name, term);
  const first = F.power(gamma, firstPower);
  for (const [index, power] of powersOf(gamma, columns.length).entries()) {
    const own = F.mul(first, power);
    term.powers.push(own);
    term.total = F.add(term.total, F.mul(own, values[index] ?? F.ZERO));
  }
  term.columns.push(...columns);
}

/** target(x) += (the columns by their powers - their total) / (x - point). */
function addTerm(
  kernel: Kernel,
  transforms: Transforms,
  logHeight: number,
  points: number,
  { at, columns, powers, total }: Term,
  target: number,
): void {
  const { arena, exports } = kernel;
  const height = 2 ** logHeight;
  const size = height * 2 ** transforms.logBlowup;
  const strideBytes = WORD_BYTES * height;
  const combined = arena.take(DEGREE * strideBytes);
  const factors = placeElements(kernel, powers);
  const pointers = placePointers(kernel, columns);
  exports.combineColumns(factors, pointers, columns.length, height, combined);
  const coefficients = { address: combined, strideBytes, count: DEGREE };
  transforms.interpolateCoset(coefficients, logHeight, 0);
  const extended = arena.take(WORD_BYTES * DEGREE * size);
  transforms.extend(coefficients, { address: extended, strideBytes: WORD_BYTES * size }, logHeight);
  const inverses = arena.take(WORD_BYTES * DEGREE * size);
  const work = arena.take(WORD_BYTES * 2 * size);
  exports.invertDifferences(inverses, points, size, placeElements(kernel, [at]), work);
  exports.addQuotient(extended, placeElements(kernel, [total]), inverses, size, target);
}

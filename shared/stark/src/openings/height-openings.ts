/**
 * The prover's openings of columns of one height (SPEC section 5, steps 6 and 7): their values at
 * points outside the domains, and the combination that proves them.
 *
 * All of it is done on coset 0 of the extended domain, which determines a polynomial of degree
 * below 2^k; the combination, being one, is extended at the end like any column.
 */
import * as base from '../field/base.ts';
import { root, shift } from '../field/domain.ts';
import type { Extension } from '../field/extension.ts';
import * as extension from '../field/extension.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { placeElements, placePointers, readElements, scratch } from '../kernel/kernel-values.ts';
import { toMontgomery } from '../kernel/montgomery.ts';
import type { Transforms } from '../kernel/ntt.ts';

const WORD_BYTES = 4;
const ELEMENT_BYTES = WORD_BYTES * extension.DEGREE;
/** What `dotColumns` works in, for each column. */
const SUM_BYTES = 80;

/** A point that columns are opened at; its inverses stay in the arena. */
export interface OpenedPoint {
  readonly point: Extension;
  /** Address of 1 / (x - point) on coset 0. */
  readonly inverses: number;
}

export class HeightOpenings {
  readonly #kernel: Kernel;
  readonly #transforms: Transforms;
  readonly #logHeight: number;
  /** Addresses of the points of coset 0, and of the combination's values there. */
  readonly #xs: number;
  readonly #sum: number;

  /**
   * Takes 24 bytes a row of the arena, 20 for each point, and some 25 for a while.
   * @throws StarkError OUT_OF_MEMORY, as all methods do that take memory
   */
  constructor(kernel: Kernel, transforms: Transforms, logHeight: number) {
    this.#kernel = kernel;
    this.#transforms = transforms;
    this.#logHeight = logHeight;
    const { arena, exports } = kernel;
    this.#xs = arena.take(WORD_BYTES * this.#rows);
    this.#sum = arena.take(ELEMENT_BYTES * this.#rows);
    arena.words(this.#sum, extension.DEGREE * this.#rows).fill(0);
    const first = toMontgomery(shift(this.#logSize));
    exports.geometric(this.#xs, this.#rows, first, toMontgomery(root(logHeight)));
  }

  /** @param point in none of the domains */
  at(point: Extension): OpenedPoint {
    const { arena, exports } = this.#kernel;
    const inverses = arena.take(ELEMENT_BYTES * this.#rows);
    scratch(this.#kernel, () => {
      const place = placeElements(this.#kernel, [point]);
      const work = arena.take(2 * WORD_BYTES * this.#rows);
      exports.invertDifferences(inverses, this.#xs, this.#rows, place, work);
    });
    return { point, inverses };
  }

  /**
   * Values of the polynomials that columns are.
   * @param columns addresses: their 2^k first words are coset 0
   */
  values({ point, inverses }: OpenedPoint, columns: readonly number[]): Extension[] {
    const kernel = this.#kernel;
    const { arena, exports } = kernel;
    const rows = this.#rows;
    return scratch(kernel, () => {
      const weights = arena.take(ELEMENT_BYTES * rows);
      const scale = placeElements(kernel, [this.#scale(point)]);
      exports.barycentricWeights(this.#xs, inverses, scale, rows, weights);
      const pointers = placePointers(kernel, columns);
      const out = arena.take(ELEMENT_BYTES * columns.length);
      const sums = arena.take(SUM_BYTES * columns.length);
      exports.dotColumns(weights, pointers, columns.length, rows, out, sums);
      return readElements(kernel, out, columns.length);
    });
  }

  /**
   * Adds factor_j (f_j - value_j) / (X - point) to the combination, for all columns f_j.
   * @param values as `values` gives them
   * @param factors powers of gamma
   */
  combine(
    { inverses }: OpenedPoint,
    columns: readonly number[],
    values: readonly Extension[],
    factors: readonly Extension[],
  ): void {
    if (values.length !== columns.length || factors.length !== columns.length) {
      throw new Error('assertion failed: one value and one factor a column');
    }
    const kernel = this.#kernel;
    const { arena, exports } = kernel;
    const value = factors.reduce((sum, factor, j) => {
      return extension.add(sum, extension.mul(factor, values[j] ?? extension.ZERO));
    }, extension.ZERO);
    scratch(kernel, () => {
      const combined = arena.take(ELEMENT_BYTES * this.#rows);
      const pointers = placePointers(kernel, columns);
      const weights = placeElements(kernel, factors);
      exports.combineColumns(weights, pointers, columns.length, this.#rows, combined);
      const place = placeElements(kernel, [value]);
      exports.addQuotient(combined, place, inverses, this.#rows, this.#sum);
    });
  }

  /**
   * Address of the combination on the whole extended domain, five coordinates one behind the other.
   * Nothing can be added to it any more.
   */
  extend(): number {
    const size = WORD_BYTES * 2 ** this.#logSize;
    const target = this.#kernel.arena.take(size * extension.DEGREE);
    const sum = {
      address: this.#sum,
      strideBytes: WORD_BYTES * this.#rows,
      count: extension.DEGREE,
    };
    this.#transforms.interpolateCoset(sum, this.#logHeight, 0);
    this.#transforms.extend(sum, { address: target, strideBytes: size }, this.#logHeight);
    return target;
  }

  get #rows(): number {
    return 2 ** this.#logHeight;
  }

  get #logSize(): number {
    return this.#logHeight + this.#transforms.logBlowup;
  }

  /** (A - point^n) / (n A) with A = x^n on coset 0: a weight is that times x / (x - point). */
  #scale(point: Extension): Extension {
    const a = base.power(shift(this.#logSize), this.#rows);
    const difference = extension.sub(extension.fromBase(a), extension.power(point, this.#rows));
    return extension.scale(difference, base.inverse(base.mul(this.#rows, a)));
  }
}

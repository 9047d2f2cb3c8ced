// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * The sumcheck of one fold. Each instance has a sum of its own: of a linear one eq(its point, x)
 * times its three polynomials, by powers of gamma; of a fresh one eq(beta, x) (A B - C). In a round
 * what eq has of the variables up to this one, the *factor*, is outside the sum: what is inside,
 * t, is of degree 1 or 2, and one of its values follows from the sum before (A. Gruen, ePrint
 * 2024/108, section 3). So an element of a polynomial is looked at once a round.
 */
import assert from 'node:assert/strict';
import type { EqualityTables, FrVector, Multilinear } from '@foldbook/bn254';
import { type FoldInstance, fromBigEndian, inverse, reduce, type Triple } from '@foldbook/verifier';

/** Of A z, B z, C z. */
export type Polynomials = readonly [FrVector, FrVector, FrVector];

interface Summand {
  readonly instance: FoldInstance;
  /** Power of gamma that its sum has in the whole one. */
  readonly weight: bigint;
  /** What its eq is of. */
  readonly point: readonly bigint[];
  /** Of the point without its first coordinate. */
  readonly tables: EqualityTables;
  /** The factor: eq of the coordinates and challenges so far. */
  factor: bigint;
  /** The sum that is left to be shown, its weight aside. */
  sum: bigint;
  polynomials: Polynomials;
}

interface Given {
  readonly instance: FoldInstance;
  readonly products: Polynomials;
}

export class Sumcheck {
  readonly #multilinear: Multilinear;
  readonly #gamma: bigint;
  readonly #summands: Summand[] = [];
  /** eq tables, one for all fresh instances. */
  readonly #tables: EqualityTables[] = [];
  #length: number;
  #round = 0;
  /** The last round's polynomials of each summand, all coefficients. */
  #last: bigint[][] = [];

  constructor(
    multilinear: Multilinear,
    given: readonly Given[],
    gamma: bigint,
    beta: readonly bigint[],
  ) {
    this.#multilinear = multilinear;
    this.#gamma = gamma;
    this.#length = 2 ** beta.length;
    let weight = 1n;
    let fresh: EqualityTables | undefined;
    for (const { instance, products } of given) {
      const isFresh = instance.kind === 'fresh';
      const point = isFresh ? beta : instance.point;
      const tables = (isFresh ? fresh : undefined) ?? multilinear.equality(point.slice(1));
      if (isFresh) fresh = tables;
      if (!this.#tables.includes(tables)) this.#tables.push(tables);
      const sum = isFresh ? 0n : this.#combined(instance.values);
      const start = { factor: 1n, sum, polynomials: products };
      this.#summands.push({ instance, weight, point, tables, ...start });
      weight = reduce(weight * gamma ** (isFresh ? 1n : 3n));
    }
  }

  /** The polynomial of this round: its coefficients but that of X. */
  round(): bigint[] {
    this.#last = this.#summands.map((summand) => this.#roundOf(summand));
    const degree = Math.max(...this.#last.map(({ length }) => length - 1));
    const total = Array.from({ length: degree + 1 }, (_, power) =>
      reduce(
        this.#summands.reduce((sum, { weight }, index) => {
          return sum + weight * (this.#last[index]?.[power] ?? 0n);
        }, 0n),
      ),
    );
    return total.filter((_, power) => power !== 1);
  }

  /** Sets this round's variable. */
  bind(r: bigint): void {
    const isFirst = this.#round === 0;
    this.#summands.forEach((summand, index) => {
      const coefficients = this.#last[index] ?? [];
      summand.sum = coefficients.reduceRight((value, next) => reduce(value * r + next), 0n);
      const coordinate = summand.point[this.#round] ?? 0n;
      summand.factor = reduce(summand.factor * (1n - coordinate - r + 2n * coordinate * r));
      if (isFirst) {
        const [a, b, c] = summand.polynomials;
        const bound = (polynomial: FrVector) => this.#multilinear.bind(polynomial, r);
        summand.polynomials = [bound(a), bound(b), bound(c)];
      } else {
        for (const polynomial of summand.polynomials) {
          this.#multilinear.bindInPlace(polynomial, this.#length, r);
        }
      }
    });
    this.#length /= 2;
    this.#round += 1;
  }

  /** The polynomials' values where all variables are set. */
  claims(): Triple[] {
    assert(this.#length === 1, 'all variables are set');
    return this.#summands.map(({ polynomials: [a, b, c] }): Triple => {
      return [firstOf(a), firstOf(b), firstOf(c)];
    });
  }

  release(): void {
    for (const { polynomials } of this.#summands) {
      for (const polynomial of polynomials) polynomial.release();
    }
    for (const tables of this.#tables) tables.release();
  }

  /** factor x (p X + (1 - p)(1 - X)) x t(X), p being the point's coordinate. */
  #roundOf(summand: Summand): bigint[] {
    const coordinate = summand.point[this.#round] ?? 0n;
    const atZero = reduce(summand.factor * (1n - coordinate));
    const atOne = reduce(summand.factor * coordinate);
    const [constant, square] = this.#inner(summand);
    // No challenge makes the factor 0, but with a probability of some 2^-254.
    const valueAtOne = reduce((summand.sum - atZero * constant) * inverse(atOne));
    const linear = reduce(valueAtOne - constant - square);
    const slope = atOne - atZero;
    const coefficients = [
      atZero * constant,
      atZero * linear + slope * constant,
      atZero * square + slope * linear,
    ];
    if (summand.instance.kind === 'fresh') coefficients.push(slope * square);
    return coefficients.map(reduce);
  }

  /** t's constant coefficient and that of its square. */
  #inner({ instance, polynomials, tables }: Summand): [bigint, bigint] {
    if (instance.kind === 'fresh') {
      return this.#multilinear.constraintSums(polynomials, this.#length, tables);
    }
    const [a, b, c] = polynomials;
    const sum = (polynomial: FrVector): bigint =>
      this.#multilinear.sumAtZero(polynomial, this.#length, tables);
    return [this.#combined([sum(a), sum(b), sum(c)]), 0n];
  }

  #combined([a, b, c]: Triple): bigint {
    return reduce(a + this.#gamma * (b + this.#gamma * c));
  }
}

function firstOf(polynomial: FrVector): bigint {
  return fromBigEndian(polynomial.part(0, 1).toBytes());
}

/** What all tables' constraints are made of. */
import type { Calculator } from './arithmetic.ts';
import { at } from './field.ts';

/** n1 / d1 + n2 / d2, or n1 / d1 alone. */
export type Fractions<E> = readonly { readonly numerator: E; readonly denominator: E }[];

/** A row as the constraints see it: values at a row, or at any point. */
export interface Row<E> {
  /** The columns of the main trees: committed ones, then the witness's. */
  readonly main: readonly E[];
  /** The same columns one row on, where a constraint reads them; others may be missing. */
  readonly next: readonly (E | undefined)[];
  /** The columns e. */
  readonly lookups: readonly E[];
  readonly sum: E;
  readonly sumNext: E;
  readonly first: E;
  readonly last: E;
  readonly trans: E;
}

export interface Challenges<E> {
  readonly z: E;
  readonly x: E;
  readonly y: E;
  readonly u: E;
  readonly v: E;
}

export interface Constants<E> extends Challenges<E> {
  readonly height: number;
  readonly count: number;
  /** T / n. */
  readonly share: E;
}

export interface TableShape {
  /** Columns of its own tree: the record tree, or an account tree. */
  readonly committed: number;
  readonly witness: number;
  /** The number of columns e. */
  readonly lookups: number;
  /** Which main columns are read in the next row, ascending. S is always. */
  readonly nextColumns: readonly number[];
}

/** So many items; a RangeError if there are fewer. */
export function slice<E>(items: readonly E[], from: number, count: number): E[] {
  if (items.length < from + count) throw new RangeError(`no item ${from + count - 1}`);
  return items.slice(from, from + count);
}

/** e d1 d2 - n1 d2 - n2 d1, or e d - n. */
export function fractionConstraint<E>(c: Calculator<E>, e: E, fractions: Fractions<E>): E {
  const one = at(fractions, 0);
  const two = fractions[1];
  if (two === undefined) return c.difference(c.product(e, one.denominator), one.numerator);
  return c.difference(
    c.product(e, one.denominator, two.denominator),
    c.product(one.numerator, two.denominator),
    c.product(two.numerator, one.denominator),
  );
}

/** S' - S - (all e) + T / n. */
export function sumConstraint<E>(c: Calculator<E>, row: Row<E>, constants: Constants<E>): E {
  return c.sum(c.difference(row.sumNext, row.sum, ...row.lookups), constants.share);
}

/** 1 / (z - a) + 1 / (z - b). */
export function rangePair<E>(c: Calculator<E>, z: E, a: E, b: E): Fractions<E> {
  return [a, b].map((value) => ({ numerator: c.integer(1), denominator: c.difference(z, value) }));
}

/** id + sum over l of (v^(l+1) base_l + v^(l+7) quote_l). */
export function fingerprint<E>(
  c: Calculator<E>,
  v: E,
  id: E,
  base: readonly E[],
  quote: readonly E[],
) {
  return c.weighted(v, [id, ...base, ...quote]);
}

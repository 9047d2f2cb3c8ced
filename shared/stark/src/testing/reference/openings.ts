/** The combinations of openings. */
import {
  add,
  at,
  domainPoint,
  type Element,
  fromBase,
  inverse,
  mod,
  multiply,
  rootOfUnity,
  scale,
  subtract,
  ZERO,
} from './field.ts';
import { powersOf } from './fri.ts';
import { columnCount, type Layout, nextColumnsOf, type Table } from './layout.ts';

/** Values claimed at one point: of which columns of which table. */
export interface PointOpening {
  readonly table: number;
  readonly point: Element;
  readonly columns: readonly number[];
  readonly values: readonly Element[];
}

export interface TableValues {
  readonly here: readonly Element[];
  readonly next: readonly Element[];
}

/** An account table's pinned values: the table's place, the point P, and the values. */
export interface Pinned {
  readonly table: number;
  readonly point: Element;
  readonly values: readonly Element[];
}

/** zeta w(k). */
export function nextPoint(zeta: Element, { logHeight }: Table): Element {
  return scale(zeta, rootOfUnity(logHeight));
}

/** Whether a point is in F_p, where the domains are (SPEC.md section 5, step 6). */
export function isInBaseField(point: Element): boolean {
  return point.slice(1).every((coefficient) => coefficient === 0n);
}

/** All openings of one height in the order of SPEC.md section 5, step 7. */
export function openingsOf(
  layout: Layout,
  logSize: number,
  zeta: Element,
  values: readonly TableValues[],
  pinned: readonly Pinned[],
): PointOpening[] {
  const openings: PointOpening[] = [];
  const isHere = (table: number) => {
    return at(layout.tables, table).logHeight + layout.logBlowup === logSize;
  };
  layout.tables.forEach((table, index) => {
    if (!isHere(index)) return;
    const { here, next } = at(values, index);
    const columns = range(columnCount(table.shape));
    openings.push({ table: index, point: zeta, columns, values: here });
    const point = nextPoint(zeta, table);
    openings.push({ table: index, point, columns: nextColumnsOf(table.shape), values: next });
  });
  for (const { table, point, values: claimed } of pinned) {
    if (!isHere(table)) continue;
    openings.push({ table, point, columns: range(claimed.length), values: claimed });
  }
  return openings;
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** An opening with its powers of gamma, and the part of the sum that is the same everywhere. */
export interface WeightedOpening extends PointOpening {
  readonly weights: readonly Element[];
  /** sum of gamma^j value_j */
  readonly claimed: Element;
}

/** Weights for heights in the order given; j counts on from height to height. */
export function weighOpenings(
  heights: readonly (readonly PointOpening[])[],
  gamma: Element,
): WeightedOpening[][] {
  const powers = powersOf(gamma);
  return heights.map((openings) =>
    openings.map((opening) => {
      const weights = opening.values.map(() => powers.next().value as Element);
      const terms = opening.values.map((value, j) => multiply(at(weights, j), value));
      return { ...opening, weights, claimed: terms.reduce(add, ZERO) };
    }),
  );
}

/** F_k at an exponent of its domain; `cell` gives a column's value there. */
export function combine(
  openings: readonly WeightedOpening[],
  logSize: number,
  exponent: number,
  cell: (table: number, column: number) => bigint,
): Element {
  const x = fromBase(domainPoint(logSize, exponent));
  let sum = ZERO;
  for (const { table, point, columns, weights, claimed } of openings) {
    const total = [0n, 0n, 0n, 0n, 0n];
    columns.forEach((column, j) => {
      const value = cell(table, column);
      at(weights, j).forEach((weight, i) => {
        total[i] = at(total, i) + weight * value;
      });
    });
    const numerator = subtract(total.map(mod), claimed);
    sum = add(sum, multiply(numerator, inverse(subtract(x, point))));
  }
  return sum;
}

/** Which columns are opened where, and with which power of gamma (SPEC section 5, step 7). */

import type { Table } from '../air/table.ts';
import { DEGREE } from '../field/extension.ts';
import { ACCOUNT_COLUMNS } from '../statement/account-commitment.ts';
import { openingCounts, type PartShape } from './part-shape.ts';

/** Where a table's columns are opened. */
export type PointKind = 'zeta' | 'next' | 'pinned';

/** Columns of one table that are opened at one point. */
export interface OpenedColumns {
  readonly table: number;
  readonly point: PointKind;
  /**
   * Indices among the table's columns: main columns, then coordinates of lookup columns, then
   * those of the quotient.
   */
  readonly columns: readonly number[];
  /** The power of gamma of the first. */
  readonly firstPower: number;
}

/** By height, largest first. */
export interface HeightPlan {
  readonly logHeight: number;
  readonly opened: readonly OpenedColumns[];
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

export function combinationPlan(shape: PartShape): HeightPlan[] {
  let power = 0;
  const open = (table: number, point: PointKind, columns: readonly number[]): OpenedColumns => {
    const opened = { table, point, columns, firstPower: power };
    power += columns.length;
    return opened;
  };
  return shape.logHeights.map((logHeight) => {
    const ofHeight = shape.tables.flatMap((one, table) =>
      one.logHeight === logHeight ? [{ ...one, index: table }] : [],
    );
    const values = ofHeight.flatMap(({ table, index }) => [
      open(index, 'zeta', upTo(openingCounts(table).current)),
      open(index, 'next', nextColumns(table)),
    ]);
    // The columns of the account tree are a table's first ones.
    const pinned = ofHeight
      .filter(({ table }) => table.name !== 'records')
      .map(({ index }) => open(index, 'pinned', upTo(ACCOUNT_COLUMNS)));
    return { logHeight, opened: [...values, ...pinned] };
  });
}

/** Columns that constraints read in the next row, by their indices in `OpenedColumns`. */
export function nextColumns({ columns, next }: Table): number[] {
  const sums = next.sums.flatMap((sum) => {
    return upTo(DEGREE).map((i) => columns.length + DEGREE * sum + i);
  });
  return [...next.columns, ...sums];
}

/** How many powers of gamma a plan takes. */
export function powersIn(plan: readonly HeightPlan[]): number {
  const counts = plan.flatMap(({ opened }) => opened.map(({ columns }) => columns.length));
  return counts.reduce((sum, count) => sum + count, 0);
}

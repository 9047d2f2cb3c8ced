/** Which columns stand in which tree, and which are opened. */
import type { Constants, Row, TableShape } from './air.ts';
import {
  ACCOUNTS_AFTER,
  ACCOUNTS_BEFORE,
  accountConstraints,
  beforeConstraints,
} from './air-accounts.ts';
import { RECORDS, recordConstraints } from './air-records.ts';
import type { Calculator } from './arithmetic.ts';
import { logCapOf } from './tree.ts';

export interface Table {
  readonly shape: TableShape;
  readonly logHeight: number;
  readonly constraints: <E>(c: Calculator<E>, row: Row<E>, constants: Constants<E>) => E[];
}

/** A column of a table, by the table's place and the column's among all of that table. */
export interface ColumnName {
  readonly table: number;
  readonly column: number;
}

/** The columns of one height of a tree, in the order in which they stand in its row. */
export interface TreeGroup {
  readonly logSize: number;
  readonly columns: readonly ColumnName[];
}

/** Largest height first. */
export type TreeLayout = readonly TreeGroup[];

export interface Layout {
  readonly logBlowup: number;
  /** Records, accounts after, accounts before. */
  readonly tables: readonly Table[];
  /** Records, accounts after, accounts before, witness, lookup, quotient. */
  readonly trees: readonly TreeLayout[];
}

export interface Heights {
  readonly records: number;
  readonly after: number;
  readonly before: number;
}

export function mainCount({ committed, witness }: TableShape): number {
  return committed + witness;
}

/** Coefficient columns of the lookup tree: of each e, and of S. */
export function lookupCount({ lookups }: TableShape): number {
  return 5 * (lookups + 1);
}

export const QUOTIENT_COLUMNS = 10;

export function columnCount(shape: TableShape): number {
  return mainCount(shape) + lookupCount(shape) + QUOTIENT_COLUMNS;
}

/** The columns, numbered as in `ColumnName`, that are opened in the next row. */
export function nextColumnsOf(shape: TableShape): number[] {
  const sum = mainCount(shape) + 5 * shape.lookups;
  return [...shape.nextColumns, sum, sum + 1, sum + 2, sum + 3, sum + 4];
}

/** The tables and trees of a part, by the log heights of its tables (SPEC.md section 5). */
export function layoutOf(heights: Heights, logBlowup: number): Layout {
  const tables: Table[] = [
    { shape: RECORDS, logHeight: heights.records, constraints: recordConstraints },
    { shape: ACCOUNTS_AFTER, logHeight: heights.after, constraints: accountConstraints },
    { shape: ACCOUNTS_BEFORE, logHeight: heights.before, constraints: beforeConstraints },
  ];
  const all = [0, 1, 2];
  const tree = (members: readonly number[], from: Span, count: Span) =>
    treeLayout(tables, logBlowup, members, from, count);
  const committed = (table: number) =>
    tree(
      [table],
      () => 0,
      (shape) => shape.committed,
    );
  const trees = [
    committed(0),
    committed(1),
    committed(2),
    tree(
      [0, 1],
      (shape) => shape.committed,
      (shape) => shape.witness,
    ),
    tree(all, mainCount, lookupCount),
    tree(
      all,
      (shape) => mainCount(shape) + lookupCount(shape),
      () => QUOTIENT_COLUMNS,
    ),
  ];
  return { logBlowup, tables, trees };
}

type Span = (shape: TableShape) => number;

function treeLayout(
  tables: readonly Table[],
  logBlowup: number,
  members: readonly number[],
  from: Span,
  count: Span,
): TreeLayout {
  const bySize = new Map<number, ColumnName[]>();
  for (const table of members) {
    const entry = tables[table];
    if (entry === undefined) throw new RangeError(`no table ${table}`);
    const logSize = entry.logHeight + logBlowup;
    const columns = bySize.get(logSize) ?? [];
    const first = from(entry.shape);
    for (let i = 0; i < count(entry.shape); i += 1) columns.push({ table, column: first + i });
    bySize.set(logSize, columns);
  }
  const groups = Array.from(bySize, ([logSize, columns]) => ({ logSize, columns }));
  return groups.sort((a, b) => b.logSize - a.logSize);
}

export function capNodes(tree: TreeLayout): number {
  return 2 ** logCapOf(Math.min(...tree.map(({ logSize }) => logSize)));
}

/** The number of siblings in an opening of the tree. */
export function pathLength(tree: TreeLayout): number {
  return Math.max(...tree.map(({ logSize }) => logSize)) - Math.log2(capNodes(tree));
}

/** The distinct log sizes of the extended domains, largest first. */
export function logSizesOf({ tables, logBlowup }: Layout): number[] {
  const sizes = new Set(tables.map(({ logHeight }) => logHeight + logBlowup));
  return [...sizes].sort((a, b) => b - a);
}

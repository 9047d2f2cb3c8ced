/** What follows from a statement alone: tables, trees, and how long everything in a proof is. */

import type { Table, TreeName } from '../air/table.ts';
import { TABLES } from '../air/tables.ts';
import { TreeShape } from '../commit/tree-shape.ts';
import { DEGREE } from '../field/extension.ts';
import { type FriSchedule, friSchedule } from '../fri/schedule.ts';
import type { ProofParameters } from '../parameters.ts';
import type { SecurityShape } from '../security.ts';
import { ACCOUNT_COLUMNS } from '../statement/account-commitment.ts';
import { type PartStatement, recordsLogHeight } from '../statement/part-statement.ts';

/** The quotient is of degree below twice the height: two columns. */
export const QUOTIENT_COLUMNS = 2 * DEGREE;
/** In the order in which they are committed and opened. */
export const MAIN_TREES: readonly TreeName[] = ['records', 'after', 'before', 'witness'];

/** Columns of one table in one tree. */
export interface TreeMember {
  /** Index of the table. */
  readonly table: number;
  /** The first of the table's columns that it has. */
  readonly first: number;
  readonly columns: number;
}

export interface PartTree {
  readonly name: TreeName | 'lookup' | 'quotient';
  readonly members: readonly TreeMember[];
  readonly shape: TreeShape;
}

export interface PartTable {
  readonly table: Table;
  readonly logHeight: number;
}

/** What a shape depends on. */
export type ShapeSource = Pick<PartStatement, 'parameters' | 'count'> & {
  readonly before: { readonly logHeight: number };
  readonly after: { readonly logHeight: number };
};

export class PartShape {
  readonly parameters: ProofParameters;
  /** Records, accounts after, accounts before. */
  readonly tables: readonly PartTable[];
  /** The main trees, lookup, quotient. */
  readonly trees: readonly PartTree[];
  /** Log heights of the tables, largest first, each once. */
  readonly logHeights: readonly number[];
  readonly schedule: FriSchedule;

  constructor({ parameters, count, before, after }: ShapeSource) {
    const heights = {
      records: recordsLogHeight(count),
      after: after.logHeight,
      before: before.logHeight,
    };
    this.parameters = parameters;
    this.tables = TABLES.map((table) => ({ table, logHeight: heights[table.name] }));
    const logHeights = this.tables.map(({ logHeight }) => logHeight);
    this.logHeights = [...new Set(logHeights)].sort((a, b) => b - a);
    this.schedule = friSchedule(logHeights, parameters.logBlowup);
    this.trees = [
      ...MAIN_TREES.map((name) => this.#tree(name, mainMembers(name))),
      this.#tree('lookup', wholeMembers(lookupColumns)),
      this.#tree(
        'quotient',
        wholeMembers(() => QUOTIENT_COLUMNS),
      ),
    ];
  }

  /** For the calculator of section 11. */
  get security(): SecurityShape {
    const openings = this.tables.reduce((sum, { table }) => {
      const { current, next } = openingCounts(table);
      const pinned = table.name === 'records' ? 0 : ACCOUNT_COLUMNS;
      return sum + current + next + pinned;
    }, 0);
    return {
      tables: this.tables.map(({ table, logHeight }) => {
        return { logHeight, constraints: table.constraints.length, fractions: table.fractions };
      }),
      openings,
      pinnedLogHeights: this.tables.slice(1).map(({ logHeight }) => logHeight),
    };
  }

  /** Which of a tree's rows has a member's columns, and where in it they begin. */
  placeInRow(tree: PartTree, member: TreeMember): { readonly height: number; readonly at: number } {
    const { logHeight } = this.table(member.table);
    const logSize = logHeight + this.parameters.logBlowup;
    const height = tree.shape.heights.findIndex((one) => one.logSize === logSize);
    const before = tree.members.slice(0, tree.members.indexOf(member));
    const same = before.filter((other) => this.table(other.table).logHeight === logHeight);
    return { height, at: same.reduce((sum, { columns }) => sum + columns, 0) };
  }

  table(index: number): PartTable {
    const table = this.tables[index];
    if (table === undefined) throw new Error(`assertion failed: there is no table ${index}`);
    return table;
  }

  #tree(name: PartTree['name'], members: readonly TreeMember[]): PartTree {
    const { logBlowup } = this.parameters;
    const shape = new TreeShape(
      members.map(({ table, columns }) => {
        return { logSize: this.table(table).logHeight + logBlowup, columns };
      }),
    );
    return { name, members, shape };
  }
}

export const lookupColumns = ({ sums }: Table): number => DEGREE * sums.length;

/** Values that a proof has of a table: at zeta, and at the next row's point. */
export function openingCounts(table: Table): { readonly current: number; readonly next: number } {
  return {
    current: table.columns.length + lookupColumns(table) + QUOTIENT_COLUMNS,
    next: table.next.columns.length + DEGREE * table.next.sums.length,
  };
}

function mainMembers(tree: TreeName): TreeMember[] {
  return TABLES.flatMap(({ groups }, table) => {
    let first = 0;
    const members: TreeMember[] = [];
    for (const group of groups) {
      if (group.tree === tree) members.push({ table, first, columns: group.columns.length });
      first += group.columns.length;
    }
    return members;
  });
}

function wholeMembers(count: (table: Table) => number): TreeMember[] {
  return TABLES.map((table, index) => ({ table: index, first: 0, columns: count(table) }));
}

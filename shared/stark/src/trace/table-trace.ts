/** The cells of one table. */
import { RANGE } from '../air/records-table.ts';
import type { Table } from '../air/table.ts';
import { PRIME } from '../field/base.ts';

/** The cells of a table's main columns: canonical, column after column, each of `height` rows. */
export class TableTrace {
  readonly table: Table;
  readonly height: number;
  readonly cells: Uint32Array<ArrayBuffer>;

  /** All cells are 0. @param height - a power of two */
  constructor(table: Table, height: number) {
    this.table = table;
    this.height = height;
    this.cells = new Uint32Array(table.columns.length * height);
  }

  /** A column by its index in the table, as part of `cells`. */
  column(index: number): Uint32Array<ArrayBuffer> {
    return this.cells.subarray(index * this.height, (index + 1) * this.height);
  }

  /** @param name - of a column that the table has */
  named(name: string): Uint32Array<ArrayBuffer> {
    const index = this.table.columns.indexOf(name);
    if (index < 0) throw new Error(`assertion failed: ${this.table.name} has no ${name}`);
    return this.column(index);
  }
}

/** The least power of two that holds so many rows, and is not below the smallest height. */
export function heightOf(rows: number, smallest: number): number {
  let height = smallest;
  while (height < rows) height *= 2;
  return height;
}

/** Adds how often each number below 4096 is a cell of these columns. */
export function countRanges(
  trace: TableTrace,
  columns: readonly string[],
  counts: Uint32Array,
): void {
  for (const name of columns) {
    for (const cell of trace.named(name)) {
      if (cell >= RANGE) throw new Error(`assertion failed: ${name} is ${cell}`);
      counts[cell] = (counts[cell] ?? 0) + 1;
    }
  }
}

/** An integer above -p, as an element. */
export const toElement = (value: number): number => (value < 0 ? value + PRIME : value);

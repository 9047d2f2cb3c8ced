import { TABLES } from './tables.ts';

/** A column of the extension is so many of the base. */
const EXTENSION_DEGREE = 5;

const widths = new Map(
  TABLES.map(({ name, columns, sums }) => [name, columns.length + EXTENSION_DEGREE * sums.length]),
);

/** Cells of all tables of a part: what a prover extends, commits to and checks grows with them. */
export function partCells(logRecords: number, logAccounts: number): number {
  const width = (name: (typeof TABLES)[number]['name']) => widths.get(name) ?? 0;
  return 2 ** logRecords * width('records') + 2 ** logAccounts * (width('after') + width('before'));
}

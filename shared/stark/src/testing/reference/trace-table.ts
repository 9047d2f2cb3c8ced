/** The cells of one table. */
import type { TableShape } from './air.ts';
import { at } from './field.ts';
import { residue } from './numbers.ts';

export const LIMB = 4096n;

/** The main columns of one table: `columns[j][row]`, canonical. */
export class TraceTable {
  readonly logHeight: number;
  readonly columns: readonly Uint32Array[];

  constructor(columnCount: number, logHeight: number) {
    this.logHeight = logHeight;
    const height = 2 ** logHeight;
    this.columns = Array.from({ length: columnCount }, () => new Uint32Array(height));
  }

  get height(): number {
    return 2 ** this.logHeight;
  }

  /** An integer of any sign, taken modulo p. */
  put(row: number, column: number, value: bigint): void {
    at(this.columns, column)[row] = residue(value);
  }

  /** The value's low bits, one in each column, least first. */
  putBits(row: number, columns: readonly number[], value: bigint): void {
    columns.forEach((column, i) => {
      this.put(row, column, (value >> BigInt(i)) & 1n);
    });
  }
}

export function columnsOf({ committed, witness }: TableShape, logHeight: number): TraceTable {
  return new TraceTable(committed + witness, logHeight);
}

/** The lowest limbs of 12 bits of an integer that is not negative, least first. */
export function limbsOf(value: bigint, count: number): bigint[] {
  return Array.from({ length: count }, (_, l) => (value >> BigInt(12 * l)) & (LIMB - 1n));
}

export function putLimbs(
  table: TraceTable,
  row: number,
  column: number,
  value: bigint,
  count: number,
): void {
  limbsOf(value, count).forEach((limb, l) => {
    table.put(row, column + l, limb);
  });
}

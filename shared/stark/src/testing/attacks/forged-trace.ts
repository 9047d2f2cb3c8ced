/** Traces that are made to fit a falsehood: whatever is left true is consistent with it. */
import { ACCOUNT_RANGES } from '../../air/accounts-table.ts';
import { KINDS, RANGE, RECORD_RANGES } from '../../air/records-table.ts';
import { PRIME } from '../../field/base.ts';
import { traceAccounts } from '../../trace/accounts-trace.ts';
import { LIMB_COUNT } from '../../trace/limbs.ts';
import { Movements } from '../../trace/movements.ts';
import { type SettlementTrace, traceSettlement } from '../../trace/settlement-trace.ts';
import type { TableTrace } from '../../trace/table-trace.ts';
import { sampleAccounts, sampleRecords } from '../sample-part.ts';

/** A trace's cells by their names. */
export class Cells {
  readonly trace: TableTrace;

  constructor(trace: TableTrace) {
    this.trace = trace;
  }

  get(name: string, row: number): number {
    return this.trace.named(name)[row] ?? 0;
  }

  /** The cell as an integer nearest to 0. */
  signed(name: string, row: number): number {
    const cell = this.get(name, row);
    return cell > PRIME / 2 ? cell - PRIME : cell;
  }

  /** @param value - may be negative */
  set(name: string, row: number, value: number): void {
    this.trace.named(name)[row] = ((value % PRIME) + PRIME) % PRIME;
  }

  add(name: string, row: number, value: number): void {
    this.set(name, row, this.get(name, row) + value);
  }

  /** All cells of a row but those that only count rows. */
  clear(row: number): void {
    for (const name of this.#names()) this.set(name, row, 0);
  }

  copy(from: number, to: number): void {
    for (const name of this.#names()) this.set(name, to, this.get(name, from));
  }

  #names(): string[] {
    return this.trace.table.columns.filter((name) => !['index', 't', 'm'].includes(name));
  }
}

export interface Falsehood {
  /** Changes the records before the accounts follow from them. */
  readonly records?: (cells: Cells) => void;
  /** Changes the records when the accounts are there. */
  readonly afterAccounts?: (cells: Cells) => void;
  readonly after?: (cells: Cells) => void;
  readonly before?: (cells: Cells) => void;
  /** Changes the records when multiplicities are counted. */
  readonly multiplicities?: (cells: Cells) => void;
}

export const SAMPLE_RECORDS = sampleRecords();
export const COUNT = SAMPLE_RECORDS.length;
const honest = traceSettlement(SAMPLE_RECORDS, sampleAccounts());
/** By rising row of the table after. */
export const ACCOUNT_IDS: readonly number[] = [...honest.accounts.ids];
export const rowOf = (id: number): number => ACCOUNT_IDS.indexOf(id);
/** Real rows of the table before. */
export const ROWS_BEFORE = sampleAccounts().ids.length;

/** The cells that the accounts after follow from are those of the changed records. */
export function forgedTrace(falsehood: Falsehood): SettlementTrace {
  const records = copyOf(honest.records);
  falsehood.records?.(new Cells(records));
  const made = traceAccounts(sampleAccounts(), movementsOf(new Cells(records)));
  falsehood.afterAccounts?.(new Cells(records));
  falsehood.after?.(new Cells(made.after));
  falsehood.before?.(new Cells(made.before));
  countMultiplicities(records, made.after);
  falsehood.multiplicities?.(new Cells(records));
  return { records, ...made };
}

/** As the honest trace has it, but for one cell. */
export function changedCell(
  table: 'records' | 'after' | 'before',
  name: string,
  row: number,
  change: number,
): SettlementTrace {
  const { records, after, before, accounts } = honest;
  const copies = { records: copyOf(records), after: copyOf(after), before: copyOf(before) };
  new Cells(copies[table]).add(name, row, change);
  return { ...copies, accounts };
}

function copyOf(trace: TableTrace): TableTrace {
  const copy = Object.create(trace) as TableTrace & { cells: Uint32Array<ArrayBuffer> };
  copy.cells = trace.cells.slice();
  return copy;
}

function movementsOf(cells: Cells): Movements {
  const movements = new Movements();
  for (let row = 0; row < cells.trace.height; row++) {
    if (!KINDS.some((kind) => cells.get(kind, row) !== 0)) continue;
    const [base, quote] = [limbsOf(cells, 'u', row), limbsOf(cells, 'v', row)];
    movements.add(cells.get('b', row), 1, base, quote);
    movements.add(cells.get('a', row), -1, base, quote);
  }
  return movements;
}

function limbsOf(cells: Cells, name: 'u' | 'v', row: number): Int32Array {
  const bit = (index: number) => cells.signed(`${name}b${index}`, row) * 2 ** index;
  return Int32Array.from({ length: LIMB_COUNT }, (_, limb) => {
    return limb < 5 ? cells.signed(`${name}${limb}`, row) : bit(0) + bit(1) + bit(2);
  });
}

/** As the honest prover counts, but cells out of their range are passed over. */
function countMultiplicities(records: TableTrace, after: TableTrace): void {
  const counts = new Uint32Array(RANGE);
  const columns = [
    ...RECORD_RANGES.map((name) => records.named(name)),
    ...ACCOUNT_RANGES.map((name) => after.named(name)),
  ];
  for (const column of columns) {
    for (const cell of column) if (cell < RANGE) counts[cell] = (counts[cell] ?? 0) + 1;
  }
  const column = records.named('m');
  column.fill(0);
  column.set(counts);
}

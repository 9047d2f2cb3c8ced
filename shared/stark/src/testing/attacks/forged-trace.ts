/** Traces that are made to fit a falsehood: whatever is left true is consistent with it. */
import { ACCOUNT_RANGES } from '../../air/accounts-table.ts';
import { KINDS, RANGE, RECORD_RANGES } from '../../air/records-table.ts';
import { PRIME } from '../../field/base.ts';
import { traceAccounts } from '../../trace/accounts-trace.ts';
import { LIMB_COUNT } from '../../trace/limbs.ts';
import { Movements } from '../../trace/movements.ts';
import type { SettlementTrace } from '../../trace/settlement-trace.ts';
import type { TableTrace } from '../../trace/table-trace.ts';
import { sampleAccounts } from '../sample-part.ts';
import { CellEdits, copyOf, SAMPLE_TRACE } from '../trace-cheats.ts';

export interface Falsehood {
  /** Changes the records before the accounts follow from them. */
  readonly records?: (cells: CellEdits) => void;
  /** Changes the records when the accounts are there. */
  readonly afterAccounts?: (cells: CellEdits) => void;
  readonly after?: (cells: CellEdits) => void;
  readonly before?: (cells: CellEdits) => void;
  /** Changes the records when multiplicities are counted. */
  readonly multiplicities?: (cells: CellEdits) => void;
}

/** By rising row of the table after. */
export const ACCOUNT_IDS: readonly number[] = [...SAMPLE_TRACE.accounts.ids];
export const rowOf = (id: number): number => ACCOUNT_IDS.indexOf(id);
/** Real rows of the table before. */
export const ROWS_BEFORE = sampleAccounts().ids.length;

/** The cells that the accounts after follow from are those of the changed records. */
export function forgedTrace(falsehood: Falsehood): SettlementTrace {
  const records = copyOf(SAMPLE_TRACE.records);
  falsehood.records?.(new CellEdits(records));
  const made = traceAccounts(sampleAccounts(), movementsOf(new CellEdits(records)));
  falsehood.afterAccounts?.(new CellEdits(records));
  falsehood.after?.(new CellEdits(made.after));
  falsehood.before?.(new CellEdits(made.before));
  countMultiplicities(records, made.after);
  falsehood.multiplicities?.(new CellEdits(records));
  return { records, ...made };
}

/** As the honest trace has it, but for one cell. */
export function changedCell(
  table: 'records' | 'after' | 'before',
  name: string,
  row: number,
  change: number,
): SettlementTrace {
  const { records, after, before, accounts } = SAMPLE_TRACE;
  const copies = { records: copyOf(records), after: copyOf(after), before: copyOf(before) };
  new CellEdits(copies[table]).add(name, row, change);
  return { ...copies, accounts };
}

/** The integer nearest to 0. */
const signed = (cell: number): number => (cell > PRIME / 2 ? cell - PRIME : cell);

function movementsOf(cells: CellEdits): Movements {
  const movements = new Movements();
  for (let row = 0; row < cells.trace.height; row++) {
    if (!KINDS.some((kind) => cells.get(kind, row) !== 0)) continue;
    const [base, quote] = [limbsOf(cells, 'u', row), limbsOf(cells, 'v', row)];
    movements.add(cells.get('b', row), 1, base, quote);
    movements.add(cells.get('a', row), -1, base, quote);
  }
  return movements;
}

function limbsOf(cells: CellEdits, name: 'u' | 'v', row: number): Int32Array {
  const bit = (index: number) => signed(cells.get(`${name}b${index}`, row)) * 2 ** index;
  return Int32Array.from({ length: LIMB_COUNT }, (_, limb) => {
    return limb < 5 ? signed(cells.get(`${name}${limb}`, row)) : bit(0) + bit(1) + bit(2);
  });
}

/** As the honest prover counts, but cells out of their range are passed over. */
export function countMultiplicities(records: TableTrace, after: TableTrace): void {
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

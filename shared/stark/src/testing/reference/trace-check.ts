/** Constraints on the rows of a trace itself. */
import type { Challenges } from './air.ts';
import { accountConstraints, beforeConstraints } from './air-accounts.ts';
import { recordConstraints } from './air-records.ts';
import { Calculator } from './arithmetic.ts';
import { at, inverse } from './field.ts';
import {
  big,
  invertAll,
  type Wide,
  wide,
  wideArithmetic,
  wideOf,
  widePlus,
  wideTimes,
} from './numbers.ts';
import { fractionsOfTables } from './prover-tables.ts';
import type { Trace } from './trace.ts';
import type { TraceTable } from './trace-table.ts';

export interface Fault {
  readonly table: number;
  readonly row: number;
  /** The constraint's place in the order of SPEC.md section 8. */
  readonly constraint: number;
}

export const LOOKUP_SUM = 'the lookup sums do not add up to 0';

const CONSTRAINTS = [recordConstraints, accountConstraints, beforeConstraints];

/** Challenges that are no-one's choice: what a transcript would draw. */
const CHALLENGES: Challenges<Wide> = {
  z: [1_000_003, 71, 5_000, 1, 2],
  x: [17, 1_234_567_890, 3, 4, 1_900_000_001],
  y: [987_654_321, 2, 30_003, 4, 5],
  u: [555, 666, 777, 888, 1_999_999_999],
  v: [3, 1_414_213_562, 31_415_926, 5, 8],
};

const FRACTIONS = fractionsOfTables(CHALLENGES);

function tableOf(trace: Trace, index: number): TraceTable {
  return at([trace.records, trace.after, trace.before], index);
}

function cellsOf({ columns, height }: TraceTable, row: number): Wide[] {
  return columns.map((column) => wideOf(at(column, row % height)));
}

/** The columns e of a row, as an honest prover fills them. */
function termsOf(trace: Trace, index: number, row: number): Wide[] {
  const groups = at(FRACTIONS, index)(cellsOf(tableOf(trace, index), row));
  const denominators = groups.flat().map(({ denominator }) => denominator);
  const inverses = invertAll(denominators, (one) => wide(inverse(big(one)))).values();
  return groups.map((fractions) =>
    fractions
      .map(({ numerator }) => wideTimes(numerator, inverses.next().value ?? wideOf(0)))
      .reduce(widePlus),
  );
}

export interface RowCheck {
  /** The first constraint that the row breaks, the running sum apart. */
  readonly fault: Fault | undefined;
  /** What the row adds to the lookup sums. */
  readonly sum: Wide;
}

/** By all that a check depends on: thousands of rows of padding are alike in many traces. */
const known = new Map<string, RowCheck>();

/** The AIR on a row of the trace itself, without polynomials, with honest columns e. */
export function rowCheck(trace: Trace, index: number, row: number, count: number): RowCheck {
  const { columns, height } = tableOf(trace, index);
  const next = (row + 1) % height;
  const cells = columns.map((column) => `${at(column, row)} ${at(column, next)}`);
  const key = [index, row === 0, next === 0, height, count, ...cells].join();
  const found = known.get(key) ?? checkRow(trace, index, row, count);
  known.set(key, found);
  return found;
}

function checkRow(trace: Trace, index: number, row: number, count: number): RowCheck {
  const table = tableOf(trace, index);
  const lookups = termsOf(trace, index, row);
  const sum = lookups.reduce(widePlus);
  const bit = (condition: boolean) => wideOf(condition ? 1 : 0);
  const here = {
    main: cellsOf(table, row),
    next: cellsOf(table, row + 1),
    lookups,
    sum: wideOf(0),
    sumNext: sum,
    first: bit(row === 0),
    last: bit(row === table.height - 1),
    trans: bit(row !== table.height - 1),
  };
  const constants = { ...CHALLENGES, height: table.height, count, share: wideOf(0) };
  const values = at(CONSTRAINTS, index)(new Calculator(wideArithmetic), here, constants);
  const constraint = values.findIndex((value) => value.some((part) => part !== 0));
  return { fault: constraint < 0 ? undefined : { table: index, row, constraint }, sum };
}

/** The first constraint that a trace breaks, or the sums if they do not add up. */
export function faultOf(trace: Trace, count: number): Fault | typeof LOOKUP_SUM | undefined {
  let total = wideOf(0);
  for (let index = 0; index < 3; index += 1) {
    for (let row = 0; row < tableOf(trace, index).height; row += 1) {
      const { fault, sum } = rowCheck(trace, index, row, count);
      if (fault !== undefined) return fault;
      total = widePlus(total, sum);
    }
  }
  return total.every((part) => part === 0) ? undefined : LOOKUP_SUM;
}

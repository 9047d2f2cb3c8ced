/** The slow prover's columns: extended, looked up, divided. */
import { type Challenges, type Constants, type Fractions, type Row, slice } from './air.ts';
import { accountFractions, beforeFraction } from './air-accounts.ts';
import { recordFractions } from './air-records.ts';
import { Calculator } from './arithmetic.ts';
import { at, type Element, inverse, rootOfUnity, shift } from './field.ts';
import { powersOf } from './fri.ts';
import { mainCount, type Table } from './layout.ts';
import {
  accumulate,
  big,
  extend,
  interpolate,
  invert,
  invertAll,
  minus,
  raise,
  times,
  type Wide,
  wide,
  wideArithmetic,
  wideMinus,
  wideOf,
  widePlus,
  wideScale,
  wideTimes,
} from './numbers.ts';
import type { TraceTable } from './trace-table.ts';

/** A column's coefficients, and its values on the extended domain. */
export interface Column {
  readonly coefficients: Uint32Array;
  readonly extended: Uint32Array;
}

const calculator = new Calculator(wideArithmetic);

/** The column with these values in the rows. */
export function columnOf(values: Uint32Array, logSize: number): Column {
  return columnFrom(interpolate(values, 1), logSize);
}

function columnFrom(coefficients: Uint32Array, logSize: number): Column {
  return { coefficients, extended: extend(coefficients, Number(shift(logSize)), logSize) };
}

/** The five coefficient columns of an extension column. */
export function coordinatesOf(values: readonly Wide[]): Uint32Array[] {
  return [0, 1, 2, 3, 4].map((i) => Uint32Array.from(values, (value) => at(value, i)));
}

/** The columns' values at a point. All have the same height. */
export function valuesAt(columns: readonly Column[], point: Element): Element[] {
  const sums = columns.map(() => new Uint32Array(5));
  let power = wideOf(1);
  const base = wide(point);
  for (let i = 0; i < (columns[0]?.coefficients.length ?? 0); i += 1) {
    for (const [j, { coefficients }] of columns.entries()) {
      accumulate(at(sums, j), 0, power, at(coefficients, i));
    }
    power = wideTimes(power, base);
  }
  return sums.map((sum) => big([...sum]));
}

type FractionsOf = (main: readonly Wide[]) => Fractions<Wide>[];

/** The fractions of each table, in the order records, accounts after, accounts before. */
export function fractionsOfTables(challenges: Challenges<Wide>): FractionsOf[] {
  return [
    (main) => recordFractions(calculator, main, challenges),
    (main) => accountFractions(calculator, main, challenges),
    (main) => [[beforeFraction(calculator, main, challenges)]],
  ];
}

/** The coefficient columns of each e and of S, and the table's sum T. */
export function lookupsOf(
  trace: TraceTable,
  { shape }: Table,
  fractionsOf: FractionsOf,
  logSize: number,
): { columns: Column[]; total: Element } {
  const rows = Array.from({ length: trace.height }, (_, row) =>
    fractionsOf(trace.columns.map((column) => wideOf(at(column, row)))),
  );
  const denominators = rows.flat(2).map(({ denominator }) => denominator);
  const inverses = invertAll(denominators, (one) => wide(inverse(big(one)))).values();
  const terms = rows.map((row) =>
    row.map((fractions) =>
      fractions
        .map(({ numerator }) => wideTimes(numerator, inverses.next().value ?? wideOf(0)))
        .reduce(widePlus),
    ),
  );
  const totals = terms.map((row) => row.reduce(widePlus));
  const total = totals.reduce(widePlus);
  const share = wideScale(total, invert(trace.height));
  let running = wideOf(0);
  const sums = totals.map((value) => {
    const current = running;
    running = wideMinus(widePlus(running, value), share);
    return current;
  });
  const lookups = Array.from({ length: shape.lookups }, (_, j) => terms.map((row) => at(row, j)));
  const columns = [...lookups, sums].flatMap((values) =>
    coordinatesOf(values).map((part) => columnOf(part, logSize)),
  );
  return { columns, total: big(total) };
}

/** The ten coefficient columns of the quotient. If a constraint fails, of what is nearest. */
export function quotientOf(
  table: Table,
  columns: readonly Column[],
  constants: Constants<Wide>,
  alpha: Element,
  logSize: number,
): Column[] {
  const { logHeight } = table;
  const height = 2 ** logHeight;
  const size = 2 * height;
  const offset = Number(shift(logHeight + 1));
  const cells = columns.map(({ coefficients }) => extend(coefficients, offset, logHeight + 1));
  const rowAt = (e: number) => cells.map((cell) => at(cell, e % size));
  const powers = powersOf(alpha);
  const weights: Wide[] = [];
  let x = offset;
  const quotients = Array.from({ length: size }, (_, e) => {
    const vanishing = minus(raise(x, BigInt(height)), 1);
    const row = rowOf(table, rowAt(e), rowAt(e + 2), x, vanishing);
    const constraints = table.constraints(calculator, row, constants);
    while (weights.length < constraints.length) weights.push(wide(powers.next().value as Element));
    x = times(x, Number(rootOfUnity(logHeight + 1)));
    const terms = constraints.map((constraint, j) => wideTimes(constraint, at(weights, j)));
    return wideScale(terms.reduce(widePlus), invert(vanishing));
  });
  const parts = coordinatesOf(quotients).map((part) => interpolate(part, offset));
  const halves = [0, height].flatMap((from) =>
    parts.map((part) => part.slice(from, from + height)),
  );
  return halves.map((coefficients) => columnFrom(coefficients, logSize));
}

/** The columns and selectors at the point x, by definition of the selectors. */
function rowOf(
  { shape, logHeight }: Table,
  here: readonly number[],
  next: readonly number[],
  x: number,
  vanishing: number,
): Row<Wide> {
  const main = mainCount(shape);
  const extension = (cells: readonly number[], j: number) => slice(cells, main + 5 * j, 5);
  const lastPoint = invert(Number(rootOfUnity(logHeight)));
  const lagrange = (point: number) => {
    const denominator = times(2 ** logHeight, minus(x, point));
    return wideOf(times(times(vanishing, point), invert(denominator)));
  };
  return {
    main: here.slice(0, main).map(wideOf),
    next: next.slice(0, main).map(wideOf),
    lookups: Array.from({ length: shape.lookups }, (_, j) => extension(here, j)),
    sum: extension(here, shape.lookups),
    sumNext: extension(next, shape.lookups),
    first: lagrange(1),
    last: lagrange(lastPoint),
    trans: wideOf(minus(x, lastPoint)),
  };
}

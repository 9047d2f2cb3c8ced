/** Lookup columns and constraints over whole traces, by evaluate.ts: for tests. */
import { Evaluator, type FixedValues, type RowValues } from '../air/evaluate.ts';
import type { Challenge } from '../air/expression.ts';
import type { Table } from '../air/table.ts';
import * as base from '../field/base.ts';
import {
  add,
  type Extension,
  equals,
  fromBase,
  inverse,
  mul,
  ONE,
  scale,
  sub,
  ZERO,
} from '../field/extension.ts';
import type { TableTrace } from '../trace/table-trace.ts';

export type Challenges = Readonly<Record<Exclude<Challenge, 'share'>, Extension>>;

/** The columns e and S of a table, by rows, and the sum T. */
export interface Lookups {
  readonly columns: readonly Extension[][];
  readonly sum: Extension;
}

export function fixedValues(
  trace: TableTrace,
  count: number,
  challenges: Challenges,
  sum: Extension,
): FixedValues {
  const share = scale(sum, base.inverse(trace.height));
  return { publics: { height: trace.height, count }, challenges: { ...challenges, share } };
}

/** Honest columns e and S for whatever the cells are. */
export function lookupsOf(trace: TableTrace, count: number, challenges: Challenges): Lookups {
  const { table, height } = trace;
  const fixed = fixedValues(trace, count, challenges, ZERO);
  const evaluator = new Evaluator(
    table.lookups.flatMap(({ numerator, denominator }) => [numerator, denominator]),
  );
  const columns = table.sums.map(() => new Array<Extension>(height).fill(ZERO));
  const fractions = Array.from({ length: height }, (_, row) =>
    evaluator.at(fixed, rowValues(trace, [], row)),
  );
  const steps = new Array<Extension>(height).fill(ZERO);
  table.lookups.forEach(({ isInSum }, index) => {
    const denominators = fractions.map((values) => values[2 * index + 1] ?? ZERO);
    invertAll(denominators).forEach((inverted, row) => {
      const e = mul(fractions[row]?.[2 * index] ?? ZERO, inverted);
      const column = columns[index];
      if (!isInSum && column !== undefined) column[row] = e;
      steps[row] = add(steps[row] ?? ZERO, e);
    });
  });
  const sum = steps.reduce(add, ZERO);
  const share = scale(sum, base.inverse(height));
  const running = columns.at(-1) ?? [];
  steps.slice(0, -1).forEach((step, row) => {
    running[row + 1] = sub(add(running[row] ?? ZERO, step), share);
  });
  return { columns, sum };
}

function invertAll(values: readonly Extension[]): Extension[] {
  const products = [ONE];
  for (const value of values) products.push(mul(products.at(-1) ?? ONE, value));
  let inverted = inverse(products.at(-1) ?? ONE);
  const results: Extension[] = new Array<Extension>(values.length).fill(ZERO);
  for (let index = values.length - 1; index >= 0; index--) {
    results[index] = mul(inverted, products[index] ?? ONE);
    inverted = mul(inverted, values[index] ?? ONE);
  }
  return results;
}

function rowValues(trace: TableTrace, sums: readonly Extension[][], row: number): RowValues {
  const { table, height, cells } = trace;
  const next = (row + 1) % height;
  const columnsAt = (at: number) =>
    table.columns.map((_, column) => fromBase(cells[column * height + at] ?? 0));
  const sumsAt = (at: number) => sums.map((column) => column[at] ?? ZERO);
  const flag = (isSet: boolean) => (isSet ? ONE : ZERO);
  return {
    columns: columnsAt(row),
    nextColumns: columnsAt(next),
    sums: sumsAt(row),
    nextSums: sumsAt(next),
    // In trans anything but 0 stands for x - w^-1.
    selectors: {
      first: flag(row === 0),
      last: flag(row === height - 1),
      trans: flag(row !== height - 1),
    },
  };
}

const evaluators = new WeakMap<Table, Evaluator>();
function evaluatorOf(table: Table): Evaluator {
  const known = evaluators.get(table);
  if (known !== undefined) return known;
  const evaluator = new Evaluator(table.constraints.map(({ expression }) => expression));
  evaluators.set(table, evaluator);
  return evaluator;
}

/** Names of the constraints that do not hold in some of the rows, in their order. */
export function brokenConstraints(
  trace: TableTrace,
  count: number,
  lookups: Lookups,
  challenges: Challenges,
  rows: Iterable<number> = Array.from({ length: trace.height }, (_, row) => row),
): string[] {
  const fixed = fixedValues(trace, count, challenges, lookups.sum);
  const broken = new Set<number>();
  for (const row of rows) {
    const values = evaluatorOf(trace.table).at(fixed, rowValues(trace, lookups.columns, row));
    values.forEach((value, index) => {
      if (!equals(value, ZERO)) broken.add(index);
    });
  }
  return trace.table.constraints.flatMap(({ name }, index) => (broken.has(index) ? [name] : []));
}

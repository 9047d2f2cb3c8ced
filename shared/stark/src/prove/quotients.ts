/** The quotient of a table's constraints by X^n - 1 (SPEC section 5, step 5). */
import type { Challenge } from '../air/expression.ts';
import { Parameters } from '../air/parameters.ts';
import { constraintsPlan } from '../air/plan.ts';
import type { Table, TableName } from '../air/table.ts';
import { inverse, mul, power, sub } from '../field/base.ts';
import { point, root } from '../field/domain.ts';
import { DEGREE, type Extension, scale } from '../field/extension.ts';
import { powersOf } from '../field/powers.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { KernelExports } from '../kernel/kernel-exports.ts';
import { placePointers, scratch } from '../kernel/kernel-values.ts';
import { toMontgomery } from '../kernel/montgomery.ts';
import type { Transforms } from '../kernel/ntt.ts';
import { lookupColumns, QUOTIENT_COLUMNS } from '../proof/part-shape.ts';
import { ExtendedColumns, extendValues, placePoints } from './extended-columns.ts';

const WORD_BYTES = 4;

export interface QuotientInput {
  readonly table: Table;
  readonly logHeight: number;
  /** Of the statement. */
  readonly count: number;
  readonly main: ExtendedColumns;
  readonly lookup: ExtendedColumns;
  readonly challenges: Readonly<Record<Challenge, Extension>>;
  readonly alpha: Extension;
}

const FUNCTIONS = {
  records: 'constraintsRecords',
  after: 'constraintsAfter',
  before: 'constraintsBefore',
} as const satisfies Record<TableName, keyof KernelExports>;

/** Its ten columns over the extended domain: coefficients of Q_0, then of Q_1. */
export function quotientColumns(
  kernel: Kernel,
  transforms: Transforms,
  input: QuotientInput,
): ExtendedColumns {
  const { logHeight } = input;
  const { logBlowup } = transforms;
  const height = 2 ** logHeight;
  const target = ExtendedColumns.reserve(kernel, QUOTIENT_COLUMNS, logHeight, logBlowup);
  scratch(kernel, () => {
    const strideBytes = WORD_BYTES * height;
    const halves = kernel.arena.take(QUOTIENT_COLUMNS * strideBytes);
    const selectors = placeSelectors(kernel, transforms, logHeight);
    // x^n is some A on the first of these cosets and -A on the other.
    for (const [half, coset] of [0, 2 ** (logBlowup - 1)].entries()) {
      const address = halves + half * DEGREE * strideBytes;
      evaluateOn(kernel, input, selectors, { coset, logBlowup }, address);
      transforms.interpolateCoset({ address, strideBytes, count: DEGREE }, logHeight, coset);
    }
    // In coefficients they are Q_0 + A Q_1 and Q_0 - A Q_1.
    const a = power(point(logHeight + logBlowup, 0), height);
    const half = toMontgomery(inverse(2));
    const halfOfInverse = toMontgomery(inverse(mul(2, a)));
    kernel.exports.splitHalves(halves, DEGREE * height, half, halfOfInverse);
    const columns = { address: halves, strideBytes, count: QUOTIENT_COLUMNS };
    transforms.extend(columns, { address: target.address, strideBytes: target.stride }, logHeight);
  });
  return target;
}

interface Selectors {
  /** 1 in the first row, 1 in the last row. */
  readonly rows: ExtendedColumns;
  readonly points: number;
}

function placeSelectors(kernel: Kernel, transforms: Transforms, logHeight: number): Selectors {
  const height = 2 ** logHeight;
  const values = kernel.arena.take(2 * WORD_BYTES * height);
  const words = kernel.arena.words(values, 2 * height);
  words.fill(0);
  words[0] = toMontgomery(1);
  words[2 * height - 1] = toMontgomery(1);
  const rows = extendValues(kernel, transforms, values, 2, logHeight);
  return { rows, points: placePoints(kernel, logHeight, transforms.logBlowup) };
}

/** The quotient's values on a coset: five columns at `target`. */
function evaluateOn(
  kernel: Kernel,
  input: QuotientInput,
  { rows, points }: Selectors,
  { coset, logBlowup }: { readonly coset: number; readonly logBlowup: number },
  target: number,
): void {
  const { table, logHeight, count, main, lookup, challenges, alpha } = input;
  const height = 2 ** logHeight;
  scratch(kernel, () => {
    const columns = placePointers(kernel, [
      ...[rows.at(0, coset), rows.at(1, coset), points + WORD_BYTES * height * coset],
      ...Array.from(table.columns, (_, column) => main.at(column, coset)),
      ...Array.from({ length: lookupColumns(table) }, (_, column) => lookup.at(column, coset)),
    ]);
    const vanishing = sub(power(point(logHeight + logBlowup, coset), height), 1);
    const byVanishing = inverse(vanishing);
    const weights = powersOf(alpha, table.constraints.length).map((weight) =>
      scale(weight, byVanishing),
    );
    const values = { publics: { height, count }, challenges, weights };
    const words = parametersOf(table).words(values, inverse(root(logHeight)));
    const parameters = kernel.arena.take(WORD_BYTES * words.length);
    kernel.arena.words(parameters, words.length).set(words);
    kernel.exports[FUNCTIONS[table.name]](columns, parameters, target, height);
  });
}

const known = new Map<Table, Parameters>();

function parametersOf(table: Table): Parameters {
  const parameters = known.get(table) ?? new Parameters(constraintsPlan(table).fixed);
  known.set(table, parameters);
  return parameters;
}

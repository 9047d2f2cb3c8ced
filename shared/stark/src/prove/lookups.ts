/** A table's lookup columns (SPEC section 5, step 4). */

import { Parameters } from '../air/parameters.ts';
import { lookupsPlan } from '../air/plan.ts';
import { RANGE } from '../air/records-table.ts';
import type { Table, TableName } from '../air/table.ts';
import { inverse } from '../field/base.ts';
import { DEGREE, type Extension, ZERO } from '../field/extension.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { KernelExports } from '../kernel/kernel-exports.ts';
import { placeElements, placePointers, readElements, scratch } from '../kernel/kernel-values.ts';
import { toMontgomery } from '../kernel/montgomery.ts';
import type { Transforms } from '../kernel/ntt.ts';
import { lookupColumns } from '../proof/part-shape.ts';
import type { LookupChallenges } from '../verify/lookup-challenges.ts';
import { type ExtendedColumns, extendValues } from './extended-columns.ts';

const WORD_BYTES = 4;
/** Of a value's entry: five words and three of zeros. */
const RANGE_ENTRY_BYTES = 32;
const NO_ADDRESS = 0;

const FUNCTIONS = {
  records: 'lookupsRecords',
  after: 'lookupsAfter',
  before: 'lookupsBefore',
} as const satisfies Record<TableName, keyof KernelExports>;

/** Address of 1/(z - t) for all t of the ranges. */
export function placeRangeInverses(kernel: Kernel, z: Extension): number {
  const table = kernel.arena.take(RANGE_ENTRY_BYTES * RANGE);
  scratch(kernel, () => {
    const element = placeElements(kernel, [z]);
    const work = kernel.arena.take(inversionBytes(RANGE));
    kernel.exports.rangeInverses(element, table, work);
  });
  return table;
}

/** An extension column, and what its inversion needs beside it. */
const inversionBytes = (rows: number): number => WORD_BYTES * (DEGREE + 2) * rows;

export interface LookupInput {
  readonly table: Table;
  readonly logHeight: number;
  /** Main columns on the trace domain, one behind the other. */
  readonly trace: number;
  readonly ranges: number;
  readonly challenges: LookupChallenges;
}

/** A table's lookup columns on the trace domain, one behind the other. */
export interface LookupValues {
  readonly address: number;
  /** T. */
  readonly sum: Extension;
}

export interface Lookups {
  readonly columns: ExtendedColumns;
  /** T. */
  readonly sum: Extension;
}

export function placeLookups(kernel: Kernel, input: LookupInput): LookupValues {
  const { table, logHeight } = input;
  const address = kernel.arena.take(WORD_BYTES * lookupColumns(table) * 2 ** logHeight);
  const sum = scratch(kernel, () => writeSums(kernel, input, address));
  return { address, sum };
}

export function extendLookups(
  kernel: Kernel,
  transforms: Transforms,
  { table, logHeight }: Pick<LookupInput, 'table' | 'logHeight'>,
  { address, sum }: LookupValues,
): Lookups {
  const count = lookupColumns(table);
  return { columns: extendValues(kernel, transforms, address, count, logHeight), sum };
}

/** The columns on the trace domain, and T. */
function writeSums(kernel: Kernel, input: LookupInput, values: number): Extension {
  const { table, logHeight, trace, ranges, challenges } = input;
  const height = 2 ** logHeight;
  const { arena, exports } = kernel;
  const columns = placePointers(kernel, [
    ...[NO_ADDRESS, NO_ADDRESS, NO_ADDRESS],
    ...Array.from(table.columns, (_, column) => trace + WORD_BYTES * column * height),
  ]);
  const fixed = { publics: { height, count: 0 }, challenges: { ...challenges, share: ZERO } };
  const words = parametersOf(table).words(fixed, 0);
  const parameters = arena.take(WORD_BYTES * words.length);
  arena.words(parameters, words.length).set(words);
  const work = arena.take(inversionBytes(height));
  exports[FUNCTIONS[table.name]](columns, parameters, ranges, values, height, work);
  const total = arena.take(WORD_BYTES * DEGREE);
  const fractions = table.sums.length - 1;
  exports.sumUp(values, fractions, height, toMontgomery(inverse(height)), total);
  return readElements(kernel, total, 1)[0] ?? ZERO;
}

const known = new Map<Table, Parameters>();

function parametersOf(table: Table): Parameters {
  const parameters = known.get(table) ?? new Parameters(lookupsPlan(table).fixed);
  known.set(table, parameters);
  return parameters;
}

// SPDX-License-Identifier: GPL-3.0-or-later
/** Statements and their witnesses as the circuits' input signals (circuits/STATEMENT.md). */
import assert from 'node:assert/strict';
import {
  type AccountDelta,
  type Balance,
  reduce,
  type SettlementRecord,
  TREE_DEPTH,
} from '@foldbook/verifier';
import type { CircuitInput } from './proof-job.ts';

/** One change of an account, with what the circuit needs of the tree before it. */
export interface AccountStep {
  readonly delta: AccountDelta;
  readonly before: Balance;
  /** From the leaf up, three siblings a level. */
  readonly siblings: readonly (readonly bigint[])[];
}

const NO_SIBLINGS = Array.from({ length: TREE_DEPTH }, () => ['0', '0', '0']);

/** `signals`: digest, acc, count, iv, x, y. Rows beyond the records are zero. */
export function batchInput(
  size: number,
  records: readonly SettlementRecord[],
  signals: readonly bigint[],
): CircuitInput {
  const [, , count, iv, x, y] = signals.map(String);
  const column = (field: keyof SettlementRecord): string[] =>
    padded(
      records.map((record) => String(record[field])),
      size,
      '0',
    );
  return {
    ...defined({ count, iv, x, y }),
    kind: column('kind'),
    a: column('a'),
    b: column('b'),
    price: column('price'),
    dBase: column('dBase'),
    dQuote: column('dQuote'),
  };
}

/** `signals`: rootOut, acc, digest, rootIn, count, iv, x, y. Slots beyond the steps are zero. */
export function accountsInput(
  size: number,
  steps: readonly AccountStep[],
  signals: readonly bigint[],
): CircuitInput {
  const [, , , rootIn, count, iv, x, y] = signals.map(String);
  const column = (value: (step: AccountStep) => number | bigint): string[] =>
    padded(
      steps.map((step) => String(value(step))),
      size,
      '0',
    );
  return {
    ...defined({ rootIn, count, iv, x, y }),
    id: column(({ delta }) => delta.id),
    base: column(({ before }) => before.base),
    quote: column(({ before }) => before.quote),
    dBase: column(({ delta }) => reduce(delta.base)),
    dQuote: column(({ delta }) => reduce(delta.quote)),
    siblings: padded(
      steps.map(({ siblings }) => siblings.map((level) => level.map(String))),
      size,
      NO_SIBLINGS,
    ),
  };
}

function padded<T>(values: readonly T[], size: number, filler: T): T[] {
  assert(values.length <= size, `${values.length} rows of ${size}`);
  return [...values, ...new Array<T>(size - values.length).fill(filler)];
}

function defined(signals: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const entries = Object.entries(signals).map(([name, value]) => {
    assert(value !== undefined, `public signal ${name}`);
    return [name, value] as const;
  });
  return Object.fromEntries(entries);
}

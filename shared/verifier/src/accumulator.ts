import type { AccountDelta } from './account-diffs.ts';
import { assert } from './assert.ts';
import { inverses, reduce } from './field.ts';
import { ACCOUNT_LIMIT, type SettlementRecord } from './settlement-record.ts';

/** Where the epoch's rational functions are compared; drawn after everything is committed. */
export interface Challenge {
  /** Never an account id: at least 2^24. */
  readonly x: bigint;
  /** Weighs the quote asset against the base asset. */
  readonly y: bigint;
}

/** Sum over the records of (dBase - y dQuote) (1/(x - b) - 1/(x - a)), mod r. */
export function batchAccumulator(
  records: readonly SettlementRecord[],
  { x, y }: Challenge,
): bigint {
  const poles = inversePoles(
    records.flatMap(({ a, b }) => [a, b]),
    x,
  );
  let sum = 0n;
  for (const { a, b, dBase, dQuote } of records) {
    sum += reduce(dBase - y * dQuote) * (pole(poles, b) - pole(poles, a));
  }
  return reduce(sum);
}

/** Sum over the account changes of (dBase + y dQuote) / (x - id), mod r. */
export function accountAccumulator(deltas: readonly AccountDelta[], { x, y }: Challenge): bigint {
  const poles = inversePoles(
    deltas.map(({ id }) => id),
    x,
  );
  let sum = 0n;
  for (const { id, base, quote } of deltas) sum += reduce(base + y * quote) * pole(poles, id);
  return reduce(sum);
}

/** 1/(x - id) of each account. */
function inversePoles(ids: readonly number[], x: bigint): Map<number, bigint> {
  assert(x >= BigInt(ACCOUNT_LIMIT), `challenge ${x} may be an account id`);
  const distinct = [...new Set(ids)];
  const values = inverses(distinct.map((id) => reduce(x - BigInt(id))));
  return new Map(distinct.map((id, index) => [id, values[index] ?? 0n]));
}

function pole(poles: ReadonlyMap<number, bigint>, id: number): bigint {
  const value = poles.get(id);
  assert(value !== undefined, `no pole of account ${id}`);
  return value;
}

// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { type CostKind, kindName, type RoutedKind } from './proof-backend.ts';

/** So many proofs of a kind, one after the other; all but the last of a tiling are full. */
export interface Run<Kind extends CostKind = RoutedKind> {
  readonly kind: Kind;
  readonly proofs: number;
}

/** Proofs that take all rows of a role, in order. */
export type Tiling<Kind extends CostKind = RoutedKind> = readonly Run<Kind>[];

/**
 * The ways to divide rows that are worth a comparison: of each size as many as fill, one more for
 * the rest, or none; sizes descend, each with each of its back ends. 2 sizes and 2 back ends give
 * at most 8 tilings, 3 sizes at most 40.
 *
 * @param kinds - of one role; not empty
 */
export function tilings(rows: number, kinds: readonly RoutedKind[]): Tiling[] {
  if (rows === 0) return [[]];
  const sizes = [...new Set(kinds.map(({ size }) => size))].sort((left, right) => right - left);
  const found: Tiling[] = [];
  const divide = (left: number, place: number, runs: readonly Run[]): void => {
    const size = sizes[place];
    if (size === undefined) return;
    const full = Math.floor(left / size);
    const isLast = place === sizes.length - 1;
    const covering = Math.ceil(left / size);
    for (const kind of kinds) {
      if (kind.size !== size) continue;
      found.push([...runs, { kind, proofs: covering }]);
      if (isLast || full === 0 || full === covering) continue;
      divide(left - full * size, place + 1, [...runs, { kind, proofs: full }]);
    }
    if (!isLast) divide(left, place + 1, runs);
  };
  divide(rows, 0, []);
  return found;
}

/**
 * Always the largest that the rows fill; what is left at the end goes to the smallest that holds
 * it. What does not fold comes before what does: a chain has Groth16 keys of each role.
 */
export function largestFilled(rows: number, kinds: readonly RoutedKind[]): Tiling {
  const runs: Run[] = [];
  const sorted = kinds.toSorted(
    (left, right) => right.size - left.size || Number(left.folds) - Number(right.folds),
  );
  for (let left = rows; left > 0; ) {
    const kind =
      sorted.find(({ size }) => size <= left) ??
      sorted.filter(({ size }) => size > left).sort((one, other) => one.size - other.size)[0];
    assert(kind !== undefined, 'there is a circuit of each role');
    const proofs = Math.max(1, Math.floor(left / kind.size));
    runs.push({ kind, proofs });
    left -= proofs * kind.size;
  }
  return merged(runs);
}

/** The last run may be of the kind before it. */
function merged(runs: readonly Run[]): Tiling {
  const tiling: Run[] = [];
  for (const run of runs) {
    const last = tiling.at(-1);
    if (last?.kind !== run.kind) tiling.push(run);
    else tiling[tiling.length - 1] = { kind: run.kind, proofs: last.proofs + run.proofs };
  }
  return tiling;
}

/** Rows of each proof of a tiling, in order. */
export function* proofRows(
  rows: number,
  tiling: Tiling,
): Generator<{ kind: RoutedKind; first: number; count: number }> {
  let first = 0;
  for (const { kind, proofs } of tiling) {
    for (let proof = 0; proof < proofs; proof += 1) {
      const count = Math.min(kind.size, rows - first);
      assert(count > 0, `a proof of ${kind.circuit} has no rows`);
      yield { kind, first, count };
      first += count;
    }
  }
  assert(first === rows, `${rows - first} rows are in no proof`);
}

/** "2 groth16/batch-240, 1 groth16/accounts-4", or "none". */
export function tilingWords(tiling: Tiling<CostKind>): string {
  const words = tiling.map(({ kind, proofs }) => `${proofs} ${kindName(kind)}`);
  return words.length === 0 ? 'none' : words.join(', ');
}

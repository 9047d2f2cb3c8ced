/** Least squares of a few unknowns, none of them below zero. */
import assert from 'node:assert/strict';

export interface Sample {
  /** What each unknown counts by. */
  readonly amounts: readonly number[];
  /** Their sum, above zero. */
  readonly total: number;
}

/** Below it, two columns say the same. */
const SINGULAR = 1e-9;

/**
 * The factors of the amounts whose sums are nearest to the totals by relative error, so that a
 * small sample says as much as a large one. Every set of unknowns is tried and those with a
 * negative one are dropped, which is exact, and quick enough up to some ten.
 * @returns undefined where the samples do not tell the unknowns apart
 */
export function fitFactors(samples: readonly Sample[], unknowns: number): number[] | undefined {
  assert(unknowns >= 1 && unknowns <= 10, 'a few unknowns');
  const rows = samples
    .filter(({ total }) => total > 0)
    .map(({ amounts, total }) => amounts.map((amount) => amount / total));
  let best: { readonly error: number; readonly factors: number[] } | undefined;
  for (let set = 1; set < 2 ** unknowns; set += 1) {
    const used = Array.from({ length: unknowns }, (_, index) => index).filter(
      (index) => (set >> index) % 2 === 1,
    );
    const found = solve(rows, used);
    if (found === undefined || found.some((factor) => factor < 0)) continue;
    const factors = Array.from({ length: unknowns }, () => 0);
    for (const [at, index] of used.entries()) factors[index] = found[at] ?? 0;
    const error = rows.reduce((all, row) => all + (dot(row, factors) - 1) ** 2, 0);
    if (best === undefined || error < best.error) best = { error, factors };
  }
  return rows.length < unknowns ? undefined : best?.factors;
}

const dot = (left: readonly number[], right: readonly number[]) =>
  left.reduce((sum, value, index) => sum + value * (right[index] ?? 0), 0);

/** The normal equations of the columns in use, whose right side is 1 in every row. */
function solve(rows: readonly (readonly number[])[], used: readonly number[]) {
  const column = (index: number) => rows.map((row) => row[index] ?? 0);
  // Columns differ by orders of magnitude: they are solved for at a length of 1.
  const lengths = used.map((index) => Math.sqrt(dot(column(index), column(index))));
  if (lengths.some((length) => length === 0)) return undefined;
  const unit = used.map((index, at) => column(index).map((value) => value / (lengths[at] ?? 1)));
  const ones = rows.map(() => 1);
  const system = unit.map((left) => [...unit.map((right) => dot(left, right)), dot(left, ones)]);
  return eliminate(system)?.map((value, at) => value / (lengths[at] ?? 1));
}

/** Gauss and Jordan, the rows in order: the matrix is symmetric and not negative. */
function eliminate(system: readonly (readonly number[])[]): number[] | undefined {
  const work = system.map((row) => [...row]);
  for (const [at, row] of work.entries()) {
    const pivot = row[at] ?? 0;
    if (pivot < SINGULAR) return undefined;
    for (const [index, value] of row.entries()) row[index] = value / pivot;
    for (const other of work) {
      const factor = other[at] ?? 0;
      if (other === row || factor === 0) continue;
      for (const [index, value] of row.entries()) {
        other[index] = (other[index] ?? 0) - factor * value;
      }
    }
  }
  return work.map((row) => row.at(-1) ?? 0);
}

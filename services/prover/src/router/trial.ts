// SPDX-License-Identifier: GPL-3.0-or-later
import { type Alternative, type AnyTilings, runsOf, totalCost } from './alternative.ts';
import type { CostBook } from './cost-book.ts';
import { type CostKind, workOf } from './proof-backend.ts';
import type { Run } from './tilings.ts';

/** Fewer measurements than this are too few to go by. */
const ENOUGH_SAMPLES = 2;
/** A back end of which nothing is known may take so many times as long for a constraint. */
const UNKNOWN_CAUTION = 10;
/** What has an estimate may be expected to cost this many times the best. */
const COST_MARGIN = 1.5;

/**
 * A way in which something was measured too little, or never. What averages know comes from what
 * was chosen, so what looked bad once, or was never tried, would never be chosen again. What is
 * tried must not cost a deadline:
 * - a back end of which nothing is known is tried by the least work, and where the epoch comes in
 *   time even if it takes ten times as long as the known way for each constraint. Where the known
 *   way comes late in any case it is tried too: it may be what is missing;
 * - a new circuit, or new heights, of a back end that is known: one proof, in time by its guessed
 *   upper estimate, if it is not expected to cost much more.
 *
 * @param timeMs - until the deadline, less the work that goes first
 */
export function pickTrial<Of extends AnyTilings>(
  combinations: readonly Of[],
  fitting: readonly Alternative<Of>[],
  best: Alternative<Of>,
  book: CostBook,
  timeMs: number,
): Of | Alternative<Of> | undefined {
  const isUnknown = ({ kind }: Run<CostKind>) => book.cost(kind, 'leaf') === undefined;
  const isLate = best.parts.late > 0;
  const msPerUnit = best.durationUpperMs / Math.max(1, workOfAll(runsOf(best)));
  const unknown = combinations
    .map((one) => ({
      one,
      work: workOfAll(runsOf(one).filter(isUnknown)),
      all: workOfAll(runsOf(one)),
    }))
    .filter(({ work, all }) => {
      const worst = all + (UNKNOWN_CAUTION - 1) * work;
      return work > 0 && (isLate || worst * msPerUnit <= timeMs);
    })
    .sort((left, right) => left.work - right.work || left.all - right.all)[0];
  if (unknown !== undefined || isLate) return unknown?.one;
  const isNew = ({ kind }: Run<CostKind>) =>
    (book.cost(kind, 'leaf')?.samples ?? 0) < ENOUGH_SAMPLES;
  return fitting.find((one) => {
    const fresh = runsOf(one).filter(isNew);
    const isSmall = fresh.length === 1 && fresh[0]?.proofs === 1;
    const isCheap = totalCost(one) <= COST_MARGIN * totalCost(best);
    return isSmall && isCheap && one.workers === best.workers && one.durationUpperMs <= timeMs;
  });
}

const workOfAll = (runs: readonly Run<CostKind>[]): number =>
  runs.reduce((sum, { kind, proofs }) => sum + proofs * workOf(kind), 0);

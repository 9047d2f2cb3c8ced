// SPDX-License-Identifier: GPL-3.0-or-later

/** Where an epoch stands whose proofs are under way. */
export interface Standing {
  readonly deadlineMs: number;
  /** Processor time of what is not done yet, by upper estimates, ms; 0 if there are none. */
  readonly restMs: number;
}

export interface OpenEpoch extends Standing {
  readonly market: string;
}

/** Of so many turns one is for an epoch whose deadline cannot be kept any more. */
const TURNS_PER_LATE = 4;

/**
 * Whose job starts next when a worker falls free. First the epochs that can still come in time,
 * by deadline; one that cannot would only make others late as well. Every fourth turn is for those
 * nevertheless, by deadline, so that a market which is always late is proved all the same. Of two
 * with one deadline the one with less to do goes first: it ends the sooner, the other no later.
 *
 * @param open - all with jobs to start
 * @param turn - rises by one with each job that is started
 */
export function nextEpoch<Of extends OpenEpoch>(
  open: readonly Of[],
  workers: number,
  nowMs: number,
  turn: number,
): Of | undefined {
  const isLate = ({ deadlineMs, restMs }: Of) => nowMs + restMs / workers > deadlineMs;
  const before = (left: Of, right: Of) =>
    left.deadlineMs - right.deadlineMs || left.restMs - right.restMs;
  const inTime = open.filter((one) => !isLate(one)).sort(before);
  const late = open.filter(isLate).sort(before);
  const [first, second] = turn % TURNS_PER_LATE === 0 ? [late, inTime] : [inTime, late];
  return first[0] ?? second[0];
}

/**
 * A market's standing where several of its epochs are open. They are kept in order, so its first
 * one starts first, and is as urgent as the first of them that can be in time behind it; if none
 * can, the market is as late as its first one.
 *
 * @param chain - its open epochs in their order
 */
export function standingOf(
  chain: readonly Standing[],
  workers: number,
  nowMs: number,
): Standing | undefined {
  let restMs = 0;
  for (const one of chain) {
    restMs += one.restMs;
    const { deadlineMs } = one;
    if (nowMs + restMs / workers <= deadlineMs) return { deadlineMs, restMs };
  }
  return chain[0];
}

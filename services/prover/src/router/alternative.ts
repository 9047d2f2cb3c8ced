// SPDX-License-Identifier: GPL-3.0-or-later
/** What a way to prove an epoch is expected to cost, in CPU seconds of the prover. */
import assert from 'node:assert/strict';
import type { CostBook, StepCost } from './cost-book.ts';
import type { CostKind, RoutedKind } from './proof-backend.ts';
import {
  gigabytes,
  LATE_ONCE,
  LATE_PER_S,
  PER_GIGABYTE_S,
  type VerifierWeights,
  WORKER_IDLE_MS,
} from './settings.ts';
import type { Run, Tiling } from './tilings.ts';
import type { Warmth } from './warm-memory.ts';

/** Where the epoch stands when its proofs are chosen. */
export interface Standing {
  /** Until its deadline, ms; negative when that has passed. */
  readonly slackMs: number;
  /** From an epoch's close. */
  readonly deadlineMs: number;
  /** Processor time of work that goes before it, ms. */
  readonly aheadMs: number;
  /** Closed epochs that wait for this one, or for the same workers. */
  readonly waiting: number;
  /** Average time between two of the market's epochs, ms; undefined before there were two. */
  readonly gapMs: number | undefined;
  /** The same of any market's epochs: until then workers have nothing to do. */
  readonly anyGapMs: number | undefined;
  readonly warmth: Warmth;
}

/** Each in CPU seconds of the prover, or worth as much. */
export interface CostParts {
  readonly cpu: number;
  /** Workers' while they work, and while they wait for the next epoch. */
  readonly memory: number;
  /** Bytes, verification and proofs, by the weights of the verifier asked for. */
  readonly verifier: number;
  /** Expected of a deadline that is missed. */
  readonly late: number;
  /** What others wait for it, and what stays behind when epochs close faster than this. */
  readonly backlog: number;
}

/** A way to divide an epoch's rows. Parts, which have rows of both, are among the batches. */
export interface Tilings<Kind extends CostKind = RoutedKind> {
  readonly batches: Tiling<Kind>;
  readonly accounts: Tiling<Kind>;
}

/** Of either chain. */
export type AnyTilings = Tilings<CostKind>;

/** What a way to divide an epoch is expected to take. */
export interface Estimate {
  readonly workers: number;
  /** From its start, ms: expected, and what few exceed. */
  readonly durationMs: number;
  readonly durationUpperMs: number;
  readonly rssBytes: number;
  readonly proofBytes: number;
  readonly verifyMs: number;
  readonly parts: CostParts;
}

export type Alternative<Of extends AnyTilings = Tilings> = Of & Estimate;

/** Of each second by which epochs close faster than they are proved. */
const OVERRUN_PER_S = 1;

/** Two tilings as one piece of work; undefined when something in them has no estimate. */
export function alternativeOf<Of extends AnyTilings>(
  tilings: Of,
  workers: number,
  book: CostBook,
  weights: VerifierWeights,
  standing: Standing,
): Alternative<Of> | undefined {
  const leaves: Steps[] = [];
  const closings: Steps[] = [];
  const sum = { cpuMs: 0, rssBytes: 0, proofBytes: 0, verifyMs: 0, proofs: 0 };
  for (const { kind, proofs } of runsOf(tilings)) {
    const leaf = book.cost(kind, 'leaf');
    const end = book.cost(kind, 'closing');
    if (leaf === undefined || end === undefined) return undefined;
    leaves.push({ count: proofs, cost: leaf });
    if (kind.folds) closings.push({ count: 1, cost: end });
    sum.cpuMs += proofs * leaf.cpuMs + end.cpuMs;
    sum.rssBytes = Math.max(sum.rssBytes, leaf.rssBytes, end.rssBytes);
    sum.proofBytes += proofs * leaf.proofBytes + end.proofBytes;
    sum.verifyMs += proofs * leaf.verifyMs + end.verifyMs;
    sum.proofs += proofs;
  }
  const stretch = book.stretch(workers);
  const aheadMs = (stretch * standing.aheadMs) / workers;
  const durationMs =
    stretch * (spanOf(leaves, 'cpuMs', workers) + spanOf(closings, 'cpuMs', workers));
  const durationUpperMs =
    stretch * (spanOf(leaves, 'cpuUpperMs', workers) + spanOf(closings, 'cpuUpperMs', workers));
  const memory = memoryCost(sum.rssBytes, workers, durationMs, standing);
  const verifier =
    weights.perProof * sum.proofs +
    weights.perMegabyte * (sum.proofBytes / 1e6) +
    weights.perVerifyS * (sum.verifyMs / 1_000);
  const { rssBytes, proofBytes, verifyMs } = sum;
  const parts = {
    cpu: sum.cpuMs / 1_000,
    memory,
    verifier,
    late: lateness(aheadMs + durationMs, aheadMs + durationUpperMs, standing.slackMs),
    backlog: backlogCost(durationMs, standing),
  };
  // Nothing is less than NaN: the choice would be whatever came first.
  assert(Object.values(parts).every(Number.isFinite), 'costs are finite');
  return {
    ...tilings,
    ...{ workers, durationMs, durationUpperMs, rssBytes, proofBytes, verifyMs },
    parts,
  };
}

interface Steps {
  readonly count: number;
  readonly cost: StepCost;
}

/** Up to so many steps their schedule is worked out; with more of them the bound is close. */
const SCHEDULED_STEPS = 64;

/** Time until steps are done whose longest start first, each as soon as a worker is free. */
function spanOf(steps: readonly Steps[], figure: 'cpuMs' | 'cpuUpperMs', workers: number): number {
  const longestFirst = steps.toSorted((left, right) => right.cost[figure] - left.cost[figure]);
  const longestMs = longestFirst[0]?.cost[figure] ?? 0;
  const totalMs = steps.reduce((sum, { count, cost }) => sum + count * cost[figure], 0);
  if (workers === 1) return totalMs;
  if (steps.reduce((sum, { count }) => sum + count, 0) > SCHEDULED_STEPS) {
    // When the last step starts, all workers are at work on the others (Graham, 1966).
    return totalMs / workers + (1 - 1 / workers) * longestMs;
  }
  const endMs = new Float64Array(workers);
  for (const { count, cost } of longestFirst) {
    for (let step = 0; step < count; step += 1) {
      const first = endMs.reduce((least, end, at) => (end < (endMs[least] ?? 0) ? at : least), 0);
      endMs[first] = (endMs[first] ?? 0) + cost[figure];
    }
  }
  return Math.max(...endMs);
}

/** Between the expected end and the one that few exceed, the chance is taken as a straight line. */
function lateness(endMs: number, endUpperMs: number, slackMs: number): number {
  if (endUpperMs <= slackMs) return 0;
  const chance = endMs >= slackMs ? 1 : (endUpperMs - slackMs) / (endUpperMs - endMs);
  return chance * LATE_ONCE + (LATE_PER_S * Math.max(0, endMs - slackMs)) / 1_000;
}

/**
 * What an epoch is charged of memory that it makes workers keep beyond its own time: later epochs
 * will use it too, so not all of it. The middle of what serves the `tune` loads (0.1 to 0.25).
 */
const RAISE_SHARE = 0.175;

/** While it works and until the next epoch; what is more than workers hold already, for longer. */
function memoryCost(rssBytes: number, workers: number, durationMs: number, at: Standing): number {
  const { waiting, anyGapMs = WORKER_IDLE_MS, warmth } = at;
  const idleMs = waiting > 0 ? 0 : Math.min(WORKER_IDLE_MS, Math.max(0, anyGapMs - durationMs));
  const warmBytes = warmth.workers * warmth.rssBytes;
  const heldBytes = Math.max(workers, warmth.workers) * Math.max(rssBytes, warmth.rssBytes);
  const byteMs =
    heldBytes * (durationMs + idleMs) + RAISE_SHARE * (heldBytes - warmBytes) * warmth.restMs;
  return PER_GIGABYTE_S * gigabytes(byteMs / 1_000);
}

/**
 * A market's epochs are proved one after the other, so what counts is how long this one takes. The
 * more of its own deadline is gone when it starts, the likelier those behind it come late as well.
 */
function backlogCost(durationMs: number, standing: Standing): number {
  const { slackMs, deadlineMs, waiting, gapMs } = standing;
  const urgency = Math.min(1, Math.max(0, 1 - slackMs / deadlineMs));
  const overrunMs = gapMs === undefined ? 0 : Math.max(0, durationMs - gapMs);
  return (LATE_PER_S * urgency * waiting * durationMs + OVERRUN_PER_S * overrunMs) / 1_000;
}

/** What the epoch itself costs, whenever it comes. */
export const ownCost = ({ parts: { cpu, memory, verifier } }: Estimate): number =>
  cpu + memory + verifier;

export const totalCost = (one: Estimate): number =>
  ownCost(one) + one.parts.late + one.parts.backlog;

export const runsOf = ({ batches, accounts }: AnyTilings): readonly Run<CostKind>[] => [
  ...batches,
  ...accounts,
];

// SPDX-License-Identifier: GPL-3.0-or-later
/** A choice with its reasons, as the log and a prover's status have it. */
import { type Alternative, type AnyTilings, type Tilings, totalCost } from './alternative.ts';
import { tilingWords } from './tilings.ts';

/** What made the choice what it is. */
export type Reason =
  /** An earlier run of the prover planned the epoch. */
  | 'kept'
  /** Nothing else was possible. */
  | 'only'
  /** Nothing is measured yet: the way without a router (`largestFilled`, `plainCut`). */
  | 'unmeasured'
  /** A kind that was measured too little, when there was time to prove the epoch again after it. */
  | 'trial'
  /** It costs the least whenever it is done. */
  | 'cost'
  /** What costs less would come late. */
  | 'deadline'
  /** What costs less would let epochs pile up. */
  | 'backlog'
  /** What costs less does not fit into the memory budget. */
  | 'memory';

export interface Choice<Of extends AnyTilings = Tilings> {
  readonly market: string;
  readonly epoch: number;
  readonly workers: number;
  readonly reason: Reason;
  /** The one chosen, if it has an estimate, then the best others; none if nothing is measured. */
  readonly alternatives: readonly Alternative<Of>[];
  /** How many were compared. */
  readonly compared: number;
}

export type Decision<Of extends AnyTilings = Tilings> = Of & Choice<Of>;

/** Plain data for one log line and a status. Costs are in CPU seconds. */
export interface DecisionRecord {
  readonly market: string;
  readonly epoch: number;
  readonly proofs: string;
  readonly workers: number;
  readonly reason: Reason;
  readonly compared: number;
  readonly expected?: ExpectedCosts;
  /** The best of the others. */
  readonly instead?: ExpectedCosts;
}

export interface ExpectedCosts {
  readonly proofs: string;
  readonly workers: number;
  readonly ms: number;
  readonly msUpper: number;
  readonly cpuS: number;
  readonly proofBytes: number;
  readonly verifyMs: number;
  readonly cost: number;
}

export function decisionRecord(decision: Decision<AnyTilings>): DecisionRecord {
  const { market, epoch, batches, accounts, workers, reason, compared } = decision;
  const [first, second] = decision.alternatives;
  return {
    ...{ market, epoch, proofs: tilingWords([...batches, ...accounts]), workers, reason, compared },
    ...(first === undefined ? {} : { expected: expectedCosts(first) }),
    ...(second === undefined ? {} : { instead: expectedCosts(second) }),
  };
}

function expectedCosts(one: Alternative<AnyTilings>): ExpectedCosts {
  return {
    proofs: tilingWords([...one.batches, ...one.accounts]),
    workers: one.workers,
    ms: Math.round(one.durationMs),
    msUpper: Math.round(one.durationUpperMs),
    cpuS: rounded(one.parts.cpu),
    proofBytes: Math.round(one.proofBytes),
    verifyMs: rounded(one.verifyMs),
    cost: rounded(totalCost(one)),
  };
}

const rounded = (value: number): number => Math.round(value * 100) / 100;

// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Chooses how an epoch is proved: back end and circuit of every proof, or the sizes of its parts,
 * and how many workers. It has neither a clock nor chance in it: times and measurements are handed
 * in, so that the same history gives the same choices.
 */
import assert from 'node:assert/strict';
import type { CircuitRole } from '@foldbook/verifier';
import {
  type Alternative,
  type AnyTilings,
  alternativeOf,
  type Estimate,
  ownCost,
  type Standing,
  totalCost,
} from './alternative.ts';
import { CostBook } from './cost-book.ts';
import { type Cut, type Cuttable, cuts, plainCut } from './cuts.ts';
import type { Decision, Reason } from './decision.ts';
import { MovingAverage } from './moving-average.ts';
import type { Measurement, RoutedKind } from './proof-backend.ts';
import { type RouterSettings, verifierWeights } from './settings.ts';
import { largestFilled, tilings } from './tilings.ts';
import { pickTrial } from './trial.ts';
import { WarmMemory } from './warm-memory.ts';

export interface ChoiceRequest {
  readonly market: string;
  readonly epoch: number;
  readonly closedMs: number;
  readonly nowMs: number;
  /** Closed epochs that wait for this one, or for the workers that it takes. */
  readonly waiting: number;
  /** Processor time of what is under way and goes first, ms. */
  readonly aheadMs: number;
}

export interface RouteRequest extends ChoiceRequest {
  /** Records, and accounts whose net change is not zero. */
  readonly rows: Readonly<Record<CircuitRole, number>>;
  /** What the chain has keys for and this prover can make; Groth16 of each role. */
  readonly kinds: readonly RoutedKind[];
}

/** Of a STARK chain. */
export type CutRequest = ChoiceRequest & Cuttable;

export interface RouterOptions extends RouterSettings {
  /** 1 or more: costs are divided by it. */
  readonly maxWorkers: number;
}

/** How often something closes. */
class Pace {
  readonly #gapMs = new MovingAverage();
  #closedMs: number | undefined;

  closed(closedMs: number): void {
    if (this.#closedMs !== undefined) this.#gapMs.add(Math.max(0, closedMs - this.#closedMs));
    this.#closedMs = closedMs;
  }

  /** On average; undefined before it closed twice. */
  get gapMs(): number | undefined {
    return this.#gapMs.samples === 0 ? undefined : this.#gapMs.mean;
  }
}

/** After a trial, so many choices are none. */
const CHOICES_PER_TRIAL = 4;
const SHOWN_ALTERNATIVES = 4;

export class EpochRouter {
  readonly book = new CostBook();
  readonly #options: RouterOptions;
  readonly #pace = new Map<string, Pace>();
  readonly #anyPace = new Pace();
  readonly #warm = new WarmMemory();
  #choices = 0;
  #trialAt = 0;

  constructor(options: RouterOptions) {
    assert(Number.isInteger(options.maxWorkers) && options.maxWorkers >= 1, 'no workers to choose');
    this.#options = options;
  }

  /** From an epoch's close to its proof. */
  get deadlineMs(): number {
    return this.#options.deadlineMs;
  }

  /** An epoch of a market has closed; on the clock of the requests. */
  closed(market: string, closedMs: number): void {
    const pace = this.#pace.get(market) ?? new Pace();
    this.#pace.set(market, pace);
    pace.closed(closedMs);
    this.#anyPace.closed(closedMs);
  }

  measured(measurement: Measurement): void {
    this.book.add(measurement);
  }

  /** A choice that was made before: nothing is compared, as it stays. */
  kept<Of extends AnyTilings>(market: string, epoch: number, tilings: Of): Decision<Of> {
    const { maxWorkers } = this.#options;
    const rest = { workers: maxWorkers, reason: 'kept', alternatives: [], compared: 0 } as const;
    return { ...tilings, market, epoch, ...rest };
  }

  choose(request: RouteRequest): Decision {
    const { rows } = request;
    const { foldsAllowed } = verifierWeights(this.#options.verifier);
    const kinds = request.kinds.filter(({ folds }) => !folds || foldsAllowed);
    const of = (role: CircuitRole) => kinds.filter((kind) => kind.role === role);
    const plain = {
      batches: largestFilled(rows.batch, of('batch')),
      accounts: largestFilled(rows.accounts, of('accounts')),
    };
    const isOnly = of('batch').length === 1 && of('accounts').length === 1;
    const combinations = isOnly
      ? [plain]
      : tilings(rows.batch, of('batch')).flatMap((batches) =>
          tilings(rows.accounts, of('accounts')).map((accounts) => ({ batches, accounts })),
        );
    return this.#choose(request, plain, isOnly ? undefined : combinations);
  }

  /**
   * How an epoch of a STARK chain is cut. Other cuts of an epoch show the same. Plainly where parts
   * are larger then than any that was measured: much of what a small one takes is the same for all
   * heights, so that guesses from it would have large ones take minutes and all of the memory.
   * Nor do such guesses say how many workers there are to be.
   */
  cut(request: CutRequest): Decision<Cut> {
    const plain = plainCut(request);
    if (request.records === 0) return this.#choose(request, plain, undefined);
    const isLargest = plain.batches.some(({ kind }) => this.book.exceeds(kind));
    if (!isLargest) return this.#choose(request, plain, cuts(request));
    const proofs = plain.batches.reduce((sum, run) => sum + run.proofs, 0);
    const workers = Math.min(this.#options.maxWorkers, proofs);
    const chosen = this.#choose(request, plain, [plain]);
    return { ...chosen, workers, reason: 'unmeasured', alternatives: [], compared: 0 };
  }

  /**
   * @param plain - the way without measurements
   * @param combinations - all ways; undefined where there is no other
   */
  #choose<Of extends AnyTilings>(
    request: ChoiceRequest,
    plain: Of,
    combinations: readonly Of[] | undefined,
  ): Decision<Of> {
    this.#choices += 1;
    const { market, epoch, aheadMs } = request;
    const { maxWorkers } = this.#options;
    const place = { market, epoch };
    const unchosen = { ...plain, ...place, workers: maxWorkers, alternatives: [], compared: 0 };
    if (combinations === undefined) return { ...unchosen, reason: 'only' };
    const standing = this.#standing(request);
    const known = this.#estimates(combinations, standing);
    const fitting = known.filter((one) => this.#fits(one));
    const best = fitting[0] ?? leastMemory(known);
    if (best === undefined) return { ...unchosen, reason: 'unmeasured' };
    const mayTry = this.#choices >= this.#trialAt;
    const trial = mayTry
      ? pickTrial(combinations, fitting, best, this.book, standing.slackMs - aheadMs)
      : undefined;
    if (trial !== undefined) this.#trialAt = this.#choices + CHOICES_PER_TRIAL + 1;
    const { durationMs, rssBytes } = isEstimated(trial) ? trial : best;
    this.#warm.chosen(request.nowMs, best.workers, rssBytes, request.nowMs + aheadMs + durationMs);
    const others = fitting.filter((one) => one !== trial && one !== best);
    const alternatives = [...(isEstimated(trial) ? [trial] : []), best, ...others];
    return {
      ...(trial ?? best),
      ...place,
      workers: best.workers,
      reason: trial !== undefined ? 'trial' : this.#reason(best, known),
      alternatives: alternatives.slice(0, SHOWN_ALTERNATIVES),
      compared: known.length,
    };
  }

  #standing({ market, closedMs, nowMs, aheadMs, waiting }: ChoiceRequest): Standing {
    const { deadlineMs } = this.#options;
    return {
      ...{ slackMs: closedMs + deadlineMs - nowMs, deadlineMs, aheadMs, waiting },
      ...{ gapMs: this.#pace.get(market)?.gapMs, anyGapMs: this.#anyPace.gapMs },
      warmth: this.#warm.at(nowMs),
    };
  }

  /** Of all that can be estimated, the best first. */
  #estimates<Of extends AnyTilings>(
    combinations: readonly Of[],
    standing: Standing,
  ): Alternative<Of>[] {
    const weights = verifierWeights(this.#options.verifier);
    return this.#workerCounts()
      .flatMap((workers) =>
        combinations.map((one) => alternativeOf(one, workers, this.book, weights, standing)),
      )
      .filter((one) => one !== undefined)
      .sort((left, right) => totalCost(left) - totalCost(right) || left.workers - right.workers);
  }

  /** 1, 2, 4, ... and the most. */
  #workerCounts(): number[] {
    const { maxWorkers } = this.#options;
    const counts: number[] = [];
    for (let workers = 1; workers < maxWorkers; workers *= 2) counts.push(workers);
    return [...counts, maxWorkers];
  }

  #fits({ workers, rssBytes }: Estimate): boolean {
    return workers * rssBytes <= this.#options.memoryBytes;
  }

  #reason(best: Estimate, known: readonly Estimate[]): Reason {
    if (!this.#fits(best) || known[0] !== best) return 'memory';
    const cheapest = known
      .filter((one) => this.#fits(one))
      .reduce((least, one) => (ownCost(one) < ownCost(least) ? one : least), best);
    if (cheapest === best) return 'cost';
    const late = cheapest.parts.late - best.parts.late;
    return late > cheapest.parts.backlog - best.parts.backlog ? 'deadline' : 'backlog';
  }
}

const isEstimated = <Of extends AnyTilings>(
  one: Of | Alternative<Of> | undefined,
): one is Alternative<Of> => one !== undefined && 'parts' in one;

function leastMemory<Of extends Estimate>(known: readonly Of[]): Of | undefined {
  const needs = ({ workers, rssBytes }: Estimate) => workers * rssBytes;
  return known.toSorted((left, right) => needs(left) - needs(right))[0];
}

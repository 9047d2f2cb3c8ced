// SPDX-License-Identifier: GPL-3.0-or-later
import { type ProvedEpoch, proveEpoch } from './epoch-assembler.ts';
import type { ClosedEpoch } from './epoch-batcher.ts';
import type { EpochFolding } from './epoch-folding.ts';
import type { EpochPlan } from './epoch-plan.ts';
import { Limit } from './limit.ts';
import type { EpochRoute } from './market-routing.ts';
import type { ProofQueue } from './proof-queue.ts';
import type { ProverProgress } from './prover-progress.ts';
import type { SetAside } from './set-aside.ts';

/** Jobs of a market that are given to the queue at a time: their inputs are held meanwhile. */
const MAX_OPEN_JOBS = 64;
/** So many that were set aside leave their places to others; more than that wait in theirs. */
const MAX_SET_ASIDE = 64;
/** Of epochs that are in line together; an epoch that has more is in it alone. */
const MAX_RECORDS = 65_536;

/** An epoch in the line: signed, and without its proofs. */
export interface PlannedEpoch {
  readonly closed: ClosedEpoch;
  readonly plan: EpochPlan;
  /** How its proofs were chosen, if anybody did. */
  readonly route: EpochRoute | undefined;
}

export interface ProvingLineOptions<P extends PlannedEpoch> {
  readonly queue: ProofQueue;
  readonly setAside: SetAside;
  readonly folding?: EpochFolding | undefined;
  readonly progress: ProverProgress;
  /** Epochs in the line at a time, 1 or more. */
  readonly maxEpochs: number;
  /** Ends the line: what is not kept then is not kept any more. */
  readonly signal: AbortSignal;
  /** Puts an epoch into the store; they come in order. */
  readonly keep: (planned: P, proved: ProvedEpoch, startedMs: number) => Promise<void>;
  /** Told once: the line has stopped, and `check` throws why. */
  readonly onFailure: () => void;
}

/**
 * Epochs that are planned and not in the store yet: proved side by side, kept in order. One that
 * waits for a proof that was set aside keeps those behind it from the store, not from their proofs.
 * What the line holds is bounded by `maxEpochs`, by records, and by open jobs.
 */
export class ProvingLine<P extends PlannedEpoch> {
  readonly #options: ProvingLineOptions<P>;
  readonly #jobs = new Limit(MAX_OPEN_JOBS);
  readonly #aside = new Limit(MAX_SET_ASIDE);
  #epochs = 0;
  #records = 0;
  #tail: Promise<void> = Promise.resolve();
  #moved = Promise.withResolvers<void>();
  #failure: { readonly error: unknown } | undefined;
  #keeping: Promise<void> | undefined;

  constructor(options: ProvingLineOptions<P>) {
    this.#options = options;
    options.signal.addEventListener('abort', () => this.#moved.resolve(), { once: true });
  }

  /** Resolves when there is room for an epoch of so many records, or when the line has ended. */
  async room(records: number): Promise<void> {
    const { maxEpochs, signal } = this.#options;
    const isFull = () =>
      this.#epochs >= maxEpochs || (this.#epochs > 0 && this.#records + records > MAX_RECORDS);
    while (isFull() && this.#failure === undefined && !signal.aborted) await this.#moved.promise;
    this.check();
  }

  /** Has an epoch proved, which follows the one that was added before. */
  add(planned: P): void {
    const { progress, queue, setAside, folding, keep, signal } = this.#options;
    const { plan, closed, route } = planned;
    const startedMs = performance.now();
    this.#epochs += 1;
    this.#records += closed.records.length;
    progress.proving = true;
    const proved = proveEpoch(plan, {
      queue,
      folding,
      jobs: this.#jobs,
      asides: this.#aside,
      setAside: (job, error) => setAside.put(job, error),
      workers: route?.workers,
      onProof: (circuit, made) => {
        progress.proofMade(circuit.role, made.proveMs);
        route?.made(circuit, made, queue.pending() + 1);
      },
      onFolded: (circuit, made) => {
        if (made.leaves > 0) progress.proofMade(circuit.role, made.leafWallMs / made.leaves);
        route?.folded(circuit, made, queue.pending() + 1);
      },
    });
    const routed = () => route?.end();
    proved.then(routed, routed);
    this.#tail = Promise.all([proved, this.#tail])
      .then(async ([file]) => {
        if (signal.aborted || this.#failure !== undefined) return;
        this.#keeping = keep(planned, file, startedMs);
        await this.#keeping;
        this.#leave(closed.records.length);
      })
      .catch((error: unknown) => this.#fail(error));
  }

  /** Resolves when all that was added is kept. */
  async drain(): Promise<void> {
    await this.#tail;
    this.check();
  }

  /** Resolves when nothing is written any more; after the signal. */
  async stopped(): Promise<void> {
    await this.#keeping?.catch(() => undefined);
  }

  /** @throws what ended the line */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #leave(records: number): void {
    this.#epochs -= 1;
    this.#records -= records;
    this.#options.progress.proving = this.#epochs > 0;
    this.#move();
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = { error };
    this.#options.progress.proving = false;
    this.#move();
    this.#options.onFailure();
  }

  #move(): void {
    this.#moved.resolve();
    this.#moved = Promise.withResolvers();
  }
}

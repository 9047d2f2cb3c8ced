// SPDX-License-Identifier: GPL-3.0-or-later
import { type ProvedEpoch, proveEpoch } from './epoch-assembler.ts';
import type { ClosedEpoch } from './epoch-batcher.ts';
import type { EpochFolding } from './epoch-folding.ts';
import type { EpochPlan } from './epoch-plan.ts';
import type { EpochTurns, JobTurns } from './job-turns.ts';
import { Limit } from './limit.ts';
import type { EpochRoute } from './market-routing.ts';
import type { ProofQueue } from './proof-queue.ts';
import type { ProverProgress } from './prover-progress.ts';
import type { SetAside } from './set-aside.ts';

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
  readonly market: string;
  readonly queue: ProofQueue;
  /** Shared with all that give jobs to the queue, and with all that fold here. */
  readonly turns: JobTurns;
  readonly foldTurns: JobTurns;
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
 * What the line holds is bounded by `maxEpochs` and by records; jobs are built in their turn.
 */
export class ProvingLine<P extends PlannedEpoch> {
  readonly #options: ProvingLineOptions<P>;
  readonly #aside = new Limit(MAX_SET_ASIDE);
  /** Of the epochs in the line. */
  readonly #turns = new Set<EpochTurns>();
  #epochs = 0;
  #records = 0;
  #tail: Promise<void> = Promise.resolve();
  #moved = Promise.withResolvers<void>();
  #failure: { readonly error: unknown } | undefined;
  #keeping: Promise<void> | undefined;

  constructor(options: ProvingLineOptions<P>) {
    this.#options = options;
    options.signal.addEventListener('abort', () => this.#end(), { once: true });
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
    const { turns, foldTurns } = this.#turnsOf(planned);
    const proved = proveEpoch(plan, {
      ...{ queue, turns, folding, foldTurns, asides: this.#aside },
      setAside: (job, error) => setAside.put(job, error),
      onProof: (circuit, made) => {
        progress.proofMade(circuit.role, made.proveMs);
        route?.made(circuit, made);
      },
      onFolded: (circuit, made) => {
        if (made.leaves > 0) progress.proofMade(circuit.role, made.leafWallMs / made.leaves);
        route?.folded(circuit, made, foldTurns.busy + 1);
      },
    });
    const ended = () => {
      route?.end();
      this.#turns.delete(turns);
      this.#turns.delete(foldTurns);
    };
    proved.then(ended, ended);
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

  /** A choice's workers are those of the epoch, whatever they do; so are its turns, if they may. */
  #turnsOf({ closed: { epoch }, route }: P): { turns: EpochTurns; foldTurns: EpochTurns } {
    const { market, turns: queued, foldTurns: folded, signal } = this.#options;
    const turns = queued.of({ market, epoch }, route?.workers);
    const foldTurns = folded === queued ? turns : folded.of({ market, epoch }, route?.workers);
    this.#turns.add(turns).add(foldTurns);
    if (signal.aborted) this.#end();
    return { turns, foldTurns };
  }

  /** Jobs that have not begun are withdrawn. */
  #end(): void {
    for (const turns of this.#turns) turns.close();
    this.#moved.resolve();
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

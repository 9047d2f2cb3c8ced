// SPDX-License-Identifier: GPL-3.0-or-later
import type { ProvedEpoch } from './epoch-assembler.ts';
import type { ClosedEpoch } from './epoch-batcher.ts';
import type { EpochTurns, JobTurns } from './job-turns.ts';
import { Limit } from './limit.ts';
import type { LineRoute } from './market-routing.ts';
import type { ProverProgress } from './prover-progress.ts';
import type { SetAside } from './set-aside.ts';
import type { ProofTools } from './single-proof.ts';

/** So many that were set aside leave their places to others; more than that wait in theirs. */
const MAX_SET_ASIDE = 64;
/** Of epochs that are in line together; an epoch that has more is in it alone. */
const DEFAULT_RECORDS = 65_536;

/** An epoch in the line, without its proofs. */
export interface PlannedEpoch {
  readonly closed: ClosedEpoch;
  /** How its proofs were chosen, if anybody did. */
  readonly route?: LineRoute | undefined;
}

/** What the line lends to an epoch's proofs, beside the queue. */
export interface LineTools extends Pick<ProofTools, 'turns' | 'asides' | 'setAside'> {
  readonly foldTurns: EpochTurns;
}

export interface ProvingLineOptions<P extends PlannedEpoch> {
  /** In whose turns it is: the market, or its STARK chain (`starkLine`). */
  readonly market: string;
  /** Shared with all that give jobs to the queue, and with all that fold here. */
  readonly turns: JobTurns;
  readonly foldTurns: JobTurns;
  readonly setAside: SetAside;
  readonly progress: ProverProgress;
  /** Epochs in the line at a time, 1 or more. */
  readonly maxEpochs: number;
  /** Of the epochs in the line together. Default 65,536. */
  readonly maxRecords?: number | undefined;
  /** Has an epoch's proofs made, and puts it together. */
  readonly prove: (planned: P, tools: LineTools) => Promise<ProvedEpoch>;
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
    const { maxEpochs, maxRecords = DEFAULT_RECORDS, signal } = this.#options;
    const isFull = () =>
      this.#epochs >= maxEpochs || (this.#epochs > 0 && this.#records + records > maxRecords);
    while (isFull() && this.#failure === undefined && !signal.aborted) await this.#moved.promise;
    this.check();
  }

  /** Has an epoch proved, which follows the one that was added before. */
  add(planned: P): void {
    const { progress, setAside, prove, keep, signal } = this.#options;
    const { closed, route } = planned;
    const startedMs = performance.now();
    this.#epochs += 1;
    this.#records += closed.records.length;
    progress.proving = true;
    const { turns, foldTurns } = this.#turnsOf(planned);
    const proved = prove(planned, {
      ...{ turns, foldTurns, asides: this.#aside },
      setAside: (job, error) => setAside.put(job, error),
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

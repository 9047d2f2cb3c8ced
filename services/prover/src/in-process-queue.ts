// SPDX-License-Identifier: GPL-3.0-or-later
import { OpenJobs } from './open-jobs.ts';
import type { AnyJob, ProofResult } from './proof-job.ts';
import type { ProofMaker, ProofQueue } from './proof-queue.ts';
import { messageOf, ProverError } from './prover-error.ts';

export interface InProcessQueueOptions {
  /** Tries of one job before it fails: a thread may run out of memory, say. Default 3. */
  readonly attempts?: number;
}

/** The embedded queue: straight to the maker, which holds what it can't start yet. */
export class InProcessQueue implements ProofQueue {
  readonly #maker: ProofMaker;
  readonly #attempts: number;
  readonly #open = new OpenJobs();

  constructor(maker: ProofMaker, options: InProcessQueueOptions = {}) {
    this.#maker = maker;
    this.#attempts = options.attempts ?? 3;
  }

  prove(job: AnyJob): Promise<ProofResult> {
    return this.#open.ask(job, () => void this.#run(job));
  }

  /** Results are not kept here. */
  async discard(): Promise<void> {}

  places(): number {
    return this.#maker.concurrency;
  }

  /** They stay the same. */
  onPlaces(): () => void {
    return () => {};
  }

  /** There is nothing between the asker and the maker that could be lost. */
  onTrouble(): () => void {
    return () => {};
  }

  async close(): Promise<void> {
    this.#open.close();
  }

  async #run(job: AnyJob): Promise<void> {
    for (let attempt = 1; this.#open.has(job.id); attempt += 1) {
      try {
        this.#open.resolve(job.id, await this.#maker.make(job));
      } catch (error) {
        if (attempt >= this.#attempts) this.#open.reject(job.id, jobFailed(job.id, attempt, error));
      }
    }
  }
}

export function jobFailed(id: string, attempts: number, error: unknown): ProverError {
  return new ProverError(
    'PROOF_FAILED',
    `job ${id} failed ${attempts} times, the last time with: ${messageOf(error)}`,
    { cause: error },
  );
}

// SPDX-License-Identifier: GPL-3.0-or-later
import type { ProofJob, ProofResult } from './proof-job.ts';
import { ProverError } from './prover-error.ts';

interface OpenJob {
  readonly job: ProofJob;
  readonly answer: PromiseWithResolvers<ProofResult>;
}

/** The jobs somebody waits for, by id. Each is answered once; later answers are dropped. */
export class OpenJobs {
  readonly #jobs = new Map<string, OpenJob>();
  #closed = false;

  get size(): number {
    return this.#jobs.size;
  }

  get closed(): boolean {
    return this.#closed;
  }

  has(id: string): boolean {
    return this.#jobs.has(id);
  }

  jobs(): readonly ProofJob[] {
    return [...this.#jobs.values()].map((open) => open.job);
  }

  /** The answer to come; `start` runs when the job isn't open already. */
  ask(job: ProofJob, start: () => void): Promise<ProofResult> {
    if (this.#closed) {
      return Promise.reject(new ProverError('CLOSED', `job ${job.id}: the proof queue is closed`));
    }
    const open = this.#jobs.get(job.id);
    if (open !== undefined) return open.answer.promise;
    const answer = Promise.withResolvers<ProofResult>();
    this.#jobs.set(job.id, { job, answer });
    start();
    return answer.promise;
  }

  resolve(id: string, result: ProofResult): void {
    this.#jobs.get(id)?.answer.resolve(result);
    this.#jobs.delete(id);
  }

  reject(id: string, error: ProverError): void {
    this.#jobs.get(id)?.answer.reject(error);
    this.#jobs.delete(id);
  }

  /** Rejects what is open and all that is asked from now on. */
  close(): void {
    this.#closed = true;
    for (const id of [...this.#jobs.keys()]) {
      this.reject(id, new ProverError('CLOSED', `job ${id}: the proof queue was closed`));
    }
  }
}

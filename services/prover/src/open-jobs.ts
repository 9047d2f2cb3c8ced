// SPDX-License-Identifier: GPL-3.0-or-later
import type { AnyJob, ProofResult } from './proof-job.ts';
import { ProverError } from './prover-error.ts';

interface OpenJob {
  readonly job: AnyJob;
  readonly askedMs: number;
  badAnswers: number;
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

  get(id: string): AnyJob | undefined {
    return this.#jobs.get(id)?.job;
  }

  /** Since the job was asked for; 0 where it is not open. */
  waitedMs(id: string): number {
    const open = this.#jobs.get(id);
    return open === undefined ? 0 : performance.now() - open.askedMs;
  }

  /** Counts an answer that was none; how many of them the job has had. */
  answeredBadly(id: string): number {
    const open = this.#jobs.get(id);
    if (open === undefined) return 0;
    open.badAnswers += 1;
    return open.badAnswers;
  }

  jobs(): readonly AnyJob[] {
    return [...this.#jobs.values()].map((open) => open.job);
  }

  /** The answer to come; `start` runs when the job isn't open already. */
  ask(job: AnyJob, start: () => void): Promise<ProofResult> {
    if (this.#closed) {
      return Promise.reject(new ProverError('CLOSED', `job ${job.id}: the proof queue is closed`));
    }
    const open = this.#jobs.get(job.id);
    if (open !== undefined) return open.answer.promise;
    const answer = Promise.withResolvers<ProofResult>();
    this.#jobs.set(job.id, { job, answer, askedMs: performance.now(), badAnswers: 0 });
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

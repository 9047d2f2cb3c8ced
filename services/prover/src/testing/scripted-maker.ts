// SPDX-License-Identifier: GPL-3.0-or-later
import type { ProofJob, ProofResult } from '../proof-job.ts';
import { createJob } from '../proof-job.ts';
import type { ProofMaker } from '../proof-queue.ts';

/** Does what a test says: holds jobs until they are let go, fails those that are to fail. */
export class ScriptedMaker implements ProofMaker {
  readonly concurrency: number;
  /** Ids in the order in which they were started, repetitions included. */
  readonly started: string[] = [];
  readonly #failures = new Map<string, number>();
  #gate: PromiseWithResolvers<void> | undefined;
  #waiters: { count: number; resolve: () => void }[] = [];

  constructor(concurrency = 2) {
    this.concurrency = concurrency;
  }

  /** From now on jobs stay under way until `open`. */
  hold(): void {
    this.#gate = Promise.withResolvers();
  }

  open(): void {
    this.#gate?.resolve();
    this.#gate = undefined;
  }

  /** The next `times` tries of this job fail. */
  fail(job: ProofJob, times: number): void {
    this.#failures.set(job.id, times);
  }

  /** Resolves once so many jobs were started. */
  untilStarted(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.push({ count, resolve });
      this.#wake();
    });
  }

  async make(job: ProofJob): Promise<ProofResult> {
    this.started.push(job.id);
    this.#wake();
    await this.#gate?.promise;
    const failures = this.#failures.get(job.id) ?? 0;
    if (failures > 0) {
      this.#failures.set(job.id, failures - 1);
      throw new Error(`scripted failure, ${failures} to go`);
    }
    return expectedResult(job);
  }

  refuses(): undefined {
    return undefined;
  }

  #wake(): void {
    for (const { count, resolve } of this.#waiters) if (this.started.length >= count) resolve();
    this.#waiters = this.#waiters.filter(({ count }) => this.started.length < count);
  }
}

/** What a `ScriptedMaker` answers. */
export function expectedResult(job: ProofJob): ProofResult {
  const proof = new Uint8Array(256).fill(Number(job.publicSignals[0]));
  return { proof, publicSignals: job.publicSignals, proveMs: 1.5 };
}

/** Distinct jobs of one epoch. */
export function someJobs(count: number, epoch = 1): ProofJob[] {
  return Array.from({ length: count }, (_, index) => {
    const place = { market: 'TEST-USD', chain: '00', epoch, part: `b${index}+1` };
    const circuit = { name: 'batch-15', keyDigest: Uint8Array.of(7) } as const;
    return createJob(place, circuit, { kind: ['1', '0'], siblings: [['7']] }, [`${index}`]);
  });
}

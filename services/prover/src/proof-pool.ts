// SPDX-License-Identifier: GPL-3.0-or-later
import { availableParallelism } from 'node:os';
import { type CircuitName, circuitArtifacts, circuitNames } from '@foldbook/circuits';
import { Piscina } from 'piscina';
import type { ProofJob, ProofResult } from './proof-job.ts';
import type { ProofMaker } from './proof-queue.ts';

/** What a thread gets with a job: where the circuit's files are. */
export interface ProofTask {
  readonly job: ProofJob;
  readonly wasmFile: string;
  readonly zkeyFile: string;
  readonly vkFile: string;
}

type CircuitFiles = Omit<ProofTask, 'job'>;

/** One core is left to the market. */
export function defaultWorkers(): number {
  return Math.max(1, availableParallelism() - 1);
}

/** Threads that prove, one job each at a time; jobs beyond that wait in line. */
export class ProofPool implements ProofMaker {
  readonly concurrency: number;
  readonly #files: ReadonlyMap<CircuitName, CircuitFiles>;
  readonly #pool: Piscina<ProofTask, ProofResult>;

  /** @throws when a circuit has not been built */
  constructor(workers: number) {
    this.concurrency = workers;
    this.#files = new Map(circuitNames.map((name) => [name, filesOf(name)]));
    this.#pool = new Piscina({
      filename: new URL('./proof-worker.ts', import.meta.url).href,
      minThreads: 0,
      maxThreads: workers,
      // A thread that has loaded its proving keys is worth keeping over a quiet minute.
      idleTimeout: 60_000,
      // Without it the threads of web-worker, which snarkjs imports, read a property of null.
      workerData: {},
    });
  }

  make(job: ProofJob): Promise<ProofResult> {
    const files = this.#files.get(job.circuit);
    if (files === undefined) return Promise.reject(new Error(`no circuit ${job.circuit}`));
    return this.#pool.run({ job, ...files });
  }

  /** Ends the threads; jobs under way are rejected. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}

function filesOf(name: CircuitName): CircuitFiles {
  const { wasm, zkey, vk } = circuitArtifacts(name);
  return { wasmFile: wasm, zkeyFile: zkey, vkFile: vk };
}

// SPDX-License-Identifier: GPL-3.0-or-later

import { availableParallelism } from 'node:os';
import { type CircuitName, circuitArtifacts, pinnedDigests } from '@foldbook/circuits';
import { Piscina } from 'piscina';
import type { CircuitFiles } from './groth16/circuit-prover.ts';
import type { JobTurns } from './job-turns.ts';
import type { ProofJob, ProofResult } from './proof-job.ts';
import type { ProofMaker } from './proof-queue.ts';
import { WORKER_IDLE_MS } from './router/settings.ts';

/** `kernel` is ours; `snarkjs` is the reference that it is compared with, and is slower. */
export type ProverName = 'kernel' | 'snarkjs';

/** What a thread gets with a job: where the circuit's files are. */
export interface ProofTask extends CircuitFiles {
  readonly job: ProofJob;
  readonly prover: ProverName;
}

/** One core is left to the market. */
export function defaultWorkers(): number {
  return Math.max(1, availableParallelism() - 1);
}

/** Threads that prove, one job each at a time; jobs beyond that wait in line. */
export class ProofPool implements ProofMaker {
  readonly concurrency: number;
  readonly #files = new Map<CircuitName, CircuitFiles>();
  readonly #pool: Piscina<ProofTask, ProofResult>;
  readonly #prover: ProverName;
  readonly #turns: JobTurns | undefined;

  /** @param turns - at the process' threads, where whoever gives jobs to the pool has none */
  constructor(workers: number, prover: ProverName = 'kernel', turns?: JobTurns) {
    this.#turns = turns;
    this.concurrency = workers;
    this.#prover = prover;
    this.#pool = new Piscina({
      filename: new URL('./proof-worker.ts', import.meta.url).href,
      minThreads: 0,
      maxThreads: Math.max(1, workers),
      // A thread that has loaded its proving keys is worth keeping over a quiet minute.
      idleTimeout: WORKER_IDLE_MS,
      // Without it the threads of web-worker, which snarkjs imports, read a property of null.
      workerData: {},
    });
  }

  refuses({ id, circuit, keyDigest }: ProofJob): string | undefined {
    const own = pinnedDigests()[circuit].vk;
    if (own === keyDigest) return undefined;
    return (
      `job ${id} is for the key ${keyDigest} of ${circuit}, and this worker has ${own}: ` +
      'run the same release as the prover here'
    );
  }

  /** Rejects when the job's circuit is not built here, or is another one. */
  async make(job: ProofJob): Promise<ProofResult> {
    const refusal = this.refuses(job);
    if (refusal !== undefined) throw new Error(refusal);
    const files = this.#files.get(job.circuit) ?? filesOf(job.circuit);
    this.#files.set(job.circuit, files);
    const turns = this.#turns?.of(job.place);
    await turns?.enter();
    try {
      const made = await this.#pool.run({ job, prover: this.#prover, ...files });
      const threads = Math.max(1, this.#pool.threads.length);
      return { ...made, rssBytes: Math.round(process.memoryUsage.rss() / threads) };
    } finally {
      turns?.leave();
    }
  }

  /** Ends the threads; jobs under way are rejected. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}

function filesOf(name: CircuitName): CircuitFiles {
  const { wasm, zkey } = circuitArtifacts(name);
  return { wasmFile: wasm, zkeyFile: zkey, zkeyDigest: pinnedDigests()[name].zkey };
}

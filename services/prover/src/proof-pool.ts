// SPDX-License-Identifier: GPL-3.0-or-later

import { availableParallelism } from 'node:os';
import { type CircuitName, circuitArtifacts, pinnedDigests } from '@foldbook/circuits';
import { airDigest } from '@foldbook/stark/verify';
import { bytesToHex } from '@foldbook/verifier';
import { Piscina } from 'piscina';
import type { CircuitFiles } from './groth16/circuit-prover.ts';
import type { JobTurns } from './job-turns.ts';
import { jobFromWire } from './job-wire.ts';
import type { StopFlag } from './part-proving.ts';
import {
  type AnyJob,
  isPart,
  PART,
  type PartJob,
  type ProofJob,
  type ProofResult,
  starkLine,
} from './proof-job.ts';
import type { ProofMaker } from './proof-queue.ts';
import type { LocalFault } from './proof-worker.ts';
import { messageOf, ProverError } from './prover-error.ts';
import { WORKER_IDLE_MS } from './router/settings.ts';
import { workerName } from './worker-name.ts';

/** `kernel` is ours; `snarkjs` is the reference that it is compared with, and is slower. */
export type ProverName = 'kernel' | 'snarkjs';

/** What a thread gets with a job: where the circuit's files are. */
export interface CircuitTask extends CircuitFiles {
  readonly job: ProofJob;
  readonly prover: ProverName;
}

export interface PartTask {
  readonly job: PartJob;
  readonly stop: StopFlag;
}

export type ProofTask = CircuitTask | PartTask;

/** Files that could not be used may have been mended after so long. */
const SPOILT_MS = 30_000;

/** One core is left to the market. */
export function defaultWorkers(): number {
  return Math.max(1, availableParallelism() - 1);
}

export type FindFiles = (circuit: CircuitName) => CircuitFiles;

/** Threads that prove, one job each at a time; jobs beyond that wait in line. */
export class ProofPool implements ProofMaker {
  readonly concurrency: number;
  /** Of the threads: what they are at is to end. */
  readonly #stop: StopFlag = new Int32Array(new SharedArrayBuffer(4));
  readonly #files = new Map<CircuitName, CircuitFiles>();
  /** What a thread could not use, and how long it is believed to be so. */
  readonly #spoilt = new Map<
    AnyJob['circuit'],
    { readonly reason: string; readonly untilMs: number }
  >();
  readonly #pool: Piscina<ProofTask, ProofResult | LocalFault>;
  readonly #prover: ProverName;
  readonly #turns: JobTurns | undefined;
  readonly #find: FindFiles;

  /**
   * @param turns - at the process' threads, where whoever gives jobs to the pool has none
   * @param find - throws where a circuit is not built; default: what is built here
   */
  constructor(
    workers: number,
    prover: ProverName = 'kernel',
    turns?: JobTurns,
    find: FindFiles = filesOf,
  ) {
    this.#turns = turns;
    this.#find = find;
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

  refuses(job: AnyJob): string | undefined {
    const task = this.#taskOf(job);
    return typeof task === 'string' ? task : undefined;
  }

  /** @throws ProverError PROVING_KEY when the job's circuit can't be proved here */
  async make(job: AnyJob): Promise<ProofResult> {
    const task = this.#taskOf(job);
    if (typeof task === 'string') throw new ProverError('PROVING_KEY', task);
    const { market, epoch } = job.place;
    const line = isPart(job) ? starkLine(market) : market;
    const turns = this.#turns?.of({ market: line, epoch });
    await turns?.enter();
    try {
      const made = await this.#pool.run(task);
      if ('fault' in made) throw new ProverError('PROVING_KEY', this.#spoil(job, made));
      const threads = Math.max(1, this.#pool.threads.length);
      const rssBytes = Math.round(process.memoryUsage.rss() / threads);
      return { ...made, rssBytes, worker: workerName() };
    } finally {
      turns?.leave();
    }
  }

  /** Ends the threads; jobs under way are rejected. */
  async close(): Promise<void> {
    Atomics.store(this.#stop, 0, 1);
    await this.#pool.destroy();
  }

  /** Or why the job can't be made here. */
  #taskOf(job: AnyJob): ProofTask | string {
    const refusal = keyRefusal(job);
    if (refusal !== undefined) return refusal;
    const spoilt = this.#spoilt.get(job.circuit);
    if (spoilt !== undefined && performance.now() < spoilt.untilMs) return spoilt.reason;
    if (isPart(job)) return { job, stop: this.#stop };
    const files = this.#filesFor(job.circuit);
    return typeof files === 'string' ? files : { job, prover: this.#prover, ...files };
  }

  /** Or why there are none that can be used. */
  #filesFor(circuit: CircuitName): CircuitFiles | string {
    try {
      const files = this.#files.get(circuit) ?? this.#find(circuit);
      this.#files.set(circuit, files);
      return files;
    } catch (error) {
      return messageOf(error);
    }
  }

  /** Large files that are of no use are not read again with each job. */
  #spoil({ circuit }: AnyJob, { fault }: LocalFault): string {
    const reason = `${circuit} can't be proved here: ${fault}`;
    this.#spoilt.set(circuit, { reason, untilMs: performance.now() + SPOILT_MS });
    if (circuit !== PART) this.#files.delete(circuit);
    return reason;
  }
}

/** Why nobody of this release makes a job's proof: it is to verify under a key of another one. */
export function keyRefusal({ circuit, keyDigest }: AnyJob): string | undefined {
  const own = circuit === PART ? bytesToHex(airDigest()) : pinnedDigests()[circuit].vk;
  if (own === keyDigest) return undefined;
  return (
    `a job is for the key ${keyDigest} of ${circuit}, and this worker has ${own}: ` +
    'run the same release as the prover here'
  );
}

/** Whether a queue has it from a prover of another release, or from none at all. */
export function isForeign(inQueue: unknown): boolean {
  const job = jobFromWire(inQueue);
  return job instanceof Error || keyRefusal(job) !== undefined;
}

export function filesOf(name: CircuitName): CircuitFiles {
  const { wasm, zkey } = circuitArtifacts(name);
  return { wasmFile: wasm, zkeyFile: zkey, zkeyDigest: pinnedDigests()[name].zkey };
}

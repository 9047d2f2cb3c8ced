// SPDX-License-Identifier: GPL-3.0-or-later
import type { AnyJob, ProofResult } from './proof-job.ts';

export type QueueTrouble = 'lost' | 'recovered';
export type TroubleListener = (state: QueueTrouble, detail: string) => void;

/**
 * Where proofs are dispatched. It keeps nothing that matters: whoever asks holds the job until the
 * promise settles, and after a restart asks again. `prove` may be called many times for one job;
 * all get the one result.
 */
export interface ProofQueue {
  /** Rejects with ProverError: PROOF_FAILED after every attempt, CLOSED. */
  prove(job: AnyJob): Promise<ProofResult>;
  /**
   * Forgets the result of a job that was no good, or is kept elsewhere: who asks again has it made
   * again. Never throws.
   */
  discard(id: string): Promise<void>;
  /**
   * Jobs that its workers can be busy with. More of them would wait in it, one behind the other,
   * where the order can't be changed any more.
   */
  places(): number;
  /** Tells when there are more places than before. Returns how to stop listening. */
  onPlaces(listener: () => void): () => void;
  /** Tells when dispatching stops and goes on again. Returns how to stop listening. */
  onTrouble(listener: TroubleListener): () => void;
  close(): Promise<void>;
}

/** What does the work behind a queue: in this process, a pool of threads. */
export interface ProofMaker {
  /** How many jobs it works on at a time. */
  readonly concurrency: number;
  /** Rejects with ProverError PROVING_KEY where the fault is here and not of the job. */
  make(job: AnyJob): Promise<ProofResult>;
  /**
   * Why it can't make the job, if so, while another one may: its circuits are of another release,
   * not built, or damaged. In words that are the same for all such jobs.
   */
  refuses(job: AnyJob): string | undefined;
}

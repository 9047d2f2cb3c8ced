// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Threads that fold the proofs of one kind of an epoch. Subtrees are folded from their leaves, and
 * two that are neighbours and of one size from each other; each result is a file, so a prover that
 * was killed does again only what was under way. Memory is that of the subtrees under way, however
 * many leaves there are; files are those of the stack that FOLDING.md, section 6, describes.
 */

import { createHash } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { type FoldKey, pinnedBases, readFoldKey, witnessLength } from '@foldbook/verifier';
import { Piscina } from 'piscina';
import { removeDrafts } from '../durable-file.ts';
import type { Turns } from '../job-turns.ts';
import { Limit } from '../limit.ts';
import type { ProofJob } from '../proof-job.ts';
import { messageOf, ProverError } from '../prover-error.ts';
import { WORKER_IDLE_MS } from '../router/settings.ts';
import type { FoldFiles } from './fold-circuit.ts';
import { FoldRun } from './fold-run.ts';
import type { FoldTask, FoldTaskDone } from './fold-worker.ts';

/** Leaves of a subtree that is folded as one task; a power of two. */
const CHUNK_LEAVES = 8;

/** A proof that is to be a leaf. */
export interface LeafPlan {
  /** What it has to show: public signals, the challenge among them. */
  readonly signals: readonly bigint[];
  /** Asked for when it is its turn, perhaps again after a restart: its inputs are large. */
  readonly job: () => ProofJob;
}

/** What folding took, by the threads' processor time and by the clock. */
export interface FoldCosts {
  /** Leaves that were folded here; an earlier run's were found. */
  readonly leaves: number;
  /** Of all of them, what folds them included. */
  readonly leafCpuMs: number;
  readonly leafWallMs: number;
  /** Once for the proof: the check that it verifies, and the fold of a leaf that is alone. */
  readonly closingCpuMs: number;
  readonly closingWallMs: number;
  readonly verifyMs: number;
  /** Resident memory of the process for each of its folding threads. */
  readonly rssBytes: number;
}

export interface Folded {
  /** Of each leaf: what the epoch has as its proof. */
  readonly proofs: readonly Uint8Array[];
  /** Steps and opening: the epoch's folded proof of the kind. */
  readonly folded: Uint8Array;
  readonly costs: FoldCosts;
}

export interface FoldRunOptions {
  /** Where subtrees are kept until the run is over; no other run's at a time. */
  readonly dir: string;
  /** Default 8. */
  readonly chunkLeaves?: number;
  /** When a task may begin, where threads have other work as well; default: when one is free. */
  readonly turns?: Turns | undefined;
  /** No task is begun after it; the run ends with CLOSED. */
  readonly signal?: AbortSignal | undefined;
  /** Told of each subtree that was folded here, not found. */
  readonly onNode?: (first: number, leaves: number) => void;
}

/** What makes folded proofs, checked as verifiers do. */
export interface FoldMaker {
  /**
   * Folds proofs of one circuit, in their order.
   * @throws ProverError PROOF_FAILED, PROOF_REFUSED, KEY_FILE; CLOSED
   */
  fold(files: FoldFiles, plans: readonly LeafPlan[], options: FoldRunOptions): Promise<Folded>;
}

export class FoldPool implements FoldMaker {
  readonly #pool: Piscina<FoldTask, FoldTaskDone>;
  readonly #workers: number;
  readonly #turns: Turns;
  /** Drawn once in the process, in the thread that needs them first. */
  #bases: { readonly count: number; readonly bytes: Promise<Uint8Array | undefined> } | undefined;
  #isClosed = false;

  constructor(workers: number) {
    this.#workers = workers;
    this.#turns = new Limit(workers);
    this.#pool = new Piscina({
      filename: new URL('./fold-worker.ts', import.meta.url).href,
      minThreads: 0,
      maxThreads: workers,
      idleTimeout: WORKER_IDLE_MS,
      workerData: {},
    });
  }

  async fold(
    files: FoldFiles,
    plans: readonly LeafPlan[],
    options: FoldRunOptions,
  ): Promise<Folded> {
    try {
      return await this.#fold(files, plans, options);
    } catch (error) {
      if (this.#isClosed || options.signal?.aborted === true) {
        throw new ProverError('CLOSED', `${options.dir}: folding ends`);
      }
      if (error instanceof ProverError) throw error;
      // What a thread throws arrives without its class.
      throw new ProverError('PROOF_FAILED', messageOf(error), { cause: error });
    }
  }

  /** Ends the threads; what is under way is rejected. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#pool.destroy();
  }

  async #fold(
    files: FoldFiles,
    plans: readonly LeafPlan[],
    options: FoldRunOptions,
  ): Promise<Folded> {
    const read = readFoldKey(new Uint8Array(await readFile(files.shapeFile)));
    if (!read.ok) throw new ProverError('KEY_FILE', `${files.shapeFile}: ${read.error.message}`);
    const key = read.value;
    await mkdir(options.dir, { recursive: true });
    await removeDrafts(options.dir);
    const chunkLeaves = options.chunkLeaves ?? CHUNK_LEAVES;
    const place = {
      ...files,
      run: runName(key, plans, chunkLeaves),
      dir: options.dir,
      bases: await this.#basesFor(witnessLength(key.shape)),
    };
    const run = new FoldRun({
      ...{ place, key, plans, chunkLeaves },
      // One waits while the others are at work: else a run's turn passes to others between two.
      lanes: this.#workers + 1,
      ...{ signal: options.signal, onNode: options.onNode },
      work: (task) => this.#work(task, options.turns ?? this.#turns),
    });
    try {
      const { root, costs } = await run.all();
      const folded = Uint8Array.from(Buffer.concat([root.steps, root.witness]));
      const threads = Math.max(1, this.#pool.threads.length);
      const rssBytes = Math.round(process.memoryUsage.rss() / threads);
      return { proofs: root.commitments, folded, costs: { ...costs, rssBytes } };
    } catch (error) {
      // What does not verify now would not verify the next time.
      if (run.isRefused) await rm(options.dir, { recursive: true, force: true });
      throw error;
    }
  }

  async #work(task: () => FoldTask, turns: Turns): Promise<FoldTaskDone> {
    await turns.enter();
    try {
      return await this.#pool.run(task());
    } finally {
      turns.leave();
    }
  }

  async #basesFor(length: number): Promise<Uint8Array | undefined> {
    if (!pinnedBases.has(length)) return undefined;
    if (this.#bases === undefined || this.#bases.count < length) {
      const task = { kind: 'bases', count: length } as const;
      // Once in a process' life, and for all its markets: it takes no epoch's turn.
      const bytes = this.#pool.run(task).then((done) => done.bases);
      this.#bases = { count: length, bytes };
      bytes.catch(() => {
        this.#bases = undefined;
      });
    }
    return this.#bases.bytes;
  }
}

/** Names the tree: what is left of another one is not of it. */
function runName(key: FoldKey, plans: readonly LeafPlan[], chunkLeaves: number): Uint8Array {
  const hash = createHash('sha256')
    .update('foldbook/fold-run/v2\n')
    .update(key.digest)
    .update(`${plans.length} ${chunkLeaves}\n`);
  for (const { signals } of plans) hash.update(`${signals.join()}\n`);
  return Uint8Array.from(hash.digest());
}

// SPDX-License-Identifier: GPL-3.0-or-later
import { DelayedError, type Job, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { jobFromWire, resultToWire } from './job-wire.ts';
import type { ProofResult } from './proof-job.ts';
import type { ProofMaker } from './proof-queue.ts';
import { messageOf, ProverError } from './prover-error.ts';
import { workerName } from './worker-name.ts';

export interface BullmqWorkerOptions {
  /** Name of the queue in Redis. */
  readonly name: string;
  readonly connection: Redis;
  readonly maker: ProofMaker;
  /** A job goes to another worker when this one was not heard of for so long. Default 15,000 ms. */
  readonly lockMs?: number | undefined;
  /**
   * Whether somebody here waits for the job: its result is kept until it is forgotten. Else it is
   * kept until Redis has it.
   */
  readonly isAwaited: (id: string) => boolean;
  /** Told of each job that can't be made here; it went back to the queue, for another worker. */
  readonly onRefusal: (reason: string) => void;
  /** Told what BullMQ could not do although Redis is there; once where it says the same again. */
  readonly onError: (reason: string) => void;
}

/** How a worker is called among the clients of Redis, which is how provers know its threads. */
const THREADS_NAME = /:w:threads-(\d{1,4})$/;

/** Threads of a worker, by the name that Redis lists it with; an earlier release's has none. */
export function threadsOf(clientName: string | undefined): number {
  return Number(THREADS_NAME.exec(clientName ?? '')?.[1] ?? 1);
}

/** A proof takes seconds; who closes a worker ends its maker too, and need not wait longer. */
const CLOSE_PATIENCE_MS = 5_000;
/** A job that was refused here waits as long for another worker. */
const REFUSED_DELAY_MS = 250;
/**
 * And this worker, which else would take each job that comes, leaves the queue to others for a
 * while: longer after each refusal without a job that it could make in between.
 */
const FIRST_REST_MS = 250;
const LONGEST_REST_MS = 2_000;
/** Proofs that Redis would not take are kept for a job that is submitted again. */
const MAX_KEPT = 64;
const LOCK_MS = 15_000;
/** Workers that may die over one job before it fails. */
const MAX_STALLED = 5;

/** Tells when a job is over here, also where Redis does not know it any more: no event does. */
class WatchedWorker extends Worker {
  onOver: (job: Job) => void = () => undefined;

  override async processJob(
    ...[job, token, fetchNext]: Parameters<Worker['processJob']>
  ): ReturnType<Worker['processJob']> {
    try {
      return await super.processJob(job, token, fetchNext);
    } finally {
      this.onOver(job);
    }
  }
}

/** Takes jobs from the queue in Redis and has them made; as many workers as one likes. */
export class BullmqWorker {
  readonly #options: BullmqWorkerOptions;
  /** Proofs being made here or made and not yet delivered: a resubmitted job finds its proof. */
  readonly #made = new Map<string, Promise<ProofResult>>();
  /** What is here of jobs that are made, or of which Redis is being told. */
  readonly #underWay = new Set<Job>();
  readonly #worker: WatchedWorker;
  readonly #parted = Promise.withResolvers<void>();
  #isParting = false;
  /** Refusals since a job that could be made. */
  #refusals = 0;
  #rest: NodeJS.Timeout | undefined;

  constructor(options: BullmqWorkerOptions) {
    const { name, connection, maker, lockMs = LOCK_MS } = options;
    this.#options = options;
    this.#worker = new WatchedWorker(name, (job, token) => this.#process(job, token), {
      connection,
      concurrency: maker.concurrency,
      name: `threads-${maker.concurrency}`,
      // After a crash of a worker its jobs wait for their locks to run out.
      lockDuration: lockMs,
      // Redis takes whole milliseconds only.
      stalledInterval: Math.ceil(lockMs / 3),
      maxStalledCount: MAX_STALLED,
      runRetryDelay: 500,
    });
    let last = '';
    this.#worker.on('error', (error) => {
      // Whoever owns the connection tells of outages.
      if (connection.status !== 'ready' || this.#isParting || error.message === last) return;
      last = error.message;
      options.onError(last);
    });
    this.#worker.on('completed', ({ id }) => {
      if (!options.isAwaited(String(id))) this.#made.delete(String(id));
    });
    this.#worker.onOver = (job) => {
      this.#underWay.delete(job);
      if (this.#isParting && this.#underWay.size === 0) this.#parted.resolve();
    };
  }

  has(id: string): boolean {
    return [...this.#underWay].some((job) => job.id === id);
  }

  /** Its result was taken, or was no good. */
  forget(id: string): void {
    this.#made.delete(id);
  }

  /** Takes no more jobs; what its maker ends from now on goes back to the queue. */
  pause(): void {
    this.#isParting = true;
    clearTimeout(this.#rest);
    this.#worker.pause(true).catch(() => {});
  }

  /**
   * Pauses, and waits a while for the jobs under way: they need not wait for their locks to run
   * out.
   */
  async part(): Promise<void> {
    const { connection } = this.#options;
    this.pause();
    if (connection.status !== 'ready') return;
    const timer = setTimeout(this.#parted.resolve, CLOSE_PATIENCE_MS);
    connection.once('close', this.#parted.resolve);
    if (this.#underWay.size === 0) this.#parted.resolve();
    await this.#parted.promise;
    clearTimeout(timer);
  }

  /** Ends it, whether Redis is there or not. */
  async close(): Promise<void> {
    clearTimeout(this.#rest);
    // Forced: else it waits for its server, also where there is none. Errors have been told.
    await this.#worker.close(true).catch(() => {});
  }

  async #process(bullJob: Job, token: string | undefined): Promise<unknown> {
    const { maker } = this.#options;
    const job = jobFromWire(bullJob.data);
    if (job instanceof Error) {
      return this.#refuse(bullJob, token, `a job is of another release: ${job.message}`);
    }
    const refusal = maker.refuses(job);
    if (refusal !== undefined) return this.#refuse(bullJob, token, refusal);
    this.#underWay.add(bullJob);
    const running = this.#made.get(job.id) ?? maker.make(job);
    this.#made.set(job.id, running);
    const [oldest] = this.#made.keys();
    if (this.#made.size > MAX_KEPT && oldest !== undefined && !this.has(oldest)) {
      this.#made.delete(oldest);
    }
    try {
      const result = await running;
      this.#refusals = 0;
      return resultToWire(result, job);
    } catch (error) {
      this.#made.delete(job.id);
      const message = messageOf(error);
      if (this.#isParting) {
        await bullJob.moveToDelayed(Date.now(), token);
        throw new DelayedError(message);
      }
      const isFaultHere = error instanceof ProverError && error.code === 'PROVING_KEY';
      if (isFaultHere) return this.#refuse(bullJob, token, message);
      // All that whoever asked will hear of it.
      throw new Error(`${message} (worker ${workerName()})`, { cause: error });
    }
  }

  /** Not a try of the job: another worker may well have its circuit. */
  async #refuse(bullJob: Job, token: string | undefined, reason: string): Promise<never> {
    this.#leaveToOthers();
    await bullJob.moveToDelayed(Date.now() + REFUSED_DELAY_MS, token);
    this.#options.onRefusal(reason);
    throw new DelayedError(reason);
  }

  #leaveToOthers(): void {
    if (this.#isParting) return;
    this.#worker.pause(true).catch(() => {});
    const restMs = Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** this.#refusals);
    this.#refusals += 1;
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => {
      this.#rest = undefined;
      this.#worker.resume().catch(() => {});
    }, restMs);
  }
}

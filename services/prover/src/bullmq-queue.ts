// SPDX-License-Identifier: GPL-3.0-or-later
import { Queue, QueueEvents } from 'bullmq';
import { BullmqWorker, threadsOf } from './bullmq-worker.ts';
import { jobFailed } from './in-process-queue.ts';
import { jobToWire, resultFromWire } from './job-wire.ts';
import { OpenJobs } from './open-jobs.ts';
import type { AnyJob, ProofResult } from './proof-job.ts';
import type { ProofMaker, ProofQueue, TroubleListener } from './proof-queue.ts';
import { messageOf } from './prover-error.ts';
import { TrackedRedis } from './tracked-redis.ts';

/** Name in Redis of the queue of a partition's prover, which workers take jobs from. */
export function proofQueueName(partition: number): string {
  return `foldbook-proofs-${partition}`;
}

/** Key in Redis of how many jobs the prover holds back, for whoever starts workers. */
export function heldKey(queue: Queue): string {
  return queue.toKey('held');
}

/** How a client of Redis comes back after an outage. */
export const RECONNECTING = {
  maxRetriesPerRequest: null,
  retryStrategy: (times: number) => Math.min(100 * times, SLOWEST_RECONNECT_MS),
} as const;

export interface BullmqQueueOptions {
  /** redis://[user:password@]host:port[/db]. Never logged. */
  readonly redisUrl: string;
  /** Queue name in Redis; one prover serves one queue. */
  readonly name: string;
  /** Works in this process too; without it, jobs wait for workers elsewhere. */
  readonly maker?: ProofMaker | undefined;
  /** Told why a job went back to the queue, for another worker than this process. */
  readonly onRefusal?: (reason: string) => void;
  /** Told what the worker in this process could not do although Redis is there. */
  readonly onError?: (reason: string) => void;
  /** Jobs that wait for their turn to be given to this queue; told to whoever starts workers. */
  readonly held?: () => number;
  /**
   * Whether no worker of this release takes what lies in the queue, or nobody would ask for it.
   * Such jobs were left by a prover that is gone, and are taken out. Without it everything stays.
   */
  readonly isForeign?: (job: unknown) => boolean;
  /** Told how many were taken out. */
  readonly onCleared?: (jobs: number) => void;
  /** Tries of one job before it fails. Default 3. */
  readonly attempts?: number;
  /** How often workers are counted, and open jobs held against Redis. Default 2,000 ms. */
  readonly sweepMs?: number;
}

const DEFAULT_SWEEP_MS = 2_000;
const FIRST_RETRY_MS = 250;
/** One blocking read of events; its timer outlives a close without Redis by as much. */
const EVENT_WAIT_MS = 2_000;
const SLOWEST_RECONNECT_MS = 1_000;
/** Results stay this many jobs long, for a prover that restarts before its epoch is stored. */
const KEPT_JOBS = 256;
const KEPT_SECONDS = 3_600;
/** While no worker is there: the first one that comes has something to do before it is counted. */
const LEAST_PLACES = 4;
const MOST_PLACES = 256;
/** Where Redis does not list its clients: some hosted ones do not, or not for every user. */
const UNCOUNTED_PLACES = 64;
/** What a prover that is gone held back is nobody's backlog. */
const HELD_MS = 30_000;
/** Workers may give back a job of another release long after its prover has gone. */
const CLEAR_EVERY_MS = 60_000;
/** Jobs that are looked at together: some hold hundreds of kilobytes. */
const CLEARED_TOGETHER = 16;

/**
 * The cluster's queue: BullMQ on Redis. Redis is only dispatch. Open jobs are held here and swept:
 * one that Redis doesn't know (any more) is submitted again, one that it says is done is taken. So
 * a missed event, a restart without its data, or a flush cost time and nothing else. The events
 * only save waiting for the sweep.
 */
export class BullmqQueue implements ProofQueue {
  readonly #open = new OpenJobs();
  readonly #listeners = new Set<TroubleListener>();
  readonly #placesListeners = new Set<() => void>();
  readonly #held: () => number;
  readonly #attempts: number;
  readonly #isForeign: BullmqQueueOptions['isForeign'];
  readonly #onCleared: (jobs: number) => void;
  /** Jobs that had a bad answer and are on their way back into the queue. */
  readonly #returning = new Set<string>();
  readonly #redis: TrackedRedis;
  readonly #queue: Queue;
  readonly #worker: BullmqWorker | undefined;
  readonly #events: QueueEvents;
  readonly #timer: NodeJS.Timeout;
  readonly #address: string;
  #lost = false;
  #refusal: string | undefined;
  #lastError = 'connection closed';
  #sweeping: Promise<void> | undefined;
  #places: number;
  #toldHeld = 0;
  #clearAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: BullmqQueueOptions) {
    this.#held = options.held ?? (() => 0);
    this.#places = placesFor(options.maker?.concurrency ?? 0);
    this.#attempts = options.attempts ?? 3;
    this.#isForeign = options.isForeign;
    this.#onCleared = options.onCleared ?? (() => undefined);
    this.#address = withoutPassword(options.redisUrl);
    this.#redis = new TrackedRedis(options.redisUrl, RECONNECTING);
    this.#watchConnection();
    const { name } = options;
    const connection = this.#redis;
    this.#queue = new Queue(name, { connection });
    const { maker } = options;
    const isAwaited = (id: string): boolean => this.#open.has(id);
    const { onRefusal = () => undefined, onError = () => undefined } = options;
    if (maker !== undefined) {
      this.#worker = new BullmqWorker({ name, connection, maker, isAwaited, onRefusal, onError });
    }
    this.#events = new QueueEvents(name, { connection, blockingTimeout: EVENT_WAIT_MS });
    // Each client reports the same outage; #watchConnection has said so already.
    const reported = (): void => {};
    this.#queue.on('error', reported);
    this.#events.on('error', reported);
    this.#events.on('completed', ({ jobId, returnvalue }) => this.#take(jobId, returnvalue));
    this.#events.on('failed', () => this.#sweep());
    this.#timer = setInterval(() => this.#sweep(), options.sweepMs ?? DEFAULT_SWEEP_MS);
  }

  prove(job: AnyJob): Promise<ProofResult> {
    return this.#open.ask(job, () => {
      // On an error it is left open: the sweep tries again.
      this.#submit(job).catch((error: unknown) => this.#complain(error));
    });
  }

  async discard(id: string): Promise<void> {
    this.#worker?.forget(id);
    // What Redis does not do now, the next failure of the same proof asks of it again.
    if (this.#redis.status === 'ready') await this.#queue.remove(id).catch(() => 0);
  }

  places(): number {
    return this.#places;
  }

  onPlaces(listener: () => void): () => void {
    this.#placesListeners.add(listener);
    return () => this.#placesListeners.delete(listener);
  }

  onTrouble(listener: TroubleListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Close the maker too: the worker waits for the jobs it is at, if Redis is there. */
  async close(): Promise<void> {
    if (this.#open.closed) return;
    const unstarted = [...this.#open.jobs()].filter(({ id }) => this.#worker?.has(id) !== true);
    this.#open.close();
    clearInterval(this.#timer);
    await this.#withdraw(unstarted);
    await this.#worker?.part();
    await this.#worker?.close();
    this.#events.close().catch(() => {});
    this.#redis.disconnectAll();
  }

  /** Jobs that nobody will collect would keep the next prover's workers from its own. */
  async #withdraw(jobs: readonly AnyJob[]): Promise<void> {
    if (this.#redis.status !== 'ready') return;
    this.#worker?.pause();
    const removed = jobs.map(({ id }) => this.#queue.remove(id).catch(() => 0));
    const gone = new Promise<void>((resolve) => this.#redis.once('close', resolve));
    if (this.#toldHeld > 0) removed.push(this.#redis.del(heldKey(this.#queue)).catch(() => 0));
    await Promise.race([Promise.all(removed), gone]);
  }

  #watchConnection(): void {
    this.#redis.on('error', (error: Error) => {
      this.#lastError = messageOf(error);
    });
    this.#redis.on('close', () => {
      if (this.#lost || this.#open.closed) return;
      this.#lost = true;
      this.#tell('lost', `Redis at ${this.#address} is gone (${this.#lastError}); reconnecting`);
    });
    this.#redis.on('ready', () => {
      this.#lastError = 'connection closed';
      if (!this.#lost) return;
      this.#lost = false;
      this.#tell('recovered', `Redis at ${this.#address} is back; ${this.#open.size} jobs open`);
      this.#sweep();
    });
  }

  #tell(state: Parameters<TroubleListener>[0], detail: string): void {
    for (const listener of this.#listeners) listener(state, detail);
  }

  /** Redis is there and does not do what it is asked: wrong password, no memory, read-only. */
  #complain(error: unknown): void {
    const message = messageOf(error);
    if (this.#lost || this.#open.closed || message === this.#refusal) return;
    if (this.#redis.status !== 'ready') return;
    this.#refusal = message;
    this.#tell('lost', `Redis at ${this.#address} refuses (${message}); trying again`);
  }

  #settle(): void {
    if (this.#refusal === undefined) return;
    this.#refusal = undefined;
    this.#tell('recovered', `Redis at ${this.#address} accepts jobs; ${this.#open.size} are open`);
  }

  async #submit(job: AnyJob): Promise<void> {
    // A job that failed in an earlier life of this prover would block its id.
    const earlier = await this.#queue.getJob(job.id);
    if (earlier !== undefined && (await earlier.isFailed())) await earlier.remove();
    await this.#queue.add(job.circuit, jobToWire(job), {
      jobId: job.id,
      attempts: this.#attempts,
      backoff: { type: 'exponential', delay: FIRST_RETRY_MS },
      removeOnComplete: { age: KEPT_SECONDS, count: KEPT_JOBS },
      removeOnFail: { age: KEPT_SECONDS, count: KEPT_JOBS },
    });
  }

  #take(id: string, returned: unknown): void {
    const job = this.#open.get(id);
    if (job === undefined || this.#returning.has(id)) return;
    this.#worker?.forget(id);
    const result = resultFromWire(returned, this.#open.waitedMs(id), job);
    if (result instanceof Error) this.#answeredBadly(job, result);
    else this.#open.resolve(id, result);
  }

  /** A try like any other that failed; only that BullMQ takes it for a success. */
  #answeredBadly(job: AnyJob, reason: Error): void {
    const { id } = job;
    const tries = this.#open.answeredBadly(id);
    const isLast = tries >= this.#attempts;
    this.#returning.add(id);
    if (isLast) this.#open.reject(id, jobFailed(id, tries, reason));
    // Else the answer would be handed out again to whoever asks next.
    this.#queue
      .remove(id)
      .then(() => (isLast ? undefined : this.#submit(job)))
      .catch((error: unknown) => this.#complain(error))
      .finally(() => this.#returning.delete(id));
  }

  #sweep(): void {
    if (this.#sweeping !== undefined || this.#redis.status !== 'ready') return;
    this.#sweeping = this.#count()
      .then(() => this.#compare())
      .then(() => this.#clear())
      .then(() => this.#settle())
      .catch((error: unknown) => this.#complain(error))
      .finally(() => {
        this.#sweeping = undefined;
      });
  }

  async #count(): Promise<void> {
    const before = this.#places;
    const workers = await this.#queue.getWorkers().catch(() => undefined);
    // BullMQ gives one without a name of its own in the place of a list that it can't have.
    const isListed = workers?.every(({ rawname }) => rawname !== undefined) === true;
    const threads = workers?.reduce((sum, { rawname }) => sum + threadsOf(rawname), 0) ?? 0;
    this.#places = isListed ? placesFor(threads) : UNCOUNTED_PLACES;
    if (this.#places > before) for (const listener of this.#placesListeners) listener();
    const held = this.#open.closed ? 0 : this.#held();
    if (held === 0 && this.#toldHeld === 0) return;
    this.#toldHeld = held;
    // A Redis without memory left says so of jobs, which are told of.
    await this.#redis.set(heldKey(this.#queue), held, 'PX', HELD_MS).catch(() => undefined);
  }

  async #compare(): Promise<void> {
    for (const job of this.#open.jobs()) {
      if (this.#open.closed) return;
      const state = await this.#queue.getJobState(job.id);
      // Not there at all, or in none of the lists that workers take jobs from; a job that a worker
      // has still is locked, and stays until its lock has run out.
      if (state === 'unknown' && (await this.#queue.remove(job.id)) === 1) await this.#submit(job);
      if (state !== 'completed' && state !== 'failed') continue;
      const ended = await this.#queue.getJob(job.id);
      if (ended === undefined) continue;
      if (state === 'completed') this.#take(job.id, ended.returnvalue);
      else {
        this.#worker?.forget(job.id);
        this.#open.reject(job.id, jobFailed(job.id, ended.attemptsMade, ended.failedReason));
      }
    }
  }

  /** Takes out what nobody asks for here and no worker would ever take. */
  async #clear(): Promise<void> {
    const isForeign = this.#isForeign;
    if (isForeign === undefined || performance.now() < this.#clearAtMs) return;
    this.#clearAtMs = performance.now() + CLEAR_EVERY_MS;
    const foreign: string[] = [];
    for (let first = 0; ; first += CLEARED_TOGETHER) {
      const last = first + CLEARED_TOGETHER - 1;
      const jobs = await this.#queue.getJobs(['waiting', 'delayed', 'prioritized'], first, last);
      if (jobs.length === 0) break;
      for (const { id, data } of jobs) {
        if (id !== undefined && !this.#open.has(id) && isForeign(data)) foreign.push(id);
      }
    }
    for (const id of foreign) await this.#queue.remove(id);
    if (foreign.length > 0) this.#onCleared(foreign.length);
  }
}

/**
 * A job for each thread, and a few that are there when a result is on its way or a failed job waits
 * to be tried again.
 */
function placesFor(threads: number): number {
  if (threads === 0) return LEAST_PLACES;
  return Math.min(MOST_PLACES, threads + 1 + Math.ceil(threads / 8));
}

/** The URL as it may be shown. */
export function withoutPassword(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null) return 'an address that is no URL';
  return `${parsed.protocol}//${parsed.host}${parsed.pathname}`;
}

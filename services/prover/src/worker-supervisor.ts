// SPDX-License-Identifier: GPL-3.0-or-later
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Logger } from '@foldbook/runtime';
import { Refusals } from './refusals.ts';
import { RestartPace } from './restart-pace.ts';
import { type WorkerDecision, type WorkerLimits, WorkerPolicy } from './worker-policy.ts';

const WORKER_MAIN = fileURLToPath(new URL('./worker-main.ts', import.meta.url));
const LOOK_MS = 1_000;
const STOP_WITHIN_MS = 15_000;
const PAGE_BYTES = 4_096;

/** What a supervisor does, as often as that changes. */
export interface SupervisorStatus {
  readonly workers: readonly WorkerState[];
  readonly wanted: number;
  readonly reason: string;
  readonly backlog: number | null;
  /** Resident memory of all workers, bytes. */
  readonly rssBytes: number;
  /** Workers started and ended so far, of these by themselves. */
  readonly started: number;
  readonly ended: number;
  readonly failed: number;
  /** Why workers leave jobs to others: of another release, or their circuits are not built here. */
  readonly refusal: string | null;
}

/** What a worker tells whoever started it. */
export type WorkerMessage =
  | { readonly type: 'ready' }
  /** A job that it leaves to others. */
  | { readonly type: 'refused'; readonly reason: string };

export interface WorkerState {
  readonly pid: number;
  /** The core that it is pinned to; null where it is not. */
  readonly core: number | null;
}

export interface SupervisorOptions {
  readonly limits: WorkerLimits;
  /** Configuration of worker-main.ts. */
  readonly worker: Readonly<Record<string, unknown>>;
  /** Their environment: what of their configuration no process list may show. */
  readonly workerEnv: Readonly<NodeJS.ProcessEnv>;
  /** Cores that workers are pinned to, in turns; none: they are not pinned. */
  readonly cores: readonly number[];
  /** Jobs that wait or are under way; undefined while nobody can tell. */
  readonly backlog: () => Promise<number | undefined>;
  readonly logger: Logger;
  readonly onStatus?: (status: SupervisorStatus) => void;
  /** How often the backlog is looked at. Default 1,000 ms. */
  readonly lookMs?: number | undefined;
}

interface Worker {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly core: number | null;
  isStopping: boolean;
}

/** Starts and stops worker processes on this machine as the backlog asks for them. */
export class WorkerSupervisor {
  readonly #options: SupervisorOptions;
  readonly #policy: WorkerPolicy;
  readonly #workers = new Set<Worker>();
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  #decided = '';
  #counts = { started: 0, ended: 0, failed: 0 };
  readonly #pace = new RestartPace();
  readonly #refusals: Refusals;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#policy = new WorkerPolicy(options.limits);
    this.#refusals = new Refusals((reason) => {
      options.logger.error('workers leave jobs to others', { reason });
    });
    this.#running = this.#run();
  }

  /** Ends all workers: what they are at goes to others. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await Promise.all([...this.#workers].map((worker) => this.#end(worker)));
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#look();
      await delay(this.#options.lookMs ?? LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async #look(): Promise<void> {
    const backlog = await this.#options.backlog();
    if (this.#stopping.signal.aborted) return;
    const active = [...this.#workers].filter(({ isStopping }) => !isStopping);
    const rssBytes = active.map(({ pid }) => residentBytes(pid));
    const decision = this.#policy.decide({ backlog, nowMs: performance.now(), rssBytes });
    // One that is ending has its memory still: nobody takes its place before.
    const room = decision.workers - this.#workers.size;
    if (this.#pace.mayStart(performance.now()))
      for (let index = 0; index < room; index += 1) this.#start();
    const bySize = active.toSorted((a, b) => residentBytes(a.pid) - residentBytes(b.pid));
    for (const worker of bySize.slice(decision.workers)) void this.#end(worker);
    this.#tell(decision, backlog, rssBytes);
  }

  #start(): void {
    const { worker, workerEnv, cores, logger } = this.#options;
    const used = [...this.#workers].map(({ core }) => core);
    const usage = (core: number): number => used.filter((other) => other === core).length;
    const core = cores.toSorted((left, right) => usage(left) - usage(right))[0] ?? null;
    const own = [process.execPath, WORKER_MAIN, '--config-json', JSON.stringify(worker)];
    const [program = '', ...args] = core === null ? own : ['taskset', '-c', `${core}`, ...own];
    const stdio = ['ignore', 'ignore', 'inherit', 'ipc'] as const;
    const child = spawn(program, args, { stdio: [...stdio], env: workerEnv });
    const started = { child, pid: child.pid ?? 0, core, isStopping: false };
    this.#workers.add(started);
    this.#counts.started += 1;
    child.on('message', (message: WorkerMessage) => {
      if (message.type === 'ready') this.#pace.ready();
      else this.#refusals.add(message.reason);
    });
    const mend = core === null ? '' : '; taskset is of util-linux, and cores: [] does without';
    child.once('error', ({ message }) => this.#ended(started, `can't start: ${message}${mend}`));
    child.once('exit', (status, signal) => {
      this.#ended(started, signal === null ? `ended with status ${status}` : `got ${signal}`);
    });
    logger.info('worker started', { pid: started.pid, core: core ?? 'any' });
  }

  #ended(worker: Worker, words: string): void {
    if (!this.#workers.delete(worker)) return;
    this.#counts.ended += 1;
    const { pid, isStopping } = worker;
    if (isStopping) return;
    this.#counts.failed += 1;
    this.#pace.ended(performance.now());
    this.#options.logger.warn('worker ended by itself', { pid, how: words });
  }

  async #end(worker: Worker): Promise<void> {
    const { child } = worker;
    if (!this.#workers.has(worker)) return;
    const exited = once(child, 'exit');
    if (!worker.isStopping) child.kill('SIGTERM');
    worker.isStopping = true;
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
    await exited;
    clearTimeout(timer);
  }

  #tell(decision: WorkerDecision, backlog: number | undefined, rssBytes: readonly number[]): void {
    const { logger, onStatus } = this.#options;
    const workers = [...this.#workers].map(({ pid, core }) => ({ pid, core }));
    const { workers: wanted, reason } = decision;
    const decided = `${wanted} of ${workers.length}`;
    if (decided !== this.#decided) {
      const cores = workers.map(({ core }) => core ?? 'any').join(',');
      logger.info('workers', { wanted, running: workers.length, cores, reason });
    }
    this.#decided = decided;
    const all = rssBytes.reduce((sum, bytes) => sum + bytes, 0);
    const known = { wanted, reason, backlog: backlog ?? null, rssBytes: all };
    const refusal = this.#refusals.current();
    onStatus?.({ workers, ...known, ...this.#counts, refusal });
  }
}

/** Resident memory of a process; 0 where nobody can tell. */
function residentBytes(pid: number): number {
  try {
    const pages = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1];
    return Number(pages ?? 0) * PAGE_BYTES;
  } catch {
    return 0;
  }
}

// SPDX-License-Identifier: GPL-3.0-or-later
/** How many workers there should be, and why. */

export interface WorkerLimits {
  readonly min: number;
  readonly max: number;
  /** Jobs that wait or are under way for which one worker is enough. */
  readonly jobsPerWorker: number;
  /** What all workers may take, bytes of resident memory. */
  readonly memoryBytes: number;
  /** What one is taken to need before it was seen, and at the least. */
  readonly workerBytes: number;
  /** For so long fewer must have been enough before one is stopped, ms. */
  readonly coolDownMs: number;
}

export interface WorkerFacts {
  /** Jobs that wait or are under way; undefined while nobody can tell. */
  readonly backlog: number | undefined;
  readonly nowMs: number;
  /** Resident memory of each worker that runs, bytes. */
  readonly rssBytes: readonly number[];
}

export interface WorkerDecision {
  readonly workers: number;
  readonly reason: string;
}

const MEBIBYTE = 2 ** 20;

/** Says how many workers there should be. It remembers what one took, and since when fewer do. */
export class WorkerPolicy {
  readonly #limits: WorkerLimits;
  #largestBytes = 0;
  #fewerSinceMs: number | undefined;

  constructor(limits: WorkerLimits) {
    this.#limits = limits;
  }

  decide({ backlog, nowMs, rssBytes }: WorkerFacts): WorkerDecision {
    const { min, max, jobsPerWorker, coolDownMs } = this.#limits;
    const running = rssBytes.length;
    const memory = this.#memory(rssBytes);
    if (running > memory.workers) {
      return { workers: Math.min(running - 1, memory.workers), reason: memory.reason };
    }
    if (backlog === undefined) {
      const workers = Math.min(Math.max(running, min), memory.workers);
      return { workers, reason: 'the backlog is unknown: as many as there are' };
    }
    const asked = Math.ceil(backlog / jobsPerWorker);
    const wanted = Math.min(max, Math.max(min, asked));
    const words = `${backlog} jobs, one worker for ${jobsPerWorker}, ${min} to ${max} of them`;
    if (wanted >= running) {
      this.#fewerSinceMs = undefined;
      const isShort = wanted > memory.workers;
      const workers = Math.min(wanted, memory.workers);
      return { workers, reason: isShort ? `${words}; ${memory.reason}` : words };
    }
    this.#fewerSinceMs ??= nowMs;
    const forMs = nowMs - this.#fewerSinceMs;
    if (forMs >= coolDownMs) {
      this.#fewerSinceMs = undefined;
      return { workers: wanted, reason: `${words}; fewer are enough for ${forMs} ms` };
    }
    return { workers: running, reason: `${words}; fewer are not enough for long yet` };
  }

  /** Each is counted as the largest one that was ever seen: it may have that job next. */
  #memory(rssBytes: readonly number[]): WorkerDecision {
    const { memoryBytes, workerBytes } = this.#limits;
    this.#largestBytes = Math.max(this.#largestBytes, workerBytes, ...rssBytes);
    const each = this.#largestBytes;
    const taken = rssBytes.reduce((sum, bytes) => sum + bytes, 0);
    const workers = Math.floor(memoryBytes / each);
    const [all, one, now] = [memoryBytes, each, taken].map((n) => Math.round(n / MEBIBYTE));
    return { workers, reason: `memory: ${all} MiB for workers of up to ${one} MiB, ${now} taken` };
  }
}

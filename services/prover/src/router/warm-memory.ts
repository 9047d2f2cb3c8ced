// SPDX-License-Identifier: GPL-3.0-or-later
import { MovingAverage } from './moving-average.ts';
import { WORKER_IDLE_MS } from './settings.ts';

/** What workers hold that another epoch would find there. */
export interface Warmth {
  readonly workers: number;
  readonly rssBytes: number;
  /** For so long workers will hold what they take more now, expected, ms. */
  readonly restMs: number;
}

/**
 * Workers keep the most memory that a step took until they end for being idle, so that one large
 * circuit is paid for until then. Reckoned from choices: workers are not asked.
 */
export class WarmMemory {
  readonly #runMs = new MovingAverage();
  #workers = 0;
  #rssBytes = 0;
  #sinceMs = 0;
  #untilMs = Number.NEGATIVE_INFINITY;

  at(nowMs: number): Warmth {
    const restMs = this.#runMs.samples === 0 ? WORKER_IDLE_MS : this.#runMs.mean;
    return nowMs > this.#untilMs
      ? { workers: 0, rssBytes: 0, restMs }
      : { workers: this.#workers, rssBytes: this.#rssBytes, restMs };
  }

  /** Work of so many workers begins, and ends then. */
  chosen(nowMs: number, workers: number, rssBytes: number, endMs: number): void {
    if (nowMs > this.#untilMs) {
      if (this.#rssBytes > 0) this.#runMs.add(this.#untilMs - this.#sinceMs);
      this.#workers = 0;
      this.#rssBytes = 0;
      this.#sinceMs = nowMs;
    }
    this.#workers = Math.max(this.#workers, workers);
    this.#rssBytes = Math.max(this.#rssBytes, rssBytes);
    this.#untilMs = Math.max(this.#untilMs, endMs + WORKER_IDLE_MS);
  }
}

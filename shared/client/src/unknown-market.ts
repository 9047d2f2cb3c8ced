/**
 * A market that was there stays: its creation is in the log. Who says all the same that there is
 * none may be an owner that another one followed before it had heard of the market, and that does
 * not know yet. So whoever knew the market asks again for a while.
 */
import { monotonicMs, type Timers } from '@foldbook/runtime';

/** Longer than an owner that was followed goes on answering. */
const PATIENCE_MS = 30_000;

export class UnknownMarket {
  readonly #timers: Timers;
  #isKnown = false;
  #sinceMs: number | undefined;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Somebody has answered for the market. */
  met(): void {
    this.#isKnown = true;
    this.#sinceMs = undefined;
  }

  /** Somebody has said that there is no such market: whether to ask again. */
  isPassing(): boolean {
    if (!this.#isKnown) return false;
    const nowMs = monotonicMs(this.#timers);
    this.#sinceMs ??= nowMs;
    return nowMs - this.#sinceMs < PATIENCE_MS;
  }
}

/** A rate limit that lets bursts through: tokens come evenly, up to so many; uses take some. */
export interface BucketRate {
  /** Tokens a second. */
  readonly perSec: number;
  /** The most that are kept. */
  readonly burst: number;
}

export class TokenBucket {
  readonly #rate: BucketRate;
  #tokens: number;
  #lastMs: number;

  /** Full at first. */
  constructor(rate: BucketRate, nowMs: number) {
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#lastMs = nowMs;
  }

  /**
   * Whether there are so many now. A full bucket has any number: what comes in one piece that is
   * larger than a burst would else never be let through, however long it waited.
   */
  has(count: number, nowMs: number): boolean {
    this.#refill(nowMs);
    return this.#tokens >= Math.min(count, this.#rate.burst);
  }

  /** Takes them; may leave less than nothing, where what took them was let through regardless. */
  take(count: number, nowMs: number): void {
    this.#refill(nowMs);
    this.#tokens = Math.max(this.#tokens - count, -Math.max(this.#rate.burst, count));
  }

  /** Nothing has been taken lately: a new one would be the same. */
  isFull(nowMs: number): boolean {
    this.#refill(nowMs);
    return this.#tokens === this.#rate.burst;
  }

  #refill(nowMs: number): void {
    // A clock that was set back gives nothing and takes nothing.
    const passedMs = Math.max(nowMs - this.#lastMs, 0);
    this.#lastMs = nowMs;
    const come = (passedMs * this.#rate.perSec) / 1_000;
    this.#tokens = Math.min(this.#tokens + come, this.#rate.burst);
  }
}

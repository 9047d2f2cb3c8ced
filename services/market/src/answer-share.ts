/**
 * What readers of public books may cost a market: so many bytes of answers a second, with a store
 * for the moment when all come back at once. Their subjects name no account, so all share it; what
 * they can't take is the time of those who trade.
 */
import type { Clock } from '@foldbook/runtime';

const BYTES_PER_SECOND = 32 * 1024 * 1024;
const STORE_BYTES = 64 * 1024 * 1024;

export class AnswerShare {
  readonly #clock: Clock;
  readonly #storeBytes: number;
  #leftBytes: number;
  #countedNs: bigint;

  constructor(clock: Clock, storeBytes = STORE_BYTES) {
    this.#clock = clock;
    this.#storeBytes = storeBytes;
    this.#leftBytes = storeBytes;
    this.#countedNs = clock.nowNs();
  }

  /** Whether another answer may be given, however long it turns out. */
  isOpen(): boolean {
    const nowNs = this.#clock.nowNs();
    const seconds = Number(nowNs - this.#countedNs) / 1e9;
    this.#countedNs = nowNs;
    this.#leftBytes = Math.min(this.#storeBytes, this.#leftBytes + seconds * BYTES_PER_SECOND);
    return this.#leftBytes > 0;
  }

  /** An answer of so many bytes was given; beyond what was left, the next one waits longer. */
  spend(bytes: number): void {
    this.#leftBytes -= bytes;
  }
}

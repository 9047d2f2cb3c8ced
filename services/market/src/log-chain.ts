/**
 * The hash chain over a market's log: head(n) = SHA-256(head(n-1) || group n as it lies in the
 * log), starting from 32 zero bytes. Epoch headers name the head at their end; receipts will too.
 */
import { createHash } from 'node:crypto';

export class LogChain {
  #head: Uint8Array = new Uint8Array(32);

  get head(): Uint8Array {
    return this.#head;
  }

  /** Instead of the groups that lead to this head. */
  restore(head: Uint8Array): void {
    this.#head = head;
  }

  /** Takes the next group's bytes; answers the head after it. */
  advance(payload: Uint8Array): Uint8Array {
    this.#head = createHash('sha256').update(this.#head).update(payload).digest();
    return this.#head;
  }
}

/** The part of the log that an epoch covers. */
export interface EpochSpan {
  /** Log sequences of the epoch's first and last group. */
  readonly logFirst: number;
  readonly logLast: number;
  /** Head after the last group. */
  readonly head: Uint8Array;
}

/**
 * The hash chain over a market's log: head(n) = SHA-256(head(n-1) || group n as it lies in the
 * log), starting from 32 zero bytes. Epoch headers name the head at their end, receipts after their
 * group.
 */
import { createHash, hash } from 'node:crypto';

const HEAD_BYTES = 32;
/** A hash in one call takes half the time; putting its input together pays up to here. */
const joined = new Uint8Array(4_096);

export class LogChain {
  #head: Uint8Array = new Uint8Array(HEAD_BYTES);

  get head(): Uint8Array {
    return this.#head;
  }

  /** Instead of the groups that lead to this head. */
  restore(head: Uint8Array): void {
    this.#head = head;
  }

  /** Takes the next group's bytes; answers the head after it. */
  advance(payload: Uint8Array): Uint8Array {
    const sizeBytes = HEAD_BYTES + payload.byteLength;
    this.#head = sizeBytes <= joined.byteLength ? this.#ofShort(payload) : this.#ofLong(payload);
    return this.#head;
  }

  #ofShort(payload: Uint8Array): Uint8Array {
    joined.set(this.#head);
    joined.set(payload, HEAD_BYTES);
    return hash('sha256', joined.subarray(0, HEAD_BYTES + payload.byteLength), 'buffer');
  }

  #ofLong(payload: Uint8Array): Uint8Array {
    return createHash('sha256').update(this.#head).update(payload).digest();
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

/** Requests of one transport whose answers are still to come, by their ids. */
import type { TransportError } from './transport.ts';
import { timeoutError } from './transport-outcomes.ts';

export interface PendingAnswer {
  readonly subject: string;
  readonly timeoutMs: number;
  /** On the clock of `performance.now`. */
  readonly deadlineMs: number;
  /** Of a request that waits for a connection. */
  unsent: Uint8Array | undefined;
  readonly resolve: (payload: Uint8Array) => void;
  readonly reject: (error: TransportError) => void;
}

export class PendingAnswers {
  readonly #pending = new Map<number, PendingAnswer>();

  add(id: number, pending: PendingAnswer): void {
    this.#pending.set(id, pending);
  }

  /** Undefined if nobody waits for it any more; nobody does from now on. */
  take(id: number): PendingAnswer | undefined {
    const pending = this.#pending.get(id);
    if (pending !== undefined) this.#pending.delete(id);
    return pending;
  }

  /** Rejects those whose time is over. To be called now and then: a timer each would cost more. */
  expire(nowMs: number): void {
    for (const [id, { subject, timeoutMs, deadlineMs, reject }] of this.#pending) {
      if (nowMs < deadlineMs) continue;
      this.#pending.delete(id);
      reject(timeoutError(subject, timeoutMs));
    }
  }

  /** Gives each that waits for a connection to `send`, and rejects it with what that throws. */
  sendLate(send: (id: number, subject: string, payload: Uint8Array) => void): void {
    for (const [id, pending] of this.#pending) {
      const { subject, unsent, reject } = pending;
      if (unsent === undefined) continue;
      pending.unsent = undefined;
      try {
        send(id, subject, unsent);
      } catch (error) {
        this.#pending.delete(id);
        reject(error as TransportError);
      }
    }
  }

  rejectAll(error: TransportError): void {
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}

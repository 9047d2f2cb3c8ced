/** Requests of one session that are on their way, and who waits for what becomes of them. */
import { EventKind } from '@foldbook/protocol';
import { ClientError } from './client-error.ts';
import type { Answer } from './order-answer.ts';
import type { Fate } from './outbox.ts';

/** Who waits for an answer. */
export interface Waiting {
  /** The kind of event that answers; any, if undefined. */
  readonly kind: number | undefined;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: ClientError) => void;
}

/** Who waits for the log to have a request. */
interface Unlogged {
  readonly requestId: number;
  readonly resolve: () => void;
  readonly reject: (error: ClientError) => void;
}

export interface OpenRequestsParts {
  readonly session: number;
  /** The log has every request up to this one already. */
  readonly lastLogged: number;
  /** How far a request came, once nothing is sent any more. */
  readonly fateOf: (requestId: number) => Fate;
}

export class OpenRequests {
  readonly #parts: OpenRequestsParts;
  /** Without an answer; undefined where nobody waits for it. */
  readonly #open = new Map<number, Waiting | undefined>();
  /** The log has every request up to this one. */
  #lastLogged: number;
  #unlogged: Unlogged[] = [];
  #lastAnswered = 0;
  #idle: PromiseWithResolvers<void> | undefined;
  #failure: ClientError | undefined;

  constructor(parts: OpenRequestsParts) {
    this.#parts = parts;
    this.#lastLogged = parts.lastLogged;
  }

  /** Without an answer. */
  get size(): number {
    return this.#open.size;
  }

  /** The market has executed this one, and none above it that is known of; 0 before the first. */
  get lastAnswered(): number {
    return this.#lastAnswered;
  }

  /** Why nothing becomes of requests any more. */
  get failure(): ClientError | undefined {
    return this.#failure;
  }

  add(requestId: number, waiting: Waiting | undefined): void {
    this.#open.set(requestId, waiting);
  }

  waitingFor(requestId: number): Waiting | undefined {
    return this.#open.get(requestId);
  }

  /** An event names the request: whether it is the first that answers it. */
  answered(requestId: number, kind: number): boolean {
    const isOfMany = kind === EventKind.CANCELLED && this.#open.get(requestId)?.kind !== undefined;
    if (isOfMany) return false;
    // A batch that was sent twice is answered twice, the second time by RESULT: the first counts.
    if (!this.#open.delete(requestId)) return false;
    this.#lastAnswered = Math.max(this.#lastAnswered, requestId);
    return true;
  }

  /** What was to be told of answers is told: who waits for the last one goes on. */
  settle(): void {
    if (this.#open.size > 0) return;
    this.#idle?.resolve();
    this.#idle = undefined;
  }

  /** Resolves when every request has its answer; rejects with the failure. */
  whenIdle(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#open.size === 0) return Promise.resolve();
    this.#idle ??= Promise.withResolvers<void>();
    return this.#idle.promise;
  }

  /** The log has every request up to this one. */
  logged(requestId: number): void {
    this.#lastLogged = requestId;
    for (const each of this.#unlogged) if (each.requestId <= requestId) each.resolve();
    this.#unlogged = this.#unlogged.filter((each) => each.requestId > requestId);
  }

  whenLogged(requestId: number): Promise<void> {
    if (requestId <= this.#lastLogged) return Promise.resolve();
    if (this.#failure !== undefined) return Promise.reject(this.#errorOf(requestId, this.#failure));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#unlogged.push({ requestId, resolve, reject });
    return promise;
  }

  /** Nobody is left waiting. */
  fail(failure: ClientError): void {
    this.#failure = failure;
    for (const [requestId, waiting] of this.#open) {
      waiting?.reject(this.#errorOf(requestId, failure));
    }
    this.#open.clear();
    for (const { requestId, reject } of this.#unlogged) reject(this.#errorOf(requestId, failure));
    this.#unlogged = [];
    this.#idle?.reject(failure);
    this.#idle = undefined;
  }

  #errorOf(requestId: number, failure: ClientError): ClientError {
    const fate = this.#parts.fateOf(requestId);
    switch (fate) {
      case 'REFUSED':
        return failure;
      case 'UNSENT':
        return new ClientError('NOT_SENT', `the client ended before: ${failure.message}`);
      case 'SENT':
        return this.#unknownOutcome(requestId, failure);
      default:
        fate satisfies never;
        return failure;
    }
  }

  #unknownOutcome(requestId: number, failure: ClientError): ClientError {
    const { session } = this.#parts;
    const words = `sent, and the client ended before the answer: ${failure.message}`;
    const mend = `ask for the outcome of request ${requestId} of session ${session}`;
    return new ClientError('OUTCOME_UNKNOWN', `${words}; ${mend}`, { session, requestId });
  }
}

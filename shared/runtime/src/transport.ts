/**
 * The transport port: best-effort publish and subscribe by subject, and requests with one answer.
 * Anything that must not be lost goes through a stream (stream.ts) instead.
 */

/**
 * A delivered message. The payload is lent to every handler of the message and may be kept, but is
 * never written to.
 */
export interface TransportMessage {
  readonly subject: string;
  readonly payload: Uint8Array;
  /** Where the sender waits for an answer. Checked: an inbox's subject, nothing else. */
  readonly reply: string | undefined;
}

/** Runs on the event loop. What it throws is a defect and ends up as an uncaught exception. */
export type MessageHandler = (message: TransportMessage) => void;

export type OnRefused = (error: TransportError) => void;

export interface Subscription {
  unsubscribe(): void;
}

/** `disconnected` is temporary, the transport goes on trying; `closed` is for good. */
export type TransportStatus = 'connected' | 'disconnected' | 'closed';

/** A request that its asker may end. */
export interface Question {
  /** Undefined once it was ended; else as that of `request`. */
  readonly answer: Promise<Uint8Array | undefined>;
  end(): void;
}

export interface Transport {
  /** For people: `nats://127.0.0.1:4222 (nats-server 2.15.0)`, `in memory`. */
  readonly description: string;
  /** Messages given to `publish` that went nowhere because there was no connection. */
  readonly dropped: number;
  status(): TransportStatus;
  /**
   * Best effort, never blocks: dropped and counted without a connection. The payload is the
   * transport's from here on; the caller doesn't write to it again.
   * @throws TransportError BAD_SUBJECT, TOO_LARGE
   */
  publish(subject: string, payload: Uint8Array, reply?: string): void;
  /**
   * @param filter a subject in which `*` stands for one token and a last `>` for one or more
   * @param onRefused told, NOT_PERMITTED, when the broker does not let this user hear it: nothing
   *   comes any more. Known once a `flush` has returned; without it, a warning of the process
   * @throws TransportError BAD_SUBJECT, CLOSED
   */
  subscribe(filter: string, handler: MessageHandler, onRefused?: OnRefused): Subscription;
  /** A subject that nobody else uses, for answers. */
  newInbox(): string;
  /**
   * The first answer; waits for a connection within its time, if there is none.
   * Rejects with TransportError TIMEOUT, NO_RESPONDERS, NOT_PERMITTED, CLOSED, BAD_SUBJECT,
   * TOO_LARGE.
   */
  request(subject: string, payload: Uint8Array, timeoutMs: number): Promise<Uint8Array>;
  /**
   * As `request`, for who may learn otherwise what the answer would tell. Absent where nothing is
   * gained by not waiting.
   */
  ask?(subject: string, payload: Uint8Array, timeoutMs: number): Question;
  /**
   * Resolves when everything published and subscribed before has reached the broker; what was
   * published before a disconnection may be lost all the same. Rejects with CLOSED.
   */
  flush(): Promise<void>;
  /** Returns a function that removes the listener. */
  onStatus(listener: (status: TransportStatus, detail: string) => void): () => void;
  close(): Promise<void>;
}

export type TransportErrorCode =
  | 'TIMEOUT'
  | 'NO_RESPONDERS'
  | 'CLOSED'
  | 'CONNECT_FAILED'
  | 'BAD_SUBJECT'
  /** The broker's permissions keep this user from the subject. */
  | 'NOT_PERMITTED'
  | 'TOO_LARGE';

export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly code: TransportErrorCode;

  constructor(code: TransportErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

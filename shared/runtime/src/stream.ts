/**
 * The stream port: named, append-only, durable sequences of records with one writer each. Sequences
 * start at 1 and have no holes.
 */

export interface StreamRecord {
  readonly sequence: number;
  readonly subject: string;
  readonly payload: Uint8Array;
}

/**
 * `stalled`: appends wait and are retried; `recovered`: they move again. `failed`: the writer is
 * dead, of `error`, with which appends reject; there may have been none to learn it from. Not told
 * of a writer that was closed.
 */
export type TroubleListener = (state: StreamTrouble, detail: string, error?: StreamError) => void;
export type StreamTrouble = 'stalled' | 'recovered' | 'failed';

export interface StreamWriter {
  readonly name: string;
  /**
   * Sequence of the last record known to be durable, the opening record right after the opening;
   * 0 before the first.
   */
  readonly lastSequence: number;
  /**
   * Appends a record, and resolves in order with its sequence once it is durable. Many may be in
   * flight; the caller bounds them by `inFlight`. Exactly once and in order, through restarts of
   * the broker too: it retries until it knows. The payload is the writer's from here on.
   *
   * Rejects with StreamError STALE_WRITER (someone else appended), CLOSED, TOO_LARGE, TRUNCATED
   * (durable records are gone) or IO_FAILED; after any of them but TOO_LARGE the writer is dead.
   */
  append(subject: string, payload: Uint8Array): Promise<number>;
  inFlight(): number;
  /** Returns a function that removes the listener. */
  onTrouble(listener: TroubleListener): () => void;
  /**
   * Waits for what is in flight, but not for ever: appends that a broker did not acknowledge in
   * time reject with CLOSED, and may be stored or not.
   */
  close(): Promise<void>;
}

export interface ReadOptions {
  readonly fromSequence: number;
  /** Records whose subject matches (wildcards `*` and `>`); all by default. */
  readonly filter?: string | undefined;
  /** Whether to wait for records to come; else it ends at the last record at call time. */
  readonly follow: boolean;
  /** Ends the reading, without an error. */
  readonly signal?: AbortSignal | undefined;
}

export interface StreamReader {
  /** Throws StreamError NO_STREAM, GAP (records before it are missing), CORRUPT, TRUNCATED. */
  read(options: ReadOptions): AsyncIterable<StreamRecord>;
  /** 0 when the stream is empty. Rejects with NO_STREAM, CORRUPT, UNAVAILABLE, like the others. */
  lastSequence(): Promise<number>;
  /** The last record, or the last whose subject matches. */
  last(filter?: string): Promise<StreamRecord | undefined>;
  /** The first record from that sequence on whose subject matches. */
  firstFrom(fromSequence: number, filter: string): Promise<StreamRecord | undefined>;
  /** The last record of each subject that matches, in the order of their sequences. */
  lastOfEach(filter: string): Promise<StreamRecord[]>;
}

export interface OpeningRecord {
  readonly subject: string;
  readonly payload: Uint8Array;
  /**
   * Sequence of the subject's last record, as far as the opener knows; 0 for none. Where there is a
   * later one the opening is refused: STALE_WRITER.
   */
  readonly after?: number | undefined;
}

export interface StreamStore {
  /** What "durable" means here, for people: `segment files, fdatasync before acknowledging`. */
  readonly durability: string;
  /**
   * Opens the stream for writing, creating it if absent.
   * @param subjects filters that cover every subject it will hold
   * @param opening a record that is appended first, whoever else is writing: from then on their
   *   appends are refused, as the writer's own would be if another one opened it so
   * Rejects with StreamError LOCKED, CORRUPT, BAD_CONFIG, UNAVAILABLE; STALE_WRITER, see `opening`,
   * which may also mean that its own record is there though nobody said so.
   */
  writer(name: string, subjects: readonly string[], opening?: OpeningRecord): Promise<StreamWriter>;
  /**
   * Finds out now what `writer` would ask first, so that it opens sooner.
   * Rejects with StreamError NO_STREAM, BAD_CONFIG, UNAVAILABLE.
   */
  prepare?(name: string, subjects: readonly string[]): Promise<void>;
  reader(name: string): StreamReader;
  /** Closes what it opened; what it was given (a transport) stays open. */
  close(): Promise<void>;
}

export type StreamErrorCode =
  /** Another writer appended to the stream: this one lost it. */
  | 'STALE_WRITER'
  | 'CLOSED'
  | 'TOO_LARGE'
  /** Another process has the stream open for writing. */
  | 'LOCKED'
  | 'CORRUPT'
  /** Records that were acknowledged as durable are missing at the end. */
  | 'TRUNCATED'
  /** Records are missing at the beginning or between others. */
  | 'GAP'
  | 'NO_STREAM'
  | 'BAD_CONFIG'
  | 'IO_FAILED'
  | 'UNAVAILABLE';

export class StreamError extends Error {
  override readonly name = 'StreamError';
  readonly code: StreamErrorCode;

  constructor(code: StreamErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * Reads a JetStream stream through short-lived pull consumers, which are made anew from the next
 * sequence whenever anything goes wrong.
 */
import {
  isRefusal,
  isUnavailable,
  JetStreamApi,
  JetStreamErrorNumber,
  PATIENCE_MS,
} from './jetstream-api.ts';
import { JetStreamPull, type PullEvent, type PulledMessage } from './jetstream-pull.ts';
import type { NatsTransport } from './nats-transport.ts';
import { type ReadOptions, StreamError, type StreamReader, type StreamRecord } from './stream.ts';
import { pause, systemTimers } from './timers.ts';

const RETRY_MS = 100;
/** A server that lags behind the others is so by some milliseconds, if it is well. */
const LAG_PAUSE_MS = 20;

/**
 * A consumer is kept by any of a stream's servers, and shows what that one has, which may be less
 * than the leader has acknowledged. So who does not wait for more ends with a sequence that the
 * leader named, and not when nothing more is shown.
 */
interface Wanted {
  readonly fromSequence: number;
  readonly filter: string | undefined;
  readonly lastOfEachSubject: boolean;
  /** Whether it waits for records to come, else it ends with `untilSequence`. */
  readonly waits: boolean;
  /** Of the last record that matched when it was asked. */
  readonly untilSequence: number;
  readonly stop: AbortSignal;
}

export class JetStreamReader implements StreamReader {
  readonly #transport: NatsTransport;
  readonly #api: JetStreamApi;
  /** For loops that look between two questions whether they are to stop. */
  readonly #impatientApi: JetStreamApi;
  readonly #stream: string;
  readonly #closed: AbortSignal;

  /** `closed` ends all following. */
  constructor(transport: NatsTransport, stream: string, closed: AbortSignal) {
    this.#transport = transport;
    this.#api = new JetStreamApi(transport, PATIENCE_MS);
    this.#impatientApi = new JetStreamApi(transport);
    this.#stream = stream;
    this.#closed = closed;
  }

  async *read(options: ReadOptions): AsyncGenerator<StreamRecord> {
    for await (const { sequence, subject, payload } of this.messages(options)) {
      yield { sequence, subject, payload };
    }
  }

  /** As `read`, with the headers that the writer needs. */
  async *messages(options: ReadOptions): AsyncGenerator<PulledMessage> {
    const { fromSequence, filter, follow, signal } = options;
    const stop = AbortSignal.any(signal === undefined ? [this.#closed] : [this.#closed, signal]);
    const facts = await this.#api.streamFacts(this.#stream);
    if (fromSequence < facts.firstSequence) {
      throw this.#gap(fromSequence, `the stream begins at ${facts.firstSequence}`);
    }
    const isPart = !follow && filter !== undefined;
    const untilSequence = isPart ? ((await this.last(filter))?.sequence ?? 0) : facts.lastSequence;
    if (!follow && fromSequence > untilSequence) return;
    const what = { fromSequence, filter, lastOfEachSubject: false };
    yield* this.#pull({ ...what, waits: follow, untilSequence, stop });
  }

  async lastSequence(): Promise<number> {
    return (await this.#api.streamFacts(this.#stream)).lastSequence;
  }

  async last(filter = '>'): Promise<StreamRecord | undefined> {
    return this.#api.lastMessage(this.#stream, filter);
  }

  async firstFrom(fromSequence: number, filter: string): Promise<StreamRecord | undefined> {
    return this.#api.firstMessage(this.#stream, fromSequence, filter);
  }

  async lastOfEach(filter: string): Promise<StreamRecord[]> {
    const found = new Map<string, StreamRecord>();
    const last = await this.last(filter);
    if (last === undefined) return [];
    const messages = this.#pull({
      fromSequence: 1,
      filter,
      lastOfEachSubject: true,
      waits: false,
      untilSequence: last.sequence,
      stop: this.#closed,
    });
    for await (const { sequence, subject, payload } of messages) {
      found.set(subject, { sequence, subject, payload });
    }
    return [...found.values()].sort((a, b) => a.sequence - b.sequence);
  }

  async *#pull(wanted: Wanted): AsyncGenerator<PulledMessage> {
    const { waits, untilSequence, lastOfEachSubject, stop } = wanted;
    let lastRead: number | undefined;
    let progressMs = performance.now();
    let pull = await this.#open(wanted, lastRead, false);
    while (pull !== undefined) {
      let isShort = false;
      try {
        for (;;) {
          const event: PullEvent = await pull.next();
          if (event.kind === 'broken') break;
          if (event.kind === 'stopped') return;
          isShort = event.kind === 'exhausted';
          if (event.kind === 'exhausted') break;
          const { message, pending } = event;
          const { sequence } = message;
          if (!waits && !lastOfEachSubject && sequence > untilSequence) return;
          this.#refuseGap(wanted, lastRead, sequence);
          const isNew = sequence > (lastRead ?? 0);
          lastRead = Math.max(sequence, lastRead ?? 0);
          yield message;
          // Not the time that whoever reads takes for it.
          if (isNew) progressMs = performance.now();
          if (waits) continue;
          const isThere = sequence >= untilSequence;
          if (isThere && (pending === 0 || !lastOfEachSubject)) return;
          isShort = pending === 0;
          if (isShort) break;
        }
      } finally {
        pull.close();
      }
      if (isShort) {
        this.#refuseLag(untilSequence, lastRead, progressMs);
        await pause(systemTimers, LAG_PAUSE_MS);
      }
      pull = stop.aborted ? undefined : await this.#open(wanted, lastRead, true);
    }
  }

  /** A server that does not catch up in a while is not waited for. */
  #refuseLag(untilSequence: number, lastRead: number | undefined, progressMs: number): void {
    if (performance.now() - progressMs < PATIENCE_MS) return;
    const where = `${this.#stream} at ${this.#transport.description}`;
    throw new StreamError(
      'UNAVAILABLE',
      `${where} has ${untilSequence}, but its servers show ${lastRead ?? 'nothing'} and no more: ` +
        'see to those that lag behind',
    );
  }

  /** A consumer from behind the last record that was read; undefined when it is to stop. */
  async #open(
    wanted: Wanted,
    lastRead: number | undefined,
    isAgain: boolean,
  ): Promise<JetStreamPull | undefined> {
    const { filter, stop, waits, lastOfEachSubject } = wanted;
    const next = lastRead === undefined ? wanted.fromSequence : lastRead + 1;
    const fromSequence = lastOfEachSubject ? undefined : next;
    const options = { stream: this.#stream, fromSequence, filter, waits, stop };
    const deadlineMs = performance.now() + PATIENCE_MS;
    while (!stop.aborted) {
      try {
        if (lastRead !== undefined) await this.#refuseTruncation(lastRead);
        return await JetStreamPull.open(this.#transport, this.#impatientApi, options);
      } catch (error) {
        if (isRefusal(error, JetStreamErrorNumber.NO_STREAM)) {
          throw this.#api.noStream(this.#stream);
        }
        if (!isUnavailable(error)) throw error;
        // What is followed is waited for; a question is answered in a while, or not at all.
        if (!(waits && isAgain) && performance.now() > deadlineMs) throw error;
        await pause(systemTimers, RETRY_MS);
      }
    }
    return undefined;
  }

  /** Sequences are consecutive, unless a filter leaves some out. */
  #refuseGap(wanted: Wanted, lastRead: number | undefined, found: number): void {
    if (wanted.filter !== undefined || wanted.lastOfEachSubject) return;
    const next = lastRead === undefined ? wanted.fromSequence : lastRead + 1;
    if (found !== next) throw this.#gap(next, `${found} follows`);
  }

  /** A stream that ends before what was read from it has lost records. */
  async #refuseTruncation(lastRead: number): Promise<void> {
    const lastSequence = (await this.#impatientApi.findStream(this.#stream))?.lastSequence ?? 0;
    if (lastSequence >= lastRead) return;
    const text = `${this.#stream} at ${this.#transport.description} ends at ${lastSequence}`;
    throw new StreamError(
      'TRUNCATED',
      `${text}, but ${lastRead} has been read from it: the broker has lost records; ` +
        'restore its data from a copy',
    );
  }

  #gap(asked: number, what: string): StreamError {
    const where = `${this.#stream} at ${this.#transport.description}`;
    return new StreamError(
      'GAP',
      `sequence ${asked} of ${where} is missing (${what}): records were deleted; ` +
        'restore them from a copy, or read from a later sequence',
    );
  }
}

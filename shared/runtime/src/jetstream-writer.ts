/**
 * The writing end of a JetStream stream: exactly once and in order through restarts of the broker.
 *
 * Append n of a writer that found the stream at sequence b gets sequence b + n or none, because it
 * is sent with that expectation however often it is sent. Its message id, `<writer>:<n>`, tells
 * later whose message stands at that sequence.
 *
 * What is appended while something is on its way waits for that, and goes alone or as one atomic
 * batch (NATS ADR-50, nats-server 2.12), of which all is stored, or nothing. So there is one
 * expectation on its way at a time, and it is exact. Were there several, the number of a later one
 * might fit behind what another writer put in its predecessor's place. (To expect the predecessor's
 * message id, too, is no way out: with copies, nats-server 2.15 looks at that only when it applies
 * what they have agreed on, and the stream takes nothing more.)
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { headers as createHeaders, type Msg, NatsError, type Subscription } from 'nats';
import { CommitPace } from './commit-pace.ts';
import { isUnavailable, JetStreamApi, parseJson, type StreamFacts } from './jetstream-api.ts';
import type { JetStreamReader } from './jetstream-reader.ts';
import { LeaderWatch } from './leader-watch.ts';
import type { NatsTransport } from './nats-transport.ts';
import { StreamError, type StreamWriter, type TroubleListener } from './stream.ts';
import { compileFilter } from './subject.ts';
import { pause, systemTimers } from './timers.ts';

export interface JetStreamWriterParts {
  readonly transport: NatsTransport;
  readonly reader: JetStreamReader;
  readonly name: string;
  readonly subjects: readonly string[];
  /** Of the stream when it was opened. */
  readonly lastSequence: number;
  /** Without any acknowledgement for so long, it asks the broker what it has, ms. */
  readonly ackTimeoutMs: number;
  /** How long `close` waits for the acknowledgements of what is in flight, ms. */
  readonly closeWithinMs: number;
}

/** The broker's own limit for a batch. */
const BATCH_MESSAGES = 1_000;
/** The broker holds a batch in memory until it is whole. */
const BATCH_BYTES = 8 * 1024 * 1024;
/**
 * After any trouble: a line that does to batches what they do not bear, and bears what is alone,
 * must not keep the stream from going on.
 */
const SINGLY = 256;
/** Of the broker's limit for a message, for the headers. */
const HEADER_BYTES = 512;
const NATS_DEFAULT_MAX_PAYLOAD = 1024 * 1024;
const FIRST_PAUSE_MS = 25;
const LONGEST_PAUSE_MS = 1_000;
/** While copies elect a leader nobody hears a question, so that it is asked anew. */
const ASK_AGAIN_MS = 200;
/** Without an acknowledgement for so long it looks whether the stream has another leader. */
const LOOK_AFTER_MS = 250;
const LOOK_MS = 1_000;
const WATCH_MS = 100;

interface Append {
  readonly number: number;
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly resolve: (sequence: number) => void;
  readonly reject: (error: StreamError) => void;
  isStored: boolean;
}

export class JetStreamWriter implements StreamWriter {
  readonly name: string;
  readonly #parts: JetStreamWriterParts;
  readonly #api: JetStreamApi;
  readonly #accepts: readonly ((subject: string) => boolean)[];
  readonly #id = randomBytes(12).toString('base64url');
  readonly #inbox: string;
  readonly #subscription: Subscription;
  readonly #stopStatus: () => void;
  readonly #listeners = new Set<TroubleListener>();
  readonly #drained: (() => void)[] = [];
  readonly #base: number;
  /** Appends that aren't durable yet, oldest first; the first `#sent` of them are on their way. */
  #queue: Append[] = [];
  #sent = 0;
  #sentMs = 0;
  /** Appends that go one by one before there may be a batch again. */
  #singly = 0;
  readonly #pace = new CommitPace();
  readonly #leaders: LeaderWatch;
  /** What is appended in the same turn goes in the same batch. */
  #isSendDue = false;
  #lastNumber = 0;
  #durable = 0;
  /** Counts the beginnings anew; answers to what was sent before don't count as refusals. */
  #attempt = 0;
  #state: 'flowing' | 'recovering' | 'dead' = 'flowing';
  #isStalled = false;
  #pauseMs = 0;
  #maxPayload = NATS_DEFAULT_MAX_PAYLOAD;
  #progressMs = performance.now();
  #watchdog: NodeJS.Timeout | undefined;
  #failure: StreamError | undefined;
  #headerText = '';
  /**
   * Of each append, as text that is written at once: the client's own headers check and order each
   * field, which costs as much as all else that an append does here.
   */
  readonly #headers = Object.assign(createHeaders(), {
    encode: () => Buffer.from(this.#headerText, 'latin1'),
  });

  constructor(parts: JetStreamWriterParts) {
    this.name = parts.name;
    this.#parts = parts;
    this.#api = new JetStreamApi(parts.transport);
    this.#leaders = new LeaderWatch(new JetStreamApi(parts.transport, 0, LOOK_MS), parts.name);
    this.#accepts = parts.subjects.map(compileFilter);
    this.#base = parts.lastSequence;
    this.#inbox = parts.transport.newInbox();
    this.#subscription = parts.transport.connection.subscribe(`${this.#inbox}.*.*`, {
      callback: (error, message) => {
        if (error !== null) this.#trouble(`the broker ended the subscription: ${error.message}`);
        else this.#receive(message);
      },
    });
    this.#stopStatus = parts.transport.onStatus((status, detail) => {
      if (status === 'disconnected') this.#trouble(`the connection broke: ${detail}`);
      else if (status === 'closed')
        this.#fail(new StreamError('CLOSED', `${detail}, of ${this.name}`));
    });
    if (parts.transport.status() === 'disconnected') this.#trouble('there is no connection');
  }

  get lastSequence(): number {
    return this.#base + this.#durable;
  }

  inFlight(): number {
    return this.#queue.length;
  }

  onTrouble(listener: TroubleListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  append(subject: string, payload: Uint8Array): Promise<number> {
    const isCovered = this.#accepts.some((accepts) => accepts(subject));
    assert(isCovered, `${subject} is not among the subjects of ${this.name}`);
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    // Without a connection the last one's limit holds.
    this.#maxPayload = this.#parts.transport.connection.info?.max_payload ?? this.#maxPayload;
    const mostBytes = this.#maxPayload - HEADER_BYTES;
    if (payload.byteLength > mostBytes) {
      const text = `a record of ${payload.byteLength} bytes on ${subject}; the broker takes`;
      const mend = 'cut it up, or raise max_payload in its configuration';
      return Promise.reject(new StreamError('TOO_LARGE', `${text} ${mostBytes}: ${mend}`));
    }
    return new Promise((resolve, reject) => {
      this.#lastNumber += 1;
      const number = this.#lastNumber;
      this.#queue.push({ number, subject, payload, resolve, reject, isStored: false });
      if (this.#isSendDue || this.#sent > 0) return;
      this.#isSendDue = true;
      queueMicrotask(() => {
        this.#isSendDue = false;
        this.#send();
      });
    });
  }

  async close(): Promise<void> {
    this.#failure ??= new StreamError('CLOSED', `the writer of ${this.name} is closed`);
    if (this.#queue.length > 0) await this.#drain();
    this.#end();
  }

  /** Waits until the queue is empty, or long enough: a broker that is away may never come back. */
  async #drain(): Promise<void> {
    const withinMs = this.#parts.closeWithinMs;
    const giveUp = () => {
      const text = `${this.#queue.length} records of ${this.name} were not acknowledged`;
      const error = `${text} within ${withinMs} ms of its closing: they may be stored or not`;
      this.#fail(new StreamError('CLOSED', error));
    };
    const timer = setTimeout(giveUp, withinMs);
    await new Promise<void>((resolve) => this.#drained.push(resolve));
    clearTimeout(timer);
  }

  /** Sends what waits as one batch, unless another one is on its way. */
  #send(): void {
    if (this.#state !== 'flowing' || this.#sent > 0 || this.#queue.length === 0) return;
    this.#progressMs = performance.now();
    const isBatch = this.#singly === 0 && this.#pace.isBatchWorth(this.#queue.length);
    this.#sent = isBatch ? batchLength(this.#queue) : 1;
    this.#sentMs = this.#progressMs;
    this.#watchdog ??= setInterval(() => this.#watch(), WATCH_MS).unref();
    const count = this.#sent;
    for (let index = 0; index < count && this.#state === 'flowing'; index += 1) {
      const append = this.#queue[index];
      assert(append !== undefined, 'what is sent waits in the queue');
      this.#publish(append, index, count);
    }
  }

  /** The message `index`, from 0, of a batch of `count`. */
  #publish({ number, subject, payload }: Append, index: number, count: number): void {
    const isLast = index === count - 1;
    const first = number - index;
    const place =
      count === 1
        ? ''
        : `Nats-Batch-Id: ${this.#id}.${this.#attempt}.${first}\r\n` +
          `Nats-Batch-Sequence: ${index + 1}\r\n${isLast ? 'Nats-Batch-Commit: 1\r\n' : ''}`;
    const expected =
      index > 0
        ? ''
        : `Nats-Expected-Stream: ${this.name}\r\n` +
          `Nats-Expected-Last-Sequence: ${this.#base + number - 1}\r\n`;
    this.#headerText = `NATS/1.0\r\n${expected}Nats-Msg-Id: ${this.#id}:${number}\r\n${place}\r\n`;
    const headers = this.#headers;
    // Of the batch as a whole; the broker would tell of each one that it has come.
    const reply = `${this.#inbox}.${this.#attempt}.${number}`;
    try {
      const options = isLast ? { headers, reply } : { headers };
      this.#parts.transport.connection.publish(subject, payload, options);
    } catch (error) {
      const code = error instanceof NatsError ? error.code : '';
      this.#trouble(`publishing failed: ${error instanceof Error ? error.message : error} ${code}`);
    }
  }

  #receive(message: Msg): void {
    if (this.#state === 'dead') return;
    const [attempt, number] = message.subject.split('.').slice(-2).map(Number);
    const refusal = refusalOf(message, this.#base + (number ?? 0));
    if (refusal !== undefined) {
      // What was sent before the last recovery says nothing about what was sent after it.
      if (attempt === this.#attempt) this.#trouble(refusal);
      return;
    }
    const stored = (number ?? 0) - this.#durable;
    for (const append of this.#queue.slice(0, Math.max(0, stored))) append.isStored = true;
    this.#settle();
  }

  /** Resolves the appends at the head of the queue that are stored. */
  #settle(): void {
    let count = 0;
    for (const append of this.#queue) {
      if (!append.isStored) break;
      count += 1;
    }
    if (count === 0) return;
    const settled = this.#queue.splice(0, count);
    this.#durable += count;
    // Not all need have been on their way: what a recovery finds is marked and settled alike.
    if (this.#sent === count) this.#pace.note(count, performance.now() - this.#sentMs);
    this.#sent = Math.max(0, this.#sent - count);
    this.#singly = Math.max(0, this.#singly - count);
    this.#progressMs = performance.now();
    this.#pauseMs = 0;
    for (const { number, resolve } of settled) resolve(this.#base + number);
    // Who leads now, to compare with when it falls silent.
    if (!this.#leaders.wasAnswered) void this.#look(this.#attempt);
    if (this.#state === 'flowing') this.#tellRecovered();
    if (this.#queue.length === 0) for (const resolve of this.#drained.splice(0)) resolve();
    this.#send();
  }

  #watch(): void {
    if (this.#queue.length === 0) {
      clearInterval(this.#watchdog);
      this.#watchdog = undefined;
      return;
    }
    if (this.#state !== 'flowing' || this.#sent === 0) return;
    const silentMs = performance.now() - this.#progressMs;
    if (silentMs >= this.#parts.ackTimeoutMs) {
      this.#trouble(`no acknowledgement for ${Math.round(silentMs)} ms`);
    } else if (silentMs >= LOOK_AFTER_MS) {
      void this.#look(this.#attempt);
    }
  }

  async #look(attempt: number): Promise<void> {
    if (!(await this.#leaders.hasChanged()) || attempt !== this.#attempt) return;
    this.#trouble('the stream has another leader');
  }

  /** Stops sending until it is known what the stream holds. */
  #trouble(detail: string): void {
    if (this.#state !== 'flowing') return;
    this.#state = 'recovering';
    this.#attempt += 1;
    if (!this.#isStalled) {
      this.#isStalled = true;
      for (const listener of [...this.#listeners]) listener('stalled', detail);
    }
    this.#recover(detail).catch((error: unknown) => this.#fail(toStreamError(error)));
  }

  async #recover(detail: string): Promise<void> {
    for (;;) {
      if (this.#pauseMs > 0) await pause(systemTimers, this.#pauseMs);
      // Grows until an append gets through: a broker that refuses (a full disk) isn't flooded.
      this.#pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, this.#pauseMs * 2));
      if (this.#isDead()) return;
      try {
        await this.#compare(detail);
        break;
      } catch (error) {
        if (!isUnavailable(error)) throw error;
      }
    }
    if (this.#isDead()) return;
    this.#state = 'flowing';
    this.#sent = 0;
    this.#singly = SINGLY;
    this.#settle();
    if (this.#queue.length === 0) this.#tellRecovered();
    this.#send();
  }

  /** Marks the appends that the stream holds; rejects when it holds something else. */
  async #compare(detail: string): Promise<void> {
    // Before the question: acknowledgements that were late may come until the answer does.
    const durable = this.lastSequence;
    const facts = await this.#findStream();
    if (facts === undefined && durable === 0) throw this.#api.noStream(this.name);
    const last = facts?.lastSequence ?? 0;
    if (last < durable) {
      throw new StreamError(
        'TRUNCATED',
        `${this.name} ends at ${last}, but ${durable} was acknowledged: the broker has lost ` +
          'records (see its sync_interval); restore its data from a copy',
      );
    }
    // With the last one that was acknowledged: a stream that lost its end may be as long again.
    const isBegun = durable > this.#base;
    const fromSequence = isBegun ? durable : durable + 1;
    if (last < fromSequence) return;
    const messages = this.#parts.reader.messages({ fromSequence, follow: false });
    for await (const { sequence, messageId } of messages) {
      const number = sequence - this.#base;
      const isOwn = messageId === `${this.#id}:${number}`;
      if (isOwn && number <= this.#durable) continue;
      const append = this.#queue[number - this.#durable - 1];
      if (append === undefined || !isOwn) {
        throw new StreamError(
          'STALE_WRITER',
          `another writer has appended sequence ${sequence} of ${this.name} (noticed after: ` +
            `${detail}); this one has lost the stream`,
        );
      }
      append.isStored = true;
    }
  }

  /** The first answer to any of its questions; rejects when none of them can be answered. */
  async #findStream(): Promise<StreamFacts | undefined> {
    const asked: Promise<StreamFacts | undefined>[] = [];
    for (;;) {
      const question = this.#api.findStream(this.name);
      // Whoever of them is late is not waited for.
      question.catch(() => undefined);
      asked.push(question);
      const silence = pause(systemTimers, ASK_AGAIN_MS).then(() => 'silence' as const);
      const answer = await Promise.race([Promise.any(asked), silence]).catch(() => question);
      if (answer !== 'silence') return answer;
      if (this.#isDead()) return question;
    }
  }

  #isDead(): boolean {
    return this.#state === 'dead';
  }

  #tellRecovered(): void {
    if (!this.#isStalled) return;
    this.#isStalled = false;
    const detail = `${this.name} is at ${this.lastSequence}`;
    for (const listener of [...this.#listeners]) listener('recovered', detail);
  }

  #fail(error: StreamError): void {
    if (this.#state === 'dead') return;
    const isClosed = this.#failure !== undefined;
    this.#failure = error;
    this.#end();
    if (!isClosed) {
      for (const listener of [...this.#listeners]) listener('failed', error.message, error);
    }
    for (const { reject } of this.#queue.splice(0)) reject(error);
    for (const resolve of this.#drained.splice(0)) resolve();
  }

  #end(): void {
    this.#state = 'dead';
    this.#stopStatus();
    this.#subscription.unsubscribe();
    clearInterval(this.#watchdog);
  }
}

/** Why an append was not stored at the sequence, undefined if it was. */
function refusalOf(message: Msg, sequence: number): string | undefined {
  if ((message.headers?.code ?? 0) !== 0) return 'JetStream does not answer';
  let answer: Record<string, unknown>;
  try {
    answer = parseJson(message.data);
  } catch {
    return 'an acknowledgement that is no JSON';
  }
  const { error, seq } = answer;
  if (error !== undefined) {
    const { description } = Object(error) as { description?: unknown };
    return `the broker refused an append: ${description}`;
  }
  return seq === sequence ? undefined : `stored as ${seq} where ${sequence} was expected`;
}

function toStreamError(error: unknown): StreamError {
  if (error instanceof StreamError) return error;
  return new StreamError('IO_FAILED', `the stream can't be used: ${error}`, { cause: error });
}

/** How many of those that wait fit into a batch. */
function batchLength(waiting: readonly Append[]): number {
  let length = 0;
  let bytes = 0;
  for (const { payload } of waiting) {
    bytes += payload.byteLength + HEADER_BYTES;
    if (length === BATCH_MESSAGES || (length > 0 && bytes > BATCH_BYTES)) break;
    length += 1;
  }
  return length;
}

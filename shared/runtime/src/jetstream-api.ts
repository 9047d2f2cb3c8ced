/** Requests to JetStream's JSON API, as far as the store needs it. */
import { randomBytes } from 'node:crypto';
import { headers as createHeaders, type MsgHdrs } from 'nats';
import type { NatsTransport } from './nats-transport.ts';
import { type OpeningRecord, StreamError } from './stream.ts';
import { pause, systemTimers } from './timers.ts';
import { TransportError } from './transport.ts';

const REQUEST_TIMEOUT_MS = 5_000;
const RETRY_MS = 100;
/** What a question that is asked once may wait for a broker that is just starting again. */
export const PATIENCE_MS = 10_000;

/** Numbers of the broker's own errors. */
export const JetStreamErrorNumber = {
  NO_MESSAGE: 10_037,
  NO_STREAM: 10_059,
  /** An append expected another sequence; the second is said where several expect the same. */
  WRONG_LAST_SEQUENCE: 10_071,
  WRONG_LAST_SEQUENCE_CONSTANT: 10_164,
} as const;

/** Said while a cluster's servers are too few, or elect one of them: by `err_code`, it passes. */
const PASSING: ReadonlySet<number> = new Set([
  // "JetStream system temporarily unavailable", "... can not handle request", "stream is offline"
  10_008, 10_009, 10_118,
]);

/** The broker understood the request and refused it. */
export class JetStreamRefusal extends Error {
  override readonly name = 'JetStreamRefusal';
  readonly number: number;

  constructor(number: number, description: string) {
    super(`${description} (JetStream error ${number})`);
    this.number = number;
  }
}

/** As the broker has it; durations in nanoseconds, -1 for no limit. */
export interface StreamConfiguration {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly storage: string;
  readonly retention: string;
  readonly num_replicas: number;
  readonly max_msgs: number;
  readonly max_bytes: number;
  readonly max_age: number;
  readonly max_msgs_per_subject: number;
  /** Absent in a broker before 2.12. */
  readonly allow_atomic?: boolean | undefined;
}

/** The broker remembers message ids so long. Nothing depends on it: it spares it memory. */
const DUPLICATE_WINDOW_NS = 2_000_000_000;

/** How the venue keeps streams: on disk, without an end, and refusing rather than forgetting. */
export const keptStream = (name: string, subjects: readonly string[], replicas: number) => ({
  name,
  subjects,
  storage: 'file',
  retention: 'limits',
  // Should the account's storage be full: refuse the new rather than drop the old.
  discard: 'new',
  num_replicas: replicas,
  max_msgs: -1,
  max_bytes: -1,
  max_age: 0,
  max_msgs_per_subject: -1,
  max_consumers: -1,
  duplicate_window: DUPLICATE_WINDOW_NS,
});

export interface StreamFacts {
  readonly config: StreamConfiguration;
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** How many messages there are between the two, which may have been deleted one by one. */
  readonly messages: number;
  /** Of its copies; undefined where there is no cluster. */
  readonly leader: string | undefined;
}

export interface StoredMessage {
  readonly sequence: number;
  readonly subject: string;
  readonly payload: Uint8Array;
}

type Json = Record<string, unknown>;

export class JetStreamApi {
  readonly #transport: NatsTransport;
  readonly #patienceMs: number;
  readonly #timeoutMs: number;

  /**
   * @param patienceMs how long it asks again while the broker doesn't answer; 0: it asks once
   * @param timeoutMs how long it waits for an answer each time
   */
  constructor(transport: NatsTransport, patienceMs = 0, timeoutMs = REQUEST_TIMEOUT_MS) {
    this.#transport = transport;
    this.#patienceMs = patienceMs;
    this.#timeoutMs = timeoutMs;
  }

  /** Undefined when there is no such stream. Rejects with StreamError UNAVAILABLE. */
  async findStream(name: string): Promise<StreamFacts | undefined> {
    try {
      return streamFacts(await this.request(`STREAM.INFO.${name}`, {}));
    } catch (error) {
      if (isRefusal(error, JetStreamErrorNumber.NO_STREAM)) return undefined;
      throw error;
    }
  }

  /** Rejects with StreamError NO_STREAM, UNAVAILABLE. */
  async streamFacts(name: string): Promise<StreamFacts> {
    const facts = await this.findStream(name);
    if (facts === undefined) throw this.noStream(name);
    return facts;
  }

  noStream(name: string): StreamError {
    return new StreamError(
      'NO_STREAM',
      `no stream ${name} at ${this.#transport.description}: start the service that writes it`,
    );
  }

  async createStream(config: Json & { readonly name: string }): Promise<StreamFacts> {
    return streamFacts(await this.request(`STREAM.CREATE.${config.name}`, config));
  }

  /** Removes the messages whose subject matches. */
  async purge(stream: string, filter: string): Promise<void> {
    await this.request(`STREAM.PURGE.${stream}`, { filter });
  }

  /** Sequences of a stream that were deleted from between others, ascending. */
  async deleted(stream: string): Promise<number[]> {
    const answer = await this.request(`STREAM.INFO.${stream}`, { deleted_details: true });
    const { deleted } = objectIn(answer, 'state');
    return Array.isArray(deleted) ? deleted.map(numberOf).sort((a, b) => a - b) : [];
  }

  /** The subjects of a stream that match, in no order. */
  async subjects(stream: string, filter: string): Promise<string[]> {
    const found: string[] = [];
    for (;;) {
      const asked = { subjects_filter: filter, offset: found.length };
      const answer = await this.request(`STREAM.INFO.${stream}`, asked);
      const page = Object.keys(objectIn(answer, 'state').subjects ?? {});
      found.push(...page);
      if (page.length === 0 || found.length >= Number(answer.total ?? 0)) return found;
    }
  }

  /**
   * Appends a record behind whatever the stream holds, and answers its sequence. Asked again while
   * the broker is away, and stored once if it says what it comes after, or while the broker
   * remembers ids (as long as the stream's duplicate window, seconds).
   * @throws StreamError STALE_WRITER when it says what it comes after, and that is not the last:
   *   it may be this very record, stored without an answer
   */
  async append(stream: string, { subject, payload, after }: OpeningRecord): Promise<number> {
    const headers = createHeaders();
    // Of no writer, whose name would stand before the colon.
    headers.append('Nats-Msg-Id', `:${randomBytes(12).toString('base64url')}`);
    if (after !== undefined) headers.append('Nats-Expected-Last-Subject-Sequence', String(after));
    const answer = await this.#patiently(subject, payload, headers).catch(staleOf(subject));
    if (answer.stream === stream) return numberOf(answer.seq);
    const where = `${subject} at ${this.#transport.description}`;
    throw new StreamError('BAD_CONFIG', `${where} belongs to the stream ${answer.stream}`);
  }

  /** The last message whose subject matches. */
  lastMessage(stream: string, filter: string): Promise<StoredMessage | undefined> {
    return this.#message(stream, { last_by_subj: filter });
  }

  /** The first message from a sequence on whose subject matches. */
  firstMessage(
    stream: string,
    fromSequence: number,
    filter: string,
  ): Promise<StoredMessage | undefined> {
    return this.#message(stream, { seq: fromSequence, next_by_subj: filter });
  }

  async #message(stream: string, which: Json): Promise<StoredMessage | undefined> {
    try {
      const answer = await this.request(`STREAM.MSG.GET.${stream}`, which);
      const { seq, subject, data } = objectIn(answer, 'message');
      const payload = typeof data === 'string' ? Buffer.from(data, 'base64') : Buffer.alloc(0);
      if (typeof subject !== 'string') throw malformed('message');
      return { sequence: numberOf(seq), subject, payload: new Uint8Array(payload) };
    } catch (error) {
      if (isRefusal(error, JetStreamErrorNumber.NO_MESSAGE)) return undefined;
      if (isRefusal(error, JetStreamErrorNumber.NO_STREAM)) throw this.noStream(stream);
      throw error;
    }
  }

  /**
   * A request to `$JS.API.<what>`; it may be made twice. Rejects with JetStreamRefusal when the
   * broker says no, with StreamError UNAVAILABLE when it says nothing, with CLOSED when the
   * connection is closed.
   */
  async request(what: string, body: Json): Promise<Json> {
    const payload = new TextEncoder().encode(JSON.stringify(body));
    return this.#patiently(`$JS.API.${what}`, payload);
  }

  async #patiently(subject: string, payload: Uint8Array, headers?: MsgHdrs): Promise<Json> {
    const deadlineMs = performance.now() + this.#patienceMs;
    for (;;) {
      try {
        return answerOf(await this.#ask(subject, payload, headers));
      } catch (error) {
        if (!isUnavailable(error) || this.#isAbsent(error)) throw error;
        if (performance.now() > deadlineMs) throw error;
        await pause(systemTimers, RETRY_MS);
      }
    }
  }

  /**
   * Publishes to a stream once, and resolves with the record's sequence. Rejects as `request` does;
   * after UNAVAILABLE the record may be stored or not.
   */
  async publish(subject: string, payload: Uint8Array, headers?: MsgHdrs): Promise<number> {
    const answer = answerOf(await this.#ask(subject, payload, headers));
    return numberOf(answer.seq);
  }

  async #ask(subject: string, payload: Uint8Array, headers?: MsgHdrs): Promise<Uint8Array> {
    const lost = Promise.withResolvers<never>();
    // An answer that was on its way when the connection broke will not come any more.
    const stopListening = this.#transport.onStatus((status, detail) => {
      if (status === 'disconnected') lost.reject(new TransportError('TIMEOUT', detail));
    });
    try {
      const answer = this.#transport.request(subject, payload, this.#timeoutMs, headers);
      return await Promise.race([answer, lost.promise]);
    } catch (error) {
      throw this.#unavailable(error);
    } finally {
      stopListening();
    }
  }

  /** The broker runs without JetStream: it is no use to wait for it. */
  #isAbsent(error: StreamError): boolean {
    const isSilent = error.cause instanceof TransportError && error.cause.code === 'NO_RESPONDERS';
    return isSilent && this.#transport.connection.info?.jetstream !== true;
  }

  #unavailable(error: unknown): unknown {
    if (!(error instanceof TransportError) || error.code === 'NOT_PERMITTED') return error;
    const where = this.#transport.description;
    if (error.code === 'CLOSED') return new StreamError('CLOSED', error.message, { cause: error });
    const mend =
      error.code === 'NO_RESPONDERS'
        ? 'JetStream does not answer there: start nats-server with -js, or wait until it is up'
        : 'the broker is away or overloaded';
    return new StreamError('UNAVAILABLE', `${where}: ${mend}`, { cause: error });
  }
}

/** An answer of JetStream that is no refusal. @throws JetStreamRefusal, StreamError UNAVAILABLE */
function answerOf(bytes: Uint8Array): Json {
  const answer = parseJson(bytes);
  const { error } = answer;
  if (typeof error !== 'object' || error === null) return answer;
  const { err_code, code, description } = error as Json;
  const number = numberOf(err_code ?? code);
  const refusal = new JetStreamRefusal(number, String(description));
  if (!PASSING.has(number)) throw refusal;
  const mend = 'too few of its servers hear each other, or they elect a leader';
  throw new StreamError('UNAVAILABLE', `${refusal.message}: ${mend}`, { cause: refusal });
}

/** The broker's no to a record that comes after another one than it says. */
function staleOf(subject: string) {
  return (error: unknown): never => {
    if (!isConflict(error)) throw error;
    const text = `another record of ${subject} has been appended`;
    throw new StreamError('STALE_WRITER', text, { cause: error });
  };
}

/** The broker expected another sequence. */
export function isConflict(error: unknown): boolean {
  const { WRONG_LAST_SEQUENCE, WRONG_LAST_SEQUENCE_CONSTANT } = JetStreamErrorNumber;
  return [WRONG_LAST_SEQUENCE, WRONG_LAST_SEQUENCE_CONSTANT].some((number) =>
    isRefusal(error, number),
  );
}

export function isUnavailable(error: unknown): error is StreamError {
  return error instanceof StreamError && error.code === 'UNAVAILABLE';
}

export function isRefusal(error: unknown, number: number): boolean {
  return error instanceof JetStreamRefusal && error.number === number;
}

export function parseJson(bytes: Uint8Array): Json {
  const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
  if (typeof value !== 'object' || value === null) throw malformed('answer');
  return value as Json;
}

/** A count that the broker sent. */
export function numberOf(value: unknown): number {
  if (!Number.isSafeInteger(value)) throw malformed('number');
  return Number(value);
}

function objectIn(parent: Json, key: string): Json {
  const value = parent[key];
  if (typeof value !== 'object' || value === null) throw malformed(key);
  return value as Json;
}

function malformed(what: string): StreamError {
  return new StreamError('UNAVAILABLE', `JetStream's answer has no proper ${what}`);
}

function streamFacts(answer: Json): StreamFacts {
  const state = objectIn(answer, 'state');
  const { leader } = Object(answer.cluster) as { leader?: unknown };
  return {
    leader: typeof leader === 'string' ? leader : undefined,
    config: objectIn(answer, 'config') as unknown as StreamConfiguration,
    firstSequence: numberOf(state.first_seq),
    lastSequence: numberOf(state.last_seq),
    messages: numberOf(state.messages),
  };
}

/** The stream store on a NATS broker with JetStream. */
import {
  JetStreamApi,
  JetStreamRefusal,
  keptStream,
  PATIENCE_MS,
  type StreamConfiguration,
  type StreamFacts,
} from './jetstream-api.ts';
import { JetStreamReader } from './jetstream-reader.ts';
import { JetStreamWriter } from './jetstream-writer.ts';
import type { NatsTransport } from './nats-transport.ts';
import {
  type OpeningRecord,
  StreamError,
  type StreamReader,
  type StreamStore,
  type StreamWriter,
} from './stream.ts';
import { checkStreamName } from './stream-name.ts';
import { checkFilter, coversFilter } from './subject.ts';

export interface JetStreamStoreOptions {
  /** Copies of each stream in the broker's cluster; 1 by default. */
  readonly replicas?: number | undefined;
  /** Where a stream begins that is made; 1 by default. For streams put back from a copy. */
  readonly firstSequence?: number | undefined;
  /** How long appends may go unacknowledged before it asks what happened; 5,000 ms by default. */
  readonly ackTimeoutMs?: number | undefined;
  /** How long closing waits for what is in flight, a broker away or not; 5,000 ms by default. */
  readonly closeWithinMs?: number | undefined;
  /** The broker's sync_interval, which clients can't ask it for; only for `durability`. */
  readonly sync?: string | undefined;
}

export interface StreamState {
  /** One more than the last where it is empty. */
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly messages: number;
  readonly replicas: number;
}

const ACK_TIMEOUT_MS = 5_000;
const CLOSE_WITHIN_MS = 5_000;

export class JetStreamStore implements StreamStore {
  readonly durability: string;
  readonly #transport: NatsTransport;
  readonly #api: JetStreamApi;
  readonly #replicas: number;
  readonly #firstSequence: number;
  readonly #ackTimeoutMs: number;
  readonly #closeWithinMs: number;
  readonly #writers = new Set<StreamWriter>();
  readonly #closing = new AbortController();
  /** Streams that were found to be made as they have to be. */
  readonly #prepared = new Set<string>();

  constructor(transport: NatsTransport, options: JetStreamStoreOptions = {}) {
    this.#transport = transport;
    this.#api = new JetStreamApi(transport, PATIENCE_MS);
    this.#replicas = options.replicas ?? 1;
    this.#firstSequence = options.firstSequence ?? 1;
    this.#ackTimeoutMs = options.ackTimeoutMs ?? ACK_TIMEOUT_MS;
    this.#closeWithinMs = options.closeWithinMs ?? CLOSE_WITHIN_MS;
    const replicas = `${this.#replicas} ${this.#replicas === 1 ? 'replica' : 'replicas'}`;
    const sync = options.sync ?? "as the broker's sync_interval says (2m unless set)";
    this.durability = `JetStream file, ${replicas}, sync ${sync}`;
  }

  async writer(
    name: string,
    subjects: readonly string[],
    opening?: OpeningRecord,
  ): Promise<StreamWriter> {
    if (this.#closing.signal.aborted) throw new StreamError('CLOSED', 'the store is closed');
    const reader = this.#newReader(name);
    for (const subject of subjects) checkFilter(subject);
    const lastSequence = await this.#lastSequence(name, subjects, opening);
    const writer = new JetStreamWriter({
      transport: this.#transport,
      reader,
      name,
      subjects,
      lastSequence,
      ackTimeoutMs: this.#ackTimeoutMs,
      closeWithinMs: this.#closeWithinMs,
    });
    this.#writers.add(writer);
    return writer;
  }

  async prepare(name: string, subjects: readonly string[]): Promise<void> {
    const facts = await this.#api.streamFacts(name);
    this.#checkConfiguration(facts.config, subjects);
    this.#prepared.add(keyOf(name, subjects));
  }

  reader(name: string): StreamReader {
    return this.#newReader(name);
  }

  /** What the broker says of a stream; undefined where there is none. Rejects with UNAVAILABLE. */
  async state(name: string): Promise<StreamState | undefined> {
    checkStreamName(name);
    const facts = await this.#api.findStream(name);
    if (facts === undefined) return undefined;
    const { firstSequence, lastSequence, messages, config } = facts;
    const replicas = config.num_replicas;
    return { firstSequence, lastSequence, messages, replicas };
  }

  /** Sequences that were deleted from between others. Rejects with StreamError UNAVAILABLE. */
  async holes(name: string): Promise<readonly number[]> {
    const state = await this.state(name);
    if (state === undefined) return [];
    const { firstSequence, lastSequence, messages } = state;
    return messages === lastSequence - firstSequence + 1 ? [] : this.#api.deleted(name);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([...this.#writers].map((writer) => writer.close()));
  }

  async #lastSequence(
    name: string,
    subjects: readonly string[],
    opening: OpeningRecord | undefined,
  ): Promise<number> {
    if (opening !== undefined && this.#prepared.has(keyOf(name, subjects))) {
      return this.#api.append(name, opening);
    }
    const facts = (await this.#api.findStream(name)) ?? (await this.#create(name, subjects));
    this.#checkConfiguration(facts.config, subjects);
    return opening === undefined ? facts.lastSequence : this.#api.append(name, opening);
  }

  #newReader(name: string): JetStreamReader {
    checkStreamName(name);
    return new JetStreamReader(this.#transport, name, this.#closing.signal);
  }

  async #create(name: string, subjects: readonly string[]): Promise<StreamFacts> {
    try {
      return await this.#api.createStream({
        ...keptStream(name, subjects, this.#replicas),
        deny_delete: true,
        allow_atomic: true,
        // Brokers before 2.10 know nothing of it.
        ...(this.#firstSequence > 1 && { first_seq: this.#firstSequence }),
      });
    } catch (error) {
      if (!(error instanceof JetStreamRefusal)) throw error;
      const text = `${this.#transport.description} refuses to create the stream ${name}`;
      throw new StreamError('BAD_CONFIG', `${text}: ${error.message}`, { cause: error });
    }
  }

  /** A stream that drops records, or keeps fewer copies than promised, is refused. */
  #checkConfiguration(config: StreamConfiguration, subjects: readonly string[]): void {
    const faults: string[] = [];
    const expect = (what: string, found: unknown, isRight: boolean) => {
      if (!isRight) faults.push(`${what} is ${JSON.stringify(found)}`);
    };
    expect('storage', config.storage, config.storage === 'file');
    expect('retention', config.retention, config.retention === 'limits');
    expect('num_replicas', config.num_replicas, config.num_replicas === this.#replicas);
    expect('max_msgs', config.max_msgs, config.max_msgs < 0);
    expect('max_bytes', config.max_bytes, config.max_bytes < 0);
    expect('max_age', config.max_age, config.max_age === 0);
    const perSubject = config.max_msgs_per_subject;
    expect('max_msgs_per_subject', perSubject, perSubject < 0);
    const isAtomic = config.allow_atomic === true;
    expect('allow_atomic', config.allow_atomic ?? false, isAtomic);
    const isCovered = subjects.every((subject) =>
      config.subjects.some((filter) => coversFilter(filter, subject)),
    );
    expect('subjects', config.subjects, isCovered);
    if (faults.length === 0) return;
    const wanted =
      `file storage, ${this.#replicas} replicas, no limits, atomic batches (nats-server 2.12), ` +
      subjects.join(' ');
    throw new StreamError(
      'BAD_CONFIG',
      `the stream ${config.name} at ${this.#transport.description} was made otherwise: ` +
        `${faults.join(', ')}; wanted: ${wanted}. Change one of the two`,
    );
  }
}

const keyOf = (name: string, subjects: readonly string[]) => [name, ...subjects].join(' ');

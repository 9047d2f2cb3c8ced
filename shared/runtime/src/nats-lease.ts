/**
 * Leases in a key-value bucket of JetStream, which `nats kv` shows. A key's revision is its last
 * record's sequence in the bucket's stream. It is read from the stream's leader, not from any copy.
 */
import { headers as createHeaders } from 'nats';
import {
  isConflict,
  JetStreamApi,
  JetStreamRefusal,
  keptStream,
  PATIENCE_MS,
} from './jetstream-api.ts';
import { type LeaseEntry, LeaseError, type LeaseStore } from './lease-store.ts';
import type { NatsTransport } from './nats-transport.ts';
import { StreamError } from './stream.ts';
import { TransportError } from './transport.ts';

export interface NatsLeaseOptions {
  /** Name of the bucket; FOLDBOOK by default. */
  readonly bucket?: string | undefined;
  /** Copies of the bucket in the broker's cluster; 1 by default. */
  readonly replicas?: number | undefined;
  /** How long an answer may take; 1,000 ms by default. Shorter than a third of a lease is best. */
  readonly requestTimeoutMs?: number | undefined;
}

const DEFAULT_BUCKET = 'FOLDBOOK';
const REQUEST_TIMEOUT_MS = 1_000;
const EXPECTED_SEQUENCE = 'Nats-Expected-Last-Subject-Sequence';

export class NatsLeaseStore implements LeaseStore {
  readonly description: string;
  readonly #transport: NatsTransport;
  readonly #api: JetStreamApi;
  readonly #bucket: string;
  readonly #stream: string;
  readonly #replicas: number;

  /** Use `openNatsLeases`. */
  constructor(transport: NatsTransport, options: NatsLeaseOptions) {
    this.#transport = transport;
    this.#bucket = options.bucket ?? DEFAULT_BUCKET;
    this.#stream = `KV_${this.#bucket}`;
    this.#replicas = options.replicas ?? 1;
    this.#api = new JetStreamApi(transport, 0, options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS);
    this.description = `the bucket ${this.#bucket} of ${transport.description}`;
  }

  async read(key: string): Promise<LeaseEntry> {
    return this.#asked(async () => {
      const found = await this.#lastMessage(key);
      if (found === undefined) return { revision: 0, value: undefined };
      const { payload, sequence } = found;
      // A deletion is an empty record.
      const value = payload.byteLength === 0 ? undefined : new TextDecoder().decode(payload);
      return { revision: sequence, value };
    });
  }

  async replace(key: string, value: string, revision: number): Promise<number | undefined> {
    return this.#asked(async () => {
      const headers = createHeaders();
      headers.append('Nats-Expected-Stream', this.#stream);
      headers.append(EXPECTED_SEQUENCE, String(revision));
      try {
        const payload = new TextEncoder().encode(value);
        return await this.#api.publish(this.#subject(key), payload, headers);
      } catch (error) {
        if (isConflict(error)) return undefined;
        throw error;
      }
    });
  }

  /** Hears what is published to the key's subject, before it is stored, and refused or not. */
  onChange(key: string, listener: () => void): () => void {
    const subscription = this.#transport.subscribe(this.#subject(key), () => listener());
    return () => subscription.unsubscribe();
  }

  /** Makes the bucket if there is none. Rejects with LeaseError BAD_CONFIG, UNAVAILABLE. */
  async open(): Promise<void> {
    const patient = new JetStreamApi(this.#transport, PATIENCE_MS);
    await this.#asked(async () => {
      const facts = (await patient.findStream(this.#stream)) ?? (await this.#create(patient));
      const { max_age: maxAge, num_replicas: replicas, storage } = facts.config;
      if (storage === 'file' && maxAge === 0 && replicas === this.#replicas) return;
      throw new LeaseError(
        'BAD_CONFIG',
        `${this.description} was made otherwise: storage ${storage}, max_age ${maxAge}, ` +
          `num_replicas ${replicas}; wanted: file, 0, ${this.#replicas}. Change one of the two`,
      );
    });
  }

  #subject(key: string): string {
    return `$KV.${this.#bucket}.${key}`;
  }

  async #lastMessage(key: string) {
    try {
      return await this.#api.lastMessage(this.#stream, this.#subject(key));
    } catch (error) {
      if (!(error instanceof StreamError) || error.code !== 'NO_STREAM') throw error;
      // A broker that lost all it had: holders lose their leases, and others begin anew.
      await this.#create(this.#api);
      return undefined;
    }
  }

  /** As the tools of NATS make a bucket with one value a key. */
  #create(api: JetStreamApi) {
    return api.createStream({
      ...keptStream(this.#stream, [`$KV.${this.#bucket}.>`], this.#replicas),
      max_msgs_per_subject: 1,
      allow_rollup_hdrs: true,
      allow_direct: true,
      deny_delete: true,
    });
  }

  async #asked<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      throw this.#leaseError(error);
    }
  }

  #leaseError(error: unknown): unknown {
    const message = `${this.description}: ${error instanceof Error ? error.message : error}`;
    if (error instanceof StreamError) {
      const code = error.code === 'CLOSED' ? 'CLOSED' : 'UNAVAILABLE';
      return new LeaseError(code, error.message, { cause: error });
    }
    // A broker that can't store now (no leader, a full disk) may again later.
    if (error instanceof JetStreamRefusal) {
      return new LeaseError('UNAVAILABLE', message, { cause: error });
    }
    if (error instanceof TransportError && error.code === 'NOT_PERMITTED') {
      return new LeaseError('BAD_CONFIG', message, { cause: error });
    }
    return error;
  }
}

/** The bucket of leases at a broker. Rejects with LeaseError BAD_CONFIG, UNAVAILABLE. */
export async function openNatsLeases(
  transport: NatsTransport,
  options: NatsLeaseOptions = {},
): Promise<NatsLeaseStore> {
  const store = new NatsLeaseStore(transport, options);
  await store.open();
  return store;
}

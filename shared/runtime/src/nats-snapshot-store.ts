/**
 * Snapshots in an object store of JetStream, which `nats object` shows: chunks on a subject of each
 * object, and on a subject of each name which object it is. The name is written last.
 */
import { createHash, randomUUID } from 'node:crypto';
import { headers as createHeaders } from 'nats';
import {
  isUnavailable,
  JetStreamApi,
  JetStreamRefusal,
  keptStream,
  PATIENCE_MS,
} from './jetstream-api.ts';
import { JetStreamReader } from './jetstream-reader.ts';
import { byName } from './memory-snapshot-store.ts';
import type { NatsTransport } from './nats-transport.ts';
import {
  checkSnapshotName,
  damagedSnapshot,
  noSnapshot,
  type SnapshotDraft,
  SnapshotError,
  type SnapshotInfo,
  type SnapshotStore,
} from './snapshot-store.ts';
import { StreamError } from './stream.ts';
import { pause, systemTimers } from './timers.ts';
import { TransportError } from './transport.ts';

export interface NatsSnapshotOptions {
  /** Name of the object store, such as SNAP_0. */
  readonly bucket: string;
  /** Of this writer, of which there is one at a time; `removeLeftovers` is about its drafts. */
  readonly writer?: string | undefined;
  /** Copies in the broker's cluster; 1 by default. */
  readonly replicas?: number | undefined;
}

const CHUNK_BYTES = 128 * 1024;
/** Chunks on their way to the broker: two MiB of memory at most. */
const WINDOW = 16;
const DIGEST_KIND = 'SHA-256=';

/** What a name's record says, in the form of NATS. */
interface ObjectRecord {
  readonly id: string;
  readonly sizeBytes: number;
  readonly chunks: number;
  readonly sha256: string;
}

interface Bucket {
  readonly transport: NatsTransport;
  /** Asks again for a while when the broker is away. */
  readonly api: JetStreamApi;
  readonly name: string;
  readonly stream: string;
  readonly writer: string;
  readonly description: string;
}

const chunkSubject = ({ name }: Bucket, id: string) => `$O.${name}.C.${id}`;
const nameSubject = ({ name }: Bucket, snapshot: string) =>
  `$O.${name}.M.${toBase64Url(Buffer.from(snapshot))}`;

/** The padding stays: NATS keeps it, too. */
const toBase64Url = (bytes: Buffer) =>
  bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_');

export class NatsSnapshotStore implements SnapshotStore {
  readonly description: string;
  readonly #bucket: Bucket;
  readonly #closed = new AbortController();

  private constructor(bucket: Bucket) {
    this.#bucket = bucket;
    this.description = bucket.description;
  }

  /**
   * Makes the object store if there is none. Rejects with SnapshotError BAD_CONFIG, UNAVAILABLE.
   */
  static async open(
    transport: NatsTransport,
    options: NatsSnapshotOptions,
  ): Promise<NatsSnapshotStore> {
    const { bucket: name, writer = 'unnamed', replicas = 1 } = options;
    for (const token of [name, writer]) {
      if (/^\w[\w-]*$/.test(token)) continue;
      const text = `${token} is no name of a bucket or writer: use letters, digits, "_" and "-"`;
      throw new SnapshotError('BAD_CONFIG', text);
    }
    const description = `the object store ${name} of ${transport.description}`;
    const api = new JetStreamApi(transport, PATIENCE_MS);
    const bucket = { transport, api, name, stream: `OBJ_${name}`, writer, description };
    return asked(bucket, async () => {
      const facts = (await api.findStream(bucket.stream)) ?? (await create(bucket, replicas));
      const { max_age: maxAge, num_replicas: found, storage } = facts.config;
      if (storage !== 'file' || maxAge !== 0 || found !== replicas) {
        throw new SnapshotError(
          'BAD_CONFIG',
          `${description} was made otherwise: storage ${storage}, max_age ${maxAge}, ` +
            `num_replicas ${found}; wanted: file, 0, ${replicas}. Change one of the two`,
        );
      }
      return new NatsSnapshotStore(bucket);
    });
  }

  async draft(name: string): Promise<SnapshotDraft> {
    checkSnapshotName(name);
    return new NatsDraft(this.#bucket, name);
  }

  async list(prefix: string): Promise<SnapshotInfo[]> {
    const infos: SnapshotInfo[] = [];
    for (const [name, record] of await this.#records()) {
      if (!name.startsWith(prefix)) continue;
      const { sizeBytes = 0, sha256 = '' } = record ?? {};
      infos.push({ name, sizeBytes, sha256, isWhole: record !== undefined });
    }
    return infos.sort(byName);
  }

  async *read(name: string): AsyncGenerator<Uint8Array> {
    checkSnapshotName(name);
    const record = await recordOf(this.#bucket, name);
    const digest = createHash('sha256');
    let sizeBytes = 0;
    let chunks = 0;
    if (record.chunks > 0) {
      for await (const payload of this.#chunks(name, record)) {
        sizeBytes += payload.byteLength;
        chunks += 1;
        digest.update(payload);
        yield payload;
      }
    }
    if (chunks !== record.chunks || sizeBytes !== record.sizeBytes) {
      const text = `${chunks} chunks with ${sizeBytes} bytes`;
      const sealed = `${record.chunks} with ${record.sizeBytes}`;
      throw damagedSnapshot(name, this.description, `it has ${text} where ${sealed} were sealed`);
    }
    if (digest.digest('hex') === record.sha256) return;
    throw damagedSnapshot(name, this.description, 'its content is not what was sealed');
  }

  async remove(name: string): Promise<void> {
    checkSnapshotName(name);
    const bucket = this.#bucket;
    await asked(bucket, async () => {
      const record = await findRecord(bucket, name);
      // The name first, so that there never is one without its chunks.
      await bucket.api.purge(bucket.stream, nameSubject(bucket, name));
      if (record !== undefined)
        await bucket.api.purge(bucket.stream, chunkSubject(bucket, record.id));
    });
  }

  async *#chunks(name: string, { id }: ObjectRecord): AsyncGenerator<Uint8Array> {
    const bucket = this.#bucket;
    const { api, stream, transport } = bucket;
    const filter = chunkSubject(bucket, id);
    const first = await asked(bucket, () => api.firstMessage(stream, 1, filter));
    if (first === undefined) throw damagedSnapshot(name, bucket.description, 'its chunks are gone');
    const reader = new JetStreamReader(transport, stream, this.#closed.signal);
    const options = { fromSequence: first.sequence, filter, follow: false };
    try {
      for await (const { payload } of reader.read(options)) yield payload;
    } catch (error) {
      throw snapshotError(bucket, error);
    }
  }

  /** By name; undefined for a record that can't be read. */
  async #records(): Promise<Map<string, ObjectRecord | undefined>> {
    const { name, stream, transport } = this.#bucket;
    const reader = new JetStreamReader(transport, stream, this.#closed.signal);
    const prefix = `$O.${name}.M.`;
    const found = await asked(this.#bucket, () => reader.lastOfEach(`${prefix}>`));
    const records = new Map<string, ObjectRecord | undefined>();
    for (const { payload, subject } of found) {
      const encoded = subject.slice(prefix.length);
      const snapshot = Buffer.from(encoded, 'base64url').toString();
      const record = parseRecord(payload);
      if (record !== 'deleted') records.set(snapshot, record);
    }
    return records;
  }

  /** Chunks that a process of this writer's name before gave no name. */
  async removeLeftovers(): Promise<void> {
    const bucket = this.#bucket;
    const { api, stream, writer } = bucket;
    const named = new Set<string>();
    for (const record of (await this.#records()).values()) if (record) named.add(record.id);
    const prefix = chunkSubject(bucket, '');
    await asked(bucket, async () => {
      for (const subject of await api.subjects(stream, `${prefix}>`)) {
        const id = subject.slice(prefix.length);
        if (id.startsWith(`${writer}.`) && !named.has(id)) await api.purge(stream, subject);
      }
    });
  }
}

class NatsDraft implements SnapshotDraft {
  readonly #bucket: Bucket;
  readonly #name: string;
  readonly #id: string;
  /** Asks once: a chunk that was sent twice would be there twice. */
  readonly #api: JetStreamApi;
  readonly #digest = createHash('sha256');
  readonly #onTheirWay = new Set<Promise<void>>();
  #piece = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #pieceBytes = 0;
  #sizeBytes = 0;
  #chunks = 0;
  #failure: unknown;

  constructor(bucket: Bucket, name: string) {
    this.#bucket = bucket;
    this.#name = name;
    this.#id = `${bucket.writer}.${randomUUID()}`;
    this.#api = new JetStreamApi(bucket.transport);
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#digest.update(chunk);
    this.#sizeBytes += chunk.byteLength;
    for (let taken = 0; taken < chunk.byteLength; ) {
      const part = chunk.subarray(taken, taken + CHUNK_BYTES - this.#pieceBytes);
      this.#piece.set(part, this.#pieceBytes);
      this.#pieceBytes += part.byteLength;
      taken += part.byteLength;
      if (this.#pieceBytes === CHUNK_BYTES) await this.#send();
    }
  }

  async finish(): Promise<SnapshotInfo> {
    if (this.#pieceBytes > 0) await this.#send();
    await Promise.all(this.#onTheirWay);
    this.#throwFailure();
    const digest = this.#digest.digest();
    const bucket = this.#bucket;
    const record = {
      name: this.#name,
      bucket: bucket.name,
      nuid: this.#id,
      size: this.#sizeBytes,
      chunks: this.#chunks,
      digest: `${DIGEST_KIND}${toBase64Url(digest)}`,
      deleted: false,
      options: { max_chunk_size: CHUNK_BYTES },
    };
    await asked(bucket, async () => {
      const former = await findRecord(bucket, this.#name);
      await this.#publishName(new TextEncoder().encode(JSON.stringify(record)));
      if (former === undefined) return;
      await bucket.api.purge(bucket.stream, chunkSubject(bucket, former.id));
    });
    const sha256 = digest.toString('hex');
    return { name: this.#name, sizeBytes: this.#sizeBytes, sha256, isWhole: true };
  }

  async abort(): Promise<void> {
    await Promise.all(this.#onTheirWay);
    const { stream } = this.#bucket;
    // What can't be removed now goes with this writer's next `removeLeftovers`.
    await this.#api.purge(stream, chunkSubject(this.#bucket, this.#id)).catch(() => undefined);
  }

  /** The same record twice is one: the subject keeps its last. */
  async #publishName(payload: Uint8Array): Promise<void> {
    const headers = createHeaders();
    headers.append('Nats-Rollup', 'sub');
    const deadlineMs = performance.now() + PATIENCE_MS;
    for (;;) {
      try {
        await this.#api.publish(nameSubject(this.#bucket, this.#name), payload, headers);
        return;
      } catch (error) {
        if (!isUnavailable(error) || performance.now() > deadlineMs) throw error;
        await pause(systemTimers, RETRY_MS);
      }
    }
  }

  async #send(): Promise<void> {
    this.#throwFailure();
    const piece = this.#piece.subarray(0, this.#pieceBytes);
    this.#piece = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    this.#pieceBytes = 0;
    this.#chunks += 1;
    const sent = this.#api.publish(chunkSubject(this.#bucket, this.#id), piece).then(
      () => void this.#onTheirWay.delete(sent),
      (error: unknown) => {
        this.#onTheirWay.delete(sent);
        this.#failure ??= error;
      },
    );
    this.#onTheirWay.add(sent);
    if (this.#onTheirWay.size >= WINDOW) await Promise.race(this.#onTheirWay);
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw snapshotError(this.#bucket, this.#failure);
  }
}

const RETRY_MS = 100;

function create({ api, name, stream }: Bucket, replicas: number) {
  return api.createStream({
    ...keptStream(stream, [`$O.${name}.C.>`, `$O.${name}.M.>`], replicas),
    allow_rollup_hdrs: true,
    allow_direct: true,
  });
}

async function findRecord(bucket: Bucket, name: string): Promise<ObjectRecord | undefined> {
  const found = await bucket.api.lastMessage(bucket.stream, nameSubject(bucket, name));
  const record = found === undefined ? undefined : parseRecord(found.payload);
  return record === 'deleted' ? undefined : record;
}

async function recordOf(bucket: Bucket, name: string): Promise<ObjectRecord> {
  const { api, description, stream } = bucket;
  const found = await asked(bucket, () => api.lastMessage(stream, nameSubject(bucket, name)));
  const record = found === undefined ? 'deleted' : parseRecord(found.payload);
  if (record === 'deleted') throw noSnapshot(name, description);
  if (record === undefined) throw damagedSnapshot(name, description, "its name's record is none");
  return record;
}

/** Undefined for what is no such record. */
function parseRecord(payload: Uint8Array): ObjectRecord | 'deleted' | undefined {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(payload));
  } catch {
    return undefined;
  }
  if (typeof json !== 'object' || json === null) return undefined;
  const { chunks, deleted, digest, nuid, size } = json as Partial<Record<string, unknown>>;
  if (deleted === true) return 'deleted';
  const isRight =
    typeof nuid === 'string' && /^[\w.-]+$/.test(nuid) && isCount(size) && isCount(chunks);
  if (!isRight || typeof digest !== 'string' || !digest.startsWith(DIGEST_KIND)) return undefined;
  const sha256 = Buffer.from(digest.slice(DIGEST_KIND.length), 'base64url').toString('hex');
  return { id: nuid, sizeBytes: size, chunks, sha256 };
}

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;

async function asked<T>(bucket: Bucket, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw snapshotError(bucket, error);
  }
}

function snapshotError({ description }: Bucket, error: unknown): unknown {
  if (error instanceof StreamError || error instanceof JetStreamRefusal) {
    const text = `${description}: ${error.message}`;
    return new SnapshotError('UNAVAILABLE', text, { cause: error });
  }
  if (error instanceof TransportError && error.code === 'NOT_PERMITTED') {
    return new SnapshotError('BAD_CONFIG', error.message, { cause: error });
  }
  return error;
}

/**
 * The writing end of a stream of segment files. Appends that come while one commit is running go
 * into the next together; each is acknowledged after fdatasync.
 */
import assert from 'node:assert/strict';
import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, syncFolder } from './durable-folder.ts';
import { SegmentCursor } from './segment-cursor.ts';
import {
  encodeRecord,
  encodeSegmentHeader,
  MAX_PAYLOAD_BYTES,
  recordBytes,
  SEGMENT_HEADER_BYTES,
  segmentName,
} from './segment-format.ts';
import { FIRST_LINK, LINK_BYTES, Linker, payloadDigest } from './segment-link.ts';
import { listSegments } from './segment-reader.ts';
import { readToTail } from './segment-tail.ts';
import { StreamError, type StreamWriter, type TroubleListener } from './stream.ts';
import { compileFilter } from './subject.ts';
import { WriterLock } from './writer-lock.ts';

export interface SegmentWriterOptions {
  readonly dir: string;
  readonly name: string;
  readonly subjects: readonly string[];
  /** A segment that is at least so long is closed and another begun. */
  readonly segmentBytes: number;
  /** Of the first record, where the stream has none yet; 1 by default. */
  readonly firstSequence?: number | undefined;
  /** Told of what was mended at the opening. */
  readonly onNotice: (text: string) => void;
}

/** Of one commit; a single record may be larger. */
const MAX_COMMIT_BYTES = 4 * 1024 * 1024;
const textEncoder = new TextEncoder();

interface Append {
  readonly subject: Uint8Array;
  readonly payload: Uint8Array;
  readonly givenDigest: Uint8Array | undefined;
  readonly resolve: (sequence: number) => void;
  readonly reject: (error: StreamError) => void;
}

interface Tail {
  readonly file: FileHandle;
  readonly sizeBytes: number;
  readonly lastSequence: number;
  readonly lastLink: Uint8Array;
}

export class SegmentWriter implements StreamWriter {
  readonly name: string;
  readonly #dir: string;
  readonly #segmentBytes: number;
  readonly #accepts: readonly ((subject: string) => boolean)[];
  readonly #lock: WriterLock;
  #file: FileHandle;
  #sizeBytes: number;
  #lastSequence: number;
  /** Of the last record that is durable. */
  #lastLink: Uint8Array;
  readonly #linker = new Linker();
  #waiting: Append[] = [];
  #committing: readonly Append[] = [];
  #running: Promise<void> | undefined;
  #scratch: Buffer = Buffer.alloc(64 * 1024);
  #failure: StreamError | undefined;

  private constructor(options: SegmentWriterOptions, lock: WriterLock, tail: Tail) {
    this.name = options.name;
    this.#dir = options.dir;
    this.#segmentBytes = options.segmentBytes;
    this.#accepts = options.subjects.map(compileFilter);
    this.#lock = lock;
    this.#file = tail.file;
    this.#sizeBytes = tail.sizeBytes;
    this.#lastSequence = tail.lastSequence;
    this.#lastLink = tail.lastLink;
  }

  /** Rejects with StreamError LOCKED or CORRUPT. */
  static async open(options: SegmentWriterOptions): Promise<SegmentWriter> {
    const { dir } = options;
    await makeFolder(dir);
    const lock = WriterLock.take(join(dir, 'writer.lock'));
    try {
      const drafts = (await readdir(dir)).filter((name) => name.endsWith('.segment.tmp'));
      for (const name of drafts) await rm(join(dir, name));
      const { firstSequence = 1, onNotice } = options;
      const first = (await listSegments(dir)).at(-1);
      if (first === undefined) await createSegment(dir, firstSequence, FIRST_LINK);
      const tail = await openTail(dir, first ?? firstSequence, onNotice);
      return new SegmentWriter(options, lock, tail);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  get lastSequence(): number {
    return this.#lastSequence;
  }

  /** Link of the last durable record: it stands for the whole stream. 32 bytes. */
  get lastLink(): Uint8Array {
    return this.#lastLink;
  }

  inFlight(): number {
    return this.#waiting.length + this.#committing.length;
  }

  /** A file has no passing trouble: what goes wrong is final, and rejects the appends. */
  onTrouble(_listener: TroubleListener): () => void {
    return () => {};
  }

  /** @param digest goes into the record's link instead of the payload's SHA-256; 32 bytes */
  append(subject: string, payload: Uint8Array, digest?: Uint8Array): Promise<number> {
    assert(digest === undefined || digest.byteLength === LINK_BYTES, 'a digest has 32 bytes');
    const isCovered = this.#accepts.some((accepts) => accepts(subject));
    assert(isCovered, `${subject} is not among the subjects of ${this.name}`);
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (payload.byteLength > MAX_PAYLOAD_BYTES) {
      const text = `a record of ${payload.byteLength} bytes on ${subject}`;
      const error = new StreamError(
        'TOO_LARGE',
        `${text}; at most ${MAX_PAYLOAD_BYTES}: cut it up`,
      );
      return Promise.reject(error);
    }
    return new Promise((resolve, reject) => {
      const encoded = textEncoder.encode(subject);
      this.#waiting.push({ subject: encoded, payload, givenDigest: digest, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  async close(): Promise<void> {
    const isFirst = this.#failure === undefined;
    this.#failure ??= new StreamError('CLOSED', `the writer of ${this.name} is closed`);
    await this.#running;
    if (!isFirst) return;
    await this.#file.close();
    this.#lock.release();
  }

  async #run(): Promise<void> {
    // What else this turn appends joins the first commit.
    await Promise.resolve();
    try {
      while (this.#waiting.length > 0) await this.#commit();
    } catch (error) {
      await this.#fail(error);
    }
    this.#running = undefined;
  }

  async #commit(): Promise<void> {
    const batch = this.#take();
    const isEmpty = this.#sizeBytes === SEGMENT_HEADER_BYTES;
    if (!isEmpty && this.#sizeBytes >= this.#segmentBytes) await this.#roll();
    const { bytes, lastLink } = this.#encode(batch);
    // Two writers would write over each other; the lock is only advice to others.
    if (!this.#lock.isHeld()) {
      const text = `the lock of ${this.#dir} was taken away: another process writes the stream`;
      throw new StreamError('STALE_WRITER', `${text}; this one has lost it`);
    }
    await writeWhole(this.#file, bytes, this.#sizeBytes);
    await this.#file.datasync();
    this.#sizeBytes += bytes.byteLength;
    const first = this.#lastSequence + 1;
    this.#lastSequence += batch.length;
    this.#lastLink = lastLink;
    this.#committing = [];
    for (const [i, { resolve }] of batch.entries()) resolve(first + i);
  }

  #take(): readonly Append[] {
    let sizeBytes = 0;
    let count = 0;
    for (const { subject, payload } of this.#waiting) {
      sizeBytes += recordBytes(subject.byteLength, payload.byteLength);
      if (count > 0 && sizeBytes > MAX_COMMIT_BYTES) break;
      count += 1;
    }
    this.#committing = this.#waiting.splice(0, count);
    return this.#committing;
  }

  #encode(batch: readonly Append[]): { bytes: Buffer; lastLink: Uint8Array } {
    let neededBytes = 0;
    for (const { subject, payload } of batch) {
      neededBytes += recordBytes(subject.byteLength, payload.byteLength);
    }
    if (this.#scratch.byteLength < neededBytes) this.#scratch = Buffer.alloc(neededBytes * 2);
    let end = 0;
    let link = this.#lastLink;
    for (const [i, { subject, payload, givenDigest }] of batch.entries()) {
      const sequence = this.#lastSequence + 1 + i;
      link = this.#linker.next(link, sequence, givenDigest ?? payloadDigest(payload), subject);
      const digest = givenDigest === undefined ? 'payload' : 'given';
      const record = { sequence, pending: i, digest, link, subject, payload } as const;
      end = encodeRecord(this.#scratch, end, record);
    }
    return { bytes: this.#scratch.subarray(0, end), lastLink: link };
  }

  async #roll(): Promise<void> {
    const path = await createSegment(this.#dir, this.#lastSequence + 1, this.#lastLink);
    await this.#file.close();
    this.#file = await open(path, 'r+');
    this.#sizeBytes = SEGMENT_HEADER_BYTES;
  }

  /** After a failed write or sync nothing is known of what is on the disk: there is no retry. */
  async #fail(cause: unknown): Promise<void> {
    const error =
      cause instanceof StreamError
        ? cause
        : new StreamError('IO_FAILED', `writing ${this.#dir} failed: ${cause}; see to the disk`, {
            cause,
          });
    const wasClosing = this.#failure !== undefined;
    this.#failure = error;
    const lost = [...this.#committing, ...this.#waiting];
    this.#committing = [];
    this.#waiting = [];
    for (const { reject } of lost) reject(error);
    if (wasClosing) return;
    await this.#file.close().catch(() => undefined);
    this.#lock.release();
  }
}

/** A new segment, empty and durable: it appears under its name with its header whole. */
async function createSegment(
  dir: string,
  firstSequence: number,
  linkBefore: Uint8Array,
): Promise<string> {
  const path = join(dir, segmentName(firstSequence));
  const draft = `${path}.tmp`;
  const file = await open(draft, 'w');
  try {
    await writeWhole(file, encodeSegmentHeader(firstSequence, linkBefore), 0);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  await syncFolder(dir);
  return path;
}

/** Finds the last whole record of the last segment, and cuts off what a crash left behind it. */
async function openTail(
  dir: string,
  first: number,
  onNotice: (text: string) => void,
): Promise<Tail> {
  const path = join(dir, segmentName(first));
  const cursor = await SegmentCursor.open(path, first);
  const torn = await readToTail(cursor);
  const { offset: sizeBytes, nextSequence, link: lastLink } = cursor;
  const file = await open(path, 'r+');
  if (torn !== undefined) {
    const { size } = await file.stat();
    await file.truncate(sizeBytes);
    onNotice(
      `${path}: cut off ${size - sizeBytes} bytes at offset ${sizeBytes}, a write that a crash ` +
        `tore (${torn}); it was not acknowledged. The last record is ${nextSequence - 1}`,
    );
  }
  // A writer that was killed may have left whole records that are not on the disk yet.
  await file.sync();
  return { file, sizeBytes, lastSequence: nextSequence - 1, lastLink };
}

async function writeWhole(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.byteLength) {
    const { bytesWritten } = await file.write(
      bytes,
      written,
      bytes.byteLength - written,
      position + written,
    );
    written += bytesWritten;
  }
}

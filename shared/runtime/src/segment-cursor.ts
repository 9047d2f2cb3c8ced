/** Reads the records of one segment file in order, also while they are being written. */
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import {
  checkSegmentHeader,
  decodeRecord,
  findLaterRecord,
  linkBeforeSegment,
  SEGMENT_HEADER_BYTES,
  type SegmentRecord,
} from './segment-format.ts';
import { StreamError } from './stream.ts';

const CHUNK_BYTES = 256 * 1024;

export type Step =
  | { readonly kind: 'record'; readonly record: SegmentRecord }
  /** Nothing follows, yet. */
  | { readonly kind: 'end' }
  /** What follows is no whole record, yet: torn, damaged, or just being written. */
  | { readonly kind: 'partial'; readonly why: string };

/** What a segment is read from: a file, or memory. */
export interface SegmentBytes {
  read(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesRead: number }>;
  stat(): Promise<{ readonly size: number }>;
  close(): Promise<void>;
}

export class SegmentCursor {
  readonly path: string;
  readonly firstSequence: number;
  readonly #file: SegmentBytes;
  #nextSequence: number;
  /** Bytes of the file from `#offset` on that have been read: `#start` to `#end` of the buffer. */
  #buffer: Buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;
  #offset = SEGMENT_HEADER_BYTES;
  #link: Uint8Array;

  private constructor(path: string, file: SegmentBytes, firstSequence: number, link: Uint8Array) {
    this.path = path;
    this.firstSequence = firstSequence;
    this.#link = link;
    this.#file = file;
    this.#nextSequence = firstSequence;
  }

  /** Rejects with StreamError CORRUPT when the header is wrong. */
  static async open(path: string, firstSequence: number): Promise<SegmentCursor> {
    return SegmentCursor.over(await open(path, 'r'), path, firstSequence);
  }

  /** As `open`; the cursor closes the file. `path` is for messages. */
  static async over(
    file: SegmentBytes,
    path: string,
    firstSequence: number,
  ): Promise<SegmentCursor> {
    const header = Buffer.alloc(SEGMENT_HEADER_BYTES);
    const { bytesRead } = await file.read(header, 0, header.byteLength, 0);
    const wrong = checkSegmentHeader(header.subarray(0, bytesRead), firstSequence);
    if (wrong === undefined) {
      return new SegmentCursor(path, file, firstSequence, linkBeforeSegment(header));
    }
    await file.close();
    throw new StreamError('CORRUPT', `${path}: ${wrong}; restore the file from a copy`);
  }

  /** Offset in the file where the next record begins. */
  get offset(): number {
    return this.#offset;
  }

  get nextSequence(): number {
    return this.#nextSequence;
  }

  /** Of the last record that was read, or of the one before the segment; 32 bytes. */
  get link(): Uint8Array {
    return this.#link;
  }

  /** May be asked again after `end` and `partial`: it looks at the file anew. */
  async next(): Promise<Step> {
    for (;;) {
      const decoded = decodeRecord(this.#buffer, this.#start, this.#end, this.#nextSequence);
      if (decoded.kind === 'record') {
        this.#offset += decoded.end - this.#start;
        this.#start = decoded.end;
        this.#nextSequence += 1;
        this.#link = decoded.record.link;
        return { kind: 'record', record: decoded.record };
      }
      if (decoded.kind === 'short' && (await this.#readMore())) continue;
      const rest = this.#end - this.#start;
      // The writer may still be writing these bytes: forget them.
      this.#start = 0;
      this.#end = 0;
      if (decoded.kind === 'bad') return { kind: 'partial', why: decoded.why };
      return rest === 0 ? { kind: 'end' } : { kind: 'partial', why: `only ${rest} bytes of it` };
    }
  }

  /**
   * Throws StreamError CORRUPT if the partial record here was durable once: a record behind it was
   * written later, or another segment.
   */
  async refuseDamage(why: string, isLastSegment = true): Promise<void> {
    if (!isLastSegment) throw this.damage(`${why}, but another segment follows`);
    const rest = Buffer.alloc(Math.max(0, (await this.size()) - this.#offset));
    const { bytesRead } = await this.#file.read(rest, 0, rest.byteLength, this.#offset);
    const later = findLaterRecord(rest.subarray(0, bytesRead), this.#nextSequence);
    if (later === undefined) return;
    throw this.damage(`${why}, but a later record at offset ${this.#offset + later} is whole`);
  }

  /** Of the file now, bytes. */
  async size(): Promise<number> {
    return (await this.#file.stat()).size;
  }

  damage(what: string): StreamError {
    return new StreamError(
      'CORRUPT',
      `${this.path}: the record at offset ${this.#offset} (sequence ${this.#nextSequence}) is ` +
        `damaged: ${what}; restore ${basename(this.path)} from a copy`,
    );
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #readMore(): Promise<boolean> {
    const kept = this.#end - this.#start;
    const sizeBytes = Math.max(CHUNK_BYTES, kept * 2);
    // Records have memory of their own, so that the buffer can be used again.
    const buffer =
      this.#buffer.byteLength < sizeBytes ? Buffer.allocUnsafeSlow(sizeBytes) : this.#buffer;
    this.#buffer.copy(buffer, 0, this.#start, this.#end);
    const position = this.#offset + kept;
    const { bytesRead } = await this.#file.read(buffer, kept, buffer.byteLength - kept, position);
    this.#buffer = buffer;
    this.#start = 0;
    this.#end = kept + bytesRead;
    return bytesRead > 0;
  }
}

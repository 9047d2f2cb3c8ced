/** Reads a whole folder of segments, and says whether anything in it was damaged or changed. */
import { basename, join } from 'node:path';
import { SegmentCursor } from './segment-cursor.ts';
import { type SegmentRecord, segmentName } from './segment-format.ts';
import { FIRST_LINK, isSameLink, Linker, payloadDigest } from './segment-link.ts';
import { listSegments } from './segment-reader.ts';
import { StreamError } from './stream.ts';

export interface SegmentFault {
  /** Of the segment, within its folder. */
  readonly file: string;
  /** Where the record begins in the file; 0 for what concerns the whole file. */
  readonly offset: number;
  readonly sequence: number;
  readonly what: string;
}

export interface SegmentVerification {
  readonly segments: number;
  /** Records that were read, with their checksums and sequences right. */
  readonly records: number;
  /** Of their payloads. */
  readonly payloadBytes: number;
  /** 1 unless older segments were taken away; undefined for an empty stream. */
  readonly firstSequence: number | undefined;
  readonly lastSequence: number;
  /** Link of the last record, which stands for all before it; 32 bytes. */
  readonly lastLink: Uint8Array;
  /** Records whose link is made of a digest that only their writer's user can compute. */
  readonly unchecked: number;
  /** Bytes behind the last record: a write that a crash tore, or that is under way. */
  readonly tornBytes: number;
  /** At most one for each segment's damage, and one for each link that is wrong; 100 in all. */
  readonly faults: readonly SegmentFault[];
}

export interface VerificationOptions {
  /** Ends behind this sequence, so that `lastLink` is its link. */
  readonly until?: number | undefined;
  /**
   * The digest of a record whose link has a given one; asked in the order of sequences. Without it
   * such links are compared only with each other, across segments.
   */
  readonly digestOf?: ((record: SegmentRecord) => Uint8Array) | undefined;
  /** Told after each segment. */
  readonly onProgress?: ((segments: number, of: number) => void) | undefined;
}

const MAX_FAULTS = 100;

/** Rejects with StreamError NO_STREAM when the folder holds no segments; answers all else. */
export async function verifySegments(
  dir: string,
  options: VerificationOptions = {},
): Promise<SegmentVerification> {
  const segments = await listSegments(dir);
  if (segments.length === 0) {
    const text = `no segments in ${dir}: give the folder of one stream, such as streams/LOG_0`;
    throw new StreamError('NO_STREAM', text);
  }
  const run = new Verification(dir, segments, options);
  for (const [index, first] of segments.entries()) {
    if (run.isEnough || first > (options.until ?? Number.POSITIVE_INFINITY)) break;
    await run.readSegment(first);
    options.onProgress?.(index + 1, segments.length);
  }
  return run.found();
}

class Verification {
  readonly #dir: string;
  readonly #segments: readonly number[];
  readonly #options: VerificationOptions;
  readonly #linker = new Linker();
  readonly #textEncoder = new TextEncoder();
  readonly #faults: SegmentFault[] = [];
  #read = 0;
  #records = 0;
  #payloadBytes = 0;
  #unchecked = 0;
  #tornBytes = 0;
  #firstSequence: number | undefined;
  #lastSequence = 0;
  /** Undefined behind damage: what follows has nothing to go on from. */
  #link: Uint8Array | undefined;
  #lastLink = FIRST_LINK;

  constructor(dir: string, segments: readonly number[], options: VerificationOptions) {
    this.#dir = dir;
    this.#segments = segments;
    this.#options = options;
    if (segments[0] === 1) this.#link = FIRST_LINK;
  }

  get isEnough(): boolean {
    return this.#faults.length >= MAX_FAULTS;
  }

  found(): SegmentVerification {
    return {
      segments: this.#read,
      records: this.#records,
      payloadBytes: this.#payloadBytes,
      firstSequence: this.#firstSequence,
      lastSequence: this.#lastSequence,
      lastLink: this.#lastLink,
      unchecked: this.#unchecked,
      tornBytes: this.#tornBytes,
      faults: this.#faults,
    };
  }

  async readSegment(first: number): Promise<void> {
    this.#read += 1;
    const path = join(this.#dir, segmentName(first));
    const expected = this.#records === 0 ? first : this.#lastSequence + 1;
    if (this.#link !== undefined && first !== expected) {
      this.#fault(path, 0, expected, `sequences ${expected} to ${first - 1} are missing before it`);
      this.#link = undefined;
    }
    let cursor: SegmentCursor;
    try {
      cursor = await SegmentCursor.open(path, first);
    } catch (error) {
      this.#damage(path, 0, first, error);
      return;
    }
    try {
      if (this.#link !== undefined && !isSameLink(cursor.link, this.#link)) {
        this.#fault(path, 0, first, 'it does not go on from the link of the record before it');
      }
      this.#link = cursor.link;
      await this.#readRecords(path, cursor);
    } finally {
      await cursor.close();
    }
  }

  async #readRecords(path: string, cursor: SegmentCursor): Promise<void> {
    const until = this.#options.until ?? Number.POSITIVE_INFINITY;
    while (cursor.nextSequence <= until && !this.isEnough) {
      const { offset, link: before, nextSequence } = cursor;
      const step = await cursor.next();
      if (step.kind === 'record') {
        this.#check(path, offset, before, step.record);
        continue;
      }
      if (step.kind === 'end') return;
      const isLast = cursor.firstSequence === this.#segments.at(-1);
      try {
        await cursor.refuseDamage(step.why, isLast);
        this.#tornBytes = (await cursor.size()) - offset;
      } catch (error) {
        this.#damage(path, offset, nextSequence, error);
      }
      return;
    }
  }

  #check(path: string, offset: number, before: Uint8Array, record: SegmentRecord): void {
    const { sequence, subject, payload, link } = record;
    this.#firstSequence ??= sequence;
    this.#lastSequence = sequence;
    this.#records += 1;
    this.#payloadBytes += payload.byteLength;
    this.#link = link;
    this.#lastLink = link;
    const { digestOf } = this.#options;
    if (record.digest === 'given' && digestOf === undefined) {
      this.#unchecked += 1;
      return;
    }
    const digest = record.digest === 'payload' ? payloadDigest(payload) : digestOf?.(record);
    const encoded = this.#textEncoder.encode(subject);
    const expected = this.#linker.next(before, sequence, digest ?? payloadDigest(payload), encoded);
    if (isSameLink(expected, link)) return;
    this.#fault(path, offset, sequence, 'its link does not follow: it, or one before, was changed');
  }

  /** Damage that the reading itself refuses; other errors are none of the folder's. */
  #damage(path: string, offset: number, sequence: number, error: unknown): void {
    if (!(error instanceof StreamError)) throw error;
    this.#fault(path, offset, sequence, error.message);
    this.#link = undefined;
  }

  #fault(path: string, offset: number, sequence: number, what: string): void {
    this.#faults.push({ file: basename(path), offset, sequence, what });
  }
}

/** A log of segment files that is damaged on purpose, opened, judged, and made whole again. */
import {
  closeSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Dice } from '@foldbook/engine';
import {
  readSegmentBytes,
  recordBytes,
  SEGMENT_HEADER_BYTES,
  SegmentStore,
  StreamError,
  type StreamRecord,
  verifySegments,
} from '@foldbook/runtime';

const STREAM = 'LOG_0';
const SUBJECTS = ['log.0.BTC-USD', 'log.0.ETH-USD', 'log.0.$term'];
const COMMAND_BYTES = 64;
const MOST_COMMANDS = 60;
const MOST_COMMIT = 8;

interface WrittenRecord {
  readonly subject: string;
  readonly payload: Buffer;
  /** Which file it lies in, and where it ends there. */
  readonly file: number;
  readonly end: number;
  /** First sequence of its commit. */
  readonly commit: number;
}

interface LogFile {
  readonly path: string;
  readonly firstSequence: number;
  readonly bytes: Buffer;
}

/** What an opening came to; the last four are failures of the store. */
export type Outcome =
  | 'whole'
  | 'cut'
  | `refused ${string}`
  | 'changed'
  | 'lost'
  | 'unseen'
  | 'crashed';

export interface Verdict {
  readonly outcome: Outcome;
  readonly detail: string;
}

const FAILURES: ReadonlySet<Outcome> = new Set(['changed', 'lost', 'unseen', 'crashed']);
export const isFailure = (outcome: Outcome) => FAILURES.has(outcome);

/** How many records may be left: all but those that only a torn write had. */
export interface Allowed {
  readonly least: number;
  readonly most: number;
}

/** What a reader, or a writer, of the damaged log got; a code if it was refused. */
export type Opened =
  | { readonly kind: 'records'; readonly count: number }
  | { readonly kind: 'refused'; readonly code: string }
  | { readonly kind: 'changed' | 'crashed'; readonly detail: string };

export class TornLog {
  readonly #dir: string;
  readonly #records: readonly WrittenRecord[];
  readonly #files: readonly LogFile[];

  private constructor(dir: string, records: readonly WrittenRecord[], files: readonly LogFile[]) {
    this.#dir = dir;
    this.#records = records;
    this.#files = files;
  }

  /** A log of at least so many bytes in commits of one to eight records, all acknowledged. */
  static async write(
    dir: string,
    dice: Dice,
    { logBytes, segmentBytes }: { readonly logBytes: number; readonly segmentBytes: number },
  ): Promise<TornLog> {
    const store = new SegmentStore({ dir, segmentBytes });
    const writer = await store.writer(STREAM, ['log.>']);
    const records: WrittenRecord[] = [];
    const starts = [1];
    let end = SEGMENT_HEADER_BYTES;
    let writtenBytes = 0;
    while (writtenBytes < logBytes) {
      const commit = records.length + 1;
      if (end >= segmentBytes) {
        starts.push(commit);
        end = SEGMENT_HEADER_BYTES;
      }
      const appends: Promise<number>[] = [];
      for (let left = 1 + dice.below(MOST_COMMIT); left > 0; left -= 1) {
        const subject = SUBJECTS[dice.below(SUBJECTS.length)] ?? '';
        const payload = Buffer.alloc(COMMAND_BYTES * dice.below(MOST_COMMANDS));
        for (let at = 0; at < payload.byteLength; at += 1) payload[at] = dice.below(256);
        end += recordBytes(subject.length, payload.byteLength);
        writtenBytes += payload.byteLength;
        records.push({ subject, payload, file: starts.length - 1, end, commit });
        appends.push(writer.append(subject, payload));
      }
      await Promise.all(appends);
    }
    await store.close();
    const files = starts.map((first) => {
      const path = join(dir, STREAM, `${String(first).padStart(16, '0')}.segment`);
      return { path, firstSequence: first, bytes: readFileSync(path) };
    });
    return new TornLog(dir, records, files);
  }

  get records(): number {
    return this.#records.length;
  }

  get segments(): number {
    return this.#files.length;
  }

  get sizeBytes(): number {
    return this.#files.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
  }

  /** The log without its last bytes, by the code that reads a segment to its end. */
  async cutInMemory(lessBytes: number): Promise<Verdict> {
    const { file, offset: sizeBytes, place } = this.#at(this.sizeBytes - lessBytes);
    const count = this.#countTo(place, sizeBytes);
    const opened = await this.#openInMemory(file.bytes.subarray(0, sizeBytes), file, true);
    const allowed = { least: count, most: count };
    return judge({ read: opened, wrote: opened, allowed, total: this.records, isSeen: true });
  }

  /** The log with one bit changed, as above; segments before and behind are as they were. */
  async flipInMemory(at: number, bit: number): Promise<Verdict> {
    const { file, offset, place } = this.#at(at + 1);
    const isLast = place === this.#files.length - 1;
    const bytes = flippedCopy(file.bytes, offset - 1, bit);
    const read = await this.#openInMemory(bytes, file, isLast);
    const allowed = this.#allowedAfterFlip();
    return judge({ read, wrote: read, allowed, total: this.records, isSeen: true });
  }

  /** The log without its last bytes: files that begin behind its end are not there. */
  async cutOnDisk(lessBytes: number): Promise<Verdict> {
    const { offset: sizeBytes, place } = this.#at(this.sizeBytes - lessBytes);
    for (const { path } of this.#files.slice(place + 1)) rmSync(path, { force: true });
    this.#restore(place, sizeBytes);
    const count = this.#countTo(place, sizeBytes);
    return this.#judge({ least: count, most: count }, async () => true);
  }

  /** The log with one bit changed. */
  async flipOnDisk(at: number, bit: number): Promise<Verdict> {
    const { file, offset, place } = this.#at(at + 1);
    const changed = flippedCopy(file.bytes, offset - 1, bit);
    write(file.path, changed.subarray(offset - 1, offset), offset - 1);
    const verdict = await this.#judge(this.#allowedAfterFlip(), () => this.#isSeen());
    this.#restore(place, file.bytes.byteLength, offset - 1);
    return verdict;
  }

  /** Makes it what was written. */
  restore(): void {
    for (const [index, { bytes }] of this.#files.entries()) this.#restore(index, bytes.byteLength);
  }

  /** The file that the log's first bytes end in, and where in it. */
  #at(sizeBytes: number): { file: LogFile; place: number; offset: number } {
    let offset = sizeBytes;
    for (const [place, file] of this.#files.entries()) {
      if (offset <= file.bytes.byteLength) return { file, place, offset };
      offset -= file.bytes.byteLength;
    }
    throw new RangeError(`${sizeBytes} bytes of a log of ${this.sizeBytes}`);
  }

  /** How many records are whole in the log's first bytes. */
  #countTo(place: number, sizeBytes: number): number {
    return this.#records.filter(
      ({ file, end }) => file < place || (file === place && end <= sizeBytes),
    ).length;
  }

  #allowedAfterFlip(): Allowed {
    return { least: (this.#records.at(-1)?.commit ?? 1) - 1, most: this.records };
  }

  /** One segment; the count includes the records before it, and behind it if it is whole. */
  #openInMemory(bytes: Buffer, { firstSequence }: LogFile, isLast: boolean): Promise<Opened> {
    return opened(async () => {
      const records = await readSegmentBytes(bytes, firstSequence, isLast);
      for (const [index, record] of records.entries()) {
        const changed = this.#changeIn(firstSequence + index, record);
        if (changed !== undefined) return { kind: 'changed', detail: changed };
      }
      const count = firstSequence - 1 + records.length;
      return { kind: 'records', count: isLast ? count : this.records };
    });
  }

  #changeIn(expected: number, { sequence, subject, payload }: StreamRecord): string | undefined {
    const written = this.#records[expected - 1];
    const isSame =
      sequence === expected && subject === written?.subject && written.payload.equals(payload);
    return isSame ? undefined : `record ${expected} is not what was written`;
  }

  /** Gives a file its first bytes back, from an offset on or from where it ends now. */
  #restore(file: number, sizeBytes: number, from = Number.POSITIVE_INFINITY): void {
    const { path, bytes } = this.#files[file] ?? { path: '', bytes: Buffer.alloc(0) };
    const presentBytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (presentBytes > sizeBytes) truncateSync(path, sizeBytes);
    const begin = Math.min(presentBytes, from, sizeBytes);
    write(path, bytes.subarray(begin, sizeBytes), begin);
  }

  async #judge(allowed: Allowed, look: () => Promise<boolean>): Promise<Verdict> {
    const store = new SegmentStore({ dir: this.#dir, onNotice: () => {} });
    try {
      const isSeen = await look();
      const read = await opened(() => this.#read(store));
      const wrote = await opened(async () => {
        const writer = await store.writer(STREAM, ['log.>']);
        return { kind: 'records', count: writer.lastSequence };
      });
      return judge({ read, wrote, allowed, total: this.records, isSeen });
    } finally {
      await store.close();
    }
  }

  /** Whether the verification tells damage, or a torn end; before a writer cuts that off. */
  async #isSeen(): Promise<boolean> {
    const { faults, tornBytes } = await verifySegments(join(this.#dir, STREAM));
    return faults.length > 0 || tornBytes > 0;
  }

  async #read(store: SegmentStore): Promise<Opened> {
    let count = 0;
    const records = store.reader(STREAM).read({ fromSequence: 1, follow: false });
    for await (const record of records) {
      count += 1;
      const changed = this.#changeIn(count, record);
      if (changed !== undefined) return { kind: 'changed', detail: changed };
    }
    return { kind: 'records', count };
  }
}

function flippedCopy(bytes: Buffer, at: number, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ (1 << bit);
  return copy;
}

async function opened(open: () => Promise<Opened>): Promise<Opened> {
  try {
    return await open();
  } catch (error) {
    if (error instanceof StreamError) return { kind: 'refused', code: error.code };
    return { kind: 'crashed', detail: String(error) };
  }
}

export interface Judged {
  readonly read: Opened;
  readonly wrote: Opened;
  readonly allowed: Allowed;
  /** Records that were written. */
  readonly total: number;
  /** Whether the verification saw the damage. */
  readonly isSeen: boolean;
}

export function judge({ read, wrote, allowed, total, isSeen }: Judged): Verdict {
  for (const one of [read, wrote]) {
    if (one.kind === 'changed' || one.kind === 'crashed') {
      return { outcome: one.kind, detail: one.detail };
    }
    if (one.kind !== 'records') continue;
    const { count } = one;
    // A refused reader says nothing of a writer that opened the last segment alone.
    if (count > allowed.most) return { outcome: 'changed', detail: `${count} records` };
    if (count < allowed.least) {
      return { outcome: 'lost', detail: `${count} records left, ${allowed.least} were durable` };
    }
  }
  if (!isSeen) return { outcome: 'unseen', detail: 'the verification found nothing' };
  if (read.kind === 'refused') return { outcome: `refused ${read.code}`, detail: '' };
  if (wrote.kind === 'refused') return { outcome: `refused ${wrote.code}`, detail: '' };
  if (read.kind !== 'records' || wrote.kind !== 'records' || read.count !== wrote.count) {
    const detail = `the reader has ${JSON.stringify(read)}, the writer ${JSON.stringify(wrote)}`;
    return { outcome: 'lost', detail };
  }
  return { outcome: read.count === total ? 'whole' : 'cut', detail: '' };
}

function write(path: string, bytes: Uint8Array, position: number): void {
  const file = openSync(path, statSync(path, { throwIfNoEntry: false }) ? 'r+' : 'w');
  try {
    writeSync(file, bytes, 0, bytes.byteLength, position);
  } finally {
    closeSync(file);
  }
}

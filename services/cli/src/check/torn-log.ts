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
  recordBytes,
  SEGMENT_HEADER_BYTES,
  SegmentStore,
  StreamError,
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
      return { path, bytes: readFileSync(path) };
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

  /** The log without its last bytes: files that begin behind its end are not there. */
  async truncated(lessBytes: number): Promise<Verdict> {
    let sizeBytes = this.sizeBytes - lessBytes;
    let last = 0;
    for (const { bytes } of this.#files) {
      if (sizeBytes <= bytes.byteLength) break;
      sizeBytes -= bytes.byteLength;
      last += 1;
    }
    for (const { path } of this.#files.slice(last + 1)) rmSync(path, { force: true });
    this.#restore(last, sizeBytes);
    const isThere = ({ file, end }: WrittenRecord) =>
      file < last || (file === last && end <= sizeBytes);
    const count = this.#records.filter(isThere).length;
    return this.#judge({ least: count, most: count }, async () => true);
  }

  /** The log with one bit changed. */
  async flipped(at: number, bit: number): Promise<Verdict> {
    let offset = at;
    for (const [index, { path, bytes }] of this.#files.entries()) {
      if (offset >= bytes.byteLength) {
        offset -= bytes.byteLength;
        continue;
      }
      write(path, Buffer.of((bytes[offset] ?? 0) ^ (1 << bit)), offset);
      const allowed = { least: this.#beforeLastCommit(), most: this.records };
      const verdict = await this.#judge(allowed, () => this.#isSeen());
      this.#restore(index, bytes.byteLength, offset);
      return verdict;
    }
    throw new RangeError(`byte ${at} of a log of ${this.sizeBytes}`);
  }

  /** Makes it what was written. */
  restore(): void {
    for (const [index, { bytes }] of this.#files.entries()) this.#restore(index, bytes.byteLength);
  }

  #beforeLastCommit(): number {
    return (this.#records.at(-1)?.commit ?? 1) - 1;
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
    for await (const { sequence, subject, payload } of records) {
      const written = this.#records[count];
      count += 1;
      const isSame =
        sequence === count && subject === written?.subject && written.payload.equals(payload);
      if (!isSame) return { kind: 'changed', detail: `record ${count} is not what was written` };
    }
    return { kind: 'records', count };
  }
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

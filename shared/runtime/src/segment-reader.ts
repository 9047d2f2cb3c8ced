/** Reads a stream's segment files, its own process's or another's. */
import { type FSWatcher, watch } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SegmentCursor } from './segment-cursor.ts';
import { type SegmentRecord, segmentName, sequenceOfName } from './segment-format.ts';
import { type ReadOptions, StreamError, type StreamReader, type StreamRecord } from './stream.ts';
import { compileFilter } from './subject.ts';

/** Looks again at least so often, where the system tells nothing of changes. */
const POLL_MS = 100;

export class SegmentReader implements StreamReader {
  readonly #dir: string;
  readonly #closed: AbortSignal;

  /** `closed` ends all following. */
  constructor(dir: string, closed: AbortSignal) {
    this.#dir = dir;
    this.#closed = closed;
  }

  async *read(options: ReadOptions): AsyncGenerator<StreamRecord> {
    const { fromSequence, filter, follow, signal } = options;
    const matches = compileFilter(filter ?? '>');
    const signals = signal === undefined ? [this.#closed] : [this.#closed, signal];
    const stop = AbortSignal.any(signals);
    for await (const record of this.#records(fromSequence, follow, stop)) {
      const { sequence, subject, payload } = record;
      if (matches(subject)) yield { sequence, subject, payload };
      if (stop.aborted) return;
    }
  }

  async lastSequence(): Promise<number> {
    const segments = await this.#existingSegments();
    const first = segments.at(-1) ?? 1;
    let last = first - 1;
    for await (const { sequence } of this.#segment(first)) last = sequence;
    return last;
  }

  async last(filter = '>'): Promise<StreamRecord | undefined> {
    const matches = compileFilter(filter);
    const segments = await this.#existingSegments();
    for (const first of segments.reverse()) {
      let found: StreamRecord | undefined;
      for await (const { sequence, subject, payload } of this.#segment(first)) {
        if (matches(subject)) found = { sequence, subject, payload };
      }
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async firstFrom(fromSequence: number, filter: string): Promise<StreamRecord | undefined> {
    for await (const record of this.read({ fromSequence, filter, follow: false })) return record;
    return undefined;
  }

  async lastOfEach(filter: string): Promise<StreamRecord[]> {
    const [first] = await this.#existingSegments();
    const found = new Map<string, StreamRecord>();
    const records = this.read({ fromSequence: first ?? 1, filter, follow: false });
    for await (const record of records) found.set(record.subject, record);
    return [...found.values()].sort((a, b) => a.sequence - b.sequence);
  }

  /** The whole records of one segment, as far as it goes now. */
  async *#segment(first: number): AsyncGenerator<SegmentRecord> {
    const cursor = await SegmentCursor.open(join(this.#dir, segmentName(first)), first);
    try {
      for (;;) {
        const step = await cursor.next();
        if (step.kind === 'partial') await cursor.refuseDamage(step.why);
        if (step.kind !== 'record') return;
        yield step.record;
      }
    } finally {
      await cursor.close();
    }
  }

  async *#records(from: number, follow: boolean, stop: AbortSignal): AsyncGenerator<SegmentRecord> {
    const segments = await this.#existingSegments();
    const last = segments.at(-1) ?? 1;
    let first = segments.findLast((sequence) => sequence <= from);
    if (first === undefined) {
      const text = `${this.#dir} begins at sequence ${segments[0]}, ${from} was asked for`;
      throw new StreamError('GAP', `${text}: read from ${segments[0]}, or restore the older files`);
    }
    const until = follow ? undefined : { segment: last, offset: await this.#sizeOf(last) };
    const changes = follow ? new FolderWatch(this.#dir, stop) : undefined;
    try {
      while (first !== undefined && !stop.aborted) {
        const cursor = await SegmentCursor.open(join(this.#dir, segmentName(first)), first);
        try {
          const limit = until?.segment === first ? until.offset : Number.POSITIVE_INFINITY;
          yield* this.#drain(cursor, from, limit, changes, stop);
          first = until?.segment === first ? undefined : cursor.nextSequence;
        } finally {
          await cursor.close();
        }
      }
    } finally {
      changes?.close();
    }
  }

  /** A segment's records until the next segment begins, the limit is reached, or it is to stop. */
  async *#drain(
    cursor: SegmentCursor,
    from: number,
    limit: number,
    changes: FolderWatch | undefined,
    stop: AbortSignal,
  ): AsyncGenerator<SegmentRecord> {
    let wasSeenEnding = false;
    while (!stop.aborted && cursor.offset < limit) {
      const step = await cursor.next();
      if (step.kind === 'record') {
        wasSeenEnding = false;
        if (step.record.sequence >= from) yield step.record;
        continue;
      }
      const segments = await this.#existingSegments();
      const isLast = segments.at(-1) === cursor.firstSequence;
      if (isLast) {
        if (step.kind === 'partial') await cursor.refuseDamage(step.why);
        if (changes === undefined) return;
        await changes.next();
      } else if (!wasSeenEnding) {
        // The writer may have gone on between the two looks: a segment that has a successor is
        // complete, so that the next look is final.
        wasSeenEnding = true;
      } else if (step.kind === 'partial') {
        await cursor.refuseDamage(step.why, false);
      } else {
        if (!segments.includes(cursor.nextSequence)) throw this.#missing(cursor, segments);
        return;
      }
    }
  }

  #missing(cursor: SegmentCursor, segments: readonly number[]): StreamError {
    const { nextSequence } = cursor;
    const found = segments.find((first) => first > nextSequence);
    return new StreamError(
      'GAP',
      `${this.#dir}: after ${cursor.path} comes the segment that begins at ${found}, ` +
        `${nextSequence} is missing; restore ${segmentName(nextSequence)} from a copy`,
    );
  }

  async #sizeOf(first: number): Promise<number> {
    return (await stat(join(this.#dir, segmentName(first)))).size;
  }

  async #existingSegments(): Promise<number[]> {
    const segments = await listSegments(this.#dir);
    if (segments.length > 0) return segments;
    throw new StreamError(
      'NO_STREAM',
      `no stream in ${this.#dir}: start the service that writes it, or give another folder`,
    );
  }
}

/** First sequences of a folder's segments, ascending; none when there is no folder. */
export async function listSegments(dir: string): Promise<number[]> {
  let names: string[];
  try {
    names = await readdir(dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return names
    .map(sequenceOfName)
    .filter((first) => first !== undefined)
    .sort((a, b) => a - b);
}

/** Says when something may have changed in a folder. */
class FolderWatch {
  readonly #watcher: FSWatcher | undefined;
  readonly #stop: AbortSignal;
  readonly #wake = () => {
    this.#changed = true;
    this.#resolve?.();
  };
  #changed = false;
  #resolve: (() => void) | undefined;

  constructor(dir: string, stop: AbortSignal) {
    this.#stop = stop;
    stop.addEventListener('abort', this.#wake, { once: true });
    this.#watcher = tryWatch(dir, this.#wake);
  }

  /** Resolves after a change since the last call, or after a while. */
  async next(): Promise<void> {
    if (!this.#changed && !this.#stop.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, POLL_MS);
        this.#resolve = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#changed = false;
    this.#resolve = undefined;
  }

  close(): void {
    this.#stop.removeEventListener('abort', this.#wake);
    this.#watcher?.close();
  }
}

/** Undefined where watching is not to be had (file system, quota): there is the poll. */
function tryWatch(dir: string, onChange: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(dir, onChange);
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}

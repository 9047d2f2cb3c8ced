/**
 * A journal of a partition's log on the node's own disk: a copy of each record, barriers included,
 * under the log's sequences, in segment files whose links stand for all that is before them. It is
 * a witness of what the broker acknowledged, not part of the path to an acknowledgement: what it
 * can't take it fetches from the log later.
 */
import {
  cancelTimer,
  hasRecord,
  type Logger,
  StreamError,
  type StreamReader,
  type StreamRecord,
  type StreamWriter,
  systemTimers,
  type Timer,
  type Timers,
} from '@foldbook/runtime';
import { checkJournal } from './journal-check.ts';

/** Where a journal's segments lie. */
export interface JournalFiles {
  /** The folder of this journal, for people. */
  readonly folder: string;
  readonly reader: StreamReader;
  /** Where it begins; undefined if there is none yet. */
  first(): Promise<number | undefined>;
  /** Opens the folder, which begins with that sequence if it is new. */
  open(firstSequence: number): Promise<StreamWriter>;
}

export interface JournalOptions {
  readonly files: JournalFiles;
  /** Name of the log's stream. */
  readonly stream: string;
  readonly log: StreamReader;
  /** Sequences that are gone from inside the log. */
  readonly holes: () => Promise<readonly number[]>;
  /** Where a new one begins: with the log, or with what comes next. */
  readonly begin: 'log' | 'now';
  /** How long records are gathered before they are written and synced; 0: not at all. */
  readonly everyMs: number;
  /** What may wait to be written; beyond that it is fetched from the log later. */
  readonly maxQueuedBytes: number;
  /** How many of its last records a check compares with the log. */
  readonly compareRecords: number;
  readonly logger: Logger;
  readonly timers?: Timers | undefined;
}

/** Written and synced at once: hashing it takes the service's thread for half a millisecond. */
const SLICE_BYTES = 512 * 1024;
const RECORD_OVERHEAD_BYTES = 128;
const FIRST_RETRY_MS = 500;
const MOST_RETRY_MS = 30_000;

interface Entry extends StreamRecord {
  /** Told when it is kept, or when it is not going to be for now. */
  readonly settle: (() => void) | undefined;
}

export class Journal {
  readonly #options: JournalOptions;
  readonly #timers: Timers;
  readonly #first: number;
  readonly #closing = new AbortController();
  #writer: StreamWriter | undefined;
  #queue: Entry[] = [];
  #queuedBytes = 0;
  /** Sequence of the last record that is durable here. */
  #kept: number;
  /** That record, once it was written or compared. */
  #last: StreamRecord | undefined;
  /** The one that is taken next: what comes later goes by until the log was read up to it. */
  #next: number;
  /** Highest sequence that was told of. */
  #heard: number;
  #isBehind = false;
  /** The log no longer has what follows here. */
  #isCut = false;
  #isRunning = false;
  /** It waits for the log, not for the disk. */
  #isReading = false;
  #running: Promise<void> = Promise.resolve();
  #retryMs = FIRST_RETRY_MS;
  /** Ends a waiting. */
  #wake = () => {};

  private constructor(options: JournalOptions, writer: StreamWriter, first: number) {
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
    this.#writer = writer;
    this.#first = first;
    // Of one that has no record yet, the one before its first.
    this.#kept = Math.max(first - 1, writer.lastSequence);
    this.#next = this.#kept + 1;
    this.#heard = this.#next - 1;
  }

  /** Rejects with StreamError: LOCKED, CORRUPT, UNAVAILABLE, or with what the system says. */
  static async open(options: JournalOptions): Promise<Journal> {
    const { files, log, begin } = options;
    const anew = begin === 'log' ? firstOf : nextOf;
    const first = (await files.first()) ?? (await anew(log));
    return new Journal(options, await files.open(first), first);
  }

  /** Of the last record that is durable here, or the one before the first. */
  get lastSequence(): number {
    return this.#kept;
  }

  /** Whether records are missing at its end that the log has. */
  get isBehind(): boolean {
    return this.#isBehind || this.#isCut;
  }

  /** Takes a record that the log has; those that it has already are passed over. */
  offer(record: StreamRecord): void {
    this.#take(record, undefined);
  }

  /** As `offer`; resolves when the record is durable here, or can't be for now. */
  keep(record: StreamRecord): Promise<void> {
    return new Promise((resolve) => this.#take(record, resolve));
  }

  /**
   * Compares with the log what is durable here: at first the last of its records, later whether the
   * log still has the last one. Before a barrier is appended: behind that a log that lost its end
   * can't be mended any more.
   * @throws JournalError, or StreamError of either side
   */
  async check(): Promise<void> {
    const { files, stream, log, holes, compareRecords } = this.#options;
    if (this.#last !== undefined && (await hasRecord(log, this.#last))) return;
    await checkJournal({
      ...{ stream, log, holes, timers: this.#timers, folder: files.folder },
      journal: files.reader,
      first: this.#first,
      last: this.#kept,
      depth: compareRecords,
      onSame: (record) => {
        this.#last = record;
      },
    });
  }

  /** Writes what it was given; what it would fetch from the log is left for the next time. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#wake();
    // A broker that is away may not answer for a while.
    if (!this.#isReading) await this.#running;
    await this.#writer?.close();
    this.#writer = undefined;
  }

  #take(record: StreamRecord, settle: (() => void) | undefined): void {
    const { sequence } = record;
    const isNew = sequence > this.#heard && !this.#isCut && !this.#closing.signal.aborted;
    if (isNew) this.#heard = sequence;
    const sizeBytes = record.payload.byteLength + RECORD_OVERHEAD_BYTES;
    const hasRoom = this.#queuedBytes + sizeBytes <= this.#options.maxQueuedBytes;
    if (isNew && !this.#isBehind && sequence === this.#next && hasRoom) {
      this.#next += 1;
      this.#queue.push({ ...record, settle });
      this.#queuedBytes += sizeBytes;
    } else {
      if (isNew && !this.#isBehind) this.#fallBehind(hasRoom ? undefined : 'the disk is too slow');
      settle?.();
    }
    if (isNew && !this.#isRunning) {
      this.#isRunning = true;
      this.#running = this.#run();
    }
  }

  #fallBehind(why: string | undefined): void {
    this.#isBehind = true;
    if (why === undefined) return;
    const { logger, files } = this.#options;
    logger.warn(`the journal falls behind: ${why}; the log is read again later`, {
      folder: files.folder,
      kept: this.#kept,
    });
  }

  async #run(): Promise<void> {
    const { everyMs } = this.#options;
    while (!this.#isCut && (this.#queue.length > 0 || this.#isBehind)) {
      const isClosing = this.#closing.signal.aborted;
      if (isClosing && (this.#queue.length === 0 || this.#writer === undefined)) break;
      if (this.#writer === undefined) await this.#reopen();
      else if (this.#queue.length > 0) {
        if (everyMs > 0) await this.#rest(everyMs);
        await this.#writeQueue(this.#writer);
      } else await this.#catchUp(this.#writer);
    }
    for (const { settle } of this.#emptied()) settle?.();
    this.#isRunning = false;
  }

  /** Waits, but not when it is to end. */
  async #rest(ms: number): Promise<void> {
    if (this.#closing.signal.aborted) return;
    let timer: Timer | undefined;
    await new Promise<void>((resolve) => {
      timer = this.#timers.after(ms, resolve);
      this.#wake = resolve;
    });
    cancelTimer(timer);
  }

  #emptied(): Entry[] {
    const queue = this.#queue;
    this.#queue = [];
    this.#queuedBytes = 0;
    return queue;
  }

  async #writeQueue(writer: StreamWriter): Promise<void> {
    const entries = this.#emptied();
    for (let from = 0; from < entries.length; ) {
      let end = from;
      for (let bytes = 0; end < entries.length && bytes < SLICE_BYTES; end += 1) {
        bytes += entries[end]?.payload.byteLength ?? 0;
      }
      const isWritten = await this.#append(writer, entries.slice(from, end));
      // Nobody waits for a disk that fails.
      if (!isWritten) end = entries.length;
      for (const { settle } of entries.slice(from, end)) settle?.();
      from = end;
    }
  }

  /** False if the disk did not take them: then it is opened anew after a while. */
  async #append(writer: StreamWriter, records: readonly StreamRecord[]): Promise<boolean> {
    try {
      const next = this.#kept + 1;
      const isNext = records.every(({ sequence }, index) => sequence === next + index);
      if (!isNext) throw new StreamError('GAP', `${records[0]?.sequence} does not follow ${next}`);
      await Promise.all(records.map(({ subject, payload }) => writer.append(subject, payload)));
      this.#kept += records.length;
      this.#last = records.at(-1);
      this.#retryMs = FIRST_RETRY_MS;
      return true;
    } catch (error) {
      this.#writer = undefined;
      // What came meanwhile goes on from what was lost; where nothing was kept, begins with it.
      this.#next = this.#kept + 1;
      for (const { settle } of this.#emptied()) settle?.();
      if (this.#closing.signal.aborted) return false;
      this.#fallBehind(`it can't be written: ${messageOf(error)}; the market goes on without it`);
      await writer.close().catch(() => undefined);
      return false;
    }
  }

  async #reopen(): Promise<void> {
    await this.#pauseLonger();
    if (this.#closing.signal.aborted) return;
    try {
      this.#writer = await this.#options.files.open(this.#next);
      this.#kept = this.#writer.lastSequence;
      this.#last = undefined;
      this.#next = this.#kept + 1;
    } catch (error) {
      const { logger, files } = this.#options;
      const detail = messageOf(error);
      logger.warn("the journal can't be opened; the market goes on without it", {
        ...{ folder: files.folder, kept: this.#kept, detail },
      });
    }
  }

  async #pauseLonger(): Promise<void> {
    await this.#rest(this.#retryMs);
    this.#retryMs = Math.min(2 * this.#retryMs, MOST_RETRY_MS);
  }

  /** Reads the log from where the journal ends until nothing was told of that is not here. */
  async #catchUp(writer: StreamWriter): Promise<void> {
    const { log, logger, files } = this.#options;
    const before = this.#kept;
    this.#isReading = true;
    try {
      await this.#copy(writer, log);
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      if (error instanceof StreamError && error.code === 'GAP') {
        this.#isCut = true;
        logger.warn(
          'the journal ends here: the log no longer has what follows. Move its folder away, and ' +
            'one is begun anew',
          { folder: files.folder, kept: this.#kept, detail: error.message },
        );
        return;
      }
      const detail = messageOf(error);
      logger.warn("the log can't be read for the journal; trying again", { detail });
      await this.#pauseLonger();
      return;
    } finally {
      this.#isReading = false;
    }
    if (this.#writer === undefined) return;
    if (this.#next <= this.#heard) {
      // A log that does not show it yet.
      if (this.#kept === before) await this.#pauseLonger();
      return;
    }
    this.#isBehind = false;
    const records = this.#kept - before;
    logger.info('the journal has caught up', { folder: files.folder, kept: this.#kept, records });
  }

  async #copy(writer: StreamWriter, log: StreamReader): Promise<void> {
    const { signal } = this.#closing;
    let slice: StreamRecord[] = [];
    let bytes = 0;
    const flush = async () => {
      const records = slice;
      slice = [];
      bytes = 0;
      if (records.length === 0) return true;
      const isWritten = await this.#append(writer, records);
      if (isWritten) this.#next = this.#kept + 1;
      return isWritten;
    };
    for await (const record of log.read({ fromSequence: this.#next, follow: false, signal })) {
      slice.push(record);
      bytes += record.payload.byteLength + RECORD_OVERHEAD_BYTES;
      if (bytes >= SLICE_BYTES && !(await flush())) return;
    }
    await flush();
  }
}

const firstOf = (log: StreamReader) =>
  orFirst(async () => (await log.firstFrom(1, '>'))?.sequence ?? 1);

const nextOf = (log: StreamReader) => orFirst(async () => (await log.lastSequence()) + 1);

async function orFirst(ask: () => Promise<number>): Promise<number> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof StreamError && error.code === 'NO_STREAM') return 1;
    throw error;
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

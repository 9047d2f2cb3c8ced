/** A broker's stream store whose logs are kept in journals of this node's own, too. */
import { join } from 'node:path';
import { logStream } from '@foldbook/protocol';
import {
  type JetStreamStore,
  type Logger,
  listSegments,
  type OpeningRecord,
  type ReadOptions,
  SegmentStore,
  StreamError,
  type StreamReader,
  type StreamRecord,
  type StreamStore,
  type StreamWriter,
  type Timers,
  type TroubleListener,
} from '@foldbook/runtime';
import type { JournalConfig, MarketConfig } from './config.ts';
import { Journal, type JournalFiles } from './journal.ts';
import { JournalError } from './journal-check.ts';

export interface JournaledStoreOptions {
  readonly config: JournalConfig;
  readonly logger: Logger;
  readonly timers?: Timers | undefined;
}

/** The store itself where no journal is asked for. */
export function withJournals(
  store: JetStreamStore,
  { journal }: MarketConfig,
  logger: Logger,
): StreamStore {
  return journal === undefined ? store : new JournaledStore(store, { config: journal, logger });
}

const LOG_STREAM = new RegExp(`^${logStream(0).replace('0', '\\d+')}$`);

/**
 * Compares a log with its journal before it is opened for writing: no barrier goes behind a log
 * that lost its end. What is appended to a log or read whole from it goes into the journal.
 */
export class JournaledStore implements StreamStore {
  readonly durability: string;
  readonly #store: StreamStore & Pick<JetStreamStore, 'holes'>;
  readonly #options: JournaledStoreOptions;
  readonly #files: SegmentStore;
  readonly #journals = new Map<string, Promise<Journal>>();

  constructor(store: StreamStore & Pick<JetStreamStore, 'holes'>, options: JournaledStoreOptions) {
    const { config } = options;
    this.#store = store;
    this.#options = options;
    const kept = config.sync === 'always' ? 'and' : 'followed by';
    this.durability = `${store.durability}; ${kept} a journal in ${config.dir}`;
    this.#files = this.#segments(1);
  }

  /**
   * Rejects as the store does, and with JournalError JOURNAL_AHEAD, JOURNAL_DIFFERS, LOG_HOLE,
   * JOURNAL_UNUSABLE.
   */
  async writer(
    name: string,
    subjects: readonly string[],
    opening?: OpeningRecord,
  ): Promise<StreamWriter> {
    if (!LOG_STREAM.test(name)) return this.#store.writer(name, subjects, opening);
    const journal = await this.journal(name);
    await this.#usable(name, () => journal.check());
    const writer = await this.#store.writer(name, subjects, opening);
    if (opening !== undefined) journal.offer({ sequence: writer.lastSequence, ...opening });
    return new JournaledWriter(writer, journal, this.#options.config.sync === 'always');
  }

  async prepare(name: string, subjects: readonly string[]): Promise<void> {
    await this.#store.prepare?.(name, subjects);
  }

  reader(name: string): StreamReader {
    const reader = this.#store.reader(name);
    if (!LOG_STREAM.test(name)) return reader;
    return new JournaledReader(reader, () => this.journal(name));
  }

  /** The journal of a log; opened when it is first needed. Rejects with JournalError. */
  journal(name: string): Promise<Journal> {
    const opened = this.#journals.get(name);
    if (opened !== undefined) return opened;
    const opening = this.#usable(name, () => this.#open(name));
    this.#journals.set(name, opening);
    // Who asks hears of it, and asks again in vain.
    opening.catch(() => this.#journals.delete(name));
    return opening;
  }

  async close(): Promise<void> {
    for (const opening of this.#journals.values()) {
      await opening.then(
        (journal) => journal.close(),
        () => undefined,
      );
    }
    await this.#store.close();
    await this.#files.close();
  }

  async #open(name: string): Promise<Journal> {
    const { config, logger, timers } = this.#options;
    const journal = await Journal.open({
      ...{ logger, timers, stream: name, begin: config.begin },
      files: this.#filesOf(name),
      log: this.#store.reader(name),
      holes: () => this.#store.holes(name),
      everyMs: config.sync === 'always' ? 0 : config.everyMs,
      maxQueuedBytes: config.maxQueuedMb * 1024 * 1024,
      compareRecords: config.compareRecords,
    });
    try {
      // A node that only follows is told, too.
      await journal.check();
      return journal;
    } catch (error) {
      await journal.close();
      throw error;
    }
  }

  #filesOf(name: string): JournalFiles {
    const folder = join(this.#options.config.dir, name);
    return {
      folder,
      reader: this.#files.reader(name),
      first: async () => (await listSegments(folder))[0],
      open: (firstSequence) => this.#segments(firstSequence).writer(name, ['>']),
    };
  }

  #segments(firstSequence: number): SegmentStore {
    const { config, logger } = this.#options;
    const onNotice = (detail: string) => logger.warn('the journal was mended', { detail });
    const segmentBytes = config.segmentMb * 1024 * 1024;
    return new SegmentStore({ dir: config.dir, segmentBytes, firstSequence, onNotice });
  }

  async #usable<T>(name: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      if (error instanceof JournalError) throw error;
      if (!isOfJournal(error)) throw error;
      const folder = join(this.#options.config.dir, name);
      const text = `the journal ${folder} can't be used: ${error.message}. ${MEND}`;
      throw new JournalError('JOURNAL_UNUSABLE', text, { cause: error });
    }
  }
}

const OF_BROKERS: ReadonlySet<string> = new Set(['UNAVAILABLE', 'CLOSED', 'TRUNCATED']);

/** Else it is the broker's. */
const isOfJournal = (error: unknown): error is Error =>
  error instanceof StreamError
    ? !OF_BROKERS.has(error.code)
    : error instanceof Error && 'syscall' in error;

const MEND =
  'See to its disk, and give each node a folder of its own; a journal that is damaged is moved ' +
  'away once the log is known to be whole, and begun anew';

class JournaledWriter implements StreamWriter {
  readonly #writer: StreamWriter;
  readonly #journal: Journal;
  readonly #waits: boolean;
  /** What waits for the journal resolves in order, whatever the journal could take. */
  #turn: Promise<void> = Promise.resolve();

  /** @param waits - whether an append resolves only when the journal has it, too */
  constructor(writer: StreamWriter, journal: Journal, waits: boolean) {
    this.#writer = writer;
    this.#journal = journal;
    this.#waits = waits;
  }

  get name(): string {
    return this.#writer.name;
  }

  get lastSequence(): number {
    return this.#writer.lastSequence;
  }

  async append(subject: string, payload: Uint8Array): Promise<number> {
    const sequence = await this.#writer.append(subject, payload);
    const record = { sequence, subject, payload };
    if (!this.#waits) {
      this.#journal.offer(record);
      return sequence;
    }
    const kept = this.#journal.keep(record);
    this.#turn = this.#turn.then(() => kept);
    await this.#turn;
    return sequence;
  }

  inFlight(): number {
    return this.#writer.inFlight();
  }

  onTrouble(listener: TroubleListener): () => void {
    return this.#writer.onTrouble(listener);
  }

  async close(): Promise<void> {
    await this.#writer.close();
    await this.#turn;
  }
}

class JournaledReader implements StreamReader {
  readonly #reader: StreamReader;
  readonly #journal: () => Promise<Journal>;

  constructor(reader: StreamReader, journal: () => Promise<Journal>) {
    this.#reader = reader;
    this.#journal = journal;
  }

  async *read(options: ReadOptions): AsyncGenerator<StreamRecord> {
    if (options.filter !== undefined) {
      yield* this.#reader.read(options);
      return;
    }
    const journal = await this.#journal();
    for await (const record of this.#reader.read(options)) {
      journal.offer(record);
      yield record;
    }
  }

  lastSequence(): Promise<number> {
    return this.#reader.lastSequence();
  }

  last(filter?: string): Promise<StreamRecord | undefined> {
    return this.#reader.last(filter);
  }

  firstFrom(fromSequence: number, filter: string): Promise<StreamRecord | undefined> {
    return this.#reader.firstFrom(fromSequence, filter);
  }

  lastOfEach(filter: string): Promise<StreamRecord[]> {
    return this.#reader.lastOfEach(filter);
  }
}

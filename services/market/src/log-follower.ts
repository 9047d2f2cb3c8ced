/**
 * What a standby does with the log: it executes, without telling anybody, what the owner has told
 * in full, and keeps what comes behind that, to execute and tell it should it take over.
 */
import { decodeSettled, type Settled } from '@foldbook/protocol';
import {
  type Agent,
  cancelTimer,
  type Logger,
  type StreamReader,
  type StreamRecord,
  systemTimers,
} from '@foldbook/runtime';
import { type RecoveryParts, replayed } from './recovery.ts';

/** Beyond this no more of the log is read until some of it is executed. */
const MOST_HELD_BYTES = 64 * 1024 * 1024;
/** Commands that may be on their way through the hosts. */
const WINDOW_COMMANDS = 32_768;
/** Of a reader that follows, for what is in the log already; else it is read anew. */
const ARRIVAL_PATIENCE_MS = 100;

export interface LogFollowerParts extends Omit<RecoveryParts, 'records'> {
  readonly log: StreamReader;
  readonly logger: Logger;
  /** Where it begins. */
  readonly fromSequence: number;
  /** What the output streams were known to hold when it was begun. */
  readonly since: Pick<Settled, 'reports' | 'diffs'>;
  readonly onFailure: (error: Error) => void;
}

export class LogFollower implements Agent {
  readonly roleName = 'log follower';
  readonly #parts: LogFollowerParts;
  readonly #stop = new AbortController();
  /** Read and not executed, from `#first` on. */
  #held: StreamRecord[] = [];
  #first = 0;
  #heldBytes = 0;
  /** Sequence of the last record that was read. */
  #lastRead: number;
  #settled: Pick<Settled, 'log' | 'reports' | 'diffs'>;
  /** Whether anybody said how far the owner has told all: nothing at all (0) counts as well. */
  #hasHeard = false;
  #isFrozen = false;
  readonly #followed = Promise.withResolvers<void>();
  #groups = 0;
  #commands = 0;
  /** Wakes who waits for a record, and who waits for room. */
  #arrived = Promise.withResolvers<void>();
  #taken = Promise.withResolvers<void>();

  constructor(parts: LogFollowerParts) {
    this.#parts = parts;
    this.#lastRead = parts.fromSequence - 1;
    const { reports, diffs } = parts.since;
    // What is in the log may be told or not, as long as nobody says.
    this.#settled = { log: 0, reports, diffs };
  }

  start(): void {
    this.#read().catch((error: unknown) => {
      if (this.#stop.signal.aborted) return;
      this.#parts.onFailure(error instanceof Error ? error : new Error(String(error)));
    });
  }

  /** What a message says about how far the owner has told all. */
  heard(payload: Uint8Array): void {
    if (this.#isFrozen) return;
    const decoded = decodeSettled(payload);
    if (!decoded.ok) {
      const { name, detail } = decoded;
      this.#parts.logger.warn('a settled position that can not be read', { code: name, detail });
      return;
    }
    this.#hasHeard = true;
    // What was settled once stays so, whoever says it, and however late.
    if (decoded.value.log > this.#settled.log) this.#settled = decoded.value;
  }

  /** Behind these the output streams may hold what it has not executed. */
  get since(): Pick<Settled, 'reports' | 'diffs'> {
    const { reports, diffs } = this.#settled;
    return { reports, diffs };
  }

  /** Log sequence of the last record that was read. */
  get lastRead(): number {
    return this.#lastRead;
  }

  /** Resolves when it has executed all that was told, for the first time. */
  get followed(): Promise<void> {
    return this.#followed.promise;
  }

  /** Groups and commands that were executed while following. */
  get executed(): { readonly groups: number; readonly commands: number } {
    return { groups: this.#groups, commands: this.#commands };
  }

  doWork(): number {
    const { sequencer, dispatcher } = this.#parts;
    let work = dispatcher.flush();
    while (sequencer.pending < WINDOW_COMMANDS && dispatcher.undelivered === 0) {
      const next = this.#held[this.#first];
      if (next === undefined || next.sequence > this.#settled.log) break;
      this.#take(next);
      const commands = replayed(this.#parts, next);
      this.#commands += commands;
      if (commands > 0) this.#groups += 1;
      work += 1;
    }
    const { log } = this.#settled;
    if (work === 0 && this.#hasHeard && this.#lastRead >= log && sequencer.pending === 0) {
      this.#followed.resolve();
    }
    return work;
  }

  /** What the owner has told in full does not change any more. */
  freeze(): void {
    this.#isFrozen = true;
  }

  /** What is to be executed in silence still. */
  settledRecords(): AsyncGenerator<StreamRecord> {
    return this.#upTo(this.#settled.log);
  }

  /** All the rest of the log up to a record of it; the last thing that is asked. */
  async *recordsUpTo(sequence: number): AsyncGenerator<StreamRecord> {
    try {
      yield* this.#upTo(sequence);
    } finally {
      this.close();
    }
  }

  close(): void {
    this.#stop.abort();
    this.#taken.resolve();
  }

  async *#upTo(sequence: number): AsyncGenerator<StreamRecord> {
    for (;;) {
      const next = this.#held[this.#first];
      if (next !== undefined && next.sequence > sequence) return;
      if (next !== undefined) {
        this.#take(next);
        yield next;
      } else if (this.#lastRead >= sequence) return;
      else if (!(await this.#arrival())) {
        yield* this.#readAnew(sequence);
        return;
      }
    }
  }

  /** The reader is slow to hear of what is there: it may be at another broker, or begin anew. */
  async *#readAnew(sequence: number): AsyncGenerator<StreamRecord> {
    this.close();
    const { log, signal } = this.#parts;
    const fromSequence = this.#lastRead + 1;
    for await (const record of log.read({ fromSequence, follow: false, signal })) {
      if (record.sequence > sequence) return;
      this.#lastRead = record.sequence;
      yield record;
    }
  }

  /** False if nothing came for a while. */
  async #arrival(): Promise<boolean> {
    const { timers = systemTimers, signal } = this.#parts;
    signal.throwIfAborted();
    const late = Promise.withResolvers<false>();
    const timer = timers.after(ARRIVAL_PATIENCE_MS, () => late.resolve(false));
    const isThere = await Promise.race([this.#arrived.promise.then(() => true), late.promise]);
    cancelTimer(timer);
    return isThere;
  }

  #take({ payload }: StreamRecord): void {
    this.#first += 1;
    this.#heldBytes -= payload.byteLength;
    if (2 * this.#first > this.#held.length) {
      this.#held = this.#held.slice(this.#first);
      this.#first = 0;
    }
    this.#taken.resolve();
  }

  async #read(): Promise<void> {
    const { log, fromSequence } = this.#parts;
    const { signal } = this.#stop;
    for await (const record of log.read({ fromSequence, follow: true, signal })) {
      if (signal.aborted) return;
      this.#held.push(record);
      this.#heldBytes += record.payload.byteLength;
      this.#lastRead = record.sequence;
      const arrived = this.#arrived;
      this.#arrived = Promise.withResolvers();
      arrived.resolve();
      while (this.#heldBytes > MOST_HELD_BYTES && !signal.aborted) {
        this.#taken = Promise.withResolvers();
        await this.#taken.promise;
      }
    }
  }
}

/**
 * What a standby does with the log: it executes, without telling anybody, what the owner has told
 * in full, and keeps what comes behind that, to execute and tell it should it take over.
 */
import { decodeSettled, isTermSubject, type Settled } from '@foldbook/protocol';
import {
  type Agent,
  cancelTimer,
  type Logger,
  type StreamReader,
  type StreamRecord,
  systemTimers,
} from '@foldbook/runtime';
import type { KnownEnds } from './ownership.ts';
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
  /** The log's last barrier before it began; one that it will read is none. */
  readonly barrier: Barrier | undefined;
  /** What the output streams were known to hold when it was begun. */
  readonly since: KnownEnds;
  /** An owner with a higher term has begun to say what it has told. */
  readonly onOwner: () => void;
  readonly onFailure: (error: Error) => void;
}

/** A record that begins an ownership of the log. */
type Barrier = Pick<StreamRecord, 'sequence' | 'payload'>;

export class LogFollower implements Agent {
  readonly roleName = 'log follower';
  readonly #parts: LogFollowerParts;
  readonly #stop = new AbortController();
  /** Those that were read, by their sequence. */
  readonly #barriers = new Map<number, Uint8Array>();
  /** Read and not executed, from `#first` on. */
  #held: StreamRecord[] = [];
  #first = 0;
  #heldBytes = 0;
  /** Sequence of the last record that was read. */
  #lastRead: number;
  #settled: Settled;
  #term = 0;
  /** Whether an owner has said so; a log without commands has nothing told either. */
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
    const { barrier } = parts;
    if (barrier !== undefined) this.#barriers.set(barrier.sequence, barrier.payload);
    // What is in the log may be told or not, as long as nobody says.
    this.#settled = { ...parts.since, log: 0 };
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
    if (decoded.value.term > this.#term) {
      this.#term = decoded.value.term;
      this.#parts.onOwner();
    }
    // What was settled once stays so, whoever says it, and however late.
    if (decoded.value.log > this.#settled.log) this.#settled = decoded.value;
  }

  /** Behind these the output streams may hold what it has not executed. */
  get since(): KnownEnds {
    const { reports, diffs, term } = this.#settled;
    return { reports, diffs, term };
  }

  /** Log sequence of the last record that was read. */
  get lastRead(): number {
    return this.#lastRead;
  }

  /**
   * Whether what was read is of the log that has this barrier. A log that lost its end goes on with
   * a barrier where others had records: who had read those must not go on with it.
   */
  hasMet({ sequence, payload }: Barrier): boolean {
    if (sequence > this.#lastRead) return true;
    const read = this.#barriers.get(sequence);
    return read !== undefined && Buffer.from(read).equals(payload);
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
      this.#noteRead(record);
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

  #noteRead({ sequence, subject, payload }: StreamRecord): void {
    this.#lastRead = sequence;
    if (isTermSubject(subject)) this.#barriers.set(sequence, payload);
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
      this.#noteRead(record);
      this.#held.push(record);
      this.#heldBytes += record.payload.byteLength;
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

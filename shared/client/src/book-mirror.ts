/**
 * A copy of a market's book by price level, kept from public deltas. It checks that every batch
 * follows the one before and that the checksum agrees, asks for what it missed, starts again from a
 * snapshot where that is gone, and says so.
 */
import assert from 'node:assert/strict';
import {
  type BatchHeader,
  type Level,
  LevelBook,
  levelsSubject,
  querySubject,
  replaySubject,
  Side,
  snapshotSubject,
} from '@foldbook/protocol';
import {
  cancelTimer,
  monotonicMs,
  pause,
  type Subscription,
  systemTimers,
  type Timer,
  type Timers,
  type Transport,
} from '@foldbook/runtime';
import { encode } from '@msgpack/msgpack';
import { ask, askSnapshot, type Snapshot } from './ask.ts';
import { ClientError } from './client-error.ts';
import { applyDeltas, bookOf, type DeltaBatch, decodeDeltas, deltasOf } from './delta-batch.ts';
import { WaitingBatches } from './waiting-batches.ts';

export interface MirrorCounters {
  batches: number;
  deltas: number;
  /** Checksums compared and found equal. */
  checks: number;
  /** Checksums that differed; each is followed by a new snapshot. */
  mismatches: number;
  /** Batches that were missing, or could not be read. */
  gaps: number;
  /** Gaps filled from the server's window. */
  refills: number;
  /** Starts from a snapshot, the first included. */
  snapshots: number;
}

export type MirrorState = 'starting' | 'following' | 'refilling' | 'closed';

const COMPARE_ATTEMPTS = 10;
const RETRY_AFTER_MS = 500;
const STALE_PAUSE_MS = 50;

export class BookMirror {
  readonly counters: MirrorCounters = {
    batches: 0,
    deltas: 0,
    checks: 0,
    mismatches: 0,
    gaps: 0,
    refills: 0,
    snapshots: 0,
  };
  readonly #transport: Transport;
  readonly #market: string;
  readonly #onTrouble: (words: string) => void;
  readonly #timers: Timers;
  #book = new LevelBook();
  #subscription: Subscription | undefined;
  /** What came while a snapshot or a refill is on its way. */
  readonly #waiting = new WaitingBatches();
  /** The first parts of a command whose deltas did not fit into one batch. */
  #partial: Uint8Array[] = [];
  #generation = 0;
  /** The latest that was heard of: what is of one before is of an owner that was followed. */
  #newest = 0;
  #sequence = 0;
  /** Sequence of the last gap that a refill was asked for; -1 for none. */
  #gapAfter = -1;
  #retryTimer: Timer | undefined;
  #state: MirrorState = 'starting';
  #watchers: (() => void)[] = [];
  readonly #listeners = new Set<() => void>();

  /** `onTrouble`: told of every gap, mismatch and restart. */
  constructor(
    transport: Transport,
    market: string,
    onTrouble: (words: string) => void,
    timers: Timers = systemTimers,
  ) {
    this.#transport = transport;
    this.#market = market;
    this.#onTrouble = onTrouble;
    this.#timers = timers;
  }

  get state(): MirrorState {
    return this.#state;
  }

  /** Market sequence of the last batch applied. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Best first. */
  levels(side: Side, most?: number): Level[] {
    return this.#book.levels(side, most);
  }

  /**
   * Subscribes, takes a snapshot, and follows. After a rejection nothing is left open, and it may
   * be called again; after `close` it may not.
   */
  async open(): Promise<void> {
    this.#assertOpen();
    assert(this.#subscription === undefined, 'a mirror is opened once');
    const subject = levelsSubject(this.#market);
    let refusal: ClientError | undefined;
    this.#subscription = this.#transport.subscribe(
      subject,
      ({ payload }) => this.#batch(payload),
      ({ message }) => {
        refusal = new ClientError('REFUSED', message);
        this.#onTrouble(message);
      },
    );
    try {
      await this.#transport.flush();
      if (refusal !== undefined) throw refusal;
      await this.#restart();
    } catch (error) {
      this.#unsubscribe();
      throw error;
    }
  }

  /** Told whenever levels may have changed, once they are whole; returns the way to stop. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ends for good, and says nothing more; the levels stay as they are. */
  close(): void {
    this.#state = 'closed';
    this.#unsubscribe();
    this.#wakeWatchers();
  }

  #unsubscribe(): void {
    this.#subscription?.unsubscribe();
    this.#subscription = undefined;
    cancelTimer(this.#retryTimer);
    this.#waiting.clear();
    this.#partial = [];
  }

  /** Called after every wait: the mirror may have been closed in the meantime. */
  #assertOpen(): void {
    if (this.#state !== 'closed') return;
    throw new ClientError('CLOSED', `the mirror of ${this.#market} was closed`);
  }

  /**
   * Compares every level with the engine's own book (an operator's question). Follows deltas until
   * it stands where the engine stood. Answers the number of levels, or throws with the difference.
   */
  async compareWithEngine(timeoutMs = 10_000): Promise<{ levels: number; sequence: number }> {
    const engine = await this.#engineBook(timeoutMs);
    const theirs = bookOf(engine);
    for (const side of [Side.BUY, Side.SELL]) {
      const mine = describe(this.levels(side));
      const other = describe(theirs.levels(side));
      const differs = mine.findIndex((level, index) => level !== other[index]);
      if (differs < 0 && mine.length === other.length) continue;
      const at = differs < 0 ? mine.length : differs;
      throw new ClientError(
        'BAD_ANSWER',
        `side ${side}, level ${at}: mirror ${mine[at] ?? 'ends'}, engine ${other[at] ?? 'ends'}`,
      );
    }
    const levels = this.levels(Side.BUY).length + this.levels(Side.SELL).length;
    return { levels, sequence: engine.header.last };
  }

  /** The engine's book at the sequence where the mirror stands. */
  async #engineBook(timeoutMs: number): Promise<Snapshot> {
    const subject = querySubject(this.#market, 0);
    const question = encode({ v: 1, query: 'depth' });
    // Commands that come in between (the close of an epoch is enough) move the mirror past it.
    for (let attempt = 0; attempt < COMPARE_ATTEMPTS; attempt += 1) {
      const engine = await askSnapshot(this.#transport, subject, question, {
        timers: this.#timers,
      });
      await this.#reach(engine.header.last, timeoutMs);
      if (this.#sequence === engine.header.last) return engine;
    }
    throw new ClientError('BAD_ANSWER', 'the market does not stand still; compare while it does');
  }

  /** Waits until every delta up to `sequence` must have been seen: asks for what is missing. */
  async #reach(sequence: number, timeoutMs: number): Promise<void> {
    const deadlineMs = monotonicMs(this.#timers) + timeoutMs;
    while (this.#state !== 'following' || this.#sequence < sequence) {
      this.#assertOpen();
      if (monotonicMs(this.#timers) > deadlineMs) {
        const where = `the mirror stands at ${this.#sequence}, not at ${sequence}`;
        throw new ClientError('UNREACHABLE', `${where} after ${timeoutMs} ms`);
      }
      if (this.#state === 'following') await this.#catchUp(sequence);
      else await this.#nextChange(100);
    }
  }

  /** Commands without deltas (rejections) raise the sequence too: a snapshot names it. */
  async #catchUp(sequence: number): Promise<void> {
    const snapshot = await this.#snapshot();
    if (this.#state !== 'following') return;
    const before = this.#sequence;
    try {
      await this.#refill();
    } catch (error) {
      this.#retry(error);
      throw error;
    }
    // With a refill that was asked for later and moved nothing, no delta up to there is missing.
    const isComplete = this.#state === 'following' && this.#sequence === before;
    const { last } = snapshot.header;
    if (isComplete && last > before && last >= sequence && this.#agrees(snapshot)) {
      this.#sequence = last;
    }
  }

  #agrees(snapshot: Snapshot): boolean {
    return snapshot.header.depthCrc === this.#book.checksum();
  }

  #nextChange(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#timers.after(timeoutMs, resolve);
      this.#watchers.push(() => {
        cancelTimer(timer);
        resolve();
      });
    });
  }

  #wakeWatchers(): void {
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const watcher of watchers) watcher();
  }

  #snapshot(): Promise<Snapshot> {
    const subject = snapshotSubject(this.#market);
    return askSnapshot(this.#transport, subject, new Uint8Array(0), { timers: this.#timers });
  }

  /** Of whoever serves now: one that was followed, and does not know yet, answers too. */
  async #presentSnapshot(): Promise<Snapshot> {
    for (;;) {
      const snapshot = await this.#snapshot();
      this.#assertOpen();
      if (snapshot.header.generation >= this.#newest) return snapshot;
      await pause(this.#timers, STALE_PAUSE_MS);
      this.#assertOpen();
    }
  }

  async #restart(): Promise<void> {
    this.#state = 'starting';
    // What came before the question is in the answer.
    this.#waiting.clear();
    this.#partial = [];
    this.#gapAfter = -1;
    const snapshot = await this.#presentSnapshot();
    this.#book = bookOf(snapshot);
    this.#sequence = snapshot.header.last;
    this.#generation = snapshot.header.generation;
    this.#newest = Math.max(this.#newest, this.#generation);
    this.counters.snapshots += 1;
    if (!this.#check(snapshot.header)) {
      const words = `the snapshot of ${this.#market} at ${this.#sequence} has another checksum`;
      throw new ClientError('BAD_ANSWER', `${words} than it names`);
    }
    this.#state = 'following';
    this.#drainWaiting();
    this.#tell();
  }

  #batch(payload: Uint8Array): void {
    if (this.#state === 'closed') return;
    if (this.#state !== 'following') {
      this.#waiting.push(payload);
      return;
    }
    this.#apply(payload);
    this.#wakeWatchers();
    this.#tell();
  }

  #tell(): void {
    if (this.#state === 'following') for (const listener of this.#listeners) listener();
  }

  #drainWaiting(): void {
    for (const payload of this.#waiting.take()) this.#batch(payload);
  }

  #apply(payload: Uint8Array): void {
    const decoded = decodeDeltas(payload);
    if (!decoded.ok) {
      this.counters.gaps += 1;
      this.#refillAfter(`a batch of deltas can't be read: ${decoded.name} ${decoded.detail}`);
      return;
    }
    const batch = decoded.value;
    const { header } = batch;
    // Of an owner that another one has followed: it was stopped, and does not know yet.
    if (header.generation < this.#newest) return;
    this.#newest = header.generation;
    if (batch.reach <= this.#sequence) return;
    if (header.generation !== this.#generation) {
      this.counters.gaps += 1;
      this.#restartAfter(`deltas of feed ${header.generation} do not follow ${this.#generation}`);
      return;
    }
    const isHeadless = batch.isContinued && this.#partial.length === 0;
    if (header.prev > this.#sequence || isHeadless) {
      this.#gap(batch, isHeadless);
      return;
    }
    if (!batch.isContinued) this.#partial = [];
    if (batch.isPartial) {
      this.#partial.push(payload);
      return;
    }
    for (const part of this.#partial) applyDeltas(this.#book, part);
    this.#partial = [];
    applyDeltas(this.#book, payload);
    this.#sequence = header.last;
    this.counters.batches += 1;
    this.counters.deltas += header.count;
    if (!this.#check(header)) this.#restartAfter(`the checksum at ${header.last} differs`);
  }

  #check(header: BatchHeader): boolean {
    if (header.depthCrc === this.#book.checksum()) {
      this.counters.checks += 1;
      return true;
    }
    this.counters.mismatches += 1;
    return false;
  }

  #gap({ header, payload }: DeltaBatch, isHeadless: boolean): void {
    this.counters.gaps += 1;
    const words = isHeadless
      ? `the start of the command after ${this.#sequence} is missing`
      : `deltas after ${header.prev} do not follow ${this.#sequence}`;
    // A refill that did not reach beyond the gap will not the next time.
    if (this.#gapAfter === this.#sequence) {
      this.#restartAfter(words);
      return;
    }
    this.#gapAfter = this.#sequence;
    // The answer may end before this batch, or overlap it: then it is old.
    this.#waiting.push(payload);
    this.#refillAfter(words);
  }

  #refillAfter(words: string): void {
    this.#refill().catch((error: unknown) => this.#retry(error));
    this.#onTrouble(words);
  }

  #restartAfter(words: string): void {
    this.#restart().catch((error: unknown) => this.#retry(error));
    this.#onTrouble(words);
  }

  /** Starts again after a while, until it succeeds or the mirror or its line is closed. */
  #retry(error: unknown): void {
    if (this.#subscription === undefined) return;
    this.#state = 'starting';
    cancelTimer(this.#retryTimer);
    if (this.#transport.status() !== 'closed') {
      this.#retryTimer = this.#timers.after(RETRY_AFTER_MS, () => {
        this.#restart().catch((again: unknown) => this.#retry(again));
      });
      this.#retryTimer.unref();
    }
    this.#onTrouble(error instanceof Error ? error.message : String(error));
  }

  /** Asks for the batches after the last one; falls back to a snapshot. */
  async #refill(): Promise<void> {
    this.#state = 'refilling';
    const question = encode({ v: 1, from: this.#sequence + 1 });
    const answer = await ask(this.#transport, replaySubject(this.#market), question);
    this.#assertOpen();
    const batches = deltasOf(answer);
    if (batches === undefined) return this.#restart();
    this.#state = 'following';
    this.counters.refills += 1;
    for (const batch of batches) this.#batch(batch);
    this.#drainWaiting();
  }
}

function describe(levels: readonly Level[]): string[] {
  return levels.map(({ price, quantity, orders }) => `${quantity} @ ${price} (${orders} orders)`);
}

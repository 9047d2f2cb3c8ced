/**
 * A copy of a market's book by price level, kept from public deltas. It checks that every batch
 * follows the one before and that the checksum agrees, asks for what it missed, starts again from a
 * snapshot where that is gone, and says so.
 */
import {
  BatchFlag,
  type BatchHeader,
  BatchKind,
  BatchOffset,
  DeltaOffset,
  decodeBatchHeader,
  EventKind,
  EventOffset,
  type Level,
  LevelBook,
  levelsSubject,
  MAX_MESSAGE_BYTES,
  querySubject,
  RECORD_BYTES,
  readCount,
  replaySubject,
  Side,
  snapshotSubject,
  viewOf,
} from '@foldbook/protocol';
import type { Subscription, Transport } from '@foldbook/runtime';
import { encode } from '@msgpack/msgpack';
import { ask, askSnapshot, type Snapshot } from './ask.ts';
import { ClientError } from './client-error.ts';

export interface MirrorCounters {
  batches: number;
  deltas: number;
  /** Checksums compared and found equal. */
  checks: number;
  /** Checksums that differed; each is followed by a new snapshot. */
  mismatches: number;
  gaps: number;
  /** Gaps filled from the server's window. */
  refills: number;
  /** Starts from a snapshot, the first included. */
  snapshots: number;
}

export type MirrorState = 'starting' | 'following' | 'refilling';

/** Deltas kept while a snapshot or a refill is on its way. */
const MAX_WAITING_BATCHES = 16_384;
const COMPARE_ATTEMPTS = 10;

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
  #book = new LevelBook();
  #subscription: Subscription | undefined;
  #waiting: Uint8Array[] = [];
  #partial: Uint8Array[] = [];
  #generation = 0;
  #sequence = 0;
  #state: MirrorState = 'starting';
  #watchers: (() => void)[] = [];

  /** `onTrouble`: told of every gap, mismatch and restart. */
  constructor(transport: Transport, market: string, onTrouble: (words: string) => void) {
    this.#transport = transport;
    this.#market = market;
    this.#onTrouble = onTrouble;
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

  /** Subscribes, takes a snapshot, and follows. */
  async open(): Promise<void> {
    const subject = levelsSubject(this.#market);
    this.#subscription = this.#transport.subscribe(subject, ({ payload }) => this.#batch(payload));
    await this.#transport.flush();
    await this.#restart();
  }

  close(): void {
    this.#subscription?.unsubscribe();
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
      const engine = await askSnapshot(this.#transport, subject, question);
      await this.#reach(engine.header.last, timeoutMs);
      if (this.#sequence === engine.header.last) return engine;
    }
    throw new ClientError('BAD_ANSWER', 'the market does not stand still; compare while it does');
  }

  /** Waits until every delta up to `sequence` must have been seen: asks for what is missing. */
  async #reach(sequence: number, timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (this.#state !== 'following' || this.#sequence < sequence) {
      if (Date.now() > deadline) {
        const where = `the mirror stands at ${this.#sequence}, not at ${sequence}`;
        throw new ClientError('UNREACHABLE', `${where} after ${timeoutMs} ms`);
      }
      if (this.#state === 'following') {
        await this.#refill();
        if (this.#sequence >= sequence || this.#state !== 'following') continue;
        // Commands without deltas (rejections) raise the sequence too: a snapshot names it.
        const snapshot = await this.#snapshot();
        if (snapshot.header.last >= sequence && this.#agrees(snapshot)) {
          this.#sequence = snapshot.header.last;
        }
      } else await this.#nextChange(100);
    }
  }

  #agrees(snapshot: Snapshot): boolean {
    return snapshot.header.depthCrc === this.#book.checksum();
  }

  #nextChange(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#watchers.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #snapshot(): Promise<Snapshot> {
    return askSnapshot(this.#transport, snapshotSubject(this.#market), new Uint8Array(0));
  }

  async #restart(): Promise<void> {
    this.#state = 'starting';
    const snapshot = await this.#snapshot();
    this.#book = bookOf(snapshot);
    this.#sequence = snapshot.header.last;
    this.#generation = snapshot.header.generation;
    this.#partial = [];
    this.counters.snapshots += 1;
    this.#check(snapshot.header);
    this.#state = 'following';
    this.#drainWaiting();
  }

  #batch(payload: Uint8Array): void {
    if (this.#state !== 'following') {
      this.#waiting.push(payload);
      if (this.#waiting.length > MAX_WAITING_BATCHES) this.#waiting.shift();
      return;
    }
    this.#apply(payload);
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const watcher of watchers) watcher();
  }

  #drainWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const payload of waiting) this.#batch(payload);
  }

  #apply(payload: Uint8Array): void {
    const decoded = decodeBatchHeader(payload, BatchKind.MARKET_DATA, MAX_MESSAGE_BYTES);
    if (!decoded.ok) {
      this.#recover(`a batch of deltas can't be read: ${decoded.name} ${decoded.detail}`, payload);
      return;
    }
    const header = decoded.value;
    const isPartial = (header.flags & BatchFlag.PARTIAL) !== 0;
    if (!isPartial && header.last <= this.#sequence) return;
    if (header.generation !== this.#generation || header.prev > this.#sequence) {
      const words = `deltas after ${header.prev} do not follow ${this.#sequence}`;
      this.#recover(words, payload);
      return;
    }
    if ((header.flags & BatchFlag.CONTINUES) === 0) this.#partial = [];
    if (isPartial) {
      this.#partial.push(payload);
      return;
    }
    for (const part of this.#partial) applyRecords(this.#book, part);
    this.#partial = [];
    applyRecords(this.#book, payload);
    this.#sequence = header.last;
    this.counters.batches += 1;
    this.counters.deltas += header.count;
    if (!this.#check(header)) this.#recover(`the checksum at ${header.last} differs`, undefined);
  }

  #check(header: BatchHeader): boolean {
    if (header.depthCrc === this.#book.checksum()) {
      this.counters.checks += 1;
      return true;
    }
    this.counters.mismatches += 1;
    return false;
  }

  /** A gap is refilled; anything worse starts again from a snapshot. */
  #recover(words: string, payload: Uint8Array | undefined): void {
    this.#onTrouble(words);
    const sameFeed =
      payload !== undefined &&
      payload.byteLength >= RECORD_BYTES &&
      viewOf(payload).getUint32(BatchOffset.GENERATION, true) === this.#generation;
    if (payload !== undefined) this.#waiting.push(payload);
    this.counters.gaps += 1;
    this.#state = sameFeed ? 'refilling' : 'starting';
    const recovery = sameFeed ? this.#refill() : this.#restart();
    recovery.catch((error: unknown) => this.#retry(error));
  }

  #retry(error: unknown): void {
    this.#onTrouble(error instanceof Error ? error.message : String(error));
    if (this.#subscription === undefined) return;
    setTimeout(() => {
      this.#restart().catch((again: unknown) => this.#retry(again));
    }, 500).unref();
  }

  /** Asks for the batches after the last one; falls back to a snapshot. */
  async #refill(): Promise<void> {
    this.#state = 'refilling';
    const question = encode({ v: 1, from: this.#sequence + 1 });
    const answer = await ask(this.#transport, replaySubject(this.#market), question);
    const batches = splitBatches(answer);
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

function bookOf(snapshot: Snapshot): LevelBook {
  const book = new LevelBook();
  setLevels(book, viewOf(snapshot.records), 0);
  return book;
}

function applyRecords(book: LevelBook, payload: Uint8Array): void {
  setLevels(book, viewOf(payload), RECORD_BYTES);
}

function setLevels(book: LevelBook, view: DataView, start: number): void {
  for (let offset = start; offset < view.byteLength; offset += RECORD_BYTES) {
    if (view.getUint8(offset + EventOffset.KIND) !== EventKind.BOOK_DELTA) continue;
    book.set(
      view.getUint8(offset + EventOffset.SIDE) as Side,
      readCount(view, offset + DeltaOffset.PRICE),
      view.getBigUint64(offset + DeltaOffset.QUANTITY, true),
      readCount(view, offset + DeltaOffset.ORDERS),
    );
  }
}

/** The answer to a replay request: whole batches, one after the other. Undefined: a refusal. */
function splitBatches(answer: Uint8Array): Uint8Array[] | undefined {
  const batches: Uint8Array[] = [];
  let offset = 0;
  while (offset < answer.byteLength) {
    if (answer.byteLength - offset < RECORD_BYTES) return undefined;
    const count = viewOf(answer).getUint32(offset + BatchOffset.COUNT, true);
    const end = offset + (count + 1) * RECORD_BYTES;
    const batch = answer.subarray(offset, end);
    const header = decodeBatchHeader(batch, BatchKind.MARKET_DATA, MAX_MESSAGE_BYTES);
    if (!header.ok) return undefined;
    batches.push(batch);
    offset = end;
  }
  return batches;
}

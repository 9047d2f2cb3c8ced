/** A market's public feeds: price-level deltas, trades, snapshots and a window of past deltas. */
import {
  BatchFlag,
  BatchKind,
  BatchOffset,
  DeltaOffset,
  EventKind,
  EventOffset,
  encodeBatch,
  LevelBook,
  levelsSubject,
  RECORD_BYTES,
  readCount,
  Side,
  Slab,
  TradeOffset,
  tradesSubject,
  viewOf,
  writeCount,
} from '@foldbook/protocol';
import type { BatchBuffers } from './batch-buffers.ts';
import type { Market } from './market-registry.ts';
import { copyRecord, OutputBatch } from './output-batch.ts';

/** Past delta batches kept for clients that missed some. */
const HISTORY_BYTES = 8 * 1024 * 1024;
const DROPPED = new Uint8Array(0);
/** Levels in one message of a snapshot: 512 KiB. */
const SNAPSHOT_CHUNK_RECORDS = 8_192;
/** Bytes of one answer to a replay request. */
const REPLAY_REPLY_BYTES = 512 * 1024;
/** No answer is larger: a broker's default limit is 1 MiB. */
const MAX_ANSWER_BYTES = 1000 * 1024;

interface NewLevel {
  readonly side: Side;
  readonly price: number;
  readonly quantity: bigint;
  readonly orders: number;
}

export type PublishPublic = (subject: string, payload: Uint8Array) => void;

export class PublicOutput {
  readonly #market: Market;
  #generation: number;
  readonly #publish: PublishPublic;
  readonly #book = new LevelBook();
  readonly #levels: OutputBatch;
  readonly #trades: OutputBatch;
  readonly #trade = viewOf(new Uint8Array(RECORD_BYTES));
  /** Deltas of the command `#deltaSequence`, not in the book yet. */
  readonly #newLevels: NewLevel[] = [];
  #deltaSequence = 0;
  #history: Uint8Array[] = [];
  /** Before it stand places of batches that were dropped. */
  #oldest = 0;
  #historyBytes = 0;
  /** Market sequence that the book stands at. */
  #sequence = 0;

  constructor(market: Market, generation: number, publish: PublishPublic, buffers: BatchBuffers) {
    this.#market = market;
    this.#generation = generation;
    this.#publish = publish;
    const common = {
      kind: BatchKind.MARKET_DATA,
      market: market.id,
      generation: () => this.#generation,
      prev: 0,
      buffers,
    };
    this.#levels = new OutputBatch({
      ...common,
      // The history keeps them.
      slab: new Slab(),
      send: (payload) => this.#sendLevels(payload),
      depthCrc: () => this.#book.checksum(),
    });
    const trades = tradesSubject(market.name);
    this.#trades = new OutputBatch({
      ...common,
      send: (payload) => this.#publish(trades, payload),
    });
  }

  get generation(): number {
    return this.#generation;
  }

  /** What comes is of another feed; readers of the one before begin with a snapshot. */
  begin(generation: number): void {
    if (generation === this.#generation) return;
    this.#generation = generation;
    this.#history = [];
    this.#oldest = 0;
    this.#historyBytes = 0;
  }

  /**
   * Begins with a market that was restored.
   * @param levels - BOOK_DELTA records of its whole book
   */
  restore(levels: Uint8Array, sequence: number): void {
    const view = viewOf(levels);
    for (let at = 0; at < levels.byteLength; at += RECORD_BYTES) {
      const price = readCount(view, at + DeltaOffset.PRICE);
      const quantity = view.getBigUint64(at + DeltaOffset.QUANTITY, true);
      const orders = readCount(view, at + DeltaOffset.ORDERS);
      this.#book.set(view.getUint8(at + EventOffset.SIDE) as Side, price, quantity, orders);
    }
    this.#sequence = sequence;
    this.#levels.startAfter(sequence);
    this.#trades.startAfter(sequence);
  }

  /**
   * The book follows a command late, at its end: adding any of its deltas may send the commands
   * before it, with the checksum of the book as they left it.
   */
  delta(view: DataView, offset: number, sequence: number): void {
    if (sequence !== this.#deltaSequence) this.#setLevels();
    this.#deltaSequence = sequence;
    this.#levels.add(view, offset, sequence);
    this.#newLevels.push({
      side: view.getUint8(offset + EventOffset.SIDE) as Side,
      price: readCount(view, offset + DeltaOffset.PRICE),
      quantity: view.getBigUint64(offset + DeltaOffset.QUANTITY, true),
      orders: readCount(view, offset + DeltaOffset.ORDERS),
    });
  }

  /** A trade without its accounts and client order ids. */
  trade(view: DataView, offset: number, sequence: number): void {
    const trade = this.#trade;
    copyRecord(view, offset, trade, 0);
    trade.setUint32(EventOffset.ACCOUNT, 0, true);
    trade.setBigUint64(TradeOffset.MAKER_CLIENT_ORDER_ID, 0n, true);
    trade.setBigUint64(TradeOffset.MAKER_ACCOUNT, 0n, true);
    this.#trades.add(trade, 0, sequence);
  }

  /** `sequence`: last of the group; deltas and trades up to it go out. */
  flush(sequence: number): void {
    this.#setLevels();
    this.#levels.flush();
    this.#trades.flush();
    this.#sequence = sequence;
  }

  /** The book in chunks: header first = number of the chunk, prev = how many there are. */
  snapshot(): Uint8Array[] {
    const bids = this.#book.levels(Side.BUY);
    const asks = this.#book.levels(Side.SELL);
    const records = new Uint8Array((bids.length + asks.length) * RECORD_BYTES);
    const view = viewOf(records);
    for (const [index, level] of [...bids, ...asks].entries()) {
      const at = index * RECORD_BYTES;
      view.setUint8(at + EventOffset.KIND, EventKind.BOOK_DELTA);
      view.setUint8(at + EventOffset.SIDE, index < bids.length ? Side.BUY : Side.SELL);
      writeCount(view, at + EventOffset.SEQUENCE, this.#sequence);
      view.setBigUint64(at + DeltaOffset.PRICE, level.price, true);
      view.setBigUint64(at + DeltaOffset.QUANTITY, level.quantity, true);
      writeCount(view, at + DeltaOffset.ORDERS, level.orders);
    }
    return snapshotChunks(records, {
      market: this.#market.id,
      generation: this.#generation,
      last: this.#sequence,
      depthCrc: this.#book.checksum(),
    });
  }

  /**
   * Delta batches from the one that covers `from` on, as they were sent, one after the other;
   * undefined when the window no longer reaches back that far (take a snapshot then).
   */
  replay(from: number): Uint8Array | undefined {
    const reaches = (payload: Uint8Array, index: number) =>
      index >= this.#oldest && lastOf(payload) >= from;
    let start = this.#history.findIndex(reaches);
    if (start < 0) return this.#levels.prev < from ? new Uint8Array(0) : undefined;
    while (start > this.#oldest && continues(this.#history[start])) start -= 1;
    const oldest = this.#history[start];
    if (oldest === undefined || prevOf(oldest) >= from) return undefined;
    const chosen: Uint8Array[] = [];
    let size = 0;
    for (const payload of this.#history.slice(start)) {
      // A command cut over two batches is answered whole or not at all.
      if (size + payload.byteLength > REPLAY_REPLY_BYTES && !continues(payload)) break;
      chosen.push(payload);
      size += payload.byteLength;
    }
    return chosen.length === 0 || size > MAX_ANSWER_BYTES ? undefined : concatenate(chosen, size);
  }

  #setLevels(): void {
    for (const { side, price, quantity, orders } of this.#newLevels) {
      this.#book.set(side, price, quantity, orders);
    }
    this.#newLevels.length = 0;
  }

  #sendLevels(payload: Uint8Array): void {
    this.#history.push(payload);
    this.#historyBytes += payload.byteLength;
    while (this.#historyBytes > HISTORY_BYTES && this.#oldest < this.#history.length - 1) {
      this.#historyBytes -= this.#history[this.#oldest]?.byteLength ?? 0;
      this.#history[this.#oldest] = DROPPED;
      this.#oldest += 1;
    }
    // The rest moves when as much was dropped: however many there are, a batch costs the same.
    if (2 * this.#oldest > this.#history.length) {
      this.#history = this.#history.slice(this.#oldest);
      this.#oldest = 0;
    }
    this.#publish(levelsSubject(this.#market.name), payload);
  }
}

const lastOf = (payload: Uint8Array) => readCount(viewOf(payload), BatchOffset.LAST);
const continues = (payload: Uint8Array | undefined) =>
  payload !== undefined &&
  (viewOf(payload).getUint16(BatchOffset.FLAGS, true) & BatchFlag.CONTINUES) !== 0;
const prevOf = (payload: Uint8Array) => readCount(viewOf(payload), BatchOffset.PREV);

function concatenate(parts: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.byteLength;
  }
  return whole;
}

/** Cuts the records of a snapshot into messages that a broker takes; at least one. */
export function snapshotChunks(
  records: Uint8Array,
  fields: {
    readonly market: number;
    readonly generation: number;
    readonly last: number;
    readonly depthCrc: number;
  },
): Uint8Array[] {
  const count = records.byteLength / RECORD_BYTES;
  const chunks = Math.max(1, Math.ceil(count / SNAPSHOT_CHUNK_RECORDS));
  return Array.from({ length: chunks }, (_, index) => {
    const start = index * SNAPSHOT_CHUNK_RECORDS * RECORD_BYTES;
    const part = records.subarray(start, start + SNAPSHOT_CHUNK_RECORDS * RECORD_BYTES);
    const header = { kind: BatchKind.SNAPSHOT, ...fields, first: index, prev: chunks };
    return encodeBatch(header, part);
  });
}

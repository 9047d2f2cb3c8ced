/**
 * The books of any number of instruments, order by order, from the events of a feed. They live in
 * the kernel's memory; nothing here is called for an event.
 */
import assert from 'node:assert/strict';
import type { EventBlock } from './decoder.ts';
import { EVENT_BYTES, EventSide, readEvent } from './event.ts';
import { FRAME_EVENTS, type Frame } from './features/frame.ts';
import type { HistoryKernel } from './kernel/history-kernel.ts';
import {
  REPLAY_ERROR_CODES,
  ReplayError,
  type ReplayErrorCode,
  replayErrorCode,
} from './replay-error.ts';

/** As assembly/replay-book.ts and assembly/replay-queries.ts have it. */
const STRICT = 1;
const JOINED = 2;
const PASSES_UNKNOWN = 4;
const UNCROSSES = 8;
const ANONYMOUS_CODE = 9;
const CROSSED_CODE = 10;
const CODES = 16;
const ROW_BYTES = 32;
const ROWS = 256;
const Row = { FIRST: 0, QUANTITY: 8, THIRD: 16, FOURTH: 24, ADDRESS: 28 } as const;

export interface ReplayBookOptions {
  readonly kernel: HistoryKernel;
  /**
   * Goes on where an event cannot be true, counts it, and does what can be done: a new order whose
   * id is taken replaces the old one, more than an order shows is all of it, the order's own side
   * counts; the rest does nothing. Else such an event is refused.
   */
  readonly lenient?: boolean | undefined;
  /**
   * The feed begins in the middle of the day, or tells a part: what happens to an unknown order
   * happens to the anonymous volume at its price (LEVEL), and a MODIFY of one makes it known.
   */
  readonly joined?: boolean | undefined;
  /** Events of unknown orders are counted and do nothing, though other faults are refused. */
  readonly passesUnknown?: boolean | undefined;
  /**
   * The feed tells only what happens near the best prices: levels that a new order of the other
   * side crosses have left unseen, and are forgotten.
   */
  readonly uncrosses?: boolean | undefined;
  /**
   * Levels of a side that are kept when an order comes; those beyond are forgotten. Default all.
   */
  readonly levels?: number | undefined;
}

export type BookSide = typeof EventSide.BUY | typeof EventSide.SELL;

/** Prices and quantities in the feed's units. A sum of quantities is one modulo 2^64. */
export interface BookLevel {
  readonly price: bigint;
  /** Of all orders and the anonymous volume. */
  readonly quantity: bigint;
  /** Known orders. */
  readonly orders: number;
  readonly anonymous: bigint;
}

export interface QueuedOrder {
  /** None for anonymous volume, which stands first. */
  readonly orderId: bigint | undefined;
  readonly quantity: bigint;
  readonly quantityAhead: bigint;
  /** Entries of the queue before it. */
  readonly position: number;
}

export interface FoundOrder {
  readonly side: BookSide;
  readonly price: bigint;
  readonly quantity: bigint;
  readonly quantityAhead: bigint;
  readonly position: number;
}

export interface ReplayCounts {
  readonly events: number;
  /** Live orders, anonymous volume not counted. */
  readonly orders: number;
  /** Levels forgotten because an order crossed them, in a book that uncrosses. */
  readonly crossed: number;
  /** Events of unknown orders in a book that was joined. */
  readonly anonymous: number;
  /** Events that could not be true. */
  readonly faults: Readonly<Record<ReplayErrorCode, number>>;
}

export class ReplayBook {
  /** Address of the kernel's record of it. */
  readonly address: number;
  readonly #kernel: HistoryKernel;
  readonly #counts: DataView;
  readonly #rows: DataView;
  #events = 0;

  constructor(options: ReplayBookOptions) {
    const { kernel, lenient = false, joined = false, levels = 0 } = options;
    const passes = options.passesUnknown === true ? PASSES_UNKNOWN : 0;
    const uncrosses = options.uncrosses === true ? UNCROSSES : 0;
    assert(Number.isInteger(levels) && levels >= 0 && levels < 2 ** 32, `${levels} levels`);
    const flags = (lenient ? 0 : STRICT) | (joined ? JOINED : 0) | passes | uncrosses;
    this.#kernel = kernel;
    this.address = kernel.exports.newReplayBook(flags, levels) >>> 0;
    const counts = kernel.exports.countsAddress(this.address) >>> 0;
    const rows = kernel.reserve(ROWS * ROW_BYTES).address;
    const { buffer } = kernel.memory;
    this.#counts = new DataView(buffer, counts, CODES * 8);
    this.#rows = new DataView(buffer, rows, ROWS * ROW_BYTES);
  }

  /** @throws ReplayError unless the book is lenient */
  apply(block: EventBlock): void {
    const { address, count } = block;
    this.#took(block, this.#kernel.exports.applyEvents(this.address, address, count));
  }

  /**
   * The same, with a row of the frame for each event: what it told, and what its instrument showed
   * after it. The features' columns are left as they are.
   * @param depth - best levels that `bidDepth` and `askDepth` add up
   * @throws ReplayError unless the book is lenient; the frame has the events before that one
   */
  applyToFrame(block: EventBlock, frame: Frame, depth = 1): void {
    const { address, count } = block;
    assert(count <= FRAME_EVENTS, `${count} events for one frame`);
    const { applyToFrame } = this.#kernel.exports;
    const first = this.#events;
    this.#took(block, applyToFrame(this.address, address, count, frame.address, first, depth));
  }

  #took({ address, count }: EventBlock, applied: number): void {
    this.#events += applied;
    if (applied === count) return;
    const event = this.#events;
    this.#events += 1;
    const view = new DataView(this.#kernel.memory.buffer, address + applied * EVENT_BYTES);
    const { orderId, instrument, action } = readEvent(view, 0);
    const code = replayErrorCode(this.#kernel.exports.refusalCode(this.address));
    const words = `action ${action} on order ${orderId} of instrument ${instrument}`;
    throw new ReplayError(code, applied, event, words);
  }

  get counts(): ReplayCounts {
    const countOf = (code: number) => Number(this.#counts.getBigUint64(code * 8, true));
    const faults = REPLAY_ERROR_CODES.map((code, index) => [code, countOf(index + 1)] as const);
    return {
      events: this.#events,
      orders: this.#kernel.exports.openOrders(this.address),
      crossed: countOf(CROSSED_CODE),
      anonymous: countOf(ANONYMOUS_CODE),
      faults: Object.fromEntries(faults) as Record<ReplayErrorCode, number>,
    };
  }

  /** Empties all books and forgets the counts. */
  reset(): void {
    this.#kernel.exports.resetBook(this.address);
    this.#events = 0;
  }

  /** Forgets the levels beyond the best `levels` of each side, with their orders. */
  trim(instrument: number, levels: number): void {
    this.#kernel.exports.trimLevels(this.address, instrument, levels);
  }

  /** Of the last STATUS event: 0 halted, 1 quoted, 2 trading; undefined where there was none. */
  status(instrument: number): number | undefined {
    const status = this.#kernel.exports.instrumentStatus(this.address, instrument);
    return status === 0 ? undefined : status - 1;
  }

  levelCount(instrument: number, side: BookSide): number {
    return this.#kernel.exports.levelsIn(this.address, instrument, side);
  }

  best(instrument: number, side: BookSide): BookLevel | undefined {
    return this.levels(instrument, side, 1)[0];
  }

  /** Best first, at most `most` of them. */
  levels(instrument: number, side: BookSide, most = Number.POSITIVE_INFINITY): BookLevel[] {
    return this.#levelRows(instrument, side, most).map(({ level }) => level);
  }

  /** The orders at a price, first come first; none where there is no such level. */
  queue(instrument: number, side: BookSide, price: bigint): QueuedOrder[] {
    const { exports } = this.#kernel;
    const out = this.#rows.byteOffset;
    if (!exports.readLevel(this.address, instrument, side, price, out)) return [];
    return this.#queueOf(this.#rows.getUint32(Row.ADDRESS, true));
  }

  /** The best `most` levels with their queues. */
  orders(
    instrument: number,
    side: BookSide,
    most = Number.POSITIVE_INFINITY,
  ): { readonly level: BookLevel; readonly queue: readonly QueuedOrder[] }[] {
    const rows = this.#levelRows(instrument, side, most);
    return rows.map(({ level, address }) => ({ level, queue: this.#queueOf(address) }));
  }

  /** Where an order stands; undefined where it is not known. */
  order(instrument: number, orderId: bigint): FoundOrder | undefined {
    const { exports } = this.#kernel;
    const rows = this.#rows;
    if (!exports.findOrder(this.address, instrument, orderId, rows.byteOffset)) return undefined;
    return {
      side: rows.getUint32(Row.ADDRESS, true) === 0 ? EventSide.BUY : EventSide.SELL,
      price: rows.getBigInt64(Row.FIRST, true),
      quantity: rows.getBigUint64(Row.QUANTITY, true),
      quantityAhead: rows.getBigUint64(Row.THIRD, true),
      position: rows.getUint32(Row.FOURTH, true),
    };
  }

  #levelRows(instrument: number, side: BookSide, most: number) {
    const { exports } = this.#kernel;
    const rows = this.#rows;
    const found: { readonly level: BookLevel; readonly address: number }[] = [];
    for (let after = 0; found.length < most; ) {
      const asked = Math.min(most - found.length, ROWS);
      const out = rows.byteOffset;
      const count = exports.readLevels(this.address, instrument, side, after, asked, out);
      for (let at = 0; at < count * ROW_BYTES; at += ROW_BYTES) {
        after = rows.getUint32(at + Row.ADDRESS, true);
        const level = {
          price: rows.getBigInt64(at + Row.FIRST, true),
          quantity: rows.getBigUint64(at + Row.QUANTITY, true),
          orders: rows.getUint32(at + Row.FOURTH, true),
          anonymous: rows.getBigUint64(at + Row.THIRD, true),
        };
        found.push({ level, address: after });
      }
      if (count < asked) break;
    }
    return found;
  }

  #queueOf(level: number): QueuedOrder[] {
    const rows = this.#rows;
    const queue: QueuedOrder[] = [];
    let after = 0;
    let ahead = 0n;
    for (;;) {
      const count = this.#kernel.exports.readQueue(level, after, ahead, ROWS, rows.byteOffset);
      for (let at = 0; at < count * ROW_BYTES; at += ROW_BYTES) {
        after = rows.getUint32(at + Row.ADDRESS, true);
        const isAnonymous = rows.getUint32(at + Row.FOURTH, true) !== 0;
        const quantity = rows.getBigUint64(at + Row.QUANTITY, true);
        const quantityAhead = rows.getBigUint64(at + Row.THIRD, true);
        ahead = BigInt.asUintN(64, quantityAhead + quantity);
        const orderId = isAnonymous ? undefined : rows.getBigUint64(at + Row.FIRST, true);
        queue.push({ orderId, quantity, quantityAhead, position: queue.length });
      }
      if (count < ROWS) return queue;
    }
  }
}

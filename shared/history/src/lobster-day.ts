/**
 * LOBSTER's messages together with the orderbook file beside them. The messages tell only what
 * happens within so many levels; levels that come into sight are events before the message that
 * uncovers them, so that a book which keeps so many levels is right after every message.
 */
import assert from 'node:assert/strict';
import { type Chunks, linesIn } from './csv-rows.ts';
import { DecodeError, type DecodeErrorCode } from './decode-error.ts';
import type { EventBlock } from './decoder.ts';
import { EVENT_BYTES, EventOffset } from './event.ts';
import type { HistoryKernel } from './kernel/history-kernel.ts';
import type { LineDecoder } from './line-decoder.ts';
import { createLobsterDecoder } from './lobster-decoder.ts';
import { LobsterRowsDecoder, type LobsterRowsOptions } from './lobster-rows-decoder.ts';
import type { MarketDecoder } from './market-decoder.ts';

/** As `Placing` of assembly/lobster-rows.ts has it. */
const Placing = { MESSAGE: 0, LEVEL: 8, TO: 16, HAS_BEGUN: 24 } as const;
const PLACING_BYTES = 28;
const PLACED_EVENTS = 4_096;
const NOTHING = new Uint8Array(0);

/** Of a row that is not valid; of rows that are too few, or too many. */
export type LobsterRowsErrorCode = DecodeErrorCode | 'MISSING_ROWS' | 'SURPLUS_ROWS';

export class LobsterRowsError extends Error {
  override readonly name = 'LobsterRowsError';
  readonly code: LobsterRowsErrorCode;
  /** In the orderbook file: where the faulty row begins, or what was read of it. */
  readonly offset: number;

  /** @param message that says the place, too */
  constructor(code: LobsterRowsErrorCode, offset: number, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
    this.offset = offset;
  }
}

export class LobsterDayDecoder implements MarketDecoder {
  readonly #kernel: HistoryKernel;
  readonly #messages: LineDecoder;
  readonly #rows: LobsterRowsDecoder;
  readonly #levels: LevelQueue;
  readonly #isLenient: boolean;
  readonly #placing: DataView;
  readonly #placed: number;
  /** There are no more rows, or none that can be read. */
  #haveEnded = false;
  #failure: unknown;
  /** Faults of the two files together. */
  #odds = 0n;

  constructor(kernel: HistoryKernel, options: LobsterRowsOptions = {}) {
    this.#kernel = kernel;
    this.#messages = createLobsterDecoder(kernel, options);
    this.#rows = new LobsterRowsDecoder(kernel, options);
    this.#levels = new LevelQueue(kernel);
    this.#isLenient = options.lenient === true;
    const { address } = kernel.reserve(PLACING_BYTES);
    this.#placing = new DataView(kernel.memory.buffer, address, PLACING_BYTES);
    this.#placed = kernel.reserve(PLACED_EVENTS * EVENT_BYTES).address;
  }

  get scale() {
    return this.#messages.scale;
  }

  /** Messages. */
  get units(): bigint {
    return this.#messages.units;
  }

  /** Of both files. */
  get faults(): bigint {
    return this.#messages.faults + this.#rows.faults + this.#odds;
  }

  get skipped(): bigint {
    return this.#messages.skipped;
  }

  /** Of the messages. */
  get consumed(): number {
    return this.#messages.consumed;
  }

  get instrumentCount(): number {
    return this.#messages.instrumentCount;
  }

  /** Levels of a side that rows have; undefined before the first. */
  get levels(): number | undefined {
    return this.#rows.levels || undefined;
  }

  instruments(): string[] {
    return this.#messages.instruments();
  }

  /** How many rows are to be there before these messages; without any, before their end. */
  rowsBefore(messages: Uint8Array = NOTHING): bigint {
    return this.#messages.units + BigInt(linesIn(messages));
  }

  /** Whether so many rows were pushed, or all there are. */
  hasRows(count: bigint): boolean {
    return this.#haveEnded || this.#rows.units >= count;
  }

  /** Faults of the rows come out with the first message that they are missing for. */
  pushRows(bytes: Uint8Array): void {
    this.#takeRows(() => this.#rows.push(bytes, this.#keep));
  }

  /**
   * No more rows follow.
   * @param failure - why there are none, where they could not be read to their end: it is thrown as
   * a fault of theirs would be
   */
  endRows(failure?: unknown): void {
    if (failure === undefined) this.#takeRows(() => this.#rows.end(this.#keep));
    this.#failure ??= failure;
    this.#haveEnded = true;
  }

  /** Whether what `push` or `end` has thrown is about the orderbook file. */
  isOfRows(error: unknown): boolean {
    return error instanceof LobsterRowsError || (error !== undefined && error === this.#failure);
  }

  /** Bytes of the orderbook file that were taken so far. */
  get rowsConsumed(): number {
    return this.#rows.consumed;
  }

  /**
   * Whoever pushes messages has pushed their rows: see `rowsBefore`.
   * @throws DecodeError of the messages, LobsterRowsError of the rows, what `endRows` was given;
   * after what came before the fault was handed over
   */
  push(bytes: Uint8Array, onBlock: (block: EventBlock) => void): void {
    this.#messages.push(bytes, (block) => this.#place(block, onBlock));
  }

  end(onBlock: (block: EventBlock) => void): void {
    this.#messages.end((block) => this.#place(block, onBlock));
    const fault = this.#failure ?? this.#surplus();
    if (fault === undefined) return;
    if (!this.#isLenient) throw fault;
    this.#odds = 1n;
  }

  restart(): void {
    this.#messages.restart();
    this.#rows.restart();
    this.#levels.clear();
    this.#placing.setUint32(Placing.HAS_BEGUN, 0, true);
    this.#haveEnded = false;
    this.#failure = undefined;
    this.#odds = 0n;
  }

  readonly #keep = (block: EventBlock): void => this.#levels.add(block);

  #takeRows(take: () => void): void {
    if (this.#haveEnded) return;
    try {
      take();
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      const { code, offset } = error;
      const row = `row ${this.#rows.units} at byte ${offset}`;
      const words = `${row} is not of whole numbers, four for a level, as many as in the first row`;
      this.#failure = new LobsterRowsError(code, offset, words);
      this.#haveEnded = true;
    }
  }

  /** Hands over a block with the levels that came into sight, as far as there are rows. */
  #place({ address, count }: EventBlock, onBlock: (block: EventBlock) => void): void {
    const covered = this.#covered({ address, count });
    const placing = this.#placing;
    const levels = this.#levels;
    const end = address + covered * EVENT_BYTES;
    for (let message = address; message < end; ) {
      const level = levels.address;
      const to = this.#placed;
      for (const [at, from, limit] of [
        [Placing.MESSAGE, message, end],
        [Placing.LEVEL, level, levels.end],
        [Placing.TO, to, to + PLACED_EVENTS * EVENT_BYTES],
      ] as const) {
        placing.setUint32(at, from, true);
        placing.setUint32(at + 4, limit, true);
      }
      this.#kernel.exports.placeLevels(placing.byteOffset);
      message = placing.getUint32(Placing.MESSAGE, true);
      levels.address = placing.getUint32(Placing.LEVEL, true);
      const placed = (placing.getUint32(Placing.TO, true) - to) / EVENT_BYTES;
      if (placed > 0) onBlock({ address: to, count: placed });
    }
    if (covered === count) return;
    if (!this.#isLenient) throw this.#failure ?? this.#short();
    // The rest is as if there were no rows.
    this.#odds = 1n;
    onBlock({ address: end, count: count - covered });
  }

  /** Messages of a block that have rows. */
  #covered({ address, count }: EventBlock): number {
    const view = new DataView(this.#kernel.memory.buffer, address, count * EVENT_BYTES);
    const rows = this.#rows.units;
    const isCovered = (index: number) =>
      view.getBigUint64(index * EVENT_BYTES + EventOffset.SEQUENCE, true) <= rows;
    let covered = count;
    while (covered > 0 && !isCovered(covered - 1)) covered -= 1;
    assert(covered === count || this.#haveEnded, 'messages whose rows were not pushed');
    return covered;
  }

  #short(): LobsterRowsError {
    const { units, consumed } = this.#rows;
    const rows = `the orderbook ends after ${units} rows, at byte ${consumed}`;
    return new LobsterRowsError('MISSING_ROWS', consumed, `${rows}, and the messages go on`);
  }

  #surplus(): LobsterRowsError | undefined {
    const told = this.#messages.units;
    const { units, consumed } = this.#rows;
    if (units <= told) return undefined;
    const rows = `the orderbook has ${units} rows at byte ${consumed}`;
    const message = `the messages end after ${told} lines, and ${rows}`;
    return new LobsterRowsError('SURPLUS_ROWS', consumed, message);
  }
}

/** Levels whose messages are still to come, in the kernel's memory. */
class LevelQueue {
  /** Of the first; whoever takes some moves it on. */
  address = 0;
  end = 0;
  readonly #kernel: HistoryKernel;
  #room: { readonly address: number; readonly bytes: Uint8Array };

  constructor(kernel: HistoryKernel) {
    this.#kernel = kernel;
    this.#room = kernel.reserve(PLACED_EVENTS * EVENT_BYTES);
    this.clear();
  }

  clear(): void {
    this.address = this.#room.address;
    this.end = this.address;
  }

  add({ address, count }: EventBlock): void {
    const bytes = count * EVENT_BYTES;
    const before = this.end - this.address;
    const room = this.#room;
    if (this.end + bytes > room.address + room.bytes.length) {
      const isTight = 2 * (before + bytes) > room.bytes.length;
      if (isTight) this.#room = this.#kernel.reserve(2 * room.bytes.length + bytes);
      this.#copy(this.address, this.#room.address, before);
      this.clear();
      this.end += before;
    }
    this.#copy(address, this.end, bytes);
    this.end += bytes;
  }

  #copy(from: number, to: number, bytes: number): void {
    new Uint8Array(this.#kernel.memory.buffer).copyWithin(to, from, from + bytes);
  }
}

/** Brings rows to a decoder as its messages come. */
export class RowSupply {
  readonly #decoder: LobsterDayDecoder;
  readonly #chunks: AsyncIterator<Uint8Array> | Iterator<Uint8Array>;

  constructor(decoder: LobsterDayDecoder, rows: Chunks) {
    this.#decoder = decoder;
    this.#chunks =
      Symbol.asyncIterator in rows ? rows[Symbol.asyncIterator]() : rows[Symbol.iterator]();
  }

  /** Has the rows there of all messages in a chunk; without one, what the end needs. */
  async before(messages?: Uint8Array): Promise<void> {
    const wanted = this.#decoder.rowsBefore(messages);
    while (!this.#decoder.hasRows(wanted)) await this.#next();
  }

  async #next(): Promise<void> {
    const decoder = this.#decoder;
    try {
      const { value, done } = await this.#chunks.next();
      if (done === true) decoder.endRows();
      else decoder.pushRows(value);
    } catch (error) {
      decoder.endRows(error);
    }
  }

  /** The rest is not wanted. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}

/** Writes events as binary order records of 38 bytes. assembly/bin38.ts describes them. */
import assert from 'node:assert/strict';
import { BIN38_RECORD_BYTES } from './bin38-decoder.ts';
import type { EventBlock } from './decoder.ts';
import { EVENT_BYTES } from './event.ts';
import type { HistoryKernel } from './kernel/history-kernel.ts';

const PIECE_EVENTS = 4_096;

/** An event that the format cannot tell. */
export class Bin38Error extends Error {
  override readonly name = 'Bin38Error';
  /** Another action or no side or price; or a number that no double stands for. */
  readonly code = 'NOT_WRITABLE';
  /** The event's index in its block; those before it were written. */
  readonly index: number;

  constructor(index: number) {
    super(`NOT_WRITABLE: event ${index} is no open, filled or cancelled order of a market`);
    this.index = index;
  }
}

export interface Bin38WriterOptions {
  readonly kernel: HistoryKernel;
  /** Numbers of the markets, by instrument. */
  readonly markets: readonly number[];
  /** Takes records; they are only valid during the call. */
  readonly write: (bytes: Uint8Array) => void;
}

/**
 * ADD becomes open, EXECUTE filled, DELETE cancelled. Prices and quantities are in 1e-8, and read
 * back as the same.
 */
export class Bin38Writer {
  readonly #kernel: HistoryKernel;
  readonly #markets: { readonly address: number; readonly count: number };
  readonly #room: { readonly address: number; readonly bytes: Uint8Array };
  readonly #write: (bytes: Uint8Array) => void;

  constructor({ kernel, markets, write }: Bin38WriterOptions) {
    this.#kernel = kernel;
    this.#write = write;
    this.#room = kernel.reserve(PIECE_EVENTS * BIN38_RECORD_BYTES);
    const { address, bytes } = kernel.reserve(Math.max(1, markets.length) * 4);
    const view = new DataView(bytes.buffer, address);
    for (const [index, market] of markets.entries()) {
      assert(Number.isInteger(market) && market >>> 0 === market, `a market's number: ${market}`);
      view.setUint32(index * 4, market, true);
    }
    this.#markets = { address, count: markets.length };
  }

  /** @throws Bin38Error at the first event that is no such record */
  append({ address, count }: EventBlock): void {
    const { exports } = this.#kernel;
    const { address: markets, count: marketCount } = this.#markets;
    for (let done = 0; done < count; ) {
      const piece = Math.min(PIECE_EVENTS, count - done);
      const { address: to, bytes } = this.#room;
      const from = address + done * EVENT_BYTES;
      const written = exports.writeBin38(from, piece, markets, marketCount, to) >>> 0;
      if (written > 0) this.#write(bytes.subarray(0, written * BIN38_RECORD_BYTES));
      if (written < piece) throw new Bin38Error(done + written);
      done += piece;
    }
  }
}

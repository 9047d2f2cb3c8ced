/** Writes this project's own files of events. assembly/compact.ts describes them. */
import assert from 'node:assert/strict';
import type { EventBlock } from './decoder.ts';
import { EVENT_BYTES } from './event.ts';
import type { HistoryKernel } from './kernel/history-kernel.ts';
import type { Scale } from './scale.ts';

const BLOCK_HEADER_BYTES = 16;
const MOST_BLOCK_BYTES = 256 * 1_024;
const MOST_BLOCK_EVENTS = 4_096;
const MOST_INSTRUMENTS = 65_536;
const MOST_NAME_BYTES = 255;
const NAMES = 1;
const END = 3;

export interface CompactWriterOptions {
  readonly kernel: HistoryKernel;
  readonly scale: Scale;
  /** Takes the file's bytes as they come; they are only valid during the call. */
  readonly write: (bytes: Uint8Array) => void;
}

export class CompactWriter {
  readonly #kernel: HistoryKernel;
  readonly #write: (bytes: Uint8Array) => void;
  readonly #room: { readonly address: number; readonly bytes: Uint8Array };
  #instruments = 0;
  #events = 0n;

  constructor({ kernel, scale, write }: CompactWriterOptions) {
    const { priceExponent, quantityExponent } = scale;
    for (const exponent of [priceExponent, quantityExponent]) {
      assert(Number.isInteger(exponent) && Math.abs(exponent) < 128, `10^${exponent}`);
    }
    this.#kernel = kernel;
    this.#write = write;
    this.#room = kernel.reserve(MOST_BLOCK_BYTES + BLOCK_HEADER_BYTES);
    const { address } = this.#room;
    this.#send(kernel.exports.writeCompactHeader(priceExponent, quantityExponent, address));
  }

  /**
   * Names instruments up to the last of `names`, those of numbers that are new; before the first
   * event of theirs.
   */
  nameInstruments(names: readonly string[]): void {
    assert(names.length <= MOST_INSTRUMENTS, `${names.length} instruments`);
    let bytes = 0;
    let count = 0;
    for (const name of names.slice(this.#instruments)) {
      const text = Buffer.from(name);
      assert(text.length <= MOST_NAME_BYTES, `a name of ${text.length} bytes`);
      if (bytes + 1 + text.length > MOST_BLOCK_BYTES) {
        this.#seal(NAMES, count, bytes);
        bytes = 0;
        count = 0;
      }
      const at = BLOCK_HEADER_BYTES + bytes;
      this.#room.bytes[at] = text.length;
      this.#room.bytes.set(text, at + 1);
      bytes += 1 + text.length;
      count += 1;
    }
    if (count > 0) this.#seal(NAMES, count, bytes);
    this.#instruments = Math.max(this.#instruments, names.length);
  }

  append({ address, count }: EventBlock): void {
    const { exports } = this.#kernel;
    for (let done = 0; done < count; ) {
      const piece = Math.min(MOST_BLOCK_EVENTS, count - done);
      const from = address + done * EVENT_BYTES;
      const to = this.#room.address;
      const bytes = exports.writeCompactEvents(from, piece, this.#instruments, to);
      assert(bytes > 0, 'every instrument has a name');
      this.#send(bytes);
      done += piece;
    }
    this.#events += BigInt(count);
  }

  /** What a reader needs to know that nothing is missing. Nothing follows. */
  end(): void {
    const view = new DataView(this.#kernel.memory.buffer, this.#room.address);
    view.setBigUint64(BLOCK_HEADER_BYTES, this.#events, true);
    this.#seal(END, 0, 8);
  }

  #seal(kind: number, count: number, bytes: number): void {
    const { address } = this.#room;
    this.#send(this.#kernel.exports.sealCompactBlock(kind, count, bytes, address));
  }

  #send(bytes: number): void {
    this.#write(this.#room.bytes.subarray(0, bytes));
  }
}

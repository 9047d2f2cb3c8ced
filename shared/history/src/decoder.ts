/**
 * The host's side of a decoder of the kernel: brings bytes into its memory and takes events out.
 * Nothing here reads files or sockets: whoever has bytes pushes them, cut wherever they are.
 */
import { DecodeError, decodeErrorCode, FIRST_ERROR } from './decode-error.ts';
import { EVENT_BYTES } from './event.ts';
import type { HistoryKernel } from './kernel/history-kernel.ts';

/** As assembly/decoding.ts has it. */
const DecoderOffset = {
  INPUT: 0,
  END: 4,
  EVENTS: 8,
  EVENTS_END: 12,
  CODE: 16,
  LENIENT: 20,
  CONSUMED: 24,
  UNITS: 32,
  FAULTS: 40,
  SKIPPED: 48,
};
/** A decoder's own state follows from here. */
export const DECODER_OWN = 64;
const DECODER_BYTES = 4_096;
const MORE = 0;
const FULL = 1;

export const DEFAULT_INPUT_BYTES = 1 << 20;
export const DEFAULT_BLOCK_EVENTS = 4_096;
/** Laid before the kernel at a time: so little that it is still in the cache when it is read. */
const STEP_BYTES = 1 << 17;
/** Behind the input: decoders of text put a stop there, and read beyond it. */
const BEHIND_INPUT_BYTES = 32;

export interface DecoderOptions {
  readonly kernel: HistoryKernel;
  /** Takes a step of the kernel's decoder: one of its exports. */
  readonly step: (decoder: number) => void;
  /** What one thing of the format may be long; longer ones are refused. Default 1 MiB. */
  readonly inputBytes?: number | undefined;
  /** Events of a block. Default 4,096. */
  readonly blockEvents?: number | undefined;
  /** Count what is faulty and go on behind it, where the format allows that. Default false. */
  readonly lenient?: boolean | undefined;
}

/** Events in the kernel's memory, until the next block. */
export interface EventBlock {
  readonly address: number;
  readonly count: number;
}

export class Decoder {
  /** Address of the kernel's record of it: its own state follows from DECODER_OWN on. */
  readonly address: number;
  readonly #step: (decoder: number) => void;
  readonly #input: { readonly address: number; readonly bytes: Uint8Array };
  readonly #record: DataView;
  readonly #events: number;
  readonly #eventsEnd: number;
  /** Bytes in the input that are not taken yet, at its beginning. */
  #left = 0;
  #ended: DecodeError | undefined;
  /** The record as it was before the first input. */
  #fresh: Uint8Array | undefined;

  constructor(options: DecoderOptions) {
    const { kernel, step } = options;
    const { inputBytes = DEFAULT_INPUT_BYTES, blockEvents = DEFAULT_BLOCK_EVENTS } = options;
    this.#step = step;
    this.address = kernel.reserve(DECODER_BYTES).address;
    const input = kernel.reserve(inputBytes);
    const bytes = input.bytes.subarray(0, inputBytes - BEHIND_INPUT_BYTES);
    this.#input = { address: input.address, bytes };
    this.#record = new DataView(kernel.memory.buffer, this.address, DECODER_BYTES);
    this.#events = kernel.reserve(blockEvents * EVENT_BYTES).address;
    this.#eventsEnd = this.#events + blockEvents * EVENT_BYTES;
    this.#record.setUint32(DecoderOffset.EVENTS, this.#events, true);
    this.#record.setUint32(DecoderOffset.EVENTS_END, this.#eventsEnd, true);
    this.#record.setUint32(DecoderOffset.LENIENT, options.lenient === true ? 1 : 0, true);
  }

  /** Lines, records or packets taken so far. */
  get units(): bigint {
    return this.#record.getBigUint64(DecoderOffset.UNITS, true);
  }

  /** Faulty things that a lenient decoder has passed. */
  get faults(): bigint {
    return this.#record.getBigUint64(DecoderOffset.FAULTS, true);
  }

  /** Whole things that say nothing of the book. */
  get skipped(): bigint {
    return this.#record.getBigUint64(DecoderOffset.SKIPPED, true);
  }

  /** Bytes taken so far. */
  get consumed(): number {
    return Number(this.#record.getBigUint64(DecoderOffset.CONSUMED, true));
  }

  /** Another input begins, as if there had been none before it. */
  restart(): void {
    if (this.#fresh !== undefined) this.#bytes.set(this.#fresh);
    this.#left = 0;
    this.#ended = undefined;
  }

  /** Counts bytes that somebody else has taken from the input, before the first `push`. */
  passOver(bytes: number): void {
    this.#keepFresh();
    this.#record.setBigUint64(DecoderOffset.CONSUMED, BigInt(this.consumed + bytes), true);
  }

  /**
   * Decodes as far as bytes last; each block of events is handed over as it is full, and what is
   * there at the end of the bytes. A block is only valid during the call.
   *
   * @throws DecodeError after what came before the fault was handed over
   */
  push(bytes: Uint8Array, onBlock: (block: EventBlock) => void): void {
    if (this.#ended !== undefined) throw this.#ended;
    this.#keepFresh();
    const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at < bytes.length; ) {
      const room = this.#input.bytes.length - this.#left;
      const taken = Math.min(room, bytes.length - at, STEP_BYTES);
      // The system's own copy: of shared memory, `set` moves a word at a time.
      source.copy(this.#input.bytes, this.#left, at, at + taken);
      at += taken;
      this.#run(this.#left + taken, onBlock);
      if (taken === 0) {
        this.#fail('BAD_LENGTH', `more than ${this.#input.bytes.length} bytes without an end`);
      }
    }
  }

  /**
   * The input has ended.
   * @param isTrailer whether bytes that are no whole thing may end it; by default none may
   * @throws DecodeError TRUNCATED where it ended inside something
   */
  end(isTrailer: (left: Uint8Array) => boolean = () => false): void {
    if (this.#ended !== undefined) throw this.#ended;
    if (this.#left === 0 || isTrailer(this.#input.bytes.subarray(0, this.#left))) return;
    this.#fail('TRUNCATED', `the input ends ${this.#left} bytes into a record`);
  }

  get #bytes(): Uint8Array {
    const { buffer, byteOffset, byteLength } = this.#record;
    return new Uint8Array(buffer, byteOffset, byteLength);
  }

  /** Whoever made the decoder has laid its own state by now. */
  #keepFresh(): void {
    this.#fresh ??= this.#bytes.slice();
  }

  #run(length: number, onBlock: (block: EventBlock) => void): void {
    const { address } = this.#input;
    const record = this.#record;
    record.setUint32(DecoderOffset.INPUT, address, true);
    record.setUint32(DecoderOffset.END, address + length, true);
    for (;;) {
      record.setUint32(DecoderOffset.EVENTS, this.#events, true);
      const before = record.getUint32(DecoderOffset.INPUT, true);
      this.#step(this.address);
      const input = record.getUint32(DecoderOffset.INPUT, true);
      const code = record.getUint32(DecoderOffset.CODE, true);
      const count = (record.getUint32(DecoderOffset.EVENTS, true) - this.#events) / EVENT_BYTES;
      record.setBigUint64(DecoderOffset.CONSUMED, BigInt(this.consumed + input - before), true);
      if (count > 0) onBlock({ address: this.#events, count });
      if (code >= FIRST_ERROR) this.#fail(decodeErrorCode(code), 'the input is not valid');
      if (code === MORE) break;
      if (code !== FULL) throw new Error(`the kernel's decoder ended with ${code}`);
    }
    const input = record.getUint32(DecoderOffset.INPUT, true) - address;
    this.#left = length - input;
    this.#input.bytes.copyWithin(0, input, length);
  }

  #fail(code: DecodeError['code'], message: string): never {
    this.#ended = new DecodeError(code, this.consumed, message);
    throw this.#ended;
  }
}

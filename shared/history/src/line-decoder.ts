/** What decoders of text have in common: lines, instruments by name, words for the kernel. */
import { DecodeError } from './decode-error.ts';
import { DECODER_OWN, type DecoderOptions, type EventBlock } from './decoder.ts';
import type { HistoryKernel } from './kernel/history-kernel.ts';
import { KernelDecoder } from './kernel-decoder.ts';
import { namesIn } from './market-decoder.ts';
import type { Scale } from './scale.ts';

/** As assembly/lines.ts has it: where a decoder's table of instruments is. */
const INSTRUMENTS = DECODER_OWN + 4;
/** As assembly/words.ts has it. */
const LONGEST_WORD_BYTES = 104;
const LINE_BREAK = 0x0a;

export interface LineDecoderOptions extends DecoderOptions {
  readonly scale: Scale;
  /** Whether the input may end, of a format with more than lines. */
  readonly isWhole?: (decoder: number) => boolean;
}

export class LineDecoder extends KernelDecoder {
  override readonly scale: Scale;
  /** Address of the kernel's record of it. */
  readonly address: number;
  readonly #table: number;
  readonly #isWhole: (decoder: number) => boolean;
  #endsLine = true;
  #failure: unknown;

  constructor(options: LineDecoderOptions) {
    super(options);
    const { kernel, isWhole = () => true } = options;
    this.#isWhole = isWhole;
    this.scale = options.scale;
    this.address = this.decoder.address;
    this.#table = kernel.exports.newInstruments() >>> 0;
    const memory = new DataView(kernel.memory.buffer);
    memory.setUint32(this.address + INSTRUMENTS, this.#table, true);
  }

  /** An instrument gets its number before any line names it. */
  name(instrument: string): void {
    const bytes = Buffer.from(instrument);
    const room = this.kernel.reserve(Math.max(1, bytes.length));
    room.bytes.set(bytes);
    this.kernel.exports.instrumentOf(this.#table, room.address, bytes.length);
  }

  override get instrumentCount(): number {
    return this.kernel.exports.instrumentCount(this.#table);
  }

  override instruments(): string[] {
    return namesIn(this.kernel, this.#table).map((name) => Buffer.from(name).toString('utf8'));
  }

  override push(bytes: Uint8Array, onBlock: (block: EventBlock) => void): void {
    if (this.#failure !== undefined) throw this.#failure;
    const last = bytes.at(-1);
    if (last === undefined) return;
    this.#endsLine = last === LINE_BREAK;
    try {
      this.decoder.push(bytes, onBlock);
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  /** The last line needs no break. */
  override end(onBlock: (block: EventBlock) => void): void {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      if (!this.#endsLine) this.decoder.push(Uint8Array.of(LINE_BREAK), onBlock);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#failTruncated(error.offset, 'the input ends inside a line');
    }
    this.decoder.end();
    if (this.#isWhole(this.address)) return;
    // The break that was added is no byte of the input.
    const given = this.consumed - (this.#endsLine ? 0 : 1);
    this.#failTruncated(given, 'the input ends before its last line does');
  }

  /** Whatever comes then, the answer is the same. */
  #failTruncated(offset: number, message: string): never {
    this.#failure = new DecodeError('TRUNCATED', offset, message);
    throw this.#failure;
  }

  override restart(): void {
    this.decoder.restart();
    this.#endsLine = true;
    this.#failure = undefined;
  }
}

/** A table of words for the kernel: codes by word. */
export function wordTable(kernel: HistoryKernel, words: Readonly<Record<string, number>>): number {
  const table = kernel.exports.newWords() >>> 0;
  const room = kernel.reserve(LONGEST_WORD_BYTES);
  for (const [word, code] of Object.entries(words)) {
    const bytes = Buffer.from(word);
    if (bytes.length > LONGEST_WORD_BYTES) throw new Error(`${word} is too long for the kernel`);
    room.bytes.fill(0).set(bytes);
    kernel.exports.addWord(table, room.address, bytes.length, code);
  }
  return table;
}

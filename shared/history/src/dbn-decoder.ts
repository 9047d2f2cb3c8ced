/** Databento's binary encoding, versions 1 to 3. assembly/dbn.ts describes the records. */
import {
  DBN_PRELUDE_BYTES,
  type DbnMetadata,
  dbnMetadataBytes,
  parseDbnMetadata,
} from './dbn-metadata.ts';
import { DecodeError } from './decode-error.ts';
import type { EventBlock } from './decoder.ts';
import type { HistoryKernel } from './kernel/history-kernel.ts';
import { KernelDecoder } from './kernel-decoder.ts';
import { type DecodingOptions, namesIn } from './market-decoder.ts';

/** As the encoding numbers them. */
const INSTRUMENT_NUMBERS = 0;

/** Prices in 1e-9, quantities in units, times since 1970 as the exchange has them. */
export function createDbnDecoder(kernel: HistoryKernel, options: DecodingOptions = {}): DbnDecoder {
  return new DbnDecoder(kernel, options);
}

export class DbnDecoder extends KernelDecoder {
  override readonly scale = { priceExponent: -9, quantityExponent: 0 };
  readonly #table: number;
  /** Of the metadata, until it is whole. */
  #head: Uint8Array[] = [];
  #headBytes = 0;
  #wanted = DBN_PRELUDE_BYTES;
  #metadata: DbnMetadata | undefined;
  /** By the numbers that records have: of all files so far, of which the last one counts. */
  readonly #symbols = new Map<number, string>();
  #ended: DecodeError | undefined;

  constructor(kernel: HistoryKernel, options: DecodingOptions) {
    super({ ...options, kernel, step: kernel.exports.stepDbn });
    this.#table = kernel.exports.beginDbn(this.decoder.address) >>> 0;
  }

  /** Once it was read. */
  get metadata(): DbnMetadata | undefined {
    return this.#metadata;
  }

  override get instrumentCount(): number {
    return this.kernel.exports.instrumentCount(this.#table);
  }

  /** Symbols, or numbers where the metadata has none; `@` and its number for a second publisher. */
  override instruments(): string[] {
    const symbols = this.#symbols;
    const met = new Set<number>();
    return namesIn(this.kernel, this.#table).map((key) => {
      const view = new DataView(key.buffer);
      const number = view.getUint32(0, true);
      const name = symbols.get(number) ?? String(number);
      const isFirst = !met.has(number);
      met.add(number);
      return isFirst ? name : `${name}@${view.getUint16(4, true)}`;
    });
  }

  override push(bytes: Uint8Array, onBlock: (block: EventBlock) => void): void {
    if (this.#ended !== undefined) throw this.#ended;
    if (this.#metadata !== undefined) {
      this.decoder.push(bytes, onBlock);
      return;
    }
    const taken = this.#takeHead(bytes);
    if (taken < bytes.length) this.decoder.push(bytes.subarray(taken), onBlock);
  }

  override end(): void {
    if (this.#ended !== undefined) throw this.#ended;
    if (this.#metadata === undefined) {
      this.#ended = new DecodeError('TRUNCATED', 0, 'the input ends before its metadata does');
      throw this.#ended;
    }
    this.decoder.end();
  }

  override restart(): void {
    this.decoder.restart();
    this.#head = [];
    this.#headBytes = 0;
    this.#wanted = DBN_PRELUDE_BYTES;
    this.#metadata = undefined;
    this.#ended = undefined;
  }

  /** @returns how many of the bytes belong to the metadata */
  #takeHead(bytes: Uint8Array): number {
    try {
      let taken = 0;
      for (;;) {
        const wanted = this.#headWanted();
        if (wanted === this.#headBytes) break;
        if (taken === bytes.length) return taken;
        const part = bytes.slice(taken, taken + wanted - this.#headBytes);
        this.#head.push(part);
        this.#headBytes += part.length;
        taken += part.length;
      }
      this.#metadata = parseDbnMetadata(Buffer.concat(this.#head));
      addSymbols(this.#metadata, this.#symbols);
      this.#head = [];
      this.decoder.passOver(this.#headBytes);
      return taken;
    } catch (error) {
      if (error instanceof DecodeError) this.#ended = error;
      throw error;
    }
  }

  /** Bytes that the head has at least, as far as what there is of it tells. */
  #headWanted(): number {
    // The prelude is small, and asked for often where input comes in small pieces.
    if (this.#headBytes > DBN_PRELUDE_BYTES) return this.#wanted;
    const wanted = dbnMetadataBytes(Buffer.concat(this.#head)) ?? DBN_PRELUDE_BYTES;
    this.#wanted = wanted;
    return wanted;
  }
}

function addSymbols(metadata: DbnMetadata, symbols: Map<number, string>): void {
  const isNumberOut = metadata.symbolTypeOut === INSTRUMENT_NUMBERS;
  for (const { symbol, intervals } of metadata.mappings) {
    for (const interval of intervals) {
      const [number, name] = isNumberOut ? [interval.symbol, symbol] : [symbol, interval.symbol];
      if (/^\d+$/.test(number)) symbols.set(Number(number), name);
    }
  }
}

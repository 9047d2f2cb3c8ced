/** The binary order record of 38 bytes. assembly/bin38.ts describes it. */
import { Decoder, type EventBlock } from './decoder.ts';
import type { HistoryKernel } from './kernel/history-kernel.ts';
import { type DecodingOptions, type MarketDecoder, namesIn } from './market-decoder.ts';

export const BIN38_RECORD_BYTES = 38;

/** Prices and quantities in 1e-8, times since 1970. An instrument's name is its market's number. */
export function createBin38Decoder(
  kernel: HistoryKernel,
  options: DecodingOptions = {},
): Bin38Decoder {
  return new Bin38Decoder(kernel, options);
}

export class Bin38Decoder implements MarketDecoder {
  readonly scale = { priceExponent: -8, quantityExponent: -8 };
  readonly #kernel: HistoryKernel;
  readonly #decoder: Decoder;
  readonly #table: number;

  constructor(kernel: HistoryKernel, options: DecodingOptions) {
    this.#kernel = kernel;
    this.#decoder = new Decoder({ ...options, kernel, step: kernel.exports.stepBin38 });
    this.#table = kernel.exports.beginBin38(this.#decoder.address) >>> 0;
  }

  get units(): bigint {
    return this.#decoder.units;
  }

  get faults(): bigint {
    return this.#decoder.faults;
  }

  get skipped(): bigint {
    return this.#decoder.skipped;
  }

  get consumed(): number {
    return this.#decoder.consumed;
  }

  get instrumentCount(): number {
    return this.#kernel.exports.instrumentCount(this.#table);
  }

  instruments(): string[] {
    return namesIn(this.#kernel, this.#table).map((name) =>
      String(new DataView(name.buffer).getUint32(0, true)),
    );
  }

  push(bytes: Uint8Array, onBlock: (block: EventBlock) => void): void {
    this.#decoder.push(bytes, onBlock);
  }

  end(): void {
    this.#decoder.end();
  }

  restart(): void {
    this.#decoder.restart();
  }
}

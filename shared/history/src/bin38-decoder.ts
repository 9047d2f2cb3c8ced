import type { HistoryKernel } from './kernel/history-kernel.ts';
import { KernelDecoder } from './kernel-decoder.ts';
import { type DecodingOptions, namesIn } from './market-decoder.ts';

export const BIN38_RECORD_BYTES = 38;

/** Prices and quantities in 1e-8, times since 1970. An instrument's name is its market's number. */
export function createBin38Decoder(
  kernel: HistoryKernel,
  options: DecodingOptions = {},
): Bin38Decoder {
  return new Bin38Decoder(kernel, options);
}

export class Bin38Decoder extends KernelDecoder {
  override readonly scale = { priceExponent: -8, quantityExponent: -8 };
  readonly #table: number;

  constructor(kernel: HistoryKernel, options: DecodingOptions) {
    super({ ...options, kernel, step: kernel.exports.stepBin38 });
    this.#table = kernel.exports.beginBin38(this.decoder.address) >>> 0;
  }

  override get instrumentCount(): number {
    return this.kernel.exports.instrumentCount(this.#table);
  }

  override instruments(): string[] {
    return namesIn(this.kernel, this.#table).map((name) =>
      String(new DataView(name.buffer).getUint32(0, true)),
    );
  }
}

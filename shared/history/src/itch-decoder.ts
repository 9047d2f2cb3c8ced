/** NASDAQ TotalView-ITCH 5.0 files. assembly/itch.ts describes the messages. */
import { DECODER_OWN } from './decoder.ts';
import type { HistoryKernel } from './kernel/history-kernel.ts';
import { KernelDecoder } from './kernel-decoder.ts';
import type { DecodingOptions } from './market-decoder.ts';

/** As assembly/itch.ts has it: messages of each type (u64). */
const TYPE_COUNTS = DECODER_OWN + 64;
const NAME_BYTES = 8;

/** Prices in 1/10,000 dollars, quantities in shares, times since midnight. */
export function createItchDecoder(
  kernel: HistoryKernel,
  options: DecodingOptions = {},
): ItchDecoder {
  return new ItchDecoder(kernel, options);
}

export class ItchDecoder extends KernelDecoder {
  override readonly scale = { priceExponent: -4, quantityExponent: 0 };
  readonly #stocks: number;

  constructor(kernel: HistoryKernel, options: DecodingOptions) {
    super({ ...options, kernel, step: kernel.exports.stepItch });
    this.#stocks = kernel.exports.beginItch(this.decoder.address) >>> 0;
  }

  /** Messages by the letter of their type. */
  typeCounts(): Map<string, bigint> {
    const counts = new BigUint64Array(
      this.kernel.memory.buffer,
      this.decoder.address + TYPE_COUNTS,
      256,
    );
    const letters = [...counts.keys()].filter((letter) => counts[letter] !== 0n);
    return new Map(letters.map((letter) => [String.fromCharCode(letter), counts[letter] ?? 0n]));
  }

  override get instrumentCount(): number {
    return this.kernel.exports.itchStockCount(this.#stocks);
  }

  /** Stocks by name; one that no message has named yet is its locate with a `#`. */
  override instruments(): string[] {
    const { exports, memory } = this.kernel;
    return Array.from({ length: exports.itchStockCount(this.#stocks) }, (_, number) => {
      const locate = exports.itchLocateOf(this.#stocks, number);
      const at = exports.itchNameOf(this.#stocks, locate) >>> 0;
      const name = Buffer.from(new Uint8Array(memory.buffer, at, NAME_BYTES));
      const end = name.indexOf(0);
      const text = name.toString('latin1', 0, end === -1 ? NAME_BYTES : end);
      return text === '' ? `#${locate}` : text;
    });
  }

  override end(): void {
    // A length of zero with nothing behind it ends a session.
    this.decoder.end((left) => left.length === 2 && left.every((byte) => byte === 0));
  }
}

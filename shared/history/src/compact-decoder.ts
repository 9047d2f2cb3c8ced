/** This project's own files of events. assembly/compact.ts describes them. */
import assert from 'node:assert/strict';
import { DecodeError } from './decode-error.ts';
import { DECODER_OWN, DEFAULT_BLOCK_EVENTS } from './decoder.ts';
import type { HistoryKernel } from './kernel/history-kernel.ts';
import { KernelDecoder } from './kernel-decoder.ts';
import type { DecodingOptions } from './market-decoder.ts';
import type { Scale } from './scale.ts';

/** As assembly/compact.ts has it. */
const FIRST_NAMES = DECODER_OWN + 20;
const PRICE_EXPONENT = DECODER_OWN + 24;
const QUANTITY_EXPONENT = DECODER_OWN + 25;
const MOST_BLOCK_EVENTS = 4_096;
const MOST_BLOCK_BYTES = 256 * 1_024;
/** What the decoder keeps behind the input, and a block's header. */
const BESIDE_BLOCK_BYTES = 64;

/** Prices and quantities in the units that the file says. */
export function createCompactDecoder(
  kernel: HistoryKernel,
  options: DecodingOptions = {},
): CompactDecoder {
  return new CompactDecoder(kernel, options);
}

export class CompactDecoder extends KernelDecoder {
  constructor(kernel: HistoryKernel, options: DecodingOptions) {
    super({ ...options, kernel, step: kernel.exports.stepCompact });
    const { blockEvents = DEFAULT_BLOCK_EVENTS, inputBytes } = options;
    const leastBytes = MOST_BLOCK_BYTES + BESIDE_BLOCK_BYTES;
    assert(blockEvents >= MOST_BLOCK_EVENTS, 'a block of the file fits one of the decoder');
    assert(inputBytes === undefined || inputBytes >= leastBytes, 'a block of the file fits');
  }

  /** All zero before the header was read. */
  override get scale(): Scale {
    const view = new DataView(this.kernel.memory.buffer, this.decoder.address);
    return {
      priceExponent: view.getInt8(PRICE_EXPONENT),
      quantityExponent: view.getInt8(QUANTITY_EXPONENT),
    };
  }

  override get instrumentCount(): number {
    const view = new DataView(this.kernel.memory.buffer);
    let total = 0;
    let block = view.getUint32(this.decoder.address + FIRST_NAMES, true);
    for (; block !== 0; block = view.getUint32(block, true)) {
      total += view.getUint32(block + 4, true);
    }
    return total;
  }

  override instruments(): string[] {
    const names: string[] = [];
    const { buffer } = this.kernel.memory;
    const view = new DataView(buffer);
    let block = view.getUint32(this.decoder.address + FIRST_NAMES, true);
    while (block !== 0) {
      const count = view.getUint32(block + 4, true);
      const length = view.getUint32(block + 8, true);
      const bytes = Buffer.from(new Uint8Array(buffer, block + 16, length));
      for (let name = 0, at = 0; name < count; name += 1) {
        const end = at + 1 + bytes.readUInt8(at);
        names.push(bytes.toString('utf8', at + 1, end));
        at = end;
      }
      block = view.getUint32(block, true);
    }
    return names;
  }

  override end(): void {
    this.decoder.end();
    if (this.kernel.exports.compactEnded(this.decoder.address) === 0) {
      throw new DecodeError('TRUNCATED', this.consumed, 'the file has no end');
    }
  }
}

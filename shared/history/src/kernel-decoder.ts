/** What the decoders of all formats have in common: a step of the kernel, and what it counts. */
import { Decoder, type DecoderOptions, type EventBlock } from './decoder.ts';
import type { HistoryKernel } from './kernel/history-kernel.ts';
import type { MarketDecoder } from './market-decoder.ts';
import type { Scale } from './scale.ts';

export abstract class KernelDecoder implements MarketDecoder {
  abstract readonly scale: Scale;
  abstract readonly instrumentCount: number;
  protected readonly kernel: HistoryKernel;
  protected readonly decoder: Decoder;

  constructor(options: DecoderOptions) {
    this.kernel = options.kernel;
    this.decoder = new Decoder(options);
  }

  abstract instruments(): string[];

  get units(): bigint {
    return this.decoder.units;
  }

  get faults(): bigint {
    return this.decoder.faults;
  }

  get skipped(): bigint {
    return this.decoder.skipped;
  }

  get consumed(): number {
    return this.decoder.consumed;
  }

  push(bytes: Uint8Array, onBlock: (block: EventBlock) => void): void {
    this.decoder.push(bytes, onBlock);
  }

  end(_onBlock: (block: EventBlock) => void): void {
    this.decoder.end();
  }

  restart(): void {
    this.decoder.restart();
  }
}

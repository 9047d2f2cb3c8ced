/** LOBSTER message files. assembly/lobster.ts describes the lines. */
import type { HistoryKernel } from './kernel/history-kernel.ts';
import { LineDecoder } from './line-decoder.ts';
import type { DecodingOptions } from './market-decoder.ts';

export interface LobsterOptions extends DecodingOptions {
  /** The file says it only in its name. Default: an empty name. */
  readonly instrument?: string | undefined;
}

/** Prices in dollars x 10,000; time since midnight. */
export function createLobsterDecoder(
  kernel: HistoryKernel,
  options: LobsterOptions = {},
): LineDecoder {
  const decoder = new LineDecoder({
    ...options,
    kernel,
    step: kernel.exports.stepLobster,
    scale: { priceExponent: -4, quantityExponent: 0 },
  });
  decoder.name(options.instrument ?? '');
  return decoder;
}

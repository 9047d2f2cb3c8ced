import { createBin38Decoder } from './bin38-decoder.ts';
import { createCompactDecoder } from './compact-decoder.ts';
import { createDbnDecoder } from './dbn-decoder.ts';
import type { Format } from './format.ts';
import { createHyperliquidDecoder } from './hyperliquid-decoder.ts';
import { createItchDecoder } from './itch-decoder.ts';
import type { HistoryKernel } from './kernel/history-kernel.ts';
import { createLobsterDecoder, type LobsterOptions } from './lobster-decoder.ts';
import type { MarketDecoder } from './market-decoder.ts';
import { createMboCsvDecoder } from './mbo-csv-decoder.ts';

/** The decoder of a format. `instrument` is the name of what a LOBSTER file is of. */
export function decoderOf(
  kernel: HistoryKernel,
  format: Format,
  options: LobsterOptions = {},
): MarketDecoder {
  switch (format.name) {
    case 'lobster':
      return createLobsterDecoder(kernel, options);
    case 'dbn':
      return createDbnDecoder(kernel, options);
    case 'itch':
      return createItchDecoder(kernel, options);
    case 'hyperliquid':
      return createHyperliquidDecoder(kernel, { ...options, isStream: format.isStream });
    case 'bin38':
      return createBin38Decoder(kernel, options);
    case 'csv':
      return createMboCsvDecoder(kernel, options);
    case 'compact':
      return createCompactDecoder(kernel, options);
  }
}

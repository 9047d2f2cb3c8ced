/** What a Hyperliquid node writes. assembly/hyperliquid.ts describes the lines. */
import { STATUS_SHIFT } from './event.ts';
import { KEYS, ORDER_STATUSES, type OrderStatus, VALUES } from './hyperliquid-words.ts';
import type { HistoryKernel } from './kernel/history-kernel.ts';
import { LineDecoder, wordTable } from './line-decoder.ts';
import type { DecodingOptions } from './market-decoder.ts';

export interface HyperliquidOptions extends DecodingOptions {
  /**
   * A node's streaming files, a line an event: the numbers of blocks repeat, and those of blocks
   * without events are not there. Default: a line a block; then a number that is not the next is
   * GAP, and a block that was here before is passed. In both an older block is passed.
   */
  readonly isStream?: boolean | undefined;
}

/** Prices and quantities in 1e-8; times since 1970; coins are instruments. */
export function createHyperliquidDecoder(
  kernel: HistoryKernel,
  options: HyperliquidOptions = {},
): LineDecoder {
  const decoder = new LineDecoder({
    ...options,
    kernel,
    step: kernel.exports.stepHyperliquid,
    isWhole: (address) => kernel.exports.isHyperliquidWhole(address) !== 0,
    scale: { priceExponent: -8, quantityExponent: -8 },
  });
  const statuses = ORDER_STATUSES.map((status, index) => [status, index + 1]);
  kernel.exports.setHyperliquidWords(
    decoder.address,
    wordTable(kernel, KEYS),
    wordTable(kernel, VALUES),
    wordTable(kernel, Object.fromEntries(statuses)),
    options.isStream === true ? 1 : 0,
  );
  return decoder;
}

/** The status that an event's flags name; `undefined` for none, and for one that has no number. */
export function orderStatusOf(flags: number): OrderStatus | undefined {
  return ORDER_STATUSES[(flags >> STATUS_SHIFT) - 1];
}

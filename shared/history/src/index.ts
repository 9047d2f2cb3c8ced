export type { BookLevel, CheckedBook, CheckResult, WindowBook } from './checked-book.ts';
export { DecodeError, type DecodeErrorCode } from './decode-error.ts';
export { Decoder, type DecoderOptions, type EventBlock } from './decoder.ts';
export * from './event.ts';
export { FollowError, type FollowOptions, followFile } from './files/follow.ts';
export {
  createHyperliquidDecoder,
  type HyperliquidOptions,
  orderStatusOf,
} from './hyperliquid-decoder.ts';
export { ORDER_STATUSES, type OrderStatus, OTHER_STATUS } from './hyperliquid-words.ts';
export { HistoryKernel, HistoryKernelError, loadHistoryModule } from './kernel/history-kernel.ts';
export { LineDecoder } from './line-decoder.ts';
export { checkLobster, type LobsterCheckOptions } from './lobster-check.ts';
export { createLobsterDecoder, type LobsterOptions } from './lobster-decoder.ts';
export type { DecodingOptions, MarketDecoder } from './market-decoder.ts';
export { checkMboCsv, type MboCsvCheckOptions } from './mbo-csv-check.ts';
export { createMboCsvDecoder } from './mbo-csv-decoder.ts';
export type { Scale } from './scale.ts';

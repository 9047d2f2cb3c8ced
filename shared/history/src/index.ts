export {
  Backtest,
  type BacktestOptions,
  type BacktestResult,
  type Standing,
} from './backtest/backtest.ts';
export type { LatencyOptions } from './backtest/latency.ts';
export {
  hashLog,
  type LogEntry,
  logLine,
  type MarkEntry,
  type MarketEntry,
  type RequestEntry,
} from './backtest/order-log.ts';
export { type Profit, profitOf } from './backtest/profit.ts';
export { Bin38Decoder, createBin38Decoder } from './bin38-decoder.ts';
export { Bin38Error, Bin38Writer, type Bin38WriterOptions } from './bin38-writer.ts';
export type {
  CheckedBook,
  CheckedLevel,
  CheckHooks,
  CheckResult,
  WindowBook,
} from './checked-book.ts';
export { CompactDecoder, createCompactDecoder } from './compact-decoder.ts';
export { CompactWriter, type CompactWriterOptions } from './compact-writer.ts';
export { createDbnDecoder, DbnDecoder } from './dbn-decoder.ts';
export type { DbnMapping, DbnMetadata } from './dbn-metadata.ts';
export { DecodeError, type DecodeErrorCode } from './decode-error.ts';
export { Decoder, type DecoderOptions, type EventBlock } from './decoder.ts';
export { decoderOf } from './decoder-of.ts';
export type { Difference, DifferenceExample, DifferenceKind } from './engine-replay/differences.ts';
export { MarketSetUpError } from './engine-replay/engine-market.ts';
export {
  EngineReplay,
  type EngineReplayOptions,
  type EngineReplayResult,
} from './engine-replay/engine-replay.ts';
export type { FeeRates } from './engine-replay/fees.ts';
export type { MarketUnits } from './engine-replay/market-units.ts';
export * from './event.ts';
export {
  type Feature,
  FeatureError,
  type FeatureName,
  type FeatureUnit,
  featureList,
  parseFeature,
} from './features/feature.ts';
export { FeaturePlan } from './features/feature-plan.ts';
export { type FeatureFigures, FeatureSums } from './features/feature-sums.ts';
export { cutToFrames, Frame } from './features/frame.ts';
export type { FileBytesOptions } from './files/file-bytes.ts';
export { FollowError, type FollowOptions, followFile } from './files/follow.ts';
export { InputError, type InputErrorCode } from './files/input-error.ts';
export { InputFile, type InputOptions, listMembers, type Packing } from './files/input-file.ts';
export { recogniseFile } from './files/recognise-file.ts';
export {
  FORMAT_SAMPLE_BYTES,
  type Format,
  type FormatName,
  type HyperliquidKind,
  recogniseFormat,
} from './format.ts';
export {
  createHyperliquidDecoder,
  type HyperliquidOptions,
  orderStatusOf,
} from './hyperliquid-decoder.ts';
export { ORDER_STATUSES, type OrderStatus, OTHER_STATUS } from './hyperliquid-words.ts';
export {
  type InstrumentShare,
  isInShare,
  keepShare,
  sizeOfShare,
} from './instrument-share.ts';
export { createItchDecoder, ItchDecoder } from './itch-decoder.ts';
export { HistoryKernel, HistoryKernelError, loadHistoryModule } from './kernel/history-kernel.ts';
export { LineDecoder } from './line-decoder.ts';
export { checkLobster, type LobsterCheckOptions } from './lobster-check.ts';
export {
  LobsterDayDecoder,
  LobsterRowsError,
  type LobsterRowsErrorCode,
  RowSupply,
} from './lobster-day.ts';
export { createLobsterDecoder, type LobsterOptions } from './lobster-decoder.ts';
export { LobsterRowsDecoder, type LobsterRowsOptions } from './lobster-rows-decoder.ts';
export type { DecodingOptions, MarketDecoder } from './market-decoder.ts';
export { checkMboCsv, type MboCsvCheckOptions } from './mbo-csv-check.ts';
export { createMboCsvDecoder } from './mbo-csv-decoder.ts';
export { type FrameSink, Replay, type ReplayParts } from './replay/replay.ts';
export { WholeBlocks } from './replay/whole-blocks.ts';
export {
  type BookLevel,
  type BookSide,
  type FoundOrder,
  type QueuedOrder,
  ReplayBook,
  type ReplayBookOptions,
  type ReplayCounts,
} from './replay-book.ts';
export { ReplayError, type ReplayErrorCode } from './replay-error.ts';
export type { OwnEvent, OwnTrading } from './results/picture/own-trading.ts';
export { ReplayPicture, type ReplayPictureOptions } from './results/replay-picture.ts';
export type { Scale } from './scale.ts';
export { STALL_MS } from './strategy/frame-ring.ts';
export { InlineStrategy, type StrategyPlace } from './strategy/inline-strategy.ts';
export {
  defineStrategy,
  type Strategy,
  type StrategyContext,
  StrategyError,
  type StrategyErrorCode,
  type StrategyRun,
} from './strategy/strategy.ts';
export { loadStrategy } from './strategy/strategy-module.ts';
export type {
  OrderChange,
  OrderFill,
  OrderReport,
  OrderRequest,
  OrderSide,
  OrderTimeInForce,
  StrategyOrders,
} from './strategy/strategy-orders.ts';
export { StrategyThreads } from './strategy/strategy-threads.ts';

export { ask, askSnapshot, type Snapshot } from './ask.ts';
export { BookMirror, type MirrorCounters, type MirrorState } from './book-mirror.ts';
export { ClientError, type ClientErrorCode } from './client-error.ts';
export { type ConnectOptions, connect } from './connect.ts';
export {
  type BalanceView,
  type MarketView,
  MarketViewReader,
  type ViewLevel,
} from './market-view-reader.ts';
export {
  type MarketInfo,
  type MarketLimits,
  type MarketTerms,
  OperatorClient,
} from './operator-client.ts';
export {
  type Answer,
  askBalance,
  askOpenOrders,
  type ClientCounters,
  type Draft,
  OrderClient,
  type OrderClientOptions,
  type OrderDraft,
  type OrderTerms,
  type QuoteDraft,
  type ReplaceDraft,
} from './order-client.ts';
export {
  type KeptReceipts,
  parseReceipts,
  ReceiptFile,
  type ReceiptStore,
} from './receipt-file.ts';
export { ReceiptKeeper, type ReceiptOptions } from './receipt-keeper.ts';
export { ReportFeed, type ReportSource } from './report-feed.ts';
export type { OnReports } from './report-order.ts';

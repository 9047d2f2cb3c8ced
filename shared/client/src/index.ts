export { ask, askSnapshot, type Snapshot } from './ask.ts';
export { BookMirror, type MirrorCounters, type MirrorState } from './book-mirror.ts';
export { ClientError, type ClientErrorCode } from './client-error.ts';
export { type ConnectOptions, connect } from './connect.ts';
export { askMarkets } from './market-list.ts';
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
  type TransferOrder,
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
export { ReportFeed, type ReportSource } from './report-feed.ts';
export type { OnReports } from './report-order.ts';
export {
  type AssetTotal,
  addSupply,
  askSupply,
  askVenueSupply,
  type MarketSupply,
  type VenueSupply,
} from './supply.ts';

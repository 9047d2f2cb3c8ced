export { askBalance, askOpenOrders } from './account-queries.ts';
export { ask, askSnapshot, type Snapshot } from './ask.ts';
export { BookMirror, type MirrorCounters, type MirrorState } from './book-mirror.ts';
export { ClientError, type ClientErrorCode, type ClientErrorFacts } from './client-error.ts';
export { type ConnectOptions, connect } from './connect.ts';
export { askInfo, type MarketInfo } from './market-info.ts';
export { askMarkets } from './market-list.ts';
export {
  type BalanceView,
  type MarketView,
  MarketViewReader,
  type ViewLevel,
} from './market-view-reader.ts';
export {
  askNodes,
  type NodesView,
  type PartitionFacts,
  type PartitionMove,
  type PartitionRun,
  wishMove,
} from './nodes-client.ts';
export {
  type MarketLimits,
  type MarketTerms,
  OperatorClient,
  type TransferOrder,
} from './operator-client.ts';
export type { Answer } from './order-answer.ts';
export { type ClientCounters, OrderClient, type OrderClientOptions } from './order-client.ts';
export type { Draft, OrderDraft, OrderTerms, QuoteDraft, ReplaceDraft } from './order-draft.ts';
export {
  askOwed,
  askProof,
  type ProofWait,
  type ProvedCommand,
  whenProved,
} from './proofs.ts';
export {
  type KeptReceipts,
  parseReceipts,
  ReceiptFile,
  type ReceiptStore,
} from './receipt-file.ts';
export { ReceiptKeeper, type ReceiptOptions } from './receipt-keeper.ts';
export { ReportFeed, type ReportSource } from './report-feed.ts';
export type { OnReports } from './report-order.ts';
export { askOutcome, type Outcome, type RequestName } from './request-outcome.ts';
export {
  type AssetTotal,
  addSupply,
  askSupply,
  askVenueSupply,
  type MarketSupply,
  type VenueSupply,
} from './supply.ts';

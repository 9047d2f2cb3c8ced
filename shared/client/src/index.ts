export { ask, askSnapshot, type Snapshot } from './ask.ts';
export { BookMirror, type MirrorCounters, type MirrorState } from './book-mirror.ts';
export { ClientError, type ClientErrorCode } from './client-error.ts';
export { type MarketInfo, OperatorClient } from './operator-client.ts';
export {
  type Answer,
  askBalance,
  type ClientCounters,
  type Draft,
  OrderClient,
  type OrderClientOptions,
  type OrderDraft,
  type ReplaceDraft,
} from './order-client.ts';
export { ReportFeed, type ReportSource } from './report-feed.ts';

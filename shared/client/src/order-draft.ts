/** Commands as a trader words them: without the request, which the client numbers. */
import type { NewOrder, OrderCommand, Side, TimeInForce } from '@foldbook/protocol';

/** What an order asks for besides side, price and quantity; what is left out is none. */
export type OrderTerms = Pick<
  NewOrder,
  'orderType' | 'selfTrade' | 'flags' | 'displayQuantity' | 'stopPrice' | 'expireTime'
>;

export interface OrderDraft extends OrderTerms {
  readonly side: Side;
  /** Ticks. */
  readonly price: bigint;
  /** Lots. */
  readonly quantity: bigint;
  readonly timeInForce?: TimeInForce;
  /** Default: the request id. */
  readonly clientOrderId?: bigint;
}

export interface ReplaceDraft extends OrderTerms {
  readonly price: bigint;
  readonly quantity: bigint;
  readonly timeInForce?: TimeInForce;
}

/** One side of a quote; quantity and price 0 take it off. */
export interface QuoteDraft extends ReplaceDraft {
  readonly clientOrderId: bigint;
  readonly side: Side;
}

/** A command as `submit` takes it: everything but the request. */
export type Draft = DistributiveOmit<OrderCommand, 'session' | 'requestId'>;
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

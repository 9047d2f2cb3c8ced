/**
 * How a strategy places orders, wherever it runs: in a backtest, or on a market of the SDK. Every
 * answer comes later, as a report or a fill. Prices and quantities are whole numbers of the feed's
 * units, as columns have them.
 */
export type OrderSide = 'buy' | 'sell';
export type OrderTimeInForce = 'gtc' | 'ioc' | 'post_only' | 'fok';

export interface OrderRequest {
  /** As `events.instrumentAt` numbers them. */
  readonly instrument: number;
  readonly side: OrderSide;
  readonly price: number;
  readonly quantity: number;
  /** Default `gtc`. */
  readonly timeInForce?: OrderTimeInForce | undefined;
}

export interface OrderChange {
  readonly price: number;
  /** Open from now on. */
  readonly quantity: number;
}

export interface StrategyOrders {
  /** @returns the order's id, by which reports, fills and the other calls name it */
  place(order: OrderRequest): number;
  /** An order that is gone when this arrives is reported as `rejected`. */
  cancel(id: number): void;
  /** With no more than is open, at the same price, it keeps its place in the queue. */
  replace(id: number, change: OrderChange): void;
}

/** What became of an order, or of what was asked about it. */
export interface OrderReport {
  readonly type: 'accepted' | 'replaced' | 'cancelled' | 'rejected';
  readonly id: number;
  readonly instrument: number;
  /** Of the market. */
  readonly timeNs: bigint;
  /** `cancelled`: why; `rejected`: the code's name, as UNKNOWN_ORDER. */
  readonly reason?: string | undefined;
}

export interface OrderFill {
  readonly id: number;
  readonly instrument: number;
  readonly timeNs: bigint;
  readonly side: OrderSide;
  readonly price: number;
  readonly quantity: number;
  readonly liquidity: 'maker' | 'taker';
  /** Price units times quantity units; below 0 it was got. */
  readonly fee: number;
  /** Open behind it. */
  readonly left: number;
}

import type { OrderSide, OrderTimeInForce } from '../strategy/strategy-orders.ts';

/** What the engine tells of our own orders, in the feed's units. */
export type OwnEvent =
  | {
      /** It is in the market, before it trades; `replaced` likewise. */
      readonly type: 'accepted' | 'replaced';
      readonly id: number;
      readonly price: bigint;
      readonly quantity: bigint;
    }
  | {
      readonly type: 'rejected';
      readonly id: number;
      readonly command: 'place' | 'cancel' | 'replace';
      /** A result code's name, as `WOULD_CROSS`. */
      readonly code: string;
    }
  | {
      readonly type: 'cancelled';
      readonly id: number;
      /** That was open. */
      readonly quantity: bigint;
      /** As `requested`, `immediate_or_cancel`, `self_trade`. */
      readonly reason: string;
    }
  | {
      readonly type: 'fill';
      readonly id: number;
      readonly side: OrderSide;
      readonly price: bigint;
      readonly quantity: bigint;
      readonly liquidity: 'maker' | 'taker';
      /** Paid, or negative if it was got: price units times quantity units. */
      readonly fee: bigint;
      /** Open behind it. */
      readonly left: bigint;
    };

/** Of an order of ours, in the feed's units. */
export interface OwnTerms {
  readonly id: number;
  readonly side: OrderSide;
  readonly price: bigint;
  readonly quantity: bigint;
  readonly timeInForce: OrderTimeInForce;
}

/** An order and what its terms mean. */
import { Asset, OrderFlag, OrderType, type SelfTrade, Side, TimeInForce } from '@foldbook/protocol';

/** What NEW, REPLACE and QUOTE describe, and what stays with an order as long as it is open. */
export interface OrderTerms {
  readonly side: Side;
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  readonly selfTrade: SelfTrade;
  /** POST_ONLY and SLIDE. */
  readonly flags: number;
  /** Limit or protection price. */
  readonly price: bigint;
  /** Lots of an iceberg that the book shows at a time; 0 for all of them. */
  readonly displaySize: bigint;
  /** 0 unless the order waits for it. */
  readonly stopPrice: bigint;
  /** Seconds since 1970; 0 unless the order is GTT. */
  readonly expireTime: number;
}

export interface Order extends OrderTerms {
  /** Market sequence of the command that placed it. */
  readonly orderId: bigint;
  readonly clientOrderId: bigint;
  readonly account: number;
  /** Open lots that the book shows; all of them before the order rests and while it is a stop. */
  displayed: bigint;
  /** Open lots that it does not show. */
  hidden: bigint;
  /** When it took its place at the end of its queue; 0 before. */
  priority: bigint;
}

const NS_PER_SECOND = 1_000_000_000n;

export const opposite = (side: Side): Side => (side === Side.BUY ? Side.SELL : Side.BUY);
export const heldAsset = (side: Side): Asset => (side === Side.BUY ? Asset.QUOTE : Asset.BASE);

export const openLots = (order: Order): bigint => order.displayed + order.hidden;

export const isWaitingStop = (order: OrderTerms): boolean => order.stopPrice !== 0n;

export const isStopType = (type: OrderType): boolean =>
  type === OrderType.STOP || type === OrderType.STOP_LIMIT;

export function isRestingTime(timeInForce: number): boolean {
  return (
    timeInForce === TimeInForce.GTC ||
    timeInForce === TimeInForce.GTT ||
    timeInForce === TimeInForce.POST_ONLY
  );
}

/** Whether it may be among the open orders once its command is done. */
export const mayRest = (order: OrderTerms): boolean =>
  isRestingTime(order.timeInForce) || isStopType(order.type);

export function isPostOnly(timeInForce: number, flags: number): boolean {
  return timeInForce === TimeInForce.POST_ONLY || (flags & OrderFlag.POST_ONLY) !== 0;
}

/** When a GTT order ends, in nanoseconds since 1970; undefined for all others. */
export function deadlineOf(order: OrderTerms): bigint | undefined {
  return order.timeInForce === TimeInForce.GTT
    ? BigInt(order.expireTime) * NS_PER_SECOND
    : undefined;
}

/** Whether an order would trade with a level of the other side. */
export function isWithin(side: Side, limit: bigint, opposite: bigint): boolean {
  return side === Side.BUY ? opposite <= limit : opposite >= limit;
}

/** Events as objects, for clients, tools and tests. Hot paths read the records themselves. */
import {
  Account,
  type Asset,
  type CancelReason,
  type CommandKind,
  type Liquidity,
  type MarketState,
  type OrderType,
  type SelfTrade,
  type Side,
  type TimeInForce,
} from './layout.ts';
import type { AnySide } from './names.ts';

interface Sequenced {
  /** Market sequence of the command that caused it. */
  readonly sequence: number;
}

interface Answer extends Sequenced {
  readonly account: number;
  readonly session: number;
  /** The request this answers; 0 where nobody asked (the rest of an IOC order). */
  readonly requestId: bigint;
}

/** An order as it is from now on; of a cancelled one what was open of it before. */
interface OrderState extends Sequenced {
  readonly account: number;
  readonly side: Side;
  readonly orderId: number;
  readonly clientOrderId: bigint;
  readonly price: bigint;
  /** Open lots; of REFILLED those that are displayed again. */
  readonly quantity: bigint;
}

interface OrderTerms {
  readonly timeInForce: TimeInForce;
  readonly postOnly: boolean;
  readonly slide: boolean;
  /** Seconds since 1970; 0 for orders that do not expire. */
  readonly expireTime: number;
}

export interface Accepted extends OrderState, Answer, OrderTerms {
  readonly type: 'accepted';
  readonly orderType: OrderType;
  readonly selfTrade: SelfTrade;
}

export interface Replaced extends OrderState, Answer, OrderTerms {
  readonly type: 'replaced';
  /** It stayed where it was; else it has a new id and is the last of its level. */
  readonly keptPriority: boolean;
}

export interface Cancelled extends OrderState, Answer {
  readonly type: 'cancelled';
  readonly reason: CancelReason;
}

/** A stop order's price came; it is placed under its id. */
export interface Triggered extends OrderState {
  readonly type: 'triggered';
}

/** An iceberg shows lots again, at the end of its queue. */
export interface Refilled extends OrderState {
  readonly type: 'refilled';
}

/** Self-trade prevention took lots off an order. */
export interface Reduced extends OrderState {
  readonly type: 'reduced';
  readonly reason: CancelReason;
}

/** Answer to a query, not an event of the market; `sequence` is the market's last. */
export interface OpenOrder extends OrderState, OrderTerms {
  readonly type: 'open-order';
  readonly orderType: OrderType;
  readonly selfTrade: SelfTrade;
  /** Lots in the book that are seen; 0 for a waiting stop. */
  readonly displayed: bigint;
  /** 0 but for a waiting stop. */
  readonly stopPrice: bigint;
}

export interface Rejected extends Answer {
  readonly type: 'rejected';
  readonly code: number;
  readonly command: number;
  readonly clientOrderId: bigint;
}

/** The request was seen before: its result once more. */
export interface RequestResult extends Answer {
  readonly type: 'result';
  /** 0, or the code of the rejection. */
  readonly code: number;
  /** Kind of the command that asked again. */
  readonly command: number;
  /** Market sequence of the first execution. */
  readonly firstSequence: number;
  readonly clientOrderId: bigint;
}

export interface Trade extends Sequenced {
  readonly type: 'trade';
  readonly takerSide: Side;
  readonly makerOrderId: number;
  readonly takerOrderId: number;
  readonly price: bigint;
  readonly quantity: bigint;
  /** Zero on public feeds. */
  readonly takerAccount: number;
  readonly makerAccount: number;
  readonly makerClientOrderId: bigint;
}

export interface Fill extends Sequenced {
  readonly type: 'fill';
  readonly account: number;
  readonly side: Side;
  readonly liquidity: Liquidity;
  readonly orderId: number;
  readonly clientOrderId: bigint;
  readonly price: bigint;
  readonly quantity: bigint;
}

export interface Fee extends Sequenced {
  readonly type: 'fee';
  readonly account: number;
  readonly liquidity: Liquidity;
  readonly rebate: boolean;
  readonly orderId: number;
  readonly clientOrderId: bigint;
  /** Quote units, never negative. */
  readonly amount: bigint;
}

export interface Funds extends Answer {
  readonly type: 'funds';
  readonly command:
    | typeof CommandKind.DEPOSIT
    | typeof CommandKind.WITHDRAW
    | typeof CommandKind.COLLECT_FEES;
  readonly asset: Asset;
  readonly amount: bigint;
  readonly available: bigint;
  readonly held: bigint;
}

export interface Balance extends Sequenced {
  readonly type: 'balance';
  readonly account: number;
  readonly baseAvailable: bigint;
  readonly baseHeld: bigint;
  readonly quoteAvailable: bigint;
  readonly quoteHeld: bigint;
}

export interface BookDelta extends Sequenced {
  readonly type: 'delta';
  readonly side: Side;
  readonly price: bigint;
  /** Total at this price afterwards; 0 removes the level. */
  readonly quantity: bigint;
  readonly orders: number;
}

export interface EpochMark extends Sequenced {
  readonly type: 'epoch';
  readonly epoch: number;
  readonly recordFirst: number;
  readonly recordCount: number;
  readonly stateHash: bigint;
  readonly sequenceFirst: number;
  readonly timeNs: bigint;
}

/** The end of CANCEL_ALL, PURGE, or of a CANCEL_AFTER that ran. */
export interface AllCancelled extends Answer {
  readonly type: 'all-cancelled';
  readonly side: AnySide;
  readonly reason: CancelReason;
  readonly count: number;
  /** Some are left: PURGE and CANCEL_ALL are to be asked again, a timer goes on by itself. */
  readonly more: boolean;
}

export interface CancelAfterSet extends Answer {
  readonly type: 'cancel-after-set';
  /** Nanoseconds since 1970; 0 if the timer is off. */
  readonly deadlineNs: bigint;
}

export interface MarketCreated extends Answer {
  readonly type: 'market-created';
  readonly makerFeePpm: number;
  readonly takerFeePpm: number;
  readonly maxFeePpm: number;
  readonly baseSymbol: string;
  readonly quoteSymbol: string;
  readonly priceDecimals: number;
  readonly quantityDecimals: number;
}

/** 0 is no limit. */
export interface Configured extends Answer {
  readonly type: 'configured';
  readonly minPrice: bigint;
  readonly maxPrice: bigint;
  readonly maxQuantity: bigint;
  readonly bandPpm: number;
  readonly maxOpenOrders: number;
}

export interface StateChanged extends Answer {
  readonly type: 'state-changed';
  readonly state: MarketState;
}

export interface FeesChanged extends Answer {
  readonly type: 'fees-changed';
  readonly tier: number;
  readonly makerFeePpm: number;
  readonly takerFeePpm: number;
}

export interface TierChanged extends Answer {
  readonly type: 'tier-changed';
  readonly tier: number;
}

export interface ClockAdvanced extends Answer {
  readonly type: 'clock-advanced';
  /** Engine time, nanoseconds since 1970. */
  readonly timeNs: bigint;
}

export type OrderEvent =
  | Accepted
  | Replaced
  | Cancelled
  | Triggered
  | Refilled
  | Reduced
  | OpenOrder;

export type MarketEvent =
  | OrderEvent
  | Rejected
  | RequestResult
  | Trade
  | Fill
  | Fee
  | Funds
  | Balance
  | BookDelta
  | EpochMark
  | AllCancelled
  | CancelAfterSet
  | MarketCreated
  | Configured
  | StateChanged
  | FeesChanged
  | TierChanged
  | ClockAdvanced;

/** True for the accounts that belong to nobody's client. */
export const isSystemAccount = (account: number) => account < Account.FIRST_CLIENT;

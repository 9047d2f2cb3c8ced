/** Events as objects, for clients, tools and tests. Hot paths read the records themselves. */
import { readCount, viewOf, writeCount } from './batch.ts';
import {
  Account,
  type Asset,
  BalanceOffset,
  type CancelReason,
  type CommandKind,
  DeltaOffset,
  EpochOffset,
  EventKind,
  EventOffset,
  FeeOffset,
  FundsOffset,
  type Liquidity,
  RECORD_BYTES,
  type SettlementKind,
  SettlementOffset,
  type Side,
  type TimeInForce,
  TradeOffset,
} from './layout.ts';

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

interface OrderState extends Answer {
  readonly orderId: number;
  readonly clientOrderId: bigint;
  readonly price: bigint;
  readonly quantity: bigint;
}

export interface Accepted extends OrderState {
  readonly type: 'accepted';
  readonly side: Side;
  readonly timeInForce: TimeInForce;
}

export interface Replaced extends OrderState {
  readonly type: 'replaced';
  readonly side: Side;
  readonly timeInForce: TimeInForce;
}

export interface Cancelled extends OrderState {
  readonly type: 'cancelled';
  readonly side: Side;
  readonly reason: CancelReason;
}

export interface Rejected extends Answer {
  readonly type: 'rejected';
  readonly code: number;
  readonly command: number;
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
  readonly command: typeof CommandKind.DEPOSIT | typeof CommandKind.WITHDRAW;
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

export interface MarketCreated extends Answer {
  readonly type: 'market-created';
  readonly makerFeePpm: number;
  readonly takerFeePpm: number;
}

export type MarketEvent =
  | Accepted
  | Replaced
  | Cancelled
  | Rejected
  | Trade
  | Fill
  | Fee
  | Funds
  | Balance
  | BookDelta
  | EpochMark
  | MarketCreated;

/** Reads the event at `offset`; undefined for a kind that clients do not meet. */
export function readEvent(view: DataView, offset: number): MarketEvent | undefined {
  const kind = view.getUint8(offset + EventOffset.KIND);
  switch (kind) {
    case EventKind.ACCEPTED:
      return { type: 'accepted', ...orderState(view, offset), ...sideAndTime(view, offset) };
    case EventKind.REPLACED:
      return { type: 'replaced', ...orderState(view, offset), ...sideAndTime(view, offset) };
    case EventKind.CANCELLED:
      return {
        type: 'cancelled',
        ...orderState(view, offset),
        side: view.getUint8(offset + EventOffset.SIDE) as Side,
        reason: view.getUint16(offset + EventOffset.CODE, true) as CancelReason,
      };
    case EventKind.REJECTED:
      return {
        type: 'rejected',
        ...answer(view, offset),
        code: view.getUint16(offset + EventOffset.CODE, true),
        command: view.getUint8(offset + EventOffset.SIDE),
        clientOrderId: view.getBigUint64(offset + EventOffset.CLIENT_ORDER_ID, true),
      };
    case EventKind.TRADE:
      return trade(view, offset);
    case EventKind.FILL:
      return fill(view, offset);
    case EventKind.FEE:
      return fee(view, offset);
    case EventKind.FUNDS:
      return funds(view, offset);
    case EventKind.BALANCE:
      return balance(view, offset);
    case EventKind.BOOK_DELTA:
      return {
        type: 'delta',
        sequence: sequence(view, offset),
        side: view.getUint8(offset + EventOffset.SIDE) as Side,
        price: view.getBigUint64(offset + DeltaOffset.PRICE, true),
        quantity: view.getBigUint64(offset + DeltaOffset.QUANTITY, true),
        orders: readCount(view, offset + DeltaOffset.ORDERS),
      };
    case EventKind.EPOCH_MARK:
      return epochMark(view, offset);
    case EventKind.MARKET_CREATED:
      return {
        type: 'market-created',
        ...answer(view, offset),
        makerFeePpm: view.getInt32(offset + 16, true),
        takerFeePpm: view.getInt32(offset + 20, true),
      };
    default:
      return undefined;
  }
}

/** All events of a batch's records, header not included. */
export function readEvents(records: Uint8Array): MarketEvent[] {
  const view = viewOf(records);
  const events: MarketEvent[] = [];
  for (let offset = 0; offset + RECORD_BYTES <= records.byteLength; offset += RECORD_BYTES) {
    const event = readEvent(view, offset);
    if (event !== undefined) events.push(event);
  }
  return events;
}

const sequence = (view: DataView, offset: number) => readCount(view, offset + EventOffset.SEQUENCE);

function answer(view: DataView, offset: number) {
  return {
    sequence: sequence(view, offset),
    account: view.getUint32(offset + EventOffset.ACCOUNT, true),
    session: view.getUint16(offset + EventOffset.SESSION, true),
    requestId: view.getBigUint64(offset + EventOffset.REQUEST_ID, true),
  };
}

function orderState(view: DataView, offset: number) {
  return {
    ...answer(view, offset),
    orderId: readCount(view, offset + EventOffset.ORDER_ID),
    clientOrderId: view.getBigUint64(offset + EventOffset.CLIENT_ORDER_ID, true),
    price: view.getBigUint64(offset + EventOffset.PRICE, true),
    quantity: view.getBigUint64(offset + EventOffset.QUANTITY, true),
  };
}

function sideAndTime(view: DataView, offset: number) {
  return {
    side: view.getUint8(offset + EventOffset.SIDE) as Side,
    timeInForce: view.getUint8(offset + EventOffset.TIME_IN_FORCE) as TimeInForce,
  };
}

function trade(view: DataView, offset: number): Trade {
  return {
    type: 'trade',
    sequence: sequence(view, offset),
    takerSide: view.getUint8(offset + EventOffset.SIDE) as Side,
    makerOrderId: readCount(view, offset + TradeOffset.MAKER_ORDER_ID),
    takerOrderId: readCount(view, offset + TradeOffset.TAKER_ORDER_ID),
    price: view.getBigUint64(offset + TradeOffset.PRICE, true),
    quantity: view.getBigUint64(offset + TradeOffset.QUANTITY, true),
    takerAccount: view.getUint32(offset + EventOffset.ACCOUNT, true),
    makerAccount: view.getUint32(offset + TradeOffset.MAKER_ACCOUNT, true),
    makerClientOrderId: view.getBigUint64(offset + TradeOffset.MAKER_CLIENT_ORDER_ID, true),
  };
}

function fill(view: DataView, offset: number): Fill {
  return {
    type: 'fill',
    sequence: sequence(view, offset),
    account: view.getUint32(offset + EventOffset.ACCOUNT, true),
    side: view.getUint8(offset + EventOffset.SIDE) as Side,
    liquidity: view.getUint16(offset + EventOffset.CODE, true) as Liquidity,
    orderId: readCount(view, offset + EventOffset.ORDER_ID),
    clientOrderId: view.getBigUint64(offset + EventOffset.CLIENT_ORDER_ID, true),
    price: view.getBigUint64(offset + EventOffset.PRICE, true),
    quantity: view.getBigUint64(offset + EventOffset.QUANTITY, true),
  };
}

function fee(view: DataView, offset: number): Fee {
  return {
    type: 'fee',
    sequence: sequence(view, offset),
    account: view.getUint32(offset + EventOffset.ACCOUNT, true),
    liquidity: view.getUint8(offset + EventOffset.SIDE) as Liquidity,
    rebate: view.getUint16(offset + EventOffset.CODE, true) !== 0,
    orderId: readCount(view, offset + FeeOffset.ORDER_ID),
    clientOrderId: view.getBigUint64(offset + FeeOffset.CLIENT_ORDER_ID, true),
    amount: view.getBigUint64(offset + FeeOffset.AMOUNT, true),
  };
}

function funds(view: DataView, offset: number): Funds {
  return {
    type: 'funds',
    ...answer(view, offset),
    command: view.getUint16(offset + EventOffset.CODE, true) as Funds['command'],
    asset: view.getUint8(offset + EventOffset.SIDE) as Asset,
    amount: view.getBigUint64(offset + FundsOffset.AMOUNT, true),
    available: view.getBigUint64(offset + FundsOffset.AVAILABLE, true),
    held: view.getBigUint64(offset + FundsOffset.HELD, true),
  };
}

function balance(view: DataView, offset: number): Balance {
  return {
    type: 'balance',
    sequence: sequence(view, offset),
    account: view.getUint32(offset + EventOffset.ACCOUNT, true),
    baseAvailable: view.getBigUint64(offset + BalanceOffset.BASE_AVAILABLE, true),
    baseHeld: view.getBigUint64(offset + BalanceOffset.BASE_HELD, true),
    quoteAvailable: view.getBigUint64(offset + BalanceOffset.QUOTE_AVAILABLE, true),
    quoteHeld: view.getBigUint64(offset + BalanceOffset.QUOTE_HELD, true),
  };
}

function epochMark(view: DataView, offset: number): EpochMark {
  return {
    type: 'epoch',
    sequence: sequence(view, offset),
    epoch: readCount(view, offset + EpochOffset.EPOCH),
    recordFirst: readCount(view, offset + EpochOffset.RECORD_FIRST),
    recordCount: readCount(view, offset + EpochOffset.RECORD_COUNT),
    stateHash: view.getBigUint64(offset + EpochOffset.STATE_HASH, true),
    sequenceFirst: readCount(view, offset + EpochOffset.SEQUENCE_FIRST),
    timeNs: view.getBigInt64(offset + EpochOffset.TIME_NS, true),
  };
}

/** One settlement record (circuits/STATEMENT.md), as it lies on the diff stream. */
export interface SettlementEntry {
  readonly kind: SettlementKind;
  readonly a: number;
  readonly b: number;
  readonly price: bigint;
  /** Moves from a to b. */
  readonly base: bigint;
  /** Moves from b to a. */
  readonly quote: bigint;
  readonly sequence: number;
  readonly recordIndex: number;
}

export function writeSettlement(view: DataView, offset: number, entry: SettlementEntry): void {
  for (let at = 0; at < RECORD_BYTES; at += 8) view.setBigUint64(offset + at, 0n, true);
  view.setUint8(offset + EventOffset.KIND, EventKind.SETTLEMENT);
  view.setUint8(offset + SettlementOffset.KIND, entry.kind);
  view.setUint32(offset + SettlementOffset.A, entry.a, true);
  writeCount(view, offset + SettlementOffset.SEQUENCE, entry.sequence);
  writeCount(view, offset + SettlementOffset.RECORD_INDEX, entry.recordIndex);
  view.setUint32(offset + SettlementOffset.B, entry.b, true);
  view.setBigUint64(offset + SettlementOffset.PRICE, entry.price, true);
  view.setBigUint64(offset + SettlementOffset.BASE, entry.base, true);
  view.setBigUint64(offset + SettlementOffset.QUOTE, entry.quote, true);
}

export function readSettlement(view: DataView, offset: number): SettlementEntry {
  return {
    kind: view.getUint8(offset + SettlementOffset.KIND) as SettlementKind,
    a: view.getUint32(offset + SettlementOffset.A, true),
    sequence: readCount(view, offset + SettlementOffset.SEQUENCE),
    recordIndex: readCount(view, offset + SettlementOffset.RECORD_INDEX),
    b: view.getUint32(offset + SettlementOffset.B, true),
    price: view.getBigUint64(offset + SettlementOffset.PRICE, true),
    base: view.getBigUint64(offset + SettlementOffset.BASE, true),
    quote: view.getBigUint64(offset + SettlementOffset.QUOTE, true),
  };
}

/** True for the accounts that belong to nobody's client. */
export const isSystemAccount = (account: number) => account < Account.FIRST_CLIENT;

/** Reads event records as objects. */
import { readCount, viewOf } from './batch.ts';
import type {
  AllCancelled,
  Balance,
  Configured,
  EpochMark,
  Fee,
  Fill,
  Funds,
  MarketCreated,
  MarketEvent,
  OpenOrder,
  OrderEvent,
  Trade,
} from './event.ts';
import {
  AllCancelledOffset,
  type Asset,
  BalanceOffset,
  CancelAfterOffset,
  type CancelReason,
  ClockOffset,
  ConfiguredOffset,
  DeltaOffset,
  EpochOffset,
  EventKind,
  EventOffset,
  FeeOffset,
  FundsOffset,
  type Liquidity,
  MarketCreatedOffset,
  type MarketState,
  OpenOrderOffset,
  OrderFlag,
  OrderType,
  RECORD_BYTES,
  ResultOffset,
  type SelfTrade,
  type Side,
  type TimeInForce,
  TradeOffset,
} from './layout.ts';
import type { AnySide } from './names.ts';
import { readSymbol } from './symbol.ts';

/** Reads the event at `offset`; undefined for a kind that clients do not meet. */
export function readEvent(view: DataView, offset: number): MarketEvent | undefined {
  return (
    readOrderEvent(view, offset) ?? readAccountEvent(view, offset) ?? readAdminEvent(view, offset)
  );
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

/** What happens to single orders. */
function readOrderEvent(view: DataView, offset: number): OrderEvent | undefined {
  switch (view.getUint8(offset + EventOffset.KIND)) {
    case EventKind.ACCEPTED:
      return {
        type: 'accepted',
        ...answer(view, offset),
        ...orderState(view, offset),
        ...terms(view, offset),
        orderType: (code(view, offset) & 0xff) as OrderType,
        selfTrade: (code(view, offset) >>> 8) as SelfTrade,
      };
    case EventKind.REPLACED:
      return {
        type: 'replaced',
        ...answer(view, offset),
        ...orderState(view, offset),
        ...terms(view, offset),
        keptPriority: code(view, offset) !== 0,
      };
    case EventKind.CANCELLED:
      return {
        type: 'cancelled',
        ...answer(view, offset),
        ...orderState(view, offset),
        reason: code(view, offset) as CancelReason,
      };
    case EventKind.TRIGGERED:
      return { type: 'triggered', ...orderState(view, offset) };
    case EventKind.REFILLED:
      return { type: 'refilled', ...orderState(view, offset) };
    case EventKind.REDUCED:
      return {
        type: 'reduced',
        ...orderState(view, offset),
        reason: code(view, offset) as CancelReason,
      };
    case EventKind.OPEN_ORDER:
      return openOrder(view, offset);
    default:
      return undefined;
  }
}

/** What else accounts and the public see. */
function readAccountEvent(view: DataView, offset: number): MarketEvent | undefined {
  switch (view.getUint8(offset + EventOffset.KIND)) {
    case EventKind.REJECTED:
      return {
        type: 'rejected',
        ...answer(view, offset),
        code: code(view, offset),
        command: smallField(view, offset),
        clientOrderId: view.getBigUint64(offset + EventOffset.CLIENT_ORDER_ID, true),
      };
    case EventKind.RESULT:
      return {
        type: 'result',
        ...answer(view, offset),
        code: code(view, offset),
        command: smallField(view, offset),
        firstSequence: readCount(view, offset + ResultOffset.FIRST_SEQUENCE),
        clientOrderId: view.getBigUint64(offset + ResultOffset.CLIENT_ORDER_ID, true),
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
        side: smallField(view, offset) as Side,
        price: view.getBigUint64(offset + DeltaOffset.PRICE, true),
        quantity: view.getBigUint64(offset + DeltaOffset.QUANTITY, true),
        orders: readCount(view, offset + DeltaOffset.ORDERS),
      };
    case EventKind.ALL_CANCELLED:
      return allCancelled(view, offset);
    case EventKind.CANCEL_AFTER_SET:
      return {
        type: 'cancel-after-set',
        ...answer(view, offset),
        deadlineNs: view.getBigInt64(offset + CancelAfterOffset.DEADLINE_NS, true),
      };
    default:
      return undefined;
  }
}

/** What operators and sequencers do. */
function readAdminEvent(view: DataView, offset: number): MarketEvent | undefined {
  switch (view.getUint8(offset + EventOffset.KIND)) {
    case EventKind.EPOCH_MARK:
      return epochMark(view, offset);
    case EventKind.MARKET_CREATED:
      return marketCreated(view, offset);
    case EventKind.CONFIGURED:
      return configured(view, offset);
    case EventKind.STATE_CHANGED:
      return {
        type: 'state-changed',
        ...answer(view, offset),
        state: smallField(view, offset) as MarketState,
      };
    case EventKind.FEES_CHANGED:
      return {
        type: 'fees-changed',
        ...answer(view, offset),
        tier: smallField(view, offset),
        ...rates(view, offset),
      };
    case EventKind.TIER_CHANGED:
      return { type: 'tier-changed', ...answer(view, offset), tier: smallField(view, offset) };
    case EventKind.CLOCK_ADVANCED:
      return {
        type: 'clock-advanced',
        ...answer(view, offset),
        timeNs: view.getBigInt64(offset + ClockOffset.TIME_NS, true),
      };
    default:
      return undefined;
  }
}

const sequence = (view: DataView, offset: number) => readCount(view, offset + EventOffset.SEQUENCE);

/** A side, an asset, a state, a tier, a kind: what the kind of the event has there. */
const smallField = (view: DataView, offset: number) => view.getUint8(offset + EventOffset.SIDE);

const code = (view: DataView, offset: number) => view.getUint16(offset + EventOffset.CODE, true);

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
    sequence: sequence(view, offset),
    account: view.getUint32(offset + EventOffset.ACCOUNT, true),
    side: smallField(view, offset) as Side,
    orderId: readCount(view, offset + EventOffset.ORDER_ID),
    clientOrderId: view.getBigUint64(offset + EventOffset.CLIENT_ORDER_ID, true),
    price: view.getBigUint64(offset + EventOffset.PRICE, true),
    quantity: view.getBigUint64(offset + EventOffset.QUANTITY, true),
  };
}

function terms(view: DataView, offset: number) {
  const flags = view.getUint8(offset + EventOffset.FLAGS);
  return {
    timeInForce: view.getUint8(offset + EventOffset.TIME_IN_FORCE) as TimeInForce,
    postOnly: (flags & OrderFlag.POST_ONLY) !== 0,
    slide: (flags & OrderFlag.SLIDE) !== 0,
    expireTime: view.getUint32(offset + EventOffset.EXPIRE_TIME, true),
  };
}

function openOrder(view: DataView, offset: number): OpenOrder {
  const orderType = view.getUint8(offset + OpenOrderOffset.ORDER_TYPE) as OrderType;
  const isStop = orderType === OrderType.STOP || orderType === OrderType.STOP_LIMIT;
  // Both stand in the same place.
  const amount = view.getBigUint64(offset + OpenOrderOffset.DISPLAYED, true);
  return {
    type: 'open-order',
    ...orderState(view, offset),
    ...terms(view, offset),
    orderType,
    selfTrade: view.getUint8(offset + OpenOrderOffset.SELF_TRADE) as SelfTrade,
    displayed: isStop ? 0n : amount,
    stopPrice: isStop ? amount : 0n,
  };
}

function allCancelled(view: DataView, offset: number): AllCancelled {
  return {
    type: 'all-cancelled',
    ...answer(view, offset),
    side: smallField(view, offset) as AnySide,
    reason: code(view, offset) as CancelReason,
    count: readCount(view, offset + AllCancelledOffset.COUNT),
    more: readCount(view, offset + AllCancelledOffset.MORE) !== 0,
  };
}

function rates(view: DataView, offset: number) {
  return {
    makerFeePpm: view.getInt32(offset + MarketCreatedOffset.MAKER_FEE_PPM, true),
    takerFeePpm: view.getInt32(offset + MarketCreatedOffset.TAKER_FEE_PPM, true),
  };
}

function marketCreated(view: DataView, offset: number): MarketCreated {
  return {
    type: 'market-created',
    ...answer(view, offset),
    ...rates(view, offset),
    maxFeePpm: view.getUint32(offset + MarketCreatedOffset.MAX_FEE_PPM, true),
    baseSymbol: readSymbol(view, offset + MarketCreatedOffset.BASE_SYMBOL),
    quoteSymbol: readSymbol(view, offset + MarketCreatedOffset.QUOTE_SYMBOL),
    priceDecimals: view.getUint8(offset + MarketCreatedOffset.PRICE_DECIMALS),
    quantityDecimals: view.getUint8(offset + MarketCreatedOffset.QUANTITY_DECIMALS),
  };
}

function configured(view: DataView, offset: number): Configured {
  return {
    type: 'configured',
    ...answer(view, offset),
    minPrice: view.getBigUint64(offset + ConfiguredOffset.MIN_PRICE, true),
    maxPrice: view.getBigUint64(offset + ConfiguredOffset.MAX_PRICE, true),
    maxQuantity: view.getBigUint64(offset + ConfiguredOffset.MAX_QUANTITY, true),
    bandPpm: view.getUint32(offset + ConfiguredOffset.BAND_PPM, true),
    maxOpenOrders: view.getUint32(offset + ConfiguredOffset.MAX_OPEN_ORDERS, true),
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

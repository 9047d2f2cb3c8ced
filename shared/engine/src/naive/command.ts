/** One command record as an object: no judgement, any bytes give one. */
import { CommandOffset, LimitsOffset, MarketOffset } from '@foldbook/protocol';

export interface CommandRecord {
  readonly kind: number;
  /** Of SET_STATE the state. */
  readonly side: number;
  readonly timeInForce: number;
  /** Of DEPOSIT and WITHDRAW the asset. */
  readonly orderType: number;
  readonly account: number;
  readonly session: number;
  readonly selfTrade: number;
  readonly flags: number;
  /** Of CANCEL_AFTER the timeout, of SET_FEES and SET_TIER the tier. */
  readonly expireTime: number;
  readonly requestId: bigint;
  /** Of CANCEL_ORDER the order id. */
  readonly clientOrderId: bigint;
  readonly price: bigint;
  readonly quantity: bigint;
  readonly displayQuantity: bigint;
  readonly stopPrice: bigint;
}

export function readCommandRecord(view: DataView, at: number): CommandRecord {
  return {
    kind: view.getUint8(at + CommandOffset.KIND),
    side: view.getUint8(at + CommandOffset.SIDE),
    timeInForce: view.getUint8(at + CommandOffset.TIME_IN_FORCE),
    orderType: view.getUint8(at + CommandOffset.ORDER_TYPE),
    account: view.getUint32(at + CommandOffset.ACCOUNT, true),
    session: view.getUint16(at + CommandOffset.SESSION, true),
    selfTrade: view.getUint8(at + CommandOffset.SELF_TRADE),
    flags: view.getUint8(at + CommandOffset.FLAGS),
    expireTime: view.getUint32(at + CommandOffset.EXPIRE_TIME, true),
    requestId: view.getBigUint64(at + CommandOffset.REQUEST_ID, true),
    clientOrderId: view.getBigUint64(at + CommandOffset.CLIENT_ORDER_ID, true),
    price: view.getBigUint64(at + CommandOffset.PRICE, true),
    quantity: view.getBigUint64(at + CommandOffset.QUANTITY, true),
    displayQuantity: view.getBigUint64(at + CommandOffset.DISPLAY_QUANTITY, true),
    stopPrice: view.getBigUint64(at + CommandOffset.STOP_PRICE, true),
  };
}

/** CREATE_MARKET and SET_FEES. */
export interface RatesRecord {
  readonly makerPpm: number;
  readonly takerPpm: number;
}

export function readRates(view: DataView, at: number): RatesRecord {
  return {
    makerPpm: view.getInt32(at + CommandOffset.MAKER_FEE_PPM, true),
    takerPpm: view.getInt32(at + CommandOffset.TAKER_FEE_PPM, true),
  };
}

/** CREATE_MARKET, besides its rates. */
export interface CreationRecord {
  readonly priceDecimals: number;
  readonly quantityDecimals: number;
  readonly maxFeePpm: number;
  /** Eight bytes of ASCII as a little-endian number. */
  readonly baseSymbol: bigint;
  readonly quoteSymbol: bigint;
}

export function readCreation(view: DataView, at: number): CreationRecord {
  return {
    priceDecimals: view.getUint8(at + MarketOffset.PRICE_DECIMALS),
    quantityDecimals: view.getUint8(at + MarketOffset.QUANTITY_DECIMALS),
    maxFeePpm: view.getUint32(at + MarketOffset.MAX_FEE_PPM, true),
    baseSymbol: view.getBigUint64(at + MarketOffset.BASE_SYMBOL, true),
    quoteSymbol: view.getBigUint64(at + MarketOffset.QUOTE_SYMBOL, true),
  };
}

/** Of a market, as CONFIGURE sets them; 0 is none. */
export interface Limits {
  readonly minPrice: bigint;
  readonly maxPrice: bigint;
  readonly maxQuantity: bigint;
  readonly bandPpm: number;
  readonly maxOpenOrders: number;
}

export function readLimits(view: DataView, at: number): Limits {
  return {
    minPrice: view.getBigUint64(at + LimitsOffset.MIN_PRICE, true),
    maxPrice: view.getBigUint64(at + LimitsOffset.MAX_PRICE, true),
    maxQuantity: view.getBigUint64(at + LimitsOffset.MAX_QUANTITY, true),
    bandPpm: view.getUint32(at + LimitsOffset.BAND_PPM, true),
    maxOpenOrders: view.getUint32(at + LimitsOffset.MAX_OPEN_ORDERS, true),
  };
}

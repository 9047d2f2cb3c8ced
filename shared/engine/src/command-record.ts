/** Command records by the names of their fields, sensible or not: for tests and random flows. */
import {
  CommandOffset,
  LimitsOffset,
  MarketOffset,
  RECORD_BYTES,
  viewOf,
} from '@foldbook/protocol';

/** Where each field is, and how many bytes it has; several kinds use the same bytes. */
const FIELDS = {
  kind: [CommandOffset.KIND, 1],
  side: [CommandOffset.SIDE, 1],
  state: [CommandOffset.SIDE, 1],
  timeInForce: [CommandOffset.TIME_IN_FORCE, 1],
  asset: [CommandOffset.ASSET, 1],
  orderType: [CommandOffset.ORDER_TYPE, 1],
  account: [CommandOffset.ACCOUNT, 4],
  session: [CommandOffset.SESSION, 2],
  selfTrade: [CommandOffset.SELF_TRADE, 1],
  flags: [CommandOffset.FLAGS, 1],
  expireTime: [CommandOffset.EXPIRE_TIME, 4],
  timeout: [CommandOffset.TIMEOUT, 4],
  tier: [CommandOffset.TIER, 4],
  requestId: [CommandOffset.REQUEST_ID, 8],
  clientOrderId: [CommandOffset.CLIENT_ORDER_ID, 8],
  orderId: [CommandOffset.ORDER_ID, 8],
  price: [CommandOffset.PRICE, 8],
  quantity: [CommandOffset.QUANTITY, 8],
  amount: [CommandOffset.QUANTITY, 8],
  displayQuantity: [CommandOffset.DISPLAY_QUANTITY, 8],
  stopPrice: [CommandOffset.STOP_PRICE, 8],
  makerFeePpm: [CommandOffset.MAKER_FEE_PPM, 4],
  takerFeePpm: [CommandOffset.TAKER_FEE_PPM, 4],
  priceDecimals: [MarketOffset.PRICE_DECIMALS, 1],
  quantityDecimals: [MarketOffset.QUANTITY_DECIMALS, 1],
  maxFeePpm: [MarketOffset.MAX_FEE_PPM, 4],
  baseSymbol: [MarketOffset.BASE_SYMBOL, 8],
  quoteSymbol: [MarketOffset.QUOTE_SYMBOL, 8],
  minPrice: [LimitsOffset.MIN_PRICE, 8],
  maxPrice: [LimitsOffset.MAX_PRICE, 8],
  maxQuantity: [LimitsOffset.MAX_QUANTITY, 8],
  bandPpm: [LimitsOffset.BAND_PPM, 4],
  maxOpenOrders: [LimitsOffset.MAX_OPEN_ORDERS, 4],
} as const;

/** Numbers wrap around to the width of their field; a text is ASCII, padded with zeros. */
export type CommandFields = { readonly [Name in keyof typeof FIELDS]?: number | bigint | string };

/** 64 bytes; fields that are not given are zero. */
export function commandRecord(fields: CommandFields): Uint8Array {
  const record = new Uint8Array(RECORD_BYTES);
  setFields(record, fields);
  return record;
}

/** Overwrites fields of the record at the start of `record`. */
export function setFields(record: Uint8Array, fields: CommandFields): void {
  const view = viewOf(record);
  for (const name of Object.keys(fields) as (keyof CommandFields)[]) {
    const value = fields[name];
    if (value === undefined) continue;
    const [at, bytes] = FIELDS[name];
    const word = BigInt.asUintN(
      8 * bytes,
      typeof value === 'string' ? wordOf(value) : BigInt(value),
    );
    if (bytes === 1) view.setUint8(at, Number(word));
    else if (bytes === 2) view.setUint16(at, Number(word), true);
    else if (bytes === 4) view.setUint32(at, Number(word), true);
    else view.setBigUint64(at, word, true);
  }
}

/** Up to eight characters as a little-endian number. */
export function wordOf(text: string): bigint {
  return [...text].reduceRight((word, character) => {
    return (word << 8n) | BigInt(character.charCodeAt(0));
  }, 0n);
}

export function concatenate(records: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(records.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const record of records) {
    all.set(record, at);
    at += record.byteLength;
  }
  return all;
}

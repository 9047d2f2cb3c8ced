/** Events in msgpack: the fields of `MarketEvent`, small numbers as words, integers as integers. */

import { resultName } from './codes.ts';
import type { MarketEvent } from './event.ts';
import { MAX_SYMBOL } from './limits.ts';
import { isMsgpackMap, type MsgpackValue, showMsgpack } from './msgpack-reader.ts';
import {
  ANY_SIDE_NAMES,
  ASSET_NAMES,
  CANCEL_REASON_NAMES,
  COMMAND_NAMES,
  LIQUIDITY_NAMES,
  MARKET_STATE_NAMES,
  type Names,
  nameOf,
  numberOf,
  ORDER_TYPE_NAMES,
  SELF_TRADE_NAMES,
  SIDE_NAMES,
  TIME_IN_FORCE_NAMES,
} from './names.ts';
import { type Decoded, refuse } from './result.ts';

/**
 * How a field is read: `count` is a u64 that stays below 2^53 and is a number; `u64` and `i64` are
 * bigints; `u8`, `u32` and `i32` numbers; `symbol` up to eight characters; a table of names a
 * number with words.
 */
type FieldType =
  | 'count'
  | 'u64'
  | 'i64'
  | 'u8'
  | 'u32'
  | 'i32'
  | 'boolean'
  | 'symbol'
  | Names<number>;

type FieldTypes = Readonly<Record<string, FieldType>>;

type Described = {
  readonly [Type in MarketEvent['type']]: {
    readonly [Field in Exclude<keyof Extract<MarketEvent, { type: Type }>, 'type'>]: FieldType;
  };
};

const ANSWER = { sequence: 'count', account: 'u32', session: 'u32', requestId: 'u64' } as const;
const ORDER = {
  orderId: 'count',
  clientOrderId: 'u64',
  price: 'u64',
  quantity: 'u64',
  side: SIDE_NAMES,
} as const;
const SEEN = { sequence: 'count', account: 'u32', ...ORDER } as const;
const TERMS = {
  timeInForce: TIME_IN_FORCE_NAMES,
  postOnly: 'boolean',
  slide: 'boolean',
  expireTime: 'u32',
} as const;
const TYPE = { orderType: ORDER_TYPE_NAMES, selfTrade: SELF_TRADE_NAMES } as const;
const ANSWERED = { ...ANSWER, code: 'u32', command: COMMAND_NAMES, clientOrderId: 'u64' } as const;
const RATES = { makerFeePpm: 'i32', takerFeePpm: 'i32' } as const;

/** Every event and its fields; the compiler checks that none is left out. */
export const EVENT_FIELDS = {
  accepted: { ...ANSWER, ...ORDER, ...TERMS, ...TYPE },
  replaced: { ...ANSWER, ...ORDER, ...TERMS, keptPriority: 'boolean' },
  cancelled: { ...ANSWER, ...ORDER, reason: CANCEL_REASON_NAMES },
  triggered: SEEN,
  refilled: SEEN,
  reduced: { ...SEEN, reason: CANCEL_REASON_NAMES },
  'open-order': { ...SEEN, ...TERMS, ...TYPE, displayed: 'u64', stopPrice: 'u64' },
  rejected: ANSWERED,
  result: { ...ANSWERED, firstSequence: 'count' },
  trade: {
    sequence: 'count',
    takerSide: SIDE_NAMES,
    makerOrderId: 'count',
    takerOrderId: 'count',
    price: 'u64',
    quantity: 'u64',
    takerAccount: 'u32',
    makerAccount: 'u32',
    makerClientOrderId: 'u64',
  },
  fill: {
    sequence: 'count',
    account: 'u32',
    side: SIDE_NAMES,
    liquidity: LIQUIDITY_NAMES,
    orderId: 'count',
    clientOrderId: 'u64',
    price: 'u64',
    quantity: 'u64',
  },
  fee: {
    sequence: 'count',
    account: 'u32',
    liquidity: LIQUIDITY_NAMES,
    rebate: 'boolean',
    orderId: 'count',
    clientOrderId: 'u64',
    amount: 'u64',
  },
  funds: {
    ...ANSWER,
    command: COMMAND_NAMES,
    asset: ASSET_NAMES,
    amount: 'u64',
    available: 'u64',
    held: 'u64',
  },
  balance: {
    sequence: 'count',
    account: 'u32',
    baseAvailable: 'u64',
    baseHeld: 'u64',
    quoteAvailable: 'u64',
    quoteHeld: 'u64',
  },
  delta: { sequence: 'count', side: SIDE_NAMES, price: 'u64', quantity: 'u64', orders: 'count' },
  epoch: {
    sequence: 'count',
    epoch: 'count',
    recordFirst: 'count',
    recordCount: 'count',
    stateHash: 'u64',
    sequenceFirst: 'count',
    timeNs: 'i64',
  },
  'all-cancelled': {
    ...ANSWER,
    side: ANY_SIDE_NAMES,
    reason: CANCEL_REASON_NAMES,
    count: 'count',
    more: 'boolean',
  },
  'cancel-after-set': { ...ANSWER, deadlineNs: 'i64' },
  'market-created': {
    ...ANSWER,
    ...RATES,
    maxFeePpm: 'u32',
    baseSymbol: 'symbol',
    quoteSymbol: 'symbol',
    priceDecimals: 'u8',
    quantityDecimals: 'u8',
  },
  configured: {
    ...ANSWER,
    minPrice: 'u64',
    maxPrice: 'u64',
    maxQuantity: 'u64',
    bandPpm: 'u32',
    maxOpenOrders: 'u32',
  },
  'state-changed': { ...ANSWER, state: MARKET_STATE_NAMES },
  'fees-changed': { ...ANSWER, tier: 'u8', ...RATES },
  'tier-changed': { ...ANSWER, tier: 'u8' },
  'clock-advanced': { ...ANSWER, timeNs: 'i64' },
} as const satisfies Described;

const FIELDS_BY_TYPE: ReadonlyMap<string, FieldTypes> = new Map(Object.entries(EVENT_FIELDS));

/** A map for a msgpack encoder that writes bigints as 64-bit integers. */
export function eventMap(event: MarketEvent): Record<string, unknown> {
  const fields: FieldTypes = EVENT_FIELDS[event.type];
  const map: Record<string, unknown> = { type: event.type };
  for (const [name, value] of Object.entries(event)) {
    const type = fields[name];
    if (type !== undefined) map[name] = wireValue(type, value);
  }
  // A result code says its name, not only its number.
  if (event.type === 'rejected' || event.type === 'result') map.name = resultName(event.code);
  return map;
}

function wireValue(type: FieldType, value: unknown): unknown {
  if (typeof value !== 'number') return value;
  if (typeof type !== 'string') return nameOf(type, value) ?? value;
  return wireCount(value);
}

/** A number as msgpack writes it: an encoder may make a float of an integer above 32 bits. */
export function wireCount(value: number): number | bigint {
  return value < 2 ** 32 ? value : BigInt(value);
}

/** Reads and checks one event of a reply; keys of a newer version are ignored. Never throws. */
export function readEventMap(value: MsgpackValue, index: number): Decoded<MarketEvent> {
  if (!isMsgpackMap(value)) return refuse('MALFORMED', index, `event ${index} is not a map`);
  const type = value.get('type');
  const fields = typeof type === 'string' ? FIELDS_BY_TYPE.get(type) : undefined;
  if (fields === undefined) {
    return refuse('UNKNOWN_KIND', index, `event ${index}: type is ${showMsgpack(type)}`);
  }
  const event: Record<string, unknown> = { type };
  for (const [name, fieldType] of Object.entries(fields)) {
    const wire = value.get(name);
    const read = readField(fieldType, wire);
    if (read === undefined) {
      const what = `event ${index}: "${name}" is ${showMsgpack(wire)}`;
      return refuse('FIELD_RANGE', index, what);
    }
    event[name] = read;
  }
  // Every field of `EVENT_FIELDS[type]` was read by its type just now.
  return { ok: true, value: event as unknown as MarketEvent };
}

function readField(
  type: FieldType,
  value: MsgpackValue | undefined,
): bigint | number | boolean | string | undefined {
  if (typeof type !== 'string') return numberOf(type, value) ?? integer(value, 0, 2 ** 16 - 1);
  switch (type) {
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined;
    case 'symbol':
      return typeof value === 'string' && value.length <= MAX_SYMBOL ? value : undefined;
    case 'count':
      return integer(value, 0, Number.MAX_SAFE_INTEGER);
    case 'u8':
      return integer(value, 0, 2 ** 8 - 1);
    case 'u32':
      return integer(value, 0, 2 ** 32 - 1);
    case 'i32':
      return integer(value, -(2 ** 31), 2 ** 31 - 1);
    case 'u64':
      return wide(value, 0n, 2n ** 64n - 1n);
    case 'i64':
      return wide(value, -(2n ** 63n), 2n ** 63n - 1n);
    default: {
      const unknown: never = type;
      return unknown;
    }
  }
}

function integer(value: MsgpackValue | undefined, least: number, most: number) {
  const fits = typeof value === 'number' && Number.isSafeInteger(value);
  return fits && value >= least && value <= most ? value : undefined;
}

function wide(value: MsgpackValue | undefined, least: bigint, most: bigint) {
  const isWhole = typeof value === 'number' && Number.isSafeInteger(value);
  const whole = isWhole ? BigInt(value) : value;
  return typeof whole === 'bigint' && whole >= least && whole <= most ? whole : undefined;
}

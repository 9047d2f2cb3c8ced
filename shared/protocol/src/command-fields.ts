/**
 * The fields of every command kind besides its request: where each is in the record, how msgpack
 * writes it, and what it is where a map leaves it out. The form check, the msgpack codec and the
 * documentation are made of this table.
 */
import type { Command } from './command.ts';
import {
  CommandKind,
  CommandOffset,
  LimitsOffset,
  MarketOffset,
  TimeInForce,
  TransferOffset,
} from './layout.ts';
import { MAX_ACCOUNT, MAX_MARKET_NAME } from './limits.ts';
import {
  ANY_SIDE_NAMES,
  ASSET_NAMES,
  MARKET_STATE_NAMES,
  type Names,
  ORDER_FLAG_NAMES,
  ORDER_TYPE_NAMES,
  SELF_TRADE_NAMES,
  SIDE_NAMES,
  TIME_IN_FORCE_NAMES,
} from './names.ts';

interface Place {
  readonly offset: number;
}

/** Bigints. */
interface WideField extends Place {
  readonly type: 'u64' | 'i64';
  readonly otherwise?: bigint;
}

/** Numbers. */
interface NumberField extends Place {
  readonly type: 'u8' | 'u32' | 'i32' | 'account';
  readonly otherwise?: number;
}

/** A byte; in msgpack one of these words. */
interface WordField extends Place {
  readonly type: 'word';
  readonly words: Names<number>;
  readonly otherwise?: number;
}

/** A byte with a bit for each of these; in msgpack as many booleans, false where left out. */
interface FlagsField extends Place {
  readonly type: 'flags';
  readonly flags: Names<number>;
}

interface SymbolField extends Place {
  readonly type: 'symbol';
  readonly otherwise: string;
}

/** A market's name: half of its bytes are at `offset`, the others at `restOffset`. */
interface MarketField extends Place {
  readonly type: 'market';
  readonly restOffset: number;
  readonly otherwise: string;
}

/** Without `otherwise`, a map must have it. */
export type CommandField =
  | WideField
  | NumberField
  | WordField
  | FlagsField
  | SymbolField
  | MarketField;

export const FIELD_BYTES: Readonly<Record<CommandField['type'], number>> = {
  u8: 1,
  u32: 4,
  i32: 4,
  u64: 8,
  i64: 8,
  account: 4,
  word: 1,
  flags: 1,
  symbol: 8,
  market: MAX_MARKET_NAME,
};

/** Where its bytes are: offset and length of each part. */
export function partsOf(field: CommandField): readonly (readonly [number, number])[] {
  const bytes = FIELD_BYTES[field.type];
  if (field.type !== 'market') return [[field.offset, bytes]];
  return [field.offset, field.restOffset].map((offset) => [offset, bytes / 2] as const);
}

/** The least and the most that the narrow numbers of a map may be. */
export const FIELD_RANGE: Readonly<Record<NumberField['type'], readonly [number, number]>> = {
  u8: [0, 2 ** 8 - 1],
  u32: [0, 2 ** 32 - 1],
  i32: [-(2 ** 31), 2 ** 31 - 1],
  account: [0, MAX_ACCOUNT],
};

type CommandOf<Kind extends CommandKind> = Command extends infer Each
  ? Each extends { readonly kind: infer Kinds }
    ? Kind extends Kinds
      ? Each
      : never
    : never
  : never;

type Described = {
  readonly [Kind in CommandKind]: {
    readonly [Name in Exclude<
      keyof CommandOf<Kind>,
      'kind' | 'session' | 'requestId'
    >]-?: CommandField;
  };
};

const clientOrderId = { offset: CommandOffset.CLIENT_ORDER_ID, type: 'u64' } as const;
const side = { offset: CommandOffset.SIDE, type: 'word', words: SIDE_NAMES } as const;
const anySide = { offset: CommandOffset.SIDE, type: 'word', words: ANY_SIDE_NAMES } as const;
const account = { offset: CommandOffset.ACCOUNT, type: 'account' } as const;
const tier = { offset: CommandOffset.TIER, type: 'u32' } as const;
const makerFeePpm = { offset: CommandOffset.MAKER_FEE_PPM, type: 'i32' } as const;
const takerFeePpm = { offset: CommandOffset.TAKER_FEE_PPM, type: 'i32' } as const;

const TERMS = {
  price: { offset: CommandOffset.PRICE, type: 'u64' },
  quantity: { offset: CommandOffset.QUANTITY, type: 'u64' },
  timeInForce: {
    offset: CommandOffset.TIME_IN_FORCE,
    type: 'word',
    words: TIME_IN_FORCE_NAMES,
    otherwise: TimeInForce.GTC,
  },
  orderType: {
    offset: CommandOffset.ORDER_TYPE,
    type: 'word',
    words: ORDER_TYPE_NAMES,
    otherwise: 0,
  },
  selfTrade: {
    offset: CommandOffset.SELF_TRADE,
    type: 'word',
    words: SELF_TRADE_NAMES,
    otherwise: 0,
  },
  flags: { offset: CommandOffset.FLAGS, type: 'flags', flags: ORDER_FLAG_NAMES },
  displayQuantity: { offset: CommandOffset.DISPLAY_QUANTITY, type: 'u64', otherwise: 0n },
  stopPrice: { offset: CommandOffset.STOP_PRICE, type: 'u64', otherwise: 0n },
  expireTime: { offset: CommandOffset.EXPIRE_TIME, type: 'u32', otherwise: 0 },
} as const;

const FUNDS = {
  account,
  asset: { offset: CommandOffset.ASSET, type: 'word', words: ASSET_NAMES },
  amount: { offset: CommandOffset.QUANTITY, type: 'u64' },
} as const;

const MARKET = {
  offset: TransferOffset.MARKET,
  restOffset: TransferOffset.MARKET_REST,
  type: 'market',
  otherwise: '',
} as const;

/** In the order in which msgpack maps are written; the compiler checks that none is left out. */
export const COMMAND_FIELDS = {
  [CommandKind.NEW]: { clientOrderId, side, ...TERMS },
  [CommandKind.CANCEL]: { clientOrderId },
  [CommandKind.REPLACE]: { clientOrderId, ...TERMS },
  [CommandKind.AMEND]: {
    clientOrderId,
    delta: { offset: CommandOffset.QUANTITY, type: 'i64' },
  },
  [CommandKind.CANCEL_ORDER]: { orderId: { offset: CommandOffset.ORDER_ID, type: 'u64' } },
  [CommandKind.CANCEL_ALL]: { side: anySide },
  [CommandKind.CANCEL_AFTER]: { timeoutSeconds: { offset: CommandOffset.TIMEOUT, type: 'u32' } },
  [CommandKind.QUOTE]: { clientOrderId, side, ...TERMS },
  [CommandKind.DEPOSIT]: {
    ...FUNDS,
    fromMarket: MARKET,
    returns: { offset: TransferOffset.RETURNS, type: 'u32', otherwise: 0 },
  },
  [CommandKind.WITHDRAW]: {
    ...FUNDS,
    toMarket: MARKET,
    toAccount: { offset: TransferOffset.TO_ACCOUNT, type: 'account', otherwise: 0 },
    toAsset: {
      offset: TransferOffset.TO_ASSET,
      type: 'word',
      words: ASSET_NAMES,
      otherwise: 0,
    },
  },
  [CommandKind.COLLECT_FEES]: { account, amount: FUNDS.amount },
  [CommandKind.CREATE_MARKET]: {
    makerFeePpm: { ...makerFeePpm, otherwise: 0 },
    takerFeePpm: { ...takerFeePpm, otherwise: 0 },
    maxFeePpm: { offset: MarketOffset.MAX_FEE_PPM, type: 'u32', otherwise: 0 },
    baseSymbol: { offset: MarketOffset.BASE_SYMBOL, type: 'symbol', otherwise: '' },
    quoteSymbol: { offset: MarketOffset.QUOTE_SYMBOL, type: 'symbol', otherwise: '' },
    priceDecimals: { offset: MarketOffset.PRICE_DECIMALS, type: 'u8', otherwise: 0 },
    quantityDecimals: { offset: MarketOffset.QUANTITY_DECIMALS, type: 'u8', otherwise: 0 },
  },
  [CommandKind.CLOSE_EPOCH]: {},
  [CommandKind.SET_FEES]: { tier, makerFeePpm, takerFeePpm },
  [CommandKind.SET_TIER]: { account, tier },
  [CommandKind.CONFIGURE]: {
    minPrice: { offset: LimitsOffset.MIN_PRICE, type: 'u64' },
    maxPrice: { offset: LimitsOffset.MAX_PRICE, type: 'u64' },
    maxQuantity: { offset: LimitsOffset.MAX_QUANTITY, type: 'u64' },
    bandPpm: { offset: LimitsOffset.BAND_PPM, type: 'u32' },
    maxOpenOrders: { offset: LimitsOffset.MAX_OPEN_ORDERS, type: 'u32' },
  },
  [CommandKind.SET_STATE]: {
    state: { offset: CommandOffset.SIDE, type: 'word', words: MARKET_STATE_NAMES },
  },
  [CommandKind.CLOCK]: {},
  [CommandKind.PURGE]: { account, side: anySide },
} as const satisfies Described;

/** Names and fields of a kind. */
export function fieldsOf(kind: CommandKind): readonly (readonly [string, CommandField])[] {
  return FIELD_LISTS[kind];
}

const listOf = (kind: CommandKind) => Object.entries<CommandField>(COMMAND_FIELDS[kind]);

// One list a kind, made once: a message may hold a thousand commands.
const FIELD_LISTS: Readonly<Record<CommandKind, readonly (readonly [string, CommandField])[]>> =
  Object.fromEntries(Object.values(CommandKind).map((kind) => [kind, listOf(kind)])) as Record<
    CommandKind,
    [string, CommandField][]
  >;

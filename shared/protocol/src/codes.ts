/**
 * Every result code, in one table: number (stable for ever), name, meaning and what to do about it.
 * 0 is success, 1xx are refused at the edge and leave no trace in the log, 2xx are outcomes of the
 * engine and a function of the log alone.
 */
export interface ResultCodeEntry {
  readonly code: number;
  readonly meaning: string;
  readonly remedy: string;
}

const TABLE = {
  OK: { code: 0, meaning: 'done', remedy: '' },

  MALFORMED: {
    code: 100,
    meaning: 'the message is neither a binary batch nor a msgpack command',
    remedy: 'send a batch that starts with "FB", or a msgpack map with v: 1',
  },
  UNSUPPORTED_VERSION: {
    code: 101,
    meaning: 'the message has a protocol version that this server does not speak',
    remedy: 'use version 1',
  },
  TOO_LARGE: {
    code: 102,
    meaning: 'the message has too many bytes or too many commands',
    remedy: 'send at most 1,024 commands and 256 KiB a message',
  },
  TRUNCATED: {
    code: 103,
    meaning: 'the message ends before what its header, or a msgpack length, announces',
    remedy: 'send 64 bytes of header and 64 bytes a record, or the whole msgpack map',
  },
  TRAILING_BYTES: {
    code: 104,
    meaning: 'bytes follow the last record that the header names, or the msgpack map',
    remedy: 'make the header count the records that are sent; send one map a message',
  },
  EMPTY_BATCH: { code: 105, meaning: 'the message holds no command', remedy: 'send at least one' },
  UNKNOWN_KIND: {
    code: 106,
    meaning: 'a command, batch or field has a kind that this version does not know',
    remedy: 'see the table of kinds in the protocol documentation',
  },
  FIELD_RANGE: {
    code: 107,
    meaning: 'a field is missing, has the wrong type, or does not fit its width',
    remedy: 'the message names the field; see the table of widths',
  },
  RESERVED_NOT_ZERO: {
    code: 108,
    meaning: 'bytes kept for later versions are not zero',
    remedy: 'fill a record with zeros before writing its fields',
  },
  ACCOUNT_MISMATCH: {
    code: 109,
    meaning: 'the account in the record is not the one of the subject',
    remedy: 'leave the account zero: identity comes from the subject',
  },
  NOT_PERMITTED: {
    code: 110,
    meaning: 'this kind of command is not allowed on this subject',
    remedy: 'orders go to cmd.<market>.<account>, administration to adm.<market>',
  },
  UNKNOWN_MARKET: {
    code: 111,
    meaning: 'no such market',
    remedy: 'create it first (market create), or check the spelling',
  },
  BUSY: {
    code: 112,
    meaning: 'the market has as much work as it may queue; nothing was recorded',
    remedy: 'send the same message again after a short wait',
  },
  UNAVAILABLE: {
    code: 113,
    meaning: 'the log cannot be reached at the moment; nothing was recorded',
    remedy: 'wait for the broker to return, then send again',
  },
  MARKET_EXISTS: {
    code: 114,
    meaning: 'a market of this name exists already',
    remedy: 'choose another name',
  },
  NO_ROOM: {
    code: 115,
    meaning: 'the host has no memory for the market, which goes on where it was',
    remedy: 'move it to another host, or start the service with more hosts',
  },
  NO_ACCOUNT_PROOF: {
    code: 116,
    meaning: 'no account proof to give: no proved epoch is at hand, or the operator gives none',
    remedy: 'ask again later; an epoch ends by itself, or by market close-epoch',
  },
  OTHER_ASSET: {
    code: 120,
    meaning: 'what would be transferred is not the same asset in the other market',
    remedy: 'name the asset there that has the same symbol and the same number of decimals',
  },
  WRONG_PARTITION: {
    code: 121,
    meaning: 'the broker sends the market to another partition than its name belongs to',
    remedy: "operators: generate the broker's mapping for the venue's count of partitions",
  },

  UNKNOWN_COMMAND: {
    code: 200,
    meaning: 'the log holds a command kind that these rules do not know',
    remedy: 'upgrade the server; the command had no effect',
  },
  INVALID_ACCOUNT: {
    code: 201,
    meaning: 'the account is 0, 1 or above 2^24 - 1',
    remedy: 'use an account from 2 to 16,777,215',
  },
  INVALID_SIDE: { code: 202, meaning: 'side is not buy or sell', remedy: 'use 0 or 1' },
  INVALID_TIME_IN_FORCE: {
    code: 203,
    meaning: 'the time in force is unknown, or not one that the order type can have',
    remedy: 'market and stop orders take IOC or FOK, stop-limit orders all but post-only',
  },
  INVALID_PRICE: {
    code: 204,
    meaning: 'the price is zero or above 2^36 - 1 ticks',
    remedy: 'send a price in ticks',
  },
  INVALID_QUANTITY: {
    code: 205,
    meaning: 'the quantity or amount is zero or too large',
    remedy: 'quantities go to 2^48 - 1 lots, amounts to 2^63 - 1',
  },
  NOTIONAL_TOO_LARGE: {
    code: 206,
    meaning: 'price x quantity, with the fee it may cost, reaches 2^63',
    remedy: 'split the order',
  },
  INSUFFICIENT_FUNDS: {
    code: 207,
    meaning: 'the available balance does not cover the order with its fee, or what is to be moved',
    remedy: 'deposit, cancel other orders, or send less',
  },
  DUPLICATE_ORDER_ID: {
    code: 208,
    meaning: 'an order of this account with this client order id is live',
    remedy: 'use an id that is not live; an id is free again once its order is dead',
  },
  UNKNOWN_ORDER: {
    code: 209,
    meaning: 'no live order of this account has this id',
    remedy: 'it may have been filled or cancelled already: read the reports',
  },
  WOULD_CROSS: {
    code: 210,
    meaning: 'the post-only order would have traded at once',
    remedy: 'send a price that does not cross, or another time in force',
  },
  SUPERSEDED: {
    code: 211,
    meaning: 'a later request of the session came first; this one never ran and will not',
    remedy: 'send the command again with a new request id',
  },
  BALANCE_LIMIT: {
    code: 212,
    meaning: 'the deposit would bring the supply of the asset to 2^63',
    remedy: 'deposit less',
  },
  INVALID_ASSET: { code: 213, meaning: 'asset is not base or quote', remedy: 'use 0 or 1' },
  INVALID_FEES: {
    code: 214,
    meaning: "a rate is beyond 100,000 ppm or the market's highest, or maker + taker is negative",
    remedy: "rebates must not exceed the other side's fee, in any pair of tiers",
  },
  MARKET_NOT_CREATED: {
    code: 215,
    meaning: "the market's log does not start with its creation",
    remedy: 'create the market first',
  },
  MARKET_ALREADY_CREATED: {
    code: 216,
    meaning: 'the market was created before',
    remedy: 'nothing to do',
  },
  CAPACITY: {
    code: 217,
    meaning: 'a table of the market (orders, levels, accounts or sessions) is full',
    remedy: 'cancel resting orders; an operator can give the market more room',
  },
  SESSION_LIMIT: {
    code: 218,
    meaning: 'the account has 256 sessions already',
    remedy: 'use one of the session numbers that it has used before',
  },
  UNKNOWN_EXPIRED: {
    code: 219,
    meaning: 'the request id is older than the results that the market keeps of a session',
    remedy: 'whether it ran is in the reports; send new commands with new request ids',
  },
  MARKET_HALTED: {
    code: 220,
    meaning: 'the market is halted: nothing may be placed or cancelled',
    remedy: 'wait until an operator opens it again',
  },
  MARKET_CANCEL_ONLY: {
    code: 221,
    meaning: 'the market takes cancels only',
    remedy: 'wait until an operator opens it again',
  },
  INVALID_ORDER_TYPE: {
    code: 222,
    meaning: 'the order type is unknown, or not one that the command can have',
    remedy: 'use 0 limit, 1 market, 2 stop or 3 stop-limit; quotes are limit orders',
  },
  INVALID_FLAGS: {
    code: 223,
    meaning: 'a flag is unknown, or makes no sense with this order',
    remedy: 'post-only and slide need a limit order that rests, keep-priority a replace',
  },
  INVALID_SELF_TRADE: {
    code: 224,
    meaning: 'the mode of self-trade prevention is unknown',
    remedy: 'use 0 none, 1 taker, 2 maker, 3 both or 4 decrement',
  },
  INVALID_DISPLAY_QUANTITY: {
    code: 225,
    meaning: 'the display quantity is not below the quantity, or the order cannot rest',
    remedy: 'leave it 0, or make it smaller than the quantity of a resting limit order',
  },
  INVALID_STOP_PRICE: {
    code: 226,
    meaning: 'a stop order without a stop price, or another order with one',
    remedy: 'send a stop price from 1 to 2^36 - 1 ticks with stop orders only',
  },
  INVALID_EXPIRE_TIME: {
    code: 227,
    meaning: 'a good-till-time order that is expired already, or another order with a time',
    remedy: 'send seconds since 1970, in the future, with good-till-time orders only',
  },
  QUANTITY_LIMIT: {
    code: 228,
    meaning: "the quantity is above the market's largest order",
    remedy: 'split the order',
  },
  PRICE_BAND: {
    code: 229,
    meaning: "the price is outside the market's limits, or too far from the last trade",
    remedy: 'check the price; an operator sets the limits',
  },
  OPEN_ORDERS_LIMIT: {
    code: 230,
    meaning: 'the account has as many open orders as the market allows',
    remedy: 'cancel some first',
  },
  CANNOT_FILL: {
    code: 231,
    meaning: 'the book cannot fill all of a fill-or-kill order within its price',
    remedy: 'send less, or a better price, or let it be immediate-or-cancel',
  },
  INVALID_TIER: { code: 232, meaning: 'there is no such fee tier', remedy: 'use 0 to 15' },
  INVALID_SYMBOL: {
    code: 233,
    meaning: 'a symbol has other characters than A-Z, 0-9, "." and "-", or both are equal',
    remedy: 'use up to eight characters, as in BTC and USD',
  },
  INVALID_DECIMALS: {
    code: 234,
    meaning: 'a number of decimals is above 18',
    remedy: 'use 0 to 18',
  },
  INVALID_CONFIGURATION: {
    code: 235,
    meaning: 'a limit is out of range, or the lowest price is above the highest',
    remedy: 'prices go to 2^36 - 1, quantities to 2^48 - 1, the band to 1,000,000 ppm; 0 is none',
  },
  INVALID_STATE: {
    code: 236,
    meaning: 'there is no such market state',
    remedy: 'use 0 open, 1 halted or 2 cancel-only',
  },
} as const satisfies Record<string, ResultCodeEntry>;

export type ResultName = keyof typeof TABLE;

/** Name -> number. */
export const ResultCode = Object.freeze(
  Object.fromEntries(Object.entries(TABLE).map(([name, entry]) => [name, entry.code])),
) as { readonly [Name in ResultName]: (typeof TABLE)[Name]['code'] };

export type ResultCode = (typeof TABLE)[ResultName]['code'];

const BY_CODE = new Map<number, ResultName>(
  (Object.keys(TABLE) as ResultName[]).map((name) => [TABLE[name].code, name]),
);

/** The name of a code, or `CODE_<n>` for one that a newer server may know. */
export function resultName(code: number): string {
  return BY_CODE.get(code) ?? `CODE_${code}`;
}

/** "INSUFFICIENT_FUNDS (207): what it means; what to do". */
export function describeResult(code: number): string {
  const name = BY_CODE.get(code);
  if (name === undefined) return `CODE_${code}: unknown to this version`;
  const entry: ResultCodeEntry = TABLE[name];
  const remedy = entry.remedy === '' ? '' : `; ${entry.remedy}`;
  return `${name} (${code}): ${entry.meaning}${remedy}`;
}

/** All entries in order of number, for the documentation and for tests. */
export function resultTable(): readonly (ResultCodeEntry & { readonly name: string })[] {
  return (Object.keys(TABLE) as ResultName[]).map((name) => ({ name, ...TABLE[name] }));
}

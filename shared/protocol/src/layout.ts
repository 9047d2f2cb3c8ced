/**
 * The byte layout of everything that crosses a wire, a ring or a log: 64-byte little-endian
 * records, alone or in a batch (a header record, then `count` records). One file, so that the
 * kernel, the codecs, the documentation and clients in other languages agree.
 *
 * ```
 * batch   +0 magic  +2 version  +3 kind  +4 market  +8 count  +12 flags  +14 zero
 *         +16 logSequence  +24 timeNs  +32 first  +40 last  +48 prev
 *         +56 generation  +60 depthCrc
 * command +0 kind  +1 side  +2 timeInForce  +3 asset or orderType  +4 account  +8 session
 *         +10 selfTrade  +11 flags  +12 expireTime, timeout or tier
 *         +16 requestId  +24 clientOrderId  +32 price  +40 quantity
 *         +48 displayQuantity  +56 stopPrice
 *         (administration lays +2 and +24 to +63 out in its own ways: see the offsets)
 * event   +0 kind  +1 side  +2 code  +4 account  +8 sequence
 *         +16 orderId  +24 clientOrderId  +32 price  +40 quantity
 *         +48 requestId  +56 session  +58 timeInForce
 * ```
 */

export const RECORD_BYTES = 64;

/** "FB" read as a little-endian u16: no command or event kind has 0x46 as its first byte. */
export const BATCH_MAGIC = 0x4246;
export const BATCH_FIRST_BYTE = 0x46;
export const PROTOCOL_VERSION = 1;

/** What a batch carries, in its header. */
export const BatchKind = {
  /** Client -> market: commands. */
  COMMANDS: 1,
  /** The log: one committed group of commands of one market. */
  GROUP: 2,
  /** `rpt.<partition>.<account>.<market>`: private events of one account. */
  REPORTS: 3,
  /** `md.<market>.l2` and `.trades`. */
  MARKET_DATA: 4,
  /** `diff.<partition>.<market>`: settlement records, epoch marks and chain heads. */
  DIFF: 5,
  /** Answer to a binary batch or query. */
  REPLY: 6,
  /** `md.<market>.snapshot`: every price level at `last`. */
  SNAPSHOT: 7,
  /** The log and the output streams: a new owner (term.ts). */
  TERM: 8,
} as const;
export type BatchKind = (typeof BatchKind)[keyof typeof BatchKind];

export const BatchOffset = {
  MAGIC: 0,
  VERSION: 2,
  KIND: 3,
  MARKET: 4,
  COUNT: 8,
  /** COMMANDS: see `BatchFlag`. REPLY: the result code. */
  FLAGS: 12,
  RESERVED: 14,
  /** Sequence of the group in the log stream; with a record's index it is the log position. */
  LOG_SEQUENCE: 16,
  /** Nanoseconds since 1970, stamped by the sequencer. */
  TIME_NS: 24,
  /**
   * First and last market sequence covered, and the last one of the batch before. REPLY: events
   * that there were, nothing, and how many records at the end hold a receipt.
   */
  FIRST: 32,
  LAST: 40,
  PREV: 48,
  /** Term of the owner that wrote it, of TERM, MARKET_DATA and SNAPSHOT. */
  GENERATION: 56,
  /** CRC-32 of the ten best levels a side after `LAST` (see book-checksum.ts). */
  DEPTH_CRC: 60,
} as const;

export const BatchFlag = {
  /** Answer once the commands are durable in the log, instead of once they have executed. */
  REPLY_WHEN_RECEIVED: 1,
  /**
   * REPORTS, MARKET_DATA, DIFF: the batch ends inside a command that has too many events for one
   * message; `LAST` is the command before it, and a batch with CONTINUES follows.
   */
  PARTIAL: 2,
  /** REPORTS, MARKET_DATA, DIFF: the batch starts inside the command that the one before cut. */
  CONTINUES: 4,
  /** Answer refusals only: the sender learns from its reports that the commands are in the log. */
  REPLY_WHEN_REFUSED: 8,
  /** COMMANDS: the answer, which comes once they have executed, holds a signed receipt. */
  RECEIPT: 16,
} as const;

export const CommandKind = {
  NEW: 1,
  /** By client order id. */
  CANCEL: 2,
  REPLACE: 3,
  /** Changes an open quantity by a signed amount. */
  AMEND: 4,
  /** By order id, which stands where the client order id does. */
  CANCEL_ORDER: 5,
  /** All open orders of the account, or those of one side. */
  CANCEL_ALL: 6,
  /** Dead man's switch: all open orders are cancelled unless it is set anew in time. */
  CANCEL_AFTER: 7,
  /** One side of a market maker's quote: new, replaced or (quantity 0) cancelled. */
  QUOTE: 8,
  DEPOSIT: 16,
  WITHDRAW: 17,
  /** Quote units from the market's fee account to a client's. */
  COLLECT_FEES: 18,
  CREATE_MARKET: 32,
  CLOSE_EPOCH: 33,
  /** The rates of one fee tier. */
  SET_FEES: 34,
  /** The fee tier of an account. */
  SET_TIER: 35,
  /** Limits of the market. */
  CONFIGURE: 36,
  SET_STATE: 37,
  /** Lets time pass on a silent market. */
  CLOCK: 38,
  /** An operator's cancel-all. */
  PURGE: 39,
} as const;
export type CommandKind = (typeof CommandKind)[keyof typeof CommandKind];

export const CommandOffset = {
  KIND: 0,
  SIDE: 1,
  TIME_IN_FORCE: 2,
  /** DEPOSIT, WITHDRAW. */
  ASSET: 3,
  /** NEW, REPLACE, QUOTE. */
  ORDER_TYPE: 3,
  ACCOUNT: 4,
  SESSION: 8,
  SELF_TRADE: 10,
  FLAGS: 11,
  /** u32, seconds since 1970. */
  EXPIRE_TIME: 12,
  /** CANCEL_AFTER: u32, seconds from engine time. */
  TIMEOUT: 12,
  /** SET_FEES, SET_TIER: u32. */
  TIER: 12,
  REQUEST_ID: 16,
  CLIENT_ORDER_ID: 24,
  /** CANCEL_ORDER. */
  ORDER_ID: 24,
  PRICE: 32,
  /** AMEND: i64. */
  QUANTITY: 40,
  DISPLAY_QUANTITY: 48,
  STOP_PRICE: 56,
  /** CREATE_MARKET, SET_FEES: i32, parts per million. */
  MAKER_FEE_PPM: 48,
  TAKER_FEE_PPM: 52,
} as const;

/** CREATE_MARKET, besides its rates. */
export const MarketOffset = {
  PRICE_DECIMALS: 2,
  QUANTITY_DECIMALS: 3,
  /** u32: the highest rate that any tier may ever have; what buy orders hold. */
  MAX_FEE_PPM: 12,
  /** Eight bytes of ASCII each, padded with zeros. */
  BASE_SYMBOL: 24,
  QUOTE_SYMBOL: 32,
} as const;

/** A DEPOSIT or WITHDRAW that is part of a transfer between markets (transfer.ts). */
export const TransferOffset = {
  /** WITHDRAW: u8, which asset of the other market it is. */
  TO_ASSET: 1,
  /** WITHDRAW: u32, who gets it; 0 is the account itself. */
  TO_ACCOUNT: 12,
  /** DEPOSIT: u32, which of the market's own transfers comes back. */
  RETURNS: 12,
  /** The other market: its name's first sixteen characters, and the rest; zeros after its end. */
  MARKET: 24,
  MARKET_REST: 48,
} as const;

/** CONFIGURE; 0 is no limit. */
export const LimitsOffset = {
  MIN_PRICE: 32,
  MAX_QUANTITY: 40,
  MAX_PRICE: 48,
  /** u32: how far a price may be from the last trade's, parts per million. */
  BAND_PPM: 56,
  /** u32, an account. */
  MAX_OPEN_ORDERS: 60,
} as const;

export const Side = { BUY: 0, SELL: 1 } as const;
export type Side = (typeof Side)[keyof typeof Side];

/** Of CANCEL_ALL and PURGE: orders of either side. */
export const BOTH_SIDES = 2;

export const TimeInForce = { GTC: 0, IOC: 1, POST_ONLY: 2, FOK: 3, GTT: 4 } as const;
export type TimeInForce = (typeof TimeInForce)[keyof typeof TimeInForce];

export const OrderType = { LIMIT: 0, MARKET: 1, STOP: 2, STOP_LIMIT: 3 } as const;
export type OrderType = (typeof OrderType)[keyof typeof OrderType];

/** What an order does when it meets one of its own account. */
export const SelfTrade = {
  NONE: 0,
  EXPIRE_TAKER: 1,
  EXPIRE_MAKER: 2,
  EXPIRE_BOTH: 3,
  DECREMENT: 4,
} as const;
export type SelfTrade = (typeof SelfTrade)[keyof typeof SelfTrade];

export const OrderFlag = {
  /** GTT orders: must not trade at once. */
  POST_ONLY: 1,
  /** Post-only orders: priced next to the best opposite price instead of refused. */
  SLIDE: 2,
  /** REPLACE: a pure decrease of the quantity stays in its place. */
  KEEP_PRIORITY: 4,
} as const;

export const MarketState = { OPEN: 0, HALTED: 1, CANCEL_ONLY: 2 } as const;
export type MarketState = (typeof MarketState)[keyof typeof MarketState];

export const Asset = { BASE: 0, QUOTE: 1 } as const;
export type Asset = (typeof Asset)[keyof typeof Asset];

/** Accounts that no client owns. */
export const Account = { SUPPLY: 0, FEES: 1, FIRST_CLIENT: 2 } as const;

export const EventKind = {
  /** A new order passed every check; its public id is this sequence. Trades, if any, follow. */
  ACCEPTED: 1,
  /** One match. `side` is the taker's. Offsets: see `TradeOffset`. */
  TRADE: 2,
  /** An order left the book or was not booked. `code` is a `CancelReason`. */
  CANCELLED: 3,
  /**
   * An order has a new price or quantity. `code` 0: it lost its priority and has a new id (this
   * sequence); 1: it stayed where it was.
   */
  REPLACED: 4,
  /** A command had no effect. `code` says why; `side` holds the command's kind. */
  REJECTED: 5,
  /** Answer to a balance query. Offsets: see `BalanceOffset`. */
  BALANCE: 6,
  /**
   * Funds of an account that an operator moved. `side` is the asset, `code` the command's kind.
   * See `FundsOffset`.
   */
  FUNDS: 7,
  /** Fee or rebate of one side of the trade before it. See `FeeOffset`. */
  FEE: 8,
  /** A price level's new total quantity and order count. See `DeltaOffset`. */
  BOOK_DELTA: 9,
  /** The end of an epoch. See `EpochOffset`. */
  EPOCH_MARK: 10,
  MARKET_CREATED: 11,
  /** One settlement record, on the diff stream only. See `SettlementOffset`. */
  SETTLEMENT: 12,
  /** The log's hash-chain head at an epoch mark, on the diff stream only. See `ChainOffset`. */
  CHAIN_HEAD: 13,
  /** One account's side of a trade, in reports only. `code` is a `Liquidity`. */
  FILL: 14,
  /** A stop order was triggered and is placed. */
  TRIGGERED: 15,
  /** Answer to a request that was seen before. `code` is its result. See `ResultOffset`. */
  RESULT: 16,
  /** An iceberg shows `quantity` again, at the end of its queue. */
  REFILLED: 17,
  /** Self-trade prevention left `quantity` of an order. `code` is a `CancelReason`. */
  REDUCED: 18,
  /** End of CANCEL_ALL, PURGE or a fired CANCEL_AFTER. See `AllCancelledOffset`. */
  ALL_CANCELLED: 19,
  CANCEL_AFTER_SET: 20,
  CONFIGURED: 21,
  /** `side` is a `MarketState`. */
  STATE_CHANGED: 22,
  /** `side` is the tier; rates as in MARKET_CREATED. */
  FEES_CHANGED: 23,
  /** `side` is the tier. */
  TIER_CHANGED: 24,
  CLOCK_ADVANCED: 25,
  /** Answer to an open-order query. See `OpenOrderOffset`. */
  OPEN_ORDER: 26,
  /** End of a group, between market thread and publisher only. */
  GROUP_END: 254,
} as const;
export type EventKind = (typeof EventKind)[keyof typeof EventKind];

export const EventOffset = {
  KIND: 0,
  SIDE: 1,
  CODE: 2,
  ACCOUNT: 4,
  SEQUENCE: 8,
  ORDER_ID: 16,
  CLIENT_ORDER_ID: 24,
  PRICE: 32,
  QUANTITY: 40,
  REQUEST_ID: 48,
  SESSION: 56,
  TIME_IN_FORCE: 58,
  /** ACCEPTED, REPLACED: an `OrderFlag` mask. */
  FLAGS: 59,
  /** ACCEPTED, REPLACED: u32, seconds since 1970. */
  EXPIRE_TIME: 60,
} as const;

/** TRADE: the taker's account and the market sequence stand where every event has them. */
export const TradeOffset = {
  MAKER_ORDER_ID: 16,
  TAKER_ORDER_ID: 24,
  PRICE: 32,
  QUANTITY: 40,
  MAKER_CLIENT_ORDER_ID: 48,
  MAKER_ACCOUNT: 56,
} as const;

export const BalanceOffset = {
  BASE_AVAILABLE: 16,
  BASE_HELD: 24,
  QUOTE_AVAILABLE: 32,
  QUOTE_HELD: 40,
} as const;

export const FundsOffset = { AMOUNT: 16, AVAILABLE: 24, HELD: 32 } as const;

/** FEE: `side` is a `Liquidity`, `code` 0 for a fee and 1 for a rebate; in the quote asset. */
export const FeeOffset = { ORDER_ID: 16, CLIENT_ORDER_ID: 24, AMOUNT: 40 } as const;

/** RESULT: `side` is the kind of the command that asked again. */
export const ResultOffset = {
  /** Market sequence of the first execution. */
  FIRST_SEQUENCE: 16,
  CLIENT_ORDER_ID: 24,
} as const;

/** ALL_CANCELLED: `side` is what was asked, `code` a `CancelReason`, MORE 1 if some are left. */
export const AllCancelledOffset = { MORE: 32, COUNT: 40 } as const;

/** CANCEL_AFTER_SET: 0 if the timer is off. */
export const CancelAfterOffset = { DEADLINE_NS: 16 } as const;

export const ConfiguredOffset = {
  MIN_PRICE: 16,
  MAX_PRICE: 24,
  MAX_QUANTITY: 32,
  BAND_PPM: 40,
  MAX_OPEN_ORDERS: 44,
} as const;

/** MARKET_CREATED, FEES_CHANGED (the rates only). */
export const MarketCreatedOffset = {
  MAKER_FEE_PPM: 16,
  TAKER_FEE_PPM: 20,
  BASE_SYMBOL: 24,
  QUOTE_SYMBOL: 32,
  PRICE_DECIMALS: 40,
  QUANTITY_DECIMALS: 41,
  MAX_FEE_PPM: 44,
} as const;

export const ClockOffset = { TIME_NS: 16 } as const;

/**
 * OPEN_ORDER: `side`, account, order id, client order id, price and the whole open quantity where
 * every order event has them; `code` is the order type (u8) and the self-trade mode (u8).
 */
export const OpenOrderOffset = {
  ORDER_TYPE: 2,
  SELF_TRADE: 3,
  /** The displayed part; of a waiting stop its stop price. */
  DISPLAYED: 48,
  STOP_PRICE: 48,
  TIME_IN_FORCE: 58,
  FLAGS: 59,
  EXPIRE_TIME: 60,
} as const;

export const DeltaOffset = { PRICE: 32, QUANTITY: 40, ORDERS: 48 } as const;

export const EpochOffset = {
  EPOCH: 16,
  RECORD_FIRST: 24,
  RECORD_COUNT: 32,
  STATE_HASH: 40,
  SEQUENCE_FIRST: 48,
  TIME_NS: 56,
} as const;

export const SettlementOffset = {
  KIND: 1,
  A: 4,
  SEQUENCE: 8,
  RECORD_INDEX: 16,
  B: 24,
  PRICE: 32,
  BASE: 40,
  QUOTE: 48,
} as const;

/** CHAIN_HEAD: 32 bytes of head after the group at `LOG_SEQUENCE`, which is the epoch's last. */
export const ChainOffset = { SEQUENCE: 8, HEAD: 16, LOG_SEQUENCE: 48, LOG_FIRST: 56 } as const;

/** GROUP_END: what the sequencer and the publisher need to know of a group that was applied. */
export const GroupEndOffset = {
  LAST_SEQUENCE: 8,
  LOG_SEQUENCE: 16,
  /** Settlement records of the epoch that is still open. */
  OPEN_RECORDS: 24,
  COMMANDS: 32,
  /** When the market's next timer is due; 0 if it has none. */
  NEXT_TIMER_NS: 40,
} as const;

export const CancelReason = {
  REQUESTED: 0,
  /** The rest of an IOC, FOK or market order. */
  IMMEDIATE_OR_CANCEL: 1,
  /** A GTT order's time came. */
  EXPIRED: 2,
  SELF_TRADE: 3,
  CANCEL_AFTER: 4,
  OPERATOR: 5,
  /** A triggered FOK order that the book cannot fill. */
  FILL_OR_KILL: 6,
  /** A triggered order whose rest has no price level. */
  NO_ROOM: 7,
  /** What is left of an order that met as many orders as one may. */
  MATCH_LIMIT: 8,
} as const;
export type CancelReason = (typeof CancelReason)[keyof typeof CancelReason];

export const Liquidity = { MAKER: 0, TAKER: 1 } as const;
export type Liquidity = (typeof Liquidity)[keyof typeof Liquidity];

/** Settlement record kinds; circuits/STATEMENT.md constrains each. */
export const SettlementKind = {
  PADDING: 0,
  TRADE: 1,
  FEE: 2,
  REBATE: 3,
  DEPOSIT_BASE: 4,
  DEPOSIT_QUOTE: 5,
  WITHDRAW_BASE: 6,
  WITHDRAW_QUOTE: 7,
} as const;
export type SettlementKind = (typeof SettlementKind)[keyof typeof SettlementKind];

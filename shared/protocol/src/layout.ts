/**
 * The byte layout of everything that crosses a wire, a ring or a log: 64-byte little-endian
 * records, alone or in a batch (a header record, then `count` records). One file, so that the
 * kernel, the codecs, the documentation and clients in other languages agree.
 *
 * ```
 * batch   +0 magic  +2 version  +3 kind  +4 market  +8 count  +12 flags  +14 zero
 *         +16 logSequence  +24 timeNs  +32 first  +40 last  +48 prev
 *         +56 generation  +60 depthCrc
 * command +0 kind  +1 side  +2 timeInForce  +3 asset  +4 account  +8 session  +10 zero
 *         +16 requestId  +24 clientOrderId  +32 price  +40 quantity
 *         +48 makerFeePpm  +52 takerFeePpm  +56 zero
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
  /** `rpt.<account>.<market>`: private events of one account. */
  REPORTS: 3,
  /** `md.<market>.l2` and `.trades`. */
  MARKET_DATA: 4,
  /** `diff.<market>`: settlement records, epoch marks and chain heads. */
  DIFF: 5,
  /** Answer to a binary batch or query. */
  REPLY: 6,
  /** `md.<market>.snapshot`: every price level at `last`. */
  SNAPSHOT: 7,
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
  /** First and last market sequence covered, and the last one of the batch before. */
  FIRST: 32,
  LAST: 40,
  PREV: 48,
  /** Incarnation of a market-data feed. */
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
} as const;

export const CommandKind = {
  NEW: 1,
  CANCEL: 2,
  REPLACE: 3,
  DEPOSIT: 16,
  WITHDRAW: 17,
  CREATE_MARKET: 32,
  CLOSE_EPOCH: 33,
} as const;
export type CommandKind = (typeof CommandKind)[keyof typeof CommandKind];

export const CommandOffset = {
  KIND: 0,
  SIDE: 1,
  TIME_IN_FORCE: 2,
  ASSET: 3,
  ACCOUNT: 4,
  SESSION: 8,
  RESERVED_A: 10,
  REQUEST_ID: 16,
  CLIENT_ORDER_ID: 24,
  PRICE: 32,
  QUANTITY: 40,
  /** CREATE_MARKET: maker fee i32 at +48, taker fee i32 at +52, parts per million. */
  MAKER_FEE_PPM: 48,
  TAKER_FEE_PPM: 52,
  RESERVED_B: 56,
} as const;

export const Side = { BUY: 0, SELL: 1 } as const;
export type Side = (typeof Side)[keyof typeof Side];

export const TimeInForce = { GTC: 0, IOC: 1, POST_ONLY: 2 } as const;
export type TimeInForce = (typeof TimeInForce)[keyof typeof TimeInForce];

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
  /** An order moved: new id (this sequence), price and quantity; it lost its priority. */
  REPLACED: 4,
  /** A command had no effect. `code` says why; `side` holds the command's kind. */
  REJECTED: 5,
  /** Answer to a balance query. Offsets: see `BalanceOffset`. */
  BALANCE: 6,
  /** A deposit or withdrawal. `side` is the asset, `code` the command's kind. See `FundsOffset`. */
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
} as const;

export const CancelReason = { REQUESTED: 0, IMMEDIATE_OR_CANCEL: 1 } as const;
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

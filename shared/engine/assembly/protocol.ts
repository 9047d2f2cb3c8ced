/**
 * What the kernel needs of shared/protocol (layout.ts, codes.ts, limits.ts), which AssemblyScript
 * cannot import. The twin tests compare the two engines byte by byte, so a difference shows.
 */
export const RECORD_BYTES: usize = 64;

// Command records.
export const COMMAND_SIDE: usize = 1;
export const COMMAND_TIME_IN_FORCE: usize = 2;
export const COMMAND_ASSET: usize = 3;
export const COMMAND_ACCOUNT: usize = 4;
export const COMMAND_SESSION: usize = 8;
export const COMMAND_REQUEST_ID: usize = 16;
export const COMMAND_CLIENT_ORDER_ID: usize = 24;
export const COMMAND_PRICE: usize = 32;
export const COMMAND_QUANTITY: usize = 40;
export const COMMAND_MAKER_FEE_PPM: usize = 48;
export const COMMAND_TAKER_FEE_PPM: usize = 52;

export const NEW: u32 = 1;
export const CANCEL: u32 = 2;
export const REPLACE: u32 = 3;
export const DEPOSIT: u32 = 16;
export const WITHDRAW: u32 = 17;
export const CREATE_MARKET: u32 = 32;
export const CLOSE_EPOCH: u32 = 33;

export const BUY: u32 = 0;
export const SELL: u32 = 1;
export const IOC: u32 = 1;
export const POST_ONLY: u32 = 2;
export const QUOTE: u32 = 1;

export const FEES_ACCOUNT: u32 = 1;
export const FIRST_CLIENT: u32 = 2;
export const SUPPLY_ACCOUNT: u32 = 0;

// Event kinds.
export const ACCEPTED: u32 = 1;
export const TRADE: u32 = 2;
export const CANCELLED: u32 = 3;
export const REPLACED: u32 = 4;
export const REJECTED: u32 = 5;
export const FUNDS: u32 = 7;
export const FEE: u32 = 8;
export const BOOK_DELTA: u32 = 9;
export const EPOCH_MARK: u32 = 10;
export const MARKET_CREATED: u32 = 11;

export const REASON_REQUESTED: u32 = 0;
export const REASON_IMMEDIATE_OR_CANCEL: u32 = 1;
export const MAKER: u32 = 0;
export const TAKER: u32 = 1;

// Result codes.
export const OK: u32 = 0;
export const UNKNOWN_COMMAND: u32 = 200;
export const INVALID_ACCOUNT: u32 = 201;
export const INVALID_SIDE: u32 = 202;
export const INVALID_TIME_IN_FORCE: u32 = 203;
export const INVALID_PRICE: u32 = 204;
export const INVALID_QUANTITY: u32 = 205;
export const NOTIONAL_TOO_LARGE: u32 = 206;
export const INSUFFICIENT_FUNDS: u32 = 207;
export const DUPLICATE_ORDER_ID: u32 = 208;
export const UNKNOWN_ORDER: u32 = 209;
export const WOULD_CROSS: u32 = 210;
export const SUPERSEDED: u32 = 211;
export const BALANCE_LIMIT: u32 = 212;
export const INVALID_ASSET: u32 = 213;
export const INVALID_FEES: u32 = 214;
export const MARKET_NOT_CREATED: u32 = 215;
export const MARKET_ALREADY_CREATED: u32 = 216;
export const CAPACITY: u32 = 217;

// Widths.
export const MAX_ACCOUNT: u32 = (1 << 24) - 1;
export const MAX_PRICE: u64 = (1 << 36) - 1;
export const MAX_QUANTITY: u64 = (1 << 48) - 1;
/** 2^63 - 1: no balance and no notional is above it. */
export const MAX_AMOUNT: u64 = 0x7fffffffffffffff;
export const MAX_FEE_PPM: i32 = 100_000;
export const PPM: u64 = 1_000_000;

/**
 * What the kernel needs of shared/protocol (layout.ts, codes.ts, limits.ts), which AssemblyScript
 * cannot import. The twin tests compare the two engines byte by byte, so a difference shows.
 */
export const RECORD_BYTES: usize = 64;

// Command records.
export const COMMAND_SIDE: usize = 1;
export const COMMAND_STATE: usize = 1;
export const COMMAND_TIME_IN_FORCE: usize = 2;
export const COMMAND_PRICE_DECIMALS: usize = 2;
export const COMMAND_QUANTITY_DECIMALS: usize = 3;
export const COMMAND_ASSET: usize = 3;
export const COMMAND_ORDER_TYPE: usize = 3;
export const COMMAND_ACCOUNT: usize = 4;
export const COMMAND_SESSION: usize = 8;
export const COMMAND_SELF_TRADE: usize = 10;
export const COMMAND_FLAGS: usize = 11;
export const COMMAND_EXPIRE_TIME: usize = 12;
export const COMMAND_TIMEOUT: usize = 12;
export const COMMAND_TIER: usize = 12;
export const COMMAND_MAX_FEE_PPM: usize = 12;
export const COMMAND_REQUEST_ID: usize = 16;
export const COMMAND_CLIENT_ORDER_ID: usize = 24;
export const COMMAND_ORDER_ID: usize = 24;
export const COMMAND_BASE_SYMBOL: usize = 24;
export const COMMAND_QUOTE_SYMBOL: usize = 32;
export const COMMAND_PRICE: usize = 32;
export const COMMAND_MIN_PRICE: usize = 32;
export const COMMAND_QUANTITY: usize = 40;
export const COMMAND_MAX_QUANTITY: usize = 40;
export const COMMAND_MAKER_FEE_PPM: usize = 48;
export const COMMAND_TAKER_FEE_PPM: usize = 52;
export const COMMAND_DISPLAY_QUANTITY: usize = 48;
export const COMMAND_MAX_PRICE: usize = 48;
export const COMMAND_STOP_PRICE: usize = 56;
export const COMMAND_BAND_PPM: usize = 56;
export const COMMAND_MAX_OPEN_ORDERS: usize = 60;

export const NEW: u32 = 1;
export const CANCEL: u32 = 2;
export const REPLACE: u32 = 3;
export const AMEND: u32 = 4;
export const CANCEL_ORDER: u32 = 5;
export const CANCEL_ALL: u32 = 6;
export const CANCEL_AFTER: u32 = 7;
export const QUOTE_SIDE: u32 = 8;
export const DEPOSIT: u32 = 16;
export const WITHDRAW: u32 = 17;
export const COLLECT_FEES: u32 = 18;
export const CREATE_MARKET: u32 = 32;
export const CLOSE_EPOCH: u32 = 33;
export const SET_FEES: u32 = 34;
export const SET_TIER: u32 = 35;
export const CONFIGURE: u32 = 36;
export const SET_STATE: u32 = 37;
export const CLOCK: u32 = 38;
export const PURGE: u32 = 39;

export const BUY: u32 = 0;
export const SELL: u32 = 1;
export const BOTH_SIDES: u32 = 2;
export const GTC: u32 = 0;
export const IOC: u32 = 1;
export const POST_ONLY: u32 = 2;
export const FOK: u32 = 3;
export const GTT: u32 = 4;
export const LIMIT: u32 = 0;
export const MARKET: u32 = 1;
export const STOP: u32 = 2;
export const STOP_LIMIT: u32 = 3;
export const EXPIRE_TAKER: u32 = 1;
export const EXPIRE_MAKER: u32 = 2;
export const EXPIRE_BOTH: u32 = 3;
export const DECREMENT: u32 = 4;
export const FLAG_POST_ONLY: u32 = 1;
export const FLAG_SLIDE: u32 = 2;
export const FLAG_KEEP_PRIORITY: u32 = 4;
export const OPEN: u32 = 0;
export const HALTED: u32 = 1;
export const CANCEL_ONLY: u32 = 2;
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
export const TRIGGERED: u32 = 15;
export const RESULT: u32 = 16;
export const REFILLED: u32 = 17;
export const REDUCED: u32 = 18;
export const ALL_CANCELLED: u32 = 19;
export const CANCEL_AFTER_SET: u32 = 20;
export const CONFIGURED: u32 = 21;
export const STATE_CHANGED: u32 = 22;
export const FEES_CHANGED: u32 = 23;
export const TIER_CHANGED: u32 = 24;
export const CLOCK_ADVANCED: u32 = 25;
export const OPEN_ORDER: u32 = 26;

export const REASON_REQUESTED: u32 = 0;
export const REASON_IMMEDIATE_OR_CANCEL: u32 = 1;
export const REASON_EXPIRED: u32 = 2;
export const REASON_SELF_TRADE: u32 = 3;
export const REASON_CANCEL_AFTER: u32 = 4;
export const REASON_OPERATOR: u32 = 5;
export const REASON_FILL_OR_KILL: u32 = 6;
export const REASON_NO_ROOM: u32 = 7;
export const REASON_MATCH_LIMIT: u32 = 8;
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
export const SESSION_LIMIT: u32 = 218;
export const UNKNOWN_EXPIRED: u32 = 219;
export const MARKET_HALTED: u32 = 220;
export const MARKET_CANCEL_ONLY: u32 = 221;
export const INVALID_ORDER_TYPE: u32 = 222;
export const INVALID_FLAGS: u32 = 223;
export const INVALID_SELF_TRADE: u32 = 224;
export const INVALID_DISPLAY_QUANTITY: u32 = 225;
export const INVALID_STOP_PRICE: u32 = 226;
export const INVALID_EXPIRE_TIME: u32 = 227;
export const QUANTITY_LIMIT: u32 = 228;
export const PRICE_BAND: u32 = 229;
export const OPEN_ORDERS_LIMIT: u32 = 230;
export const CANNOT_FILL: u32 = 231;
export const INVALID_TIER: u32 = 232;
export const INVALID_SYMBOL: u32 = 233;
export const INVALID_DECIMALS: u32 = 234;
export const INVALID_CONFIGURATION: u32 = 235;
export const INVALID_STATE: u32 = 236;

// Widths.
export const MAX_ACCOUNT: u32 = (1 << 24) - 1;
export const MAX_PRICE: u64 = (1 << 36) - 1;
export const MAX_QUANTITY: u64 = (1 << 48) - 1;
/** 2^63 - 1: no balance and no notional is above it. */
export const MAX_AMOUNT: u64 = 0x7fffffffffffffff;
export const MAX_FEE_PPM: i32 = 100_000;
export const PPM: u64 = 1_000_000;
export const MAX_BAND_PPM: u32 = 1_000_000;
export const MAX_DECIMALS: u32 = 18;
export const FEE_TIERS: u32 = 16;
export const RESULT_WINDOW: u32 = 1_024;
export const MAX_SESSIONS_PER_ACCOUNT: u32 = 256;
export const MAX_PURGE: u32 = 1_024;
export const NS_PER_SECOND: u64 = 1_000_000_000;

/** The records of a snapshot: RULES.md, section 10. 64 bytes each, little-endian. */
export const SNAPSHOT_VERSION = 2;
export const RULES_VERSION = 1;
/** "FBSN" read as a little-endian u32. */
export const SNAPSHOT_MAGIC = 0x4e534246;

export const SnapshotKind = {
  HEADER: 1,
  MARKET: 2,
  LIMITS: 3,
  TIERS: 4,
  ACCOUNT: 5,
  SESSION: 6,
  RESULTS: 7,
  ORDER: 8,
  TERMS: 9,
  END: 10,
} as const;
export type SnapshotKind = (typeof SnapshotKind)[keyof typeof SnapshotKind];

export const KIND_OFFSET = 0;

export const HeaderOffset = {
  VERSION: 1,
  RULES_VERSION: 2,
  MAGIC: 4,
  SEQUENCE: 8,
  STATE_HASH: 16,
  TIME_NS: 24,
  ORDER_CAPACITY: 32,
  LEVEL_CAPACITY: 36,
  SESSION_CAPACITY: 40,
  RESULT_CAPACITY: 44,
  MATCH_LIMIT: 48,
  TRIGGER_LIMIT: 52,
} as const;

export const MarketRecordOffset = {
  CREATED: 1,
  STATE: 2,
  PRICE_DECIMALS: 3,
  QUANTITY_DECIMALS: 4,
  BASE_SYMBOL: 8,
  QUOTE_SYMBOL: 16,
  LAST_PRICE: 24,
  ARRIVALS: 32,
  MAX_FEE_PPM: 40,
  BAND_PPM: 44,
  MAX_OPEN_ORDERS: 48,
} as const;

export const LimitsRecordOffset = {
  MIN_PRICE: 8,
  MAX_PRICE: 16,
  MAX_QUANTITY: 24,
  EPOCH: 32,
  EPOCH_RECORD_FIRST: 40,
  EPOCH_RECORD_COUNT: 48,
  EPOCH_SEQUENCE_FIRST: 56,
} as const;

/** PAIRS: maker and taker rate (i32) of each tier from FIRST on. */
export const TiersOffset = { FIRST: 1, PAIRS: 8 } as const;
export const TIERS_PER_RECORD = 7;
export const TIER_BYTES = 8;

export const AccountOffset = {
  TIER: 1,
  ACCOUNT: 4,
  BASE_AVAILABLE: 8,
  BASE_HELD: 16,
  QUOTE_AVAILABLE: 24,
  QUOTE_HELD: 32,
  DEADLINE: 40,
  SESSIONS: 48,
  ORDERS: 52,
} as const;

export const SessionOffset = {
  SESSION: 2,
  RESULTS: 4,
  LAST_ID: 8,
  LAST_SEQUENCE: 16,
  DIGEST: 24,
  SEQUENCE_BEFORE: 32,
} as const;

/** FIRST: request id, then sequence (low 48 bits) and code (high 16), of each result. */
export const ResultsOffset = { COUNT: 1, FIRST: 8 } as const;
export const RESULTS_PER_RECORD = 3;
export const RESULT_BYTES = 16;
export const RESULT_SEQUENCE_BITS = 48n;

export const OrderOffset = {
  SIDE: 1,
  TYPE: 2,
  TIME_IN_FORCE: 3,
  SELF_TRADE: 4,
  FLAGS: 5,
  ORDER_ID: 8,
  CLIENT_ORDER_ID: 16,
  PRICE: 24,
  DISPLAYED: 32,
  HIDDEN: 40,
  PRIORITY: 48,
  EXPIRE_TIME: 56,
} as const;

export const TermsOffset = { DISPLAY_SIZE: 8, STOP_PRICE: 16 } as const;

/** HASH: SHA-256 of all records before the END. */
export const EndOffset = { RECORDS: 8, HASH: 16 } as const;
export const HASH_BYTES = 32;

/** Bytes that no field has, by kind, as [from, to): they are zero. */
export const UNNAMED_BYTES: { readonly [K in SnapshotKind]: readonly [number, number][] } = {
  [SnapshotKind.HEADER]: [[56, 64]],
  [SnapshotKind.MARKET]: [
    [5, 8],
    [52, 64],
  ],
  [SnapshotKind.LIMITS]: [[1, 8]],
  [SnapshotKind.TIERS]: [[2, 8]],
  [SnapshotKind.ACCOUNT]: [
    [2, 4],
    [56, 64],
  ],
  [SnapshotKind.SESSION]: [
    [1, 2],
    [40, 64],
  ],
  [SnapshotKind.RESULTS]: [
    [2, 8],
    [56, 64],
  ],
  [SnapshotKind.ORDER]: [
    [6, 8],
    [60, 64],
  ],
  [SnapshotKind.TERMS]: [
    [1, 8],
    [24, 64],
  ],
  [SnapshotKind.END]: [
    [1, 8],
    [48, 64],
  ],
};

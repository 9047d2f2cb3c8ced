/**
 * A market as its thread shows it in shared memory after every group: 32-bit words, numbers of 64
 * bits with their low word first. Prices in ticks, quantities in lots.
 */

/** Price levels of a side. */
export const VIEW_LEVELS = 10;

/** Words of a level: price, quantity (two each), orders (two). */
export const VIEW_LEVEL_WORDS = 6;

export const MarketViewWord = {
  /** The market's number; 0 while there is none. */
  MARKET: 0,
  BID_LEVELS: 1,
  ASK_LEVELS: 2,
  OPEN_ORDERS: 3,
  /** Of the market's last command, and of the log's last group. */
  SEQUENCE: 4,
  LOG_SEQUENCE: 6,
  /** Stamp of that group, nanoseconds since 1970. */
  TIME_NS: 8,
  /** Of the last trade, and the highest and the lowest; 0 before the first. */
  LAST_PRICE: 10,
  HIGH_PRICE: 12,
  LOW_PRICE: 14,
  TRADES: 16,
  /** Lots traded. */
  VOLUME: 18,
  BIDS: 20,
  ASKS: 20 + VIEW_LEVELS * VIEW_LEVEL_WORDS,
} as const;

export const MARKET_VIEW_WORDS = MarketViewWord.ASKS + VIEW_LEVELS * VIEW_LEVEL_WORDS;

/** Names of the blocks in a market's metrics, and of what a market is called there. */
export const MARKET_VIEWS = 'markets';
export const MARKET_NAMES = 'marketNames';

/** A market's name: its length in bytes, then UTF-8. */
export const MARKET_NAME_WORDS = 9;

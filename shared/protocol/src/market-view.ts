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
  /** Where the market is. */
  HOST: 20,
  /** Not 0 once an account that changed had no place among those that its host shows. */
  IS_HIDING: 21,
  /** Since the beginning of the log, as all these: what came of its commands. */
  EVENTS: 22,
  /** Commands without effect. */
  REJECTED: 24,
  BIDS: 26,
  ASKS: 26 + VIEW_LEVELS * VIEW_LEVEL_WORDS,
} as const;

export const MARKET_VIEW_WORDS = MarketViewWord.ASKS + VIEW_LEVELS * VIEW_LEVEL_WORDS;

/**
 * An account of a market as its thread shows it after every group that may have changed it. In lots
 * and quote units; account 0 (supply) has what is outstanding as available.
 */
export const BalanceWord = {
  /** The market's number; 0 of an empty block. */
  MARKET: 0,
  ACCOUNT: 1,
  /** Of the market's last command when this was written. */
  SEQUENCE: 2,
  BASE_AVAILABLE: 4,
  BASE_HELD: 6,
  QUOTE_AVAILABLE: 8,
  QUOTE_HELD: 10,
} as const;

export const BALANCE_VIEW_WORDS = 12;

const FIRST_FACTOR = 0x9e37_79b1;
const SECOND_FACTOR = 0x85eb_ca6b;
const WORD_BITS = 32;

/**
 * The block where the search for an account begins. It goes on to the next, after the last to the
 * first, until the account is found, or an empty block, which says that it is not shown: accounts
 * keep their blocks.
 * @param bits there are 2^bits blocks
 */
export function balanceSlot(market: number, account: number, bits: number): number {
  const mixed = Math.imul(account ^ Math.imul(market, FIRST_FACTOR), SECOND_FACTOR);
  return mixed >>> (WORD_BITS - bits);
}

/** Names of the blocks in a market's metrics, and of what a market is called there. */
export const MARKET_VIEWS = 'markets';
export const MARKET_NAMES = 'marketNames';
export const MARKET_BALANCES = 'balances';

/** A market's name: its length in bytes, then UTF-8. */
export const MARKET_NAME_WORDS = 9;

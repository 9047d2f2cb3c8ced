/**
 * A market: everything it is that is not an order, a level, an account or a session. Many markets
 * share one kernel (its code, its pools, its memory); a market is the address of this record, which
 * the first parameter of nearly every function names `market`.
 *
 * ```
 *     0 sequence, time, state hash, arrivals, last price, next deadline, records of the epoch
 *    56 created u8, state u8, decimals 2 x u8, highest fee u32
 *    64 map of orders by account and client order id (order-map.ts)
 *    96 accounts (accounts.ts)
 *   128 books: bids, asks, buy stops, sell stops (ladder.ts)
 *   896 fee tiers: 16 x (maker i32, taker i32)
 * 1,024 limits, symbols, the epoch, capacities, timers
 * ```
 */
import { allocateBlock, freeBlock } from './memory';

const MARKET_SHIFT: u32 = 11;

/** Of the command that is being applied, or was last. */
export const SEQUENCE: usize = 0;
/** Nanoseconds since 1970: the latest stamp so far. */
export const TIME_NS: usize = 8;
/** Sum of the terms of orders, accounts and sessions (state-hash.ts). */
export const HASH: usize = 16;
/** Counts the times that an order took its place at the end of a queue. */
export const ARRIVALS: usize = 24;
export const LAST_PRICE: usize = 32;
/** Of the timer that is due first; the highest u64 if there is none. */
export const NEXT_DEADLINE: usize = 40;
export const EPOCH_RECORD_COUNT: usize = 48;
export const CREATED: usize = 56;
export const STATE: usize = 57;
export const PRICE_DECIMALS: usize = 58;
export const QUANTITY_DECIMALS: usize = 59;
export const MAX_FEE_PPM: usize = 60;
export const ORDER_MAP: usize = 64;
export const ACCOUNT_DIRECTORY: usize = 96;
export const SUPPLY: usize = 104;
export const FEES: usize = 108;
/** Orders that are open, waiting stops included. */
export const ORDERS: usize = 112;
/** Orders that show only a part. */
export const ICEBERGS: usize = 116;
/** Whether any limit below is set. */
export const LIMITED: usize = 120;
export const BOOKS: usize = 128;
export const TIERS: usize = 896;
export const MIN_PRICE: usize = 1_024;
export const MAX_PRICE: usize = 1_032;
export const MAX_QUANTITY: usize = 1_040;
export const BAND_PPM: usize = 1_048;
export const MAX_OPEN_ORDERS: usize = 1_052;
export const BASE_SYMBOL: usize = 1_056;
export const QUOTE_SYMBOL: usize = 1_064;
/** The epoch that is open: its number, its first settlement record, its first command. */
export const EPOCH: usize = 1_072;
export const EPOCH_RECORD_FIRST: usize = 1_080;
export const EPOCH_SEQUENCE_FIRST: usize = 1_088;
export const ORDER_CAPACITY: usize = 1_096;
export const LEVEL_CAPACITY: usize = 1_100;
export const SESSION_CAPACITY: usize = 1_104;
/** Sessions there are. */
export const SESSIONS: usize = 1_108;
/** One less than how many of the last commands the results are kept of; their ring. */
export const RESULT_MASK: usize = 80;
export const RESULT_RING: usize = 84;
/** Whether it is created and in no state but OPEN. */
export const IS_OPEN: usize = 88;
export const TIMER_DIRECTORY: usize = 1_112;
export const TIMER_COUNT: usize = 1_116;
/** Block shift of the timers' directory. */
export const TIMER_DIRECTORY_SHIFT: usize = 1_120;
/** Orders that one order may meet, and stops that one command may trigger. */
export const MATCH_LIMIT: usize = 1_124;
export const TRIGGER_LIMIT: usize = 1_128;
/** While it is taken apart: where the next block of accounts is looked for. */
export const DROPPED_UP_TO: usize = 1_132;

export const NO_DEADLINE: u64 = 0xffffffffffffffff;

export function newMarket(
  orders: u32,
  levels: u32,
  sessions: u32,
  matches: u32,
  triggers: u32,
): usize {
  const market = allocateBlock(MARKET_SHIFT);
  store<u64>(market, NO_DEADLINE, NEXT_DEADLINE);
  store<u64>(market, 1, EPOCH_SEQUENCE_FIRST);
  store<u32>(market, orders, ORDER_CAPACITY);
  store<u32>(market, levels, LEVEL_CAPACITY);
  store<u32>(market, sessions, SESSION_CAPACITY);
  store<u32>(market, matches, MATCH_LIMIT);
  store<u32>(market, triggers, TRIGGER_LIMIT);
  return market;
}

/** Gives back the record, the last thing that is left of a market. */
export function dropMarket(market: usize): void {
  freeBlock(market, MARKET_SHIFT);
}

// @ts-ignore: decorator
@inline
export function sequenceOf(market: usize): u64 {
  return load<u64>(market, SEQUENCE);
}

// @ts-ignore: decorator
@inline
export function countRecord(market: usize): void {
  store<u64>(market, load<u64>(market, EPOCH_RECORD_COUNT) + 1, EPOCH_RECORD_COUNT);
}

/** Adds to the state hash. */
// @ts-ignore: decorator
@inline
export function addTerm(market: usize, term: u64): void {
  store<u64>(market, load<u64>(market, HASH) + term, HASH);
}

// @ts-ignore: decorator
@inline
export function nextArrival(market: usize): u64 {
  const arrival = load<u64>(market, ARRIVALS) + 1;
  store<u64>(market, arrival, ARRIVALS);
  return arrival;
}

// @ts-ignore: decorator
@inline
export function makerRate(market: usize, tier: u32): i32 {
  return load<i32>(market + (<usize>tier << 3), TIERS);
}

// @ts-ignore: decorator
@inline
export function takerRate(market: usize, tier: u32): i32 {
  return load<i32>(market + (<usize>tier << 3), TIERS + 4);
}

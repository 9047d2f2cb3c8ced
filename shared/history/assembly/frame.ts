/**
 * A frame: a block of events as columns, with what the book showed after each of them, and the
 * features that were asked for. Strategies read it; nothing in it is in the order of records.
 *
 * ```
 * frame  +0     +8          +16
 *        count  firstEvent  baseTimeNs
 * then columns of 1,024 values of 8 bytes, each a little further than a multiple of a page behind
 * the one before: at one row all columns together would else share a set of the cache.
 * ```
 * Prices and quantities are f64 in the feed's units: exact up to 2^53. What is not there (an empty
 * side, no trade yet) is NaN, its quantity 0.
 */
/** Few, so that all columns together stay in a core's second cache. */
export const FRAME_EVENTS: u32 = 1_024;
const COLUMNS: usize = 64;
export const COLUMN_BYTES: usize = (<usize>FRAME_EVENTS << 3) + 192;

/** Since `baseTimeNs`. */
export const TIME_NS: u32 = 0;
/** u64. */
export const ORDER_ID: u32 = 1;
export const PRICE: u32 = 2;
export const QUANTITY: u32 = 3;
/** instrument u32, action u8, side u8, flags u16: as in the event. */
export const KIND: u32 = 4;
export const BID_PRICE: u32 = 5;
export const BID_QUANTITY: u32 = 6;
export const ASK_PRICE: u32 = 7;
export const ASK_QUANTITY: u32 = 8;
/** Of the last trade. */
export const LAST_PRICE: u32 = 9;
export const LAST_QUANTITY: u32 = 10;
/** Orders at the best prices. */
export const BID_ORDERS: u32 = 11;
export const ASK_ORDERS: u32 = 12;
/** Quantity of the best levels, as many as the run asks for. */
export const BID_DEPTH: u32 = 13;
export const ASK_DEPTH: u32 = 14;
/** From here on: features, in the order in which they were asked for. */
export const FIRST_FEATURE: u32 = 15;
export const MOST_FEATURES: u32 = 48;

// @ts-ignore: decorator
@inline
export function columnOf(frame: usize, column: u32): usize {
  return frame + COLUMNS + <usize>column * COLUMN_BYTES;
}

// @ts-ignore: decorator
@inline
export function countIn(frame: usize): u32 {
  return load<u32>(frame);
}

/**
 * A market-by-order event, whatever feed it came from: 48 bytes.
 *
 * ```
 * event  +0       +8     +16       +24     +32         +36     +37   +38    +40
 *        orderId  price  quantity  timeNs  instrument  action  side  flags  sequence
 * ```
 * `price` (i64) and `quantity` (u64) are in the units of the feed (src/scale.ts); `timeNs` is since
 * 1970, or since midnight where the feed knows no date; `instrument` counts those of one decoder
 * from 0; `sequence` is the feed's own (u64): a packet, a block, a line; of a fill the
 * trade's id, which the fills of both sides share. `side` is the resting
 * order's, of trades too; NO_SIDE where the feed names the order only by its id.
 */
export const EVENT_BYTES: usize = 48;

export const ORDER_ID: usize = 0;
export const PRICE: usize = 8;
export const QUANTITY: usize = 16;
export const TIME_NS: usize = 24;
export const INSTRUMENT: usize = 32;
export const ACTION: usize = 36;
export const SIDE: usize = 37;
export const FLAGS: usize = 38;
export const SEQUENCE: usize = 40;

/** A new order at the end of its price's queue. */
export const ADD: u8 = 1;
/** The order shows less by `quantity`; with nothing left it is gone. It keeps its place. */
export const REDUCE: u8 = 2;
/** The order is gone, whatever was left of it. */
export const DELETE: u8 = 3;
/**
 * The order has this price and this quantity now. It keeps its place if the price is the same and
 * it does not show more; else it goes to the end.
 */
export const MODIFY: u8 = 4;
/** Of the resting order `quantity` was executed, at `price` where the feed says one. */
export const EXECUTE: u8 = 5;
/** A trade that does not change the book: hidden, a cross, or one that a REDUCE follows. */
export const TRADE: u8 = 6;
/** The instrument's book is empty. */
export const CLEAR: u8 = 7;
/** Trading halts (quantity 0), is quoted (1) or goes on (2). */
export const STATUS: u8 = 8;
/**
 * What became of an order, where that does not change the book: it was refused, waits for its
 * trigger, or traded at once. Flags say what (STATUS_SHIFT).
 */
export const REPORT: u8 = 9;
/**
 * More volume at a price, of orders that nobody named (their id is 0): they stand before whoever
 * comes there later. What happens to an order that is not known happens to them. The feed tells
 * only of so many levels, and this one has come into sight: until the book is whole again, its side
 * may have one more than those.
 */
export const LEVEL: u8 = 10;

export const BUY: u8 = 0;
export const SELL: u8 = 1;
export const NO_SIDE: u8 = 2;

/** The book is whole again after this event: a feed says so, else it is set on every event. */
export const LAST: u16 = 1;
/** Part of a snapshot: what was there before the feed began. */
export const SNAPSHOT: u16 = 2;
/** The feed warns that it may have lost something. */
export const MAYBE_BAD: u16 = 4;
/** There is no price: the `price` field is 0. */
export const NO_PRICE: u16 = 8;
/**
 * The order had another id before: this ADD follows the DELETE of that one, and has its side where
 * it has none of its own.
 */
export const REPLACED: u16 = 16;
/** A resting order's part in a trade that another TRADE tells as a whole: not to be added up. */
export const PART: u16 = 32;
/**
 * Flags from here on are the number of the order's status as the feed names it: 0 where it names
 * none, 255 for a name that src/hyperliquid-words.ts does not have.
 */
export const STATUS_SHIFT: u32 = 8;

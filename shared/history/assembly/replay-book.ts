/**
 * A replay book: the market-by-order books of any number of instruments, made of the engine's own
 * parts: its orders, queues, levels and ladders (../../engine/assembly, built for REPLAY). An
 * instrument stands where an account does there: an order is named by its instrument and its id,
 * so that one map serves all of them.
 *
 * ```
 * book        +0   +16        +20      +24     +28   +32           +36           +40
 *             map  addresses  options  window  code  replacedSide  hasAnonymous  counts
 * instrument  +0    +8    +16      +24   +32    +36     +40        +48
 *             base  unit  inverse  most  shift  status  lastPrice  lastQuantity
 *             +56       +64       +72      +80      +128  +448
 *             bidDepth  askDepth  bidEdge  askEdge  bids  asks
 * ```
 * `addresses` is an u32 for each instrument there may be, 0 until one is met. The first 40 bytes of
 * an instrument say how prices become keys of its ladders (replay-price.ts).
 */
import { BOOK_BYTES, setUpBook } from '../../engine/assembly/ladder';
import {
  allocateBlock,
  blockShiftFor,
  PAGE_BYTES,
  reservePages,
} from '../../engine/assembly/memory';
import { BUY, NO_SIDE, SELL } from './event';
import { MAX_INSTRUMENTS } from './instruments';
import { OrderMap, setUpOrderMap } from './replay-map';

/** An event that cannot be true ends the run; else it is counted, and as much of it done as can. */
export const STRICT: u32 = 1;
/**
 * The book was joined in the middle: what unknown orders have is taken from the anonymous volume at
 * their price, and a MODIFY of an unknown order makes it known.
 */
export const JOINED: u32 = 2;
/** Events of unknown orders are counted and do nothing, though other faults end the run. */
export const PASSES_UNKNOWN: u32 = 4;
/**
 * The feed tells only what happens near the best prices: what an order of the other side crosses
 * has left unseen, and is forgotten.
 */
export const UNCROSSES: u32 = 8;

/** What is wrong with an event; src/replay-error.ts has their names, in this order. */
export const FINE: u32 = 0;
export const UNKNOWN_ORDER: u32 = 1;
export const DUPLICATE_ORDER: u32 = 2;
/** It says another side than its order has, or none where it must. */
export const WRONG_SIDE: u32 = 3;
export const MISSING_PRICE: u32 = 4;
/** A new order of nothing. */
export const ZERO_QUANTITY: u32 = 5;
/** More than the order shows. */
export const TOO_MUCH: u32 = 6;
export const UNKNOWN_ACTION: u32 = 7;
export const UNKNOWN_INSTRUMENT: u32 = 8;
/** Not wrong: an unknown order in a book that was joined in the middle. */
export const ANONYMOUS: u32 = 9;
/** Not wrong: a level that an order of the other side crossed, in a book that uncrosses. */
export const CROSSED: u32 = 10;

export class ReplayBook extends OrderMap {
  addresses: usize;
  options: u32;
  /** Levels of a side that are kept, or 0 for all. */
  window: u32;
  /** What the last event that was refused is. */
  code: u32;
  /** Of the order that was deleted last: an ADD with another id may follow it. */
  replacedSide: u32;
  /** Whether there has been volume of unknown orders. */
  hasAnonymous: u32;
}
/** Times that each code was met, u64 each. */
const COUNTS: usize = 40;
const CODES: usize = 16;
const REPLAY_BOOK_BYTES: u32 = <u32>(COUNTS + 8 * CODES);

/** The fields of an instrument that are no prices. */
export class Instrument {
  /** See replay-price.ts. */
  base: u64;
  unit: u64;
  inverse: u64;
  most: u64;
  shift: u32;
  /** Of the last STATUS: 1 + its quantity; 0 where there was none. */
  status: u32;
  /** What replay-frame.ts remembers; NaN for what is not known. */
  lastPrice: f64;
  lastQuantity: f64;
  bidDepth: f64;
  askDepth: f64;
  bidEdge: i64;
  askEdge: i64;
}
const BIDS: usize = 128;
/** An odd number of cache lines. */
const INSTRUMENT_BYTES: usize = BIDS + 2 * BOOK_BYTES + 64;
const ADDRESSES_PAGES: u32 = (MAX_INSTRUMENTS << 2) / <u32>PAGE_BYTES;

/** Of the page that instruments are cut from: side by side, so that they share no cache set. */
let fresh: usize = 0;
let freshEnd: usize = 0;

export function newReplayBook(options: u32, window: u32): usize {
  const book = allocateBlock(blockShiftFor(REPLAY_BOOK_BYTES));
  const it = changetype<ReplayBook>(book);
  setUpOrderMap(it);
  it.addresses = reservePages(ADDRESSES_PAGES);
  it.options = options;
  it.window = window;
  it.replacedSide = NO_SIDE;
  return book;
}

// @ts-ignore: decorator
@inline
export function addressOf(it: ReplayBook, number: u32): usize {
  return it.addresses + (<usize>number << 2);
}

/** An instrument that was met before, or 0. */
// @ts-ignore: decorator
@inline
export function findInstrument(it: ReplayBook, number: u32): usize {
  return number < MAX_INSTRUMENTS ? <usize>load<u32>(addressOf(it, number)) : 0;
}

/** An instrument, made where it is new; 0 where there can be none of this number. */
// @ts-ignore: decorator
@inline
export function ensureInstrument(it: ReplayBook, number: u32): usize {
  const known = findInstrument(it, number);
  return known != 0 ? known : newInstrument(it, number);
}

function newInstrument(it: ReplayBook, number: u32): usize {
  if (number >= MAX_INSTRUMENTS) return 0;
  if (freshEnd - fresh < INSTRUMENT_BYTES) {
    fresh = reservePages(1);
    freshEnd = fresh + PAGE_BYTES;
  }
  const instrument = fresh;
  fresh += INSTRUMENT_BYTES;
  changetype<Instrument>(instrument).inverse = 1;
  forgetShown(changetype<Instrument>(instrument));
  setUpBook(ladderOf(instrument, BUY), true);
  setUpBook(ladderOf(instrument, SELL), false);
  store<u32>(addressOf(it, number), <u32>instrument);
  return instrument;
}

export function forgetShown(instrument: Instrument): void {
  instrument.lastPrice = NaN;
  instrument.lastQuantity = 0;
  forgetDepths(instrument);
}

/** Where the book changes, and not by an event. */
export function forgetDepths(instrument: Instrument): void {
  instrument.bidDepth = NaN;
  instrument.askDepth = NaN;
}

// @ts-ignore: decorator
@inline
export function ladderOf(instrument: usize, side: u32): usize {
  return instrument + BIDS + <usize>side * BOOK_BYTES;
}

/** Counts what is wrong; true where the run ends for it. */
export function isRefused(it: ReplayBook, code: u32): bool {
  it.code = code;
  countCode(it, code);
  if (code == UNKNOWN_ORDER && (it.options & PASSES_UNKNOWN) != 0) return false;
  return (it.options & STRICT) != 0;
}

export function countCode(it: ReplayBook, code: u32): void {
  const at = changetype<usize>(it) + COUNTS + (<usize>code << 3);
  store<u64>(at, load<u64>(at) + 1);
}

/** Of the counts of each code, u64. */
export function countsAddress(book: usize): usize {
  return book + COUNTS;
}

export function forgetCounts(it: ReplayBook): void {
  memory.fill(countsAddress(changetype<usize>(it)), 0, 8 * CODES);
}

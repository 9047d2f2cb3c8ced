/**
 * What each row of a frame changes of its instrument's state, as columns: what features add up.
 *
 * ```
 * state  +0   +8      +16  +24     +32  +40       +48           +56     +64 ...
 *        bid  bidQty  ask  askQty  mid  tradedNs  midChangedNs  timeNs  a value of each entry
 * ```
 * Times are i64, NEVER for what has not happened.
 */
import {
  allocateBlock,
  blockShiftFor,
  PAGE_BYTES,
  reservePages,
} from '../../engine/assembly/memory';
import { EXECUTE, NO_SIDE, PART, SELL, TRADE } from './event';
import * as frames from './frame';
import { MAX_INSTRUMENTS } from './instruments';

const BID: usize = 0;
const BID_QUANTITY: usize = 8;
const ASK: usize = 16;
const ASK_QUANTITY: usize = 24;
const MID_PRICE: usize = 32;
const TRADED_NS: usize = 40;
const MID_CHANGED_NS: usize = 48;
const LAST_NS: usize = 56;
export const VALUES: usize = 64;
const STATE_BYTES: usize = VALUES + <usize>(frames.MOST_FEATURES << 3);

const SECONDS_PER_NS: f64 = 1e-9;
const NEVER: i64 = i64.MIN_VALUE;

/** Columns of f64, with room for a row more than a frame has, and no two at one place of a page. */
const COLUMN_BYTES: usize = frames.COLUMN_BYTES;
const COLUMNS: usize = 8;
const COLUMNS_PAGES: u32 = <u32>((COLUMNS * COLUMN_BYTES + PAGE_BYTES - 1) / PAGE_BYTES);
/** Of whatever frame is being computed; 0 before there is a plan. */
let columns: usize = 0;

/** Before the first frame. */
export function reserveSteps(): void {
  if (columns == 0) columns = reservePages(COLUMNS_PAGES);
}

/** Since the event of the same instrument before, ns; 0 where there is none. */
// @ts-ignore: decorator
@inline
export function passed(): usize {
  return columns;
}

/** Order flow at the best prices. */
// @ts-ignore: decorator
@inline
export function flows(): usize {
  return columns + COLUMN_BYTES;
}

// @ts-ignore: decorator
@inline
export function trades(): usize {
  return columns + 2 * COLUMN_BYTES;
}

// @ts-ignore: decorator
@inline
export function squaredReturns(): usize {
  return columns + 3 * COLUMN_BYTES;
}

/** Seconds, or NaN. */
// @ts-ignore: decorator
@inline
export function sinceTrades(): usize {
  return columns + 4 * COLUMN_BYTES;
}

// @ts-ignore: decorator
@inline
export function sinceMoves(): usize {
  return columns + 5 * COLUMN_BYTES;
}

/** Addresses of states, u32. */
// @ts-ignore: decorator
@inline
export function states(): usize {
  return columns + 6 * COLUMN_BYTES;
}

/** For what feature-decay.ts computes of them. */
// @ts-ignore: decorator
@inline
export function factors(): usize {
  return columns + 7 * COLUMN_BYTES;
}

/** Whether all rows are of one instrument. */
export let isOneState: bool = true;

/**
 * Goes through the rows of a frame.
 * @param table - addresses of the instruments' states, u32, 0 until one is met
 * @param isTimed - whether times since trades and moves are asked for
 */
export function takeSteps(table: usize, frame: usize, isTimed: bool): void {
  const baseNs = load<i64>(frame, 16);
  const end = <usize>frames.countIn(frame) << 3;
  const kinds = frames.columnOf(frame, frames.KIND);
  const times = frames.columnOf(frame, frames.TIME_NS);
  isOneState = true;
  let last: usize = 0;
  for (let at: usize = 0; at < end; at += 8) {
    const kind = load<u64>(kinds + at);
    const state = stateOf(table, <u32>kind & (MAX_INSTRUMENTS - 1));
    if (last != 0 && state != last) isOneState = false;
    last = state;
    store<u32>(states() + (at >> 1), <u32>state);
    const nowNs = baseNs + <i64>load<f64>(times + at);
    const before = load<i64>(state, LAST_NS);
    store<f64>(passed() + at, before < nowNs && before != NEVER ? <f64>(nowNs - before) : 0);
    // Where a feed goes back in time, nothing passes until it is where it was.
    if (before < nowNs) store<i64>(state, nowNs, LAST_NS);
    takeBests(state, frame, at, nowNs);
    takeTrade(state, frame, at, <u32>(kind >> 32), nowNs);
    if (!isTimed) continue;
    store<f64>(sinceTrades() + at, secondsSince(state, TRADED_NS, nowNs));
    store<f64>(sinceMoves() + at, secondsSince(state, MID_CHANGED_NS, nowNs));
  }
}

// @ts-ignore: decorator
@inline
function stateOf(table: usize, instrument: u32): usize {
  const at = table + (<usize>instrument << 2);
  const known: usize = load<u32>(at);
  return known != 0 ? known : newState(at);
}

function newState(at: usize): usize {
  const state = allocateBlock(blockShiftFor(<u32>STATE_BYTES));
  store<u32>(at, <u32>state);
  forgetState(state);
  return state;
}

/** @param table - as `takeSteps` has it */
export function forgetStates(table: usize): void {
  for (let number: usize = 0; number < <usize>MAX_INSTRUMENTS; number += 1) {
    const state: usize = load<u32>(table + (number << 2));
    if (state != 0) forgetState(state);
  }
}

/** What an instrument has before its first event. */
function forgetState(state: usize): void {
  memory.fill(state, 0, STATE_BYTES);
  store<f64>(state, -Infinity, BID);
  store<f64>(state, Infinity, ASK);
  store<f64>(state, NaN, MID_PRICE);
  store<i64>(state, NEVER, TRADED_NS);
  store<i64>(state, NEVER, MID_CHANGED_NS);
  store<i64>(state, NEVER, LAST_NS);
}

/** Compares a row with what its instrument showed before. */
// @ts-ignore: decorator
@inline
function takeBests(state: usize, frame: usize, at: usize, nowNs: i64): void {
  const bid = load<f64>(frames.columnOf(frame, frames.BID_PRICE) + at);
  const ask = load<f64>(frames.columnOf(frame, frames.ASK_PRICE) + at);
  const bidQuantity = load<f64>(frames.columnOf(frame, frames.BID_QUANTITY) + at);
  const askQuantity = load<f64>(frames.columnOf(frame, frames.ASK_QUANTITY) + at);
  // NaN is unequal to itself: an empty side is worse than any price.
  const best = bid == bid ? bid : -Infinity;
  const worst = ask == ask ? ask : Infinity;
  const bidBefore = load<f64>(state, BID);
  const askBefore = load<f64>(state, ASK);
  let flow: f64 = best >= bidBefore ? bidQuantity : 0;
  flow -= best <= bidBefore ? load<f64>(state, BID_QUANTITY) : 0;
  flow -= worst <= askBefore ? askQuantity : 0;
  flow += worst >= askBefore ? load<f64>(state, ASK_QUANTITY) : 0;
  store<f64>(flows() + at, flow);
  store<f64>(state, best, BID);
  store<f64>(state, worst, ASK);
  store<f64>(state, bidQuantity, BID_QUANTITY);
  store<f64>(state, askQuantity, ASK_QUANTITY);
  const mid = (bid + ask) * 0.5;
  store<f64>(squaredReturns() + at, 0);
  // NaN is no mid: it moves nothing.
  if (mid == mid && mid != load<f64>(state, MID_PRICE)) moveMid(state, mid, at, nowNs);
}

function moveMid(state: usize, mid: f64, at: usize, nowNs: i64): void {
  const before = load<f64>(state, MID_PRICE);
  store<f64>(state, mid, MID_PRICE);
  store<i64>(state, nowNs, MID_CHANGED_NS);
  if (before != before || before == 0) return;
  const change = mid / before - 1;
  store<f64>(squaredReturns() + at, change * change);
}

/** @param what - action, side and flags of the event */
// @ts-ignore: decorator
@inline
function takeTrade(state: usize, frame: usize, at: usize, what: u32, nowNs: i64): void {
  const action = <u8>what;
  store<f64>(trades() + at, 0);
  if (action != EXECUTE && action != TRADE) return;
  if (((what >> 16) & <u32>PART) != 0) return;
  store<i64>(state, nowNs, TRADED_NS);
  const side = <u8>(what >> 8);
  if (side == NO_SIDE) return;
  const quantity = load<f64>(frames.columnOf(frame, frames.QUANTITY) + at);
  // The side is the resting order's: who met a sell order bought.
  store<f64>(trades() + at, side == SELL ? quantity : -quantity);
}

/** NaN for what has not happened. */
// @ts-ignore: decorator
@inline
function secondsSince(state: usize, what: usize, nowNs: i64): f64 {
  const then = load<i64>(state + what);
  return then == NEVER ? NaN : <f64>max<i64>(nowNs - then, 0) * SECONDS_PER_NS;
}

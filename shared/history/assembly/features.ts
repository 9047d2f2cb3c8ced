/**
 * Features of a frame, a column each. Those of one row alone are computed two rows at a time; those
 * that remember go through the rows once, with a state for each instrument.
 *
 * ```
 * plan   +0     +4     +8 ...
 *        count  table  entries
 * entry  +0    +4  +8
 *        kind  -   half-life, ns (f64); 0 where nothing decays
 * state  +0   +8      +16  +24     +32  +40       +48           +56     +64 ...
 *        bid  bidQty  ask  askQty  mid  tradedNs  midChangedNs  timeNs  a value of each entry
 * ```
 * `table` has the address of each instrument's state, an u32, 0 until it is met. Times are i64,
 * NEVER for what has not happened.
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

export const SPREAD: u32 = 0;
export const MID: u32 = 1;
/** The mid weighted by the quantity of the other side: Stoikov, Quant. Finance 18 (12), 2018. */
export const MICROPRICE: u32 = 2;
/** (bid - ask) / (bid + ask) of the quantities at the best prices. */
export const IMBALANCE: u32 = 3;
/** The same of the best levels together. */
export const DEPTH_IMBALANCE: u32 = 4;
export const BID_ORDERS: u32 = 5;
export const ASK_ORDERS: u32 = 6;
/** Cont, Kukanov, Stoikov, J. Fin. Econometrics 12 (1), 2014: the price impact of book events. */
export const ORDER_FLOW_IMBALANCE: u32 = 7;
/** Of trades, those that buyers began positive. */
export const TRADE_FLOW: u32 = 8;
/** Root of the decayed sum of squared returns of the mid. */
export const VOLATILITY: u32 = 9;
/** Seconds. */
export const SINCE_TRADE: u32 = 10;
export const SINCE_MID_CHANGE: u32 = 11;
const FIRST_OF_STATE: u32 = ORDER_FLOW_IMBALANCE;
const KINDS: u32 = 12;

const ENTRIES: usize = 8;
const ENTRY_BYTES: usize = 16;
const HALF_LIFE: usize = 8;

const BID: usize = 0;
const BID_QUANTITY: usize = 8;
const ASK: usize = 16;
const ASK_QUANTITY: usize = 24;
const MID_PRICE: usize = 32;
const TRADED_NS: usize = 40;
const MID_CHANGED_NS: usize = 48;
const LAST_NS: usize = 56;
const VALUES: usize = 64;

const NS_PER_S: f64 = 1e9;
const NEVER: i64 = i64.MIN_VALUE;
const TABLE_PAGES: u32 = (MAX_INSTRUMENTS << 2) / <u32>PAGE_BYTES;

/** A plan without entries. */
export function newPlan(): usize {
  const bytes = ENTRIES + ENTRY_BYTES * frames.MOST_FEATURES;
  const plan = allocateBlock(blockShiftFor(<u32>bytes));
  store<u32>(plan, <u32>reservePages(TABLE_PAGES), 4);
  return plan;
}

/** Asks for another feature: its column comes behind those before. False where it can't. */
export function addFeature(plan: usize, kind: u32, halfLifeNs: f64): bool {
  const count = load<u32>(plan);
  if (count == frames.MOST_FEATURES || kind >= KINDS) return false;
  const entry = entryAt(plan, count);
  store<u32>(entry, kind);
  store<f64>(entry, halfLifeNs, HALF_LIFE);
  store<u32>(plan, count + 1);
  return true;
}

// @ts-ignore: decorator
@inline
function entryAt(plan: usize, index: u32): usize {
  return plan + ENTRIES + <usize>index * ENTRY_BYTES;
}

/** Writes the columns of all features of a plan. */
export function computeFeatures(plan: usize, frame: usize): void {
  const count = load<u32>(plan);
  let remembers = false;
  for (let index: u32 = 0; index < count; index += 1) {
    const kind = load<u32>(entryAt(plan, index));
    if (kind >= FIRST_OF_STATE) remembers = true;
    else ofRows(frame, kind, frames.columnOf(frame, frames.FIRST_FEATURE + index));
  }
  if (remembers) ofStates(plan, count, frame);
}

function ofRows(frame: usize, kind: u32, out: usize): void {
  const bytes = <usize>frames.countIn(frame) << 3;
  const bid = frames.columnOf(frame, frames.BID_PRICE);
  const ask = frames.columnOf(frame, frames.ASK_PRICE);
  const bidQuantity = frames.columnOf(frame, frames.BID_QUANTITY);
  const askQuantity = frames.columnOf(frame, frames.ASK_QUANTITY);
  switch (kind) {
    case SPREAD:
      // A row more than there are may be written: columns have room for it.
      for (let at: usize = 0; at < bytes; at += 16) {
        v128.store(out + at, f64x2.sub(v128.load(ask + at), v128.load(bid + at)));
      }
      break;
    case MID:
      for (let at: usize = 0; at < bytes; at += 16) {
        const sum = f64x2.add(v128.load(ask + at), v128.load(bid + at));
        v128.store(out + at, f64x2.mul(sum, f64x2.splat(0.5)));
      }
      break;
    case MICROPRICE:
      for (let at: usize = 0; at < bytes; at += 16) {
        const b = v128.load(bidQuantity + at);
        const a = v128.load(askQuantity + at);
        const up = f64x2.mul(v128.load(ask + at), b);
        const down = f64x2.mul(v128.load(bid + at), a);
        v128.store(out + at, f64x2.div(f64x2.add(up, down), f64x2.add(a, b)));
      }
      break;
    case IMBALANCE:
      imbalance(bidQuantity, askQuantity, out, bytes);
      break;
    case DEPTH_IMBALANCE:
      imbalance(
        frames.columnOf(frame, frames.BID_DEPTH),
        frames.columnOf(frame, frames.ASK_DEPTH),
        out,
        bytes,
      );
      break;
    case BID_ORDERS:
      memory.copy(out, frames.columnOf(frame, frames.BID_ORDERS), bytes);
      break;
    case ASK_ORDERS:
      memory.copy(out, frames.columnOf(frame, frames.ASK_ORDERS), bytes);
      break;
  }
}

function imbalance(bids: usize, asks: usize, out: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 16) {
    const b = v128.load(bids + at);
    const a = v128.load(asks + at);
    v128.store(out + at, f64x2.div(f64x2.sub(b, a), f64x2.add(b, a)));
  }
}

function stateOf(plan: usize, instrument: u32): usize {
  const at = <usize>load<u32>(plan, 4) + (<usize>instrument << 2);
  const known: usize = load<u32>(at);
  return known != 0 ? known : newState(at);
}

function newState(at: usize): usize {
  const bytes = VALUES + <usize>(frames.MOST_FEATURES << 3);
  const state = allocateBlock(blockShiftFor(<u32>bytes));
  store<u32>(at, <u32>state);
  return forgetAll(state);
}

/** What an instrument has before its first event. */
function forgetAll(state: usize): usize {
  memory.fill(state, 0, VALUES + <usize>(frames.MOST_FEATURES << 3));
  store<f64>(state, -Infinity, BID);
  store<f64>(state, Infinity, ASK);
  store<f64>(state, NaN, MID_PRICE);
  store<i64>(state, NEVER, TRADED_NS);
  store<i64>(state, NEVER, MID_CHANGED_NS);
  store<i64>(state, NEVER, LAST_NS);
  return state;
}

/** Forgets what instruments have shown: another run begins. */
export function resetPlan(plan: usize): void {
  const table: usize = load<u32>(plan, 4);
  for (let number: usize = 0; number < <usize>MAX_INSTRUMENTS; number += 1) {
    const state: usize = load<u32>(table + (number << 2));
    if (state != 0) forgetAll(state);
  }
}

/** What one event did, for all entries. */
let flow: f64 = 0;
let traded: f64 = 0;
let squaredReturn: f64 = 0;

function ofStates(plan: usize, count: u32, frame: usize): void {
  const baseNs = load<i64>(frame, 16);
  const rows = frames.countIn(frame);
  for (let row: u32 = 0; row < rows; row += 1) {
    const offset = <usize>row << 3;
    const kind = load<u64>(frames.columnOf(frame, frames.KIND) + offset);
    const state = stateOf(plan, <u32>kind & (MAX_INSTRUMENTS - 1));
    const nowNs = baseNs + <i64>load<f64>(frames.columnOf(frame, frames.TIME_NS) + offset);
    const passedNs = secondsSince(state, LAST_NS, nowNs) * NS_PER_S;
    store<i64>(state, nowNs, LAST_NS);
    meet(state, frame, offset, <u32>(kind >> 32), nowNs);
    for (let index: u32 = 0; index < count; index += 1) {
      const entry = entryAt(plan, index);
      const which = load<u32>(entry);
      if (which < FIRST_OF_STATE) continue;
      const out = frames.columnOf(frame, frames.FIRST_FEATURE + index) + offset;
      const value = state + VALUES + (<usize>index << 3);
      store<f64>(out, nextValue(state, which, value, load<f64>(entry, HALF_LIFE), passedNs, nowNs));
    }
  }
}

/** Compares a row with what its instrument showed before. */
function meet(state: usize, frame: usize, offset: usize, what: u32, nowNs: i64): void {
  const bid = load<f64>(frames.columnOf(frame, frames.BID_PRICE) + offset);
  const ask = load<f64>(frames.columnOf(frame, frames.ASK_PRICE) + offset);
  const bidQuantity = load<f64>(frames.columnOf(frame, frames.BID_QUANTITY) + offset);
  const askQuantity = load<f64>(frames.columnOf(frame, frames.ASK_QUANTITY) + offset);
  // NaN is unequal to itself: an empty side is worse than any price.
  const best = bid == bid ? bid : -Infinity;
  const worst = ask == ask ? ask : Infinity;
  const bidBefore = load<f64>(state, BID);
  const askBefore = load<f64>(state, ASK);
  flow = 0;
  if (best >= bidBefore) flow += bidQuantity;
  if (best <= bidBefore) flow -= load<f64>(state, BID_QUANTITY);
  if (worst <= askBefore) flow -= askQuantity;
  if (worst >= askBefore) flow += load<f64>(state, ASK_QUANTITY);
  store<f64>(state, best, BID);
  store<f64>(state, worst, ASK);
  store<f64>(state, bidQuantity, BID_QUANTITY);
  store<f64>(state, askQuantity, ASK_QUANTITY);
  meetMid(state, (bid + ask) * 0.5, nowNs);
  const action = <u8>what;
  traded = 0;
  if (action != EXECUTE && action != TRADE) return;
  if (((what >> 16) & <u32>PART) != 0) return;
  store<i64>(state, nowNs, TRADED_NS);
  const side = <u8>(what >> 8);
  if (side == NO_SIDE) return;
  const quantity = load<f64>(frames.columnOf(frame, frames.QUANTITY) + offset);
  // The side is the resting order's: who met a sell order bought.
  traded = side == SELL ? quantity : -quantity;
}

function meetMid(state: usize, mid: f64, nowNs: i64): void {
  squaredReturn = 0;
  if (mid != mid) return;
  const before = load<f64>(state, MID_PRICE);
  if (mid == before) return;
  store<f64>(state, mid, MID_PRICE);
  store<i64>(state, nowNs, MID_CHANGED_NS);
  if (before != before || before == 0) return;
  const change = mid / before - 1;
  squaredReturn = change * change;
}

function nextValue(
  state: usize,
  kind: u32,
  value: usize,
  halfLifeNs: f64,
  passedNs: f64,
  nowNs: i64,
): f64 {
  if (kind == SINCE_TRADE) return secondsSince(state, TRADED_NS, nowNs);
  if (kind == SINCE_MID_CHANGE) return secondsSince(state, MID_CHANGED_NS, nowNs);
  const added = kind == ORDER_FLOW_IMBALANCE ? flow : kind == TRADE_FLOW ? traded : squaredReturn;
  let sum = added;
  if (halfLifeNs > 0) {
    sum += load<f64>(value) * (passedNs > 0 ? halved(passedNs / halfLifeNs) : 1);
    store<f64>(value, sum);
  }
  return kind == VOLATILITY ? Math.sqrt(sum) : sum;
}

/** NaN for what has not happened. */
// @ts-ignore: decorator
@inline
function secondsSince(state: usize, what: usize, nowNs: i64): f64 {
  const then = load<i64>(state + what);
  return then == NEVER ? NaN : <f64>(nowNs - then) / NS_PER_S;
}

/** 2^-x for x >= 0, to 1e-9 of itself: a Taylor series of the part below 1/2. */
function halved(x: f64): f64 {
  if (x >= 1_000) return 0;
  const whole = Math.floor(x + 0.5);
  const y = (whole - x) * 0.6931471805599453;
  // Horner's form of the sum of y^n / n! up to n = 7.
  let series = 1 + y / 7;
  series = 1 + (y / 6) * series;
  series = 1 + (y / 5) * series;
  series = 1 + (y / 4) * series;
  series = 1 + (y / 3) * series;
  series = 1 + (y / 2) * series;
  series = 1 + y * series;
  return series * reinterpret<f64>((1_023 - <u64>whole) << 52);
}

/**
 * Features of a frame, a column each. Those of one row alone are computed two rows at a time; of
 * those that remember, feature-steps.ts says what each row adds, and feature-decay.ts adds it up.
 *
 * ```
 * plan   +0     +4     +8 ...
 *        count  table  entries: `table` has an u32 for each instrument there may be
 * entry  +0    +4  +8
 *        kind  -   half-life, ns (f64); 0 where nothing decays
 * ```
 */
import {
  allocateBlock,
  blockShiftFor,
  PAGE_BYTES,
  reservePages,
} from '../../engine/assembly/memory';
import { addUp, forgetFactors } from './feature-decay';
import * as steps from './feature-steps';
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

const TABLE_PAGES: u32 = (MAX_INSTRUMENTS << 2) / <u32>PAGE_BYTES;

/** A plan without entries. */
export function newPlan(): usize {
  const bytes = ENTRIES + ENTRY_BYTES * frames.MOST_FEATURES;
  const plan = allocateBlock(blockShiftFor(<u32>bytes));
  store<u32>(plan, <u32>reservePages(TABLE_PAGES), 4);
  steps.reserveSteps();
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

/** Forgets what instruments have shown: another run begins. */
export function resetPlan(plan: usize): void {
  steps.forgetStates(load<u32>(plan, 4));
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
  let isTimed = false;
  for (let index: u32 = 0; index < count; index += 1) {
    const kind = load<u32>(entryAt(plan, index));
    if (kind >= SINCE_TRADE) isTimed = true;
    if (kind >= FIRST_OF_STATE) remembers = true;
    else ofRows(frame, kind, frames.columnOf(frame, frames.FIRST_FEATURE + index));
  }
  if (remembers) ofSteps(plan, count, frame, isTimed);
}

function ofSteps(plan: usize, count: u32, frame: usize, isTimed: bool): void {
  const rows = frames.countIn(frame);
  steps.takeSteps(load<u32>(plan, 4), frame, isTimed);
  forgetFactors();
  for (let index: u32 = 0; index < count; index += 1) {
    const entry = entryAt(plan, index);
    const kind = load<u32>(entry);
    if (kind < FIRST_OF_STATE) continue;
    const out = frames.columnOf(frame, frames.FIRST_FEATURE + index);
    const step = stepOf(kind);
    const halfLifeNs = load<f64>(entry, HALF_LIFE);
    if (halfLifeNs > 0) addUp(step, halfLifeNs, index, out, rows);
    else memory.copy(out, step, <usize>rows << 3);
    if (kind == VOLATILITY) toRoots(out, rows);
  }
}

/** The column of what each row adds, or is. */
function stepOf(kind: u32): usize {
  switch (kind) {
    case ORDER_FLOW_IMBALANCE:
      return steps.flows();
    case TRADE_FLOW:
      return steps.trades();
    case VOLATILITY:
      return steps.squaredReturns();
    case SINCE_TRADE:
      return steps.sinceTrades();
    default:
      return steps.sinceMoves();
  }
}

function toRoots(column: usize, rows: u32): void {
  const end = column + (<usize>rows << 3);
  for (let at = column; at < end; at += 16) v128.store(at, f64x2.sqrt(v128.load(at)));
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

/**
 * What a feature comes to over a run: rows that have a value (not NaN), their sum, the least, the
 * most, and the last.
 *
 * ```
 * sums  +0    +8   +16    +24   +32
 *       rows  sum  least  most  last   all f64
 * ```
 */
import * as frames from './frame';

const SUM: usize = 8;
const LEAST: usize = 16;
const MOST: usize = 24;
const LAST: usize = 32;

/** Of no rows. */
export function clearSums(sums: usize): void {
  store<f64>(sums, 0);
  store<f64>(sums, 0, SUM);
  store<f64>(sums, Infinity, LEAST);
  store<f64>(sums, -Infinity, MOST);
  store<f64>(sums, NaN, LAST);
}

/** Adds the rows of one instrument. */
export function addRowsToSums(sums: usize, frame: usize, feature: u32, instrument: u32): void {
  const column = frames.columnOf(frame, frames.FIRST_FEATURE + feature);
  const kinds = frames.columnOf(frame, frames.KIND);
  const bytes = <usize>frames.countIn(frame) << 3;
  for (let at: usize = 0; at < bytes; at += 8) {
    if (load<u32>(kinds + at) != instrument) continue;
    const value = load<f64>(column + at);
    addRow(sums, value);
    if (value == value) store<f64>(sums, value, LAST);
  }
}

/** Adds all rows of a frame, two at a time. */
export function addToSums(sums: usize, frame: usize, feature: u32): void {
  const column = frames.columnOf(frame, frames.FIRST_FEATURE + feature);
  const end = column + (<usize>frames.countIn(frame) << 3);
  let rows = i64x2.splat(0);
  let sum = f64x2.splat(0);
  let least = f64x2.splat(Infinity);
  let most = f64x2.splat(-Infinity);
  let at = column;
  for (; at + 16 <= end; at += 16) {
    const values = v128.load(at);
    const there = f64x2.eq(values, values);
    // All ones are -1.
    rows = i64x2.sub(rows, there);
    sum = f64x2.add(sum, v128.and(values, there));
    least = f64x2.pmin(least, v128.bitselect(values, f64x2.splat(Infinity), there));
    most = f64x2.pmax(most, v128.bitselect(values, f64x2.splat(-Infinity), there));
  }
  const met = <f64>(i64x2.extract_lane(rows, 0) + i64x2.extract_lane(rows, 1));
  store<f64>(sums, load<f64>(sums) + met);
  const total = f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
  store<f64>(sums, load<f64>(sums, SUM) + total, SUM);
  takeEnds(sums, f64x2.extract_lane(least, 0), f64x2.extract_lane(most, 0));
  takeEnds(sums, f64x2.extract_lane(least, 1), f64x2.extract_lane(most, 1));
  if (at < end) addRow(sums, load<f64>(at));
  for (let from = end; from > column; from -= 8) {
    const value = load<f64>(from - 8);
    if (value != value) continue;
    store<f64>(sums, value, LAST);
    break;
  }
}

function takeEnds(sums: usize, least: f64, most: f64): void {
  if (least < load<f64>(sums, LEAST)) store<f64>(sums, least, LEAST);
  if (most > load<f64>(sums, MOST)) store<f64>(sums, most, MOST);
}

function addRow(sums: usize, value: f64): void {
  if (value != value) return;
  store<f64>(sums, load<f64>(sums) + 1);
  store<f64>(sums, load<f64>(sums, SUM) + value, SUM);
  takeEnds(sums, value, value);
}

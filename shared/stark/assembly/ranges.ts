/**
 * Lookups of ranges. Cells of a range are below 4,096, so 1/(z - a) is taken from a table of all of
 * them instead of being computed: entry a has its five coordinates at `table + 32 a` and three
 * words of zeros behind them.
 */
import {
  ONE, add, addWord, fromMontgomery, mul, mulWord, sub, subWord,
} from './field';
import { invertExtension } from './inversion';

/** What lookups can find. */
const RANGE: u32 = 4096;
/** log2 of an entry's bytes. */
const ENTRY_SHIFT: u32 = 5;

/**
 * Fills the table of 4,096 entries, 131,072 bytes.
 * @param z - address of the challenge's five words
 * @param scratch - for an extension column of 4,096 and its inversion
 */
export function rangeInverses(z: usize, table: usize, scratch: usize): void {
  const bytes: usize = <usize>RANGE << 2;
  let first = load<u32>(z);
  for (let t: usize = 0; t < bytes; t += 4) {
    store<u32>(scratch + t, first);
    for (let j: usize = 1; j < 5; j++) store<u32>(scratch + j * bytes + t, load<u32>(z + 4 * j));
    first = subWord(first, ONE);
  }
  invertExtension(scratch, RANGE, scratch + 5 * bytes);
  for (let t: usize = 0; t < <usize>RANGE; t++) {
    const entry = table + (t << ENTRY_SHIFT);
    for (let j: usize = 0; j < 5; j++) {
      store<u32>(entry + 4 * j, load<u32>(scratch + j * bytes + 4 * t));
    }
    store<u64>(entry + 20, 0);
    store<u32>(entry + 28, 0);
  }
}

/** Addresses of the entries of four cells. */
// @ts-ignore: decorator
@inline
function entriesOf(cells: v128, table: usize): v128 {
  const indices = v128.and(fromMontgomery(cells), i32x4.splat(RANGE - 1));
  return i32x4.add(i32x4.shl(indices, ENTRY_SHIFT), i32x4.splat(<u32>table));
}

/** Four elements, one in a v128, to the coordinates 0 to 3 at a column's rows. */
// @ts-ignore: decorator
@inline
function storeTurned(target: usize, bytes: usize, a: v128, b: v128, c: v128, d: v128): void {
  const low = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
  const high = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
  const low2 = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
  const high2 = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  v128.store(target, v128.shuffle<i32>(low, low2, 0, 1, 4, 5));
  v128.store(target + bytes, v128.shuffle<i32>(low, low2, 2, 3, 6, 7));
  v128.store(target + 2 * bytes, v128.shuffle<i32>(high, high2, 0, 1, 4, 5));
  v128.store(target + 3 * bytes, v128.shuffle<i32>(high, high2, 2, 3, 6, 7));
}

/** The words at four addresses, some bytes behind them. */
// @ts-ignore: decorator
@inline
function gather(addresses: v128): v128 {
  const first = i32x4.splat(load<u32>(i32x4.extract_lane(addresses, 0), 16));
  const second = i32x4.replace_lane(first, 1, load<u32>(i32x4.extract_lane(addresses, 1), 16));
  const third = i32x4.replace_lane(second, 2, load<u32>(i32x4.extract_lane(addresses, 2), 16));
  return i32x4.replace_lane(third, 3, load<u32>(i32x4.extract_lane(addresses, 3), 16));
}

// @ts-ignore: decorator
@inline
function sumOfEntries(a: u32, b: u32): v128 {
  return add(v128.load(a), v128.load(b));
}

/** target = 1/(z - a) + 1/(z - b), an extension column; cells of a and b are below 4,096. */
export function rangePair(a: usize, b: usize, table: usize, target: usize, n: u32): void {
  const bytes: usize = <usize>n << 2;
  for (let i: usize = 0; i < bytes; i += 16) {
    const x = entriesOf(v128.load(a + i), table);
    const y = entriesOf(v128.load(b + i), table);
    storeTurned(
      target + i, bytes,
      sumOfEntries(i32x4.extract_lane(x, 0), i32x4.extract_lane(y, 0)),
      sumOfEntries(i32x4.extract_lane(x, 1), i32x4.extract_lane(y, 1)),
      sumOfEntries(i32x4.extract_lane(x, 2), i32x4.extract_lane(y, 2)),
      sumOfEntries(i32x4.extract_lane(x, 3), i32x4.extract_lane(y, 3)),
    );
    v128.store(target + 4 * bytes + i, add(gather(x), gather(y)));
  }
}

/** target = -m/(z - t), an extension column; cells of t are below 4,096. */
export function rangeTable(t: usize, m: usize, table: usize, target: usize, n: u32): void {
  const bytes: usize = <usize>n << 2;
  for (let i: usize = 0; i < bytes; i += 16) {
    const x = entriesOf(v128.load(t + i), table);
    storeTurned(
      target + i, bytes,
      v128.load(i32x4.extract_lane(x, 0)),
      v128.load(i32x4.extract_lane(x, 1)),
      v128.load(i32x4.extract_lane(x, 2)),
      v128.load(i32x4.extract_lane(x, 3)),
    );
    v128.store(target + 4 * bytes + i, gather(x));
    const factor = sub(i32x4.splat(0), v128.load(m + i));
    for (let j: usize = 0; j < 5; j++) {
      const place = target + j * bytes + i;
      v128.store(place, mul(v128.load(place), factor));
    }
  }
}

/**
 * The running sum: S(0) = 0 and S(i + 1) = S(i) + f(i) - T/n, where f(i) is the sum in row i of
 * the `count` extension columns at `columns`, or what the column S has in it if there are none, and
 * T the sum of all f. S is the column behind them.
 * @param inverseHeight - 1/n in Montgomery form
 * @param total - gets the five words of T
 */
export function sumUp(
  columns: usize, count: u32, n: u32, inverseHeight: u32, total: usize,
): void {
  const bytes: usize = <usize>n << 2;
  const sums = columns + 5 * bytes * count;
  for (let j: usize = 0; j < 5; j++) {
    const column = sums + j * bytes;
    let all = i32x4.splat(0);
    for (let i: usize = 0; i < bytes; i += 16) {
      let row = count == 0 ? v128.load(column + i) : i32x4.splat(0);
      for (let e: u32 = 0; e < count; e++) {
        row = add(row, v128.load(columns + 5 * bytes * e + j * bytes + i));
      }
      v128.store(column + i, row);
      all = add(all, row);
    }
    const half = addWord(i32x4.extract_lane(all, 0), i32x4.extract_lane(all, 1));
    const rest = addWord(i32x4.extract_lane(all, 2), i32x4.extract_lane(all, 3));
    const sum = addWord(half, rest);
    store<u32>(total + 4 * j, sum);
    runDown(column, bytes, mulWord(sum, inverseHeight));
  }
}

function runDown(column: usize, bytes: usize, share: u32): void {
  let sum: u32 = 0;
  for (let i: usize = 0; i < bytes; i += 4) {
    const step = subWord(load<u32>(column + i), share);
    store<u32>(column + i, sum);
    sum = addWord(sum, step);
  }
}

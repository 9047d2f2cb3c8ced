/**
 * Number-theoretic transforms of columns of n = 2^k elements, k >= 6: between values in
 * natural order, on the trace domain or on a coset of an extended domain, and coefficients.
 *
 * Coefficients lie in **transform order**: at index P is that of X^e, where e is the bit-reversal
 * (of k bits) of P with bits 0, 1 and bits 2, 3 of P exchanged. The exchange makes the innermost
 * two layers work on whole vectors: only their other side is transposed.
 *
 * Values to coefficients: decimation in frequency, from halves of the column inwards; coefficients
 * to values: decimation in time, the same way back. Two layers go at a time (a stage). A **leaf**
 * is a block whose stages all run before the next block's, in the nearest cache. A coset's shift is
 * in the twiddles of the leaf; what a leaf's place in the column adds to it is a factor of its own
 * (`scales`). So the big tables, of the stages above leaves, are those of the group, the same for
 * all cosets.
 */
import { add, mulKnown, prime, sub } from './field';
import {
  cosetTable, forwardTable, inverseCosetTable, inverseTable, leafBytes, leafStagesBytes,
  PAIR_STAGE, SCALE, scalesBytes, stageBytes, traceTable, upperStage,
} from './ntt-tables';

/** w(2) and its inverse: lanes of the factor, lanes of its quotient. */
const FOURTH: usize = memory.data<u32>([
  0x67055c21, 0x67055c21, 0x67055c21, 0x67055c21, 0xdbc72aef, 0xdbc72aef, 0xdbc72aef, 0xdbc72aef,
], 16);
const FOURTH_INVERSE: usize = memory.data<u32>([
  0x10faa3e0, 0x10faa3e0, 0x10faa3e0, 0x10faa3e0, 0x2438d510, 0x2438d510, 0x2438d510, 0x2438d510,
], 16);

/** Columns of values on the trace domain become coefficients, in place. */
export function interpolateColumns(
  tables: usize, columns: usize, stride: usize, count: u32, k: u32,
): void {
  interpolate(tables, traceTable(tables, k), columns, stride, count, k);
}

/** Columns of values on coset c of D(k + b) become coefficients, in place. */
export function interpolateCoset(
  tables: usize, columns: usize, stride: usize, count: u32, k: u32, c: u32,
): void {
  interpolate(tables, inverseCosetTable(tables, k, c), columns, stride, count, k);
}

/** Columns of coefficients to values on all 2^b cosets of D(k + b), one behind the other. */
export function extendColumns(
  tables: usize, coefficients: usize, coefficientStride: usize, target: usize,
  targetStride: usize, count: u32, k: u32, b: u32,
): void {
  const size: usize = (<usize>4) << k;
  const upper = forwardTable(tables);
  for (let j: u32 = 0; j < count; j++) {
    for (let c: u32 = 0; c < (<u32>1) << b; c++) {
      const scales = cosetTable(tables, k, c);
      const stages = scales + scalesBytes(k);
      rise(target + c * size, coefficients, size, leafBytes(k), upper, scales, stages);
    }
    coefficients += coefficientStride;
    target += targetStride;
  }
}

/** `scales`: the coset table. */
function interpolate(
  tables: usize, scales: usize, columns: usize, stride: usize, count: u32, k: u32,
): void {
  const size: usize = (<usize>4) << k;
  const upper = inverseTable(tables, k);
  const end = scales + scalesBytes(k) + leafStagesBytes(k);
  for (let j: u32 = 0; j < count; j++) {
    fall(columns, size, leafBytes(k), upper, scales, end);
    columns += stride;
  }
}

/** `scales`: of the block's first leaf; `stages`: of every leaf. Sizes are in bytes. */
function rise(
  target: usize, source: usize, size: usize, leaf: usize, upper: usize, scales: usize,
  stages: usize,
): void {
  if (size == leaf) {
    riseInLeaf(target, source, size, scales, stages);
    return;
  }
  const quarter = size >> 2;
  const step = quarter / leaf * SCALE;
  for (let i: usize = 0; i < 4; i++) {
    const from = source + i * quarter;
    rise(target + i * quarter, from, quarter, leaf, upper, scales + i * step, stages);
  }
  riseStage(target, quarter, upper + upperStage(quarter, leaf));
}

/** `end`: of the stages of every leaf. */
function fall(
  block: usize, size: usize, leaf: usize, upper: usize, scales: usize, end: usize,
): void {
  if (size == leaf) {
    fallInLeaf(block, size, scales, end);
    return;
  }
  const quarter = size >> 2;
  const step = quarter / leaf * SCALE;
  fallStage(block, quarter, upper + upperStage(quarter, leaf));
  for (let i: usize = 0; i < 4; i++) {
    fall(block + i * quarter, quarter, leaf, upper, scales + i * step, end);
  }
}

function riseInLeaf(
  target: usize, source: usize, size: usize, scales: usize, stages: usize,
): void {
  for (let i: usize = 0; i < size; i += 64) riseSixteen(target + i, source + i, scales, stages);
  const end = target + size;
  let quarter: usize = 64;
  stages += stageBytes(16);
  if (ctz(size) & 1) {
    for (let block = target; block < end; block += 128) risePair(block, stages);
    stages += PAIR_STAGE;
    quarter = 128;
  }
  for (; quarter < size; quarter <<= 2) {
    for (let block = target; block < end; block += 4 * quarter) riseStage(block, quarter, stages);
    stages += stageBytes(quarter);
  }
}

function fallInLeaf(block: usize, size: usize, scales: usize, stages: usize): void {
  const end = block + size;
  const isOdd = (ctz(size) & 1) != 0;
  for (let quarter = size >> 2; quarter >= (isOdd ? 128 : 64); quarter >>= 2) {
    stages -= stageBytes(quarter);
    for (let at = block; at < end; at += 4 * quarter) fallStage(at, quarter, stages);
  }
  if (isOdd) {
    stages -= PAIR_STAGE;
    for (let at = block; at < end; at += 128) fallPair(at, stages);
  }
  stages -= stageBytes(16);
  for (let at = block; at < end; at += 64) fallSixteen(at, scales, stages);
}

/** Joins four quarters: the two layers that end with blocks of four times their size. */
function riseStage(block: usize, quarter: usize, stage: usize): void {
  const end = block + quarter;
  for (; block < end; block += 16) {
    const a = v128.load(block);
    const b = v128.load(block + quarter);
    const c = v128.load(block + 2 * quarter);
    join(block, quarter, stage, a, b, c, v128.load(block + 3 * quarter));
    stage += 96;
  }
}

/** One position of `riseStage`: its elements in the four quarters are a, b, c, d. */
// @ts-ignore: decorator
@inline
function join(
  block: usize, quarter: usize, twiddles: usize, a: v128, b: v128, c: v128, d: v128,
): void {
  const inner = v128.load(twiddles);
  const innerQuotient = v128.load(twiddles, 16);
  const ahead = mulKnown(b, inner, innerQuotient);
  const behind = mulKnown(d, inner, innerQuotient);
  // Sums and differences that are multiplied next may stay below 2 p.
  const sum = mulKnown(
    i32x4.add(c, behind), v128.load(twiddles, 32), v128.load(twiddles, 48),
  );
  const turned = mulKnown(
    subLazy(c, behind), v128.load(twiddles, 64), v128.load(twiddles, 80),
  );
  const even = add(a, ahead);
  const odd = sub(a, ahead);
  v128.store(block, add(even, sum));
  v128.store(block + quarter, add(odd, turned));
  v128.store(block + 2 * quarter, sub(even, sum));
  v128.store(block + 3 * quarter, sub(odd, turned));
}

/** `riseStage` backwards, but for a factor of 4. */
function fallStage(block: usize, quarter: usize, stage: usize): void {
  const end = block + quarter;
  for (; block < end; block += 16) {
    const inner = v128.load(stage);
    const innerQuotient = v128.load(stage, 16);
    const a = v128.load(block);
    const b = v128.load(block + quarter);
    const c = v128.load(block + 2 * quarter);
    const d = v128.load(block + 3 * quarter);
    const sum = mulKnown(subLazy(a, c), v128.load(stage, 32), v128.load(stage, 48));
    const turned = mulKnown(subLazy(b, d), v128.load(stage, 64), v128.load(stage, 80));
    const even = add(a, c);
    const odd = add(b, d);
    v128.store(block, add(even, odd));
    v128.store(block + quarter, mulKnown(subLazy(even, odd), inner, innerQuotient));
    v128.store(block + 2 * quarter, add(sum, turned));
    v128.store(block + 3 * quarter, mulKnown(subLazy(sum, turned), inner, innerQuotient));
    stage += 96;
  }
}

/** a - b, below 2 p. */
// @ts-ignore: decorator
@inline
function subLazy(a: v128, b: v128): v128 {
  return i32x4.sub(i32x4.add(a, prime()), b);
}

/** Joins two halves of 16 elements. */
// @ts-ignore: decorator
@inline
function risePair(block: usize, stage: usize): void {
  for (let i: usize = 0; i < 64; i += 16) {
    const twiddle = stage + 2 * i;
    const a = v128.load(block + i);
    const b = mulKnown(v128.load(block + i, 64), v128.load(twiddle), v128.load(twiddle, 16));
    v128.store(block + i, add(a, b));
    v128.store(block + i, sub(a, b), 64);
  }
}

// @ts-ignore: decorator
@inline
function fallPair(block: usize, stage: usize): void {
  for (let i: usize = 0; i < 64; i += 16) {
    const twiddle = stage + 2 * i;
    const a = v128.load(block + i);
    const b = v128.load(block + i, 64);
    v128.store(block + i, add(a, b));
    const rest = mulKnown(subLazy(a, b), v128.load(twiddle), v128.load(twiddle, 16));
    v128.store(block + i, rest, 64);
  }
}

// @ts-ignore: decorator
@inline
function scaled(a: v128, scales: usize, index: usize): v128 {
  const scale = scales + 8 * index;
  return mulKnown(a, v128.load32_splat(scale), v128.load32_splat(scale, 4));
}

/** Four layers. The first two treat foursomes, one in each lane, with the leaf's four factors. */
// @ts-ignore: decorator
@inline
function riseSixteen(target: usize, source: usize, scales: usize, stage: usize): void {
  const a = scaled(v128.load(source), scales, 0);
  const b = scaled(v128.load(source, 16), scales, 1);
  const c = scaled(v128.load(source, 32), scales, 2);
  const d = scaled(v128.load(source, 48), scales, 3);
  const turned = mulKnown(subLazy(c, d), v128.load(FOURTH), v128.load(FOURTH, 16));
  const even = add(a, b);
  const odd = sub(a, b);
  const sum = add(c, d);
  const x0 = add(even, sum);
  const x1 = add(odd, turned);
  const x2 = sub(even, sum);
  const x3 = sub(odd, turned);
  const low01 = lowPairs(x0, x1);
  const low23 = lowPairs(x2, x3);
  const high01 = highPairs(x0, x1);
  const high23 = highPairs(x2, x3);
  join(
    target, 16, stage, lowHalves(low01, low23), highHalves(low01, low23),
    lowHalves(high01, high23), highHalves(high01, high23),
  );
}

// @ts-ignore: decorator
@inline
function fallSixteen(block: usize, scales: usize, stage: usize): void {
  fallStage(block, 16, stage);
  const low01 = lowPairs(v128.load(block), v128.load(block, 16));
  const low23 = lowPairs(v128.load(block, 32), v128.load(block, 48));
  const high01 = highPairs(v128.load(block), v128.load(block, 16));
  const high23 = highPairs(v128.load(block, 32), v128.load(block, 48));
  const a = lowHalves(low01, low23);
  const b = highHalves(low01, low23);
  const c = lowHalves(high01, high23);
  const d = highHalves(high01, high23);
  const even = add(a, c);
  const odd = add(b, d);
  const sum = sub(a, c);
  const back = v128.load(FOURTH_INVERSE, 16);
  const turned = mulKnown(subLazy(b, d), v128.load(FOURTH_INVERSE), back);
  v128.store(block, scaled(i32x4.add(even, odd), scales, 0));
  v128.store(block, scaled(subLazy(even, odd), scales, 1), 16);
  v128.store(block, scaled(i32x4.add(sum, turned), scales, 2), 32);
  v128.store(block, scaled(subLazy(sum, turned), scales, 3), 48);
}

// Four vectors are transposed, rows to columns, by pairs of lanes and then by halves.

// @ts-ignore: decorator
@inline
function lowPairs(a: v128, b: v128): v128 {
  return v128.shuffle<i32>(a, b, 0, 4, 1, 5);
}

// @ts-ignore: decorator
@inline
function highPairs(a: v128, b: v128): v128 {
  return v128.shuffle<i32>(a, b, 2, 6, 3, 7);
}

// @ts-ignore: decorator
@inline
function lowHalves(a: v128, b: v128): v128 {
  return v128.shuffle<i64>(a, b, 0, 2);
}

// @ts-ignore: decorator
@inline
function highHalves(a: v128, b: v128): v128 {
  return v128.shuffle<i64>(a, b, 1, 3);
}

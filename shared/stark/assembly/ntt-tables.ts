/**
 * Tables of the transforms of 2^k elements (ntt.ts), for the trace domain and the 2^b cosets of
 * D(k + b), one behind the other:
 *
 *     stages above leaves | the same, inverse | coset table of the trace domain, inverse
 *     | for each coset: its table, its inverse table
 *
 * A coset table has, for each leaf of the column, four factors and their quotients (words, factor
 * before quotient), by which the elements of a foursome are multiplied; behind them the leaf's
 * stages. A **stage** joins four quarters of q elements, two layers: for each four positions i of a
 * quarter, vectors of the inner layer's twiddle at i, then of the outer layer's at i and at i + q,
 * each before its quotients. The outer layer's at i is x = shift^(n / 4q) w^i of order 4q, so that
 * the inner one is x^2 and the last one x w(2). For odd k, one stage joins halves of 16 elements.
 */
import {
  inverseWord, mulWord, ONE, P, powerWord, quotientOf, wordFromMontgomery, wordToMontgomery,
} from './field';

/** Bytes of a leaf's four factors and their quotients. */
export const SCALE: usize = 32;
/** Bytes of the stage that joins halves of 16. */
export const PAIR_STAGE: usize = 128;

/** 4 KiB or, for odd k, 8 KiB; all of a smaller column. */
// @ts-ignore: decorator
@inline
export function leafBytes(k: u32): usize {
  return (<usize>4) << min(k, 10 + (k & 1));
}

/** Of a stage that joins quarters of so many bytes. */
// @ts-ignore: decorator
@inline
export function stageBytes(quarter: usize): usize {
  return 6 * quarter;
}

/** Where above the leaves the stage begins that joins quarters of so many bytes. */
// @ts-ignore: decorator
@inline
export function upperStage(quarter: usize, leaf: usize): usize {
  return 2 * (quarter - leaf);
}

function upperBytes(k: u32): usize {
  return upperStage((<usize>4) << k, leafBytes(k));
}

/** Of the scales of a column's leaves. */
// @ts-ignore: decorator
@inline
export function scalesBytes(k: u32): usize {
  return SCALE * (((<usize>4) << k) / leafBytes(k));
}

/** Of the stages of a leaf. */
export function leafStagesBytes(k: u32): usize {
  const leaf = leafBytes(k);
  let bytes = stageBytes(16);
  let size: usize = 64;
  if (k & 1) {
    bytes += PAIR_STAGE;
    size = 128;
  }
  for (; size < leaf; size <<= 2) bytes += stageBytes(size);
  return bytes;
}

function cosetBytes(k: u32): usize {
  return scalesBytes(k) + leafStagesBytes(k);
}

export function transformTableBytes(k: u32, b: u32): usize {
  return 2 * upperBytes(k) + (1 + ((<usize>2) << b)) * cosetBytes(k);
}

/** The stages above leaves. */
export function forwardTable(tables: usize): usize {
  return tables;
}

export function inverseTable(tables: usize, k: u32): usize {
  return tables + upperBytes(k);
}

/** The inverse coset table of the trace domain. */
export function traceTable(tables: usize, k: u32): usize {
  return tables + 2 * upperBytes(k);
}

export function cosetTable(tables: usize, k: u32, c: u32): usize {
  return traceTable(tables, k) + (1 + 2 * <usize>c) * cosetBytes(k);
}

export function inverseCosetTable(tables: usize, k: u32, c: u32): usize {
  return cosetTable(tables, k, c) + cosetBytes(k);
}

/** Writes `transformTableBytes(k, b)` bytes; k >= 6, k + b <= 27. */
export function writeTransformTables(tables: usize, k: u32, b: u32): void {
  writeUpper(forwardTable(tables), k, false);
  writeUpper(inverseTable(tables, k), k, true);
  const share = inverseWord(wordToMontgomery((<u32>1) << k));
  writeCoset(traceTable(tables, k), k, ONE, share, true);
  // s(k + b) = g^(2^(27 - k - b)); the next coset's shift is w(k + b) times as much.
  let shift = powerWord(wordToMontgomery(31), (<u32>1) << (27 - k - b));
  for (let c: u32 = 0; c < (<u32>1) << b; c++) {
    writeCoset(cosetTable(tables, k, c), k, shift, ONE, false);
    writeCoset(inverseCosetTable(tables, k, c), k, inverseWord(shift), share, true);
    shift = mulWord(shift, root(k + b, false));
  }
}

/** w(k) or its inverse. */
function root(k: u32, isInverse: bool): u32 {
  const value = powerWord(wordToMontgomery(31), (P - 1) >> k);
  return isInverse ? inverseWord(value) : value;
}

/** What `mulKnown` wants, `apart` bytes apart. */
function put(target: usize, factor: u32, apart: usize): void {
  const plain = wordFromMontgomery(factor);
  store<u32>(target, plain);
  store<u32>(target + apart, quotientOf(plain));
}

function writeUpper(target: usize, k: u32, isInverse: bool): void {
  const end = (<usize>4) << k;
  for (let quarter = leafBytes(k); quarter < end; quarter <<= 2) {
    target = writeStage(target, quarter, ONE, isInverse);
  }
}

/** `shift`: of the points of order 4q or, in an inverse table, its inverse. Returns the end. */
function writeStage(target: usize, quarter: usize, shift: u32, isInverse: bool): usize {
  const q: usize = quarter >> 2;
  const step = root(<u32>ctz(quarter), isInverse);
  const fourth = root(2, isInverse);
  let x = shift;
  for (let i: usize = 0; i < q; i++) {
    const place = target + (i >> 2) * 96 + (i & 3) * 4;
    put(place, mulWord(x, x), 16);
    put(place + 32, x, 16);
    put(place + 64, mulWord(x, fourth), 16);
    x = mulWord(x, step);
  }
  return target + stageBytes(quarter);
}

function writePairStage(target: usize, shift: u32, isInverse: bool): usize {
  const step = root(5, isInverse);
  let x = shift;
  for (let i: usize = 0; i < 16; i++) {
    put(target + (i >> 2) * 32 + (i & 3) * 4, x, 16);
    x = mulWord(x, step);
  }
  return target + PAIR_STAGE;
}

/** `share`: a factor of all. An inverse table is given the shift's inverse. */
function writeCoset(target: usize, k: u32, shift: u32, share: u32, isInverse: bool): void {
  const leaf = leafBytes(k);
  const leaves: u32 = <u32>(((<usize>4) << k) / leaf);
  const logLeaves = <u32>ctz(leaves);
  const half = powerWord(shift, (<u32>1) << (k - 1));
  const quarter = powerWord(shift, (<u32>1) << (k - 2));
  for (let t: u32 = 0; t < leaves; t++) {
    const scale = mulWord(share, powerWord(shift, reversed(t, logLeaves)));
    put(target, scale, 4);
    put(target + 8, mulWord(scale, half), 4);
    put(target + 16, mulWord(scale, quarter), 4);
    put(target + 24, mulWord(scale, mulWord(half, quarter)), 4);
    target += SCALE;
  }
  // The stage that makes blocks of 2^j elements has points of that order, shifted by this.
  target = writeStage(target, 16, powerWord(shift, (<u32>1) << (k - 4)), isInverse);
  let size: usize = 64;
  if (k & 1) {
    target = writePairStage(target, powerWord(shift, (<u32>1) << (k - 5)), isInverse);
    size = 128;
  }
  for (; size < leaf; size <<= 2) {
    const power = powerWord(shift, (<u32>1) << (k - <u32>ctz(size)));
    target = writeStage(target, size, power, isInverse);
  }
}

/** The bit-reversal of `bits` bits. */
function reversed(value: u32, bits: u32): u32 {
  let result: u32 = 0;
  for (let i: u32 = 0; i < bits; i++) result |= ((value >> i) & 1) << (bits - 1 - i);
  return result;
}

/**
 * The Poseidon permutation with x^5, on pairs: two states at once, one in each lane.
 *
 * A state lies in memory as `width` pairs, followed by pairs for the S-boxes' outputs of a block of
 * partial rounds. The linear layer of the partial rounds is the factored one of the Poseidon paper,
 * appendix B, taken a block of rounds at a time: in a block only element 0 is computed, from the
 * other elements at its start and the outputs since; they themselves move at the block's end. That
 * saves most of the reductions. What the table holds, in order: poseidon-table.ts.
 */
import { decodeR, encodeR } from './codec';
import { dotR, mulR, squareR } from './field-products';
import { addSplat, copyPair, gather, PAIR, scatter, SINGLE } from './pairs';

const MOST: u32 = 17;
const HALF_FULL_ROUNDS: u32 = 4;
const state: usize = memory.data(2560, 16);
const outputs: usize = memory.data(1360, 16);
const fifth: usize = memory.data(80, 16);
const sum: usize = memory.data(80, 16);
const left: usize = memory.data(680, 8);
const right: usize = memory.data(680, 8);

/** target = (a + constant)^5 */
// @ts-ignore: decorator
@inline
function substitute(target: usize, a: usize, constant: usize): void {
  addSplat(sum, a, constant);
  squareR(fifth, sum);
  squareR(fifth, fifth);
  mulR(target, fifth, sum);
}

function fullRound(width: u32, constants: usize, matrix: usize): void {
  for (let i: u32 = 0; i < width; i++) {
    substitute(outputs + PAIR * i, state + PAIR * i, constants + SINGLE * i);
  }
  for (let i: u32 = 0; i < width; i++) {
    dotR(state + PAIR * i, width, outputs, outputs + PAIR, matrix + SINGLE * width * i);
  }
}

/** Returns where the table goes on. */
function partialRounds(width: u32, rounds: u32, block: u32, table: usize): usize {
  const others = state + PAIR;
  const substituted = state + PAIR * width;
  for (let done: u32 = 0; done < rounds; done += block) {
    const here = min(block, rounds - done);
    for (let k: u32 = 0; k < here; k++) {
      substitute(substituted + PAIR * k, state, table);
      table += SINGLE;
      dotR(state, width + k, others, others + PAIR, table);
      table += SINGLE * (width + k);
    }
    for (let i: u32 = 1; i < width; i++) {
      const element = state + PAIR * i;
      dotR(element, here + 1, element, substituted, table);
      table += SINGLE * (here + 1);
    }
  }
  return table;
}

function permute(width: u32, rounds: u32, block: u32, table: usize): void {
  const matrix = table;
  table += SINGLE * width * width;
  const last = table;
  table += SINGLE * width * width;
  for (let i: u32 = 1; i <= HALF_FULL_ROUNDS; i++) {
    fullRound(width, table, i < HALF_FULL_ROUNDS ? matrix : last);
    table += SINGLE * width;
  }
  table = partialRounds(width, rounds, block, table);
  for (let i: u32 = 0; i < HALF_FULL_ROUNDS; i++) {
    fullRound(width, table, matrix);
    table += SINGLE * width;
  }
}

/** Reads one state: zero, then width - 1 numbers. Returns whether all are below r. */
function readState(target: usize, source: usize, width: u32, bigEndian: bool): bool {
  memory.fill(target, 0, SINGLE);
  return decodeR(target + SINGLE, source, width - 1, bigEndian) == width - 1;
}

/**
 * Hashes `count` lists of width - 1 numbers each to one number each, all of 32 bytes.
 * @returns how many lists were hashed: less than `count` if the next one has a number that is not
 *   below r
 */
export function hashes(
  target: usize, source: usize, count: u32, width: u32, rounds: u32, block: u32, table: usize,
  bigEndian: bool,
): u32 {
  if (width > MOST) return 0;
  const listBytes = 32 * (width - 1);
  for (let i: u32 = 0; i < count; i += 2) {
    const last = i + 1 < count ? i + 1 : i;
    if (!readState(left, source + listBytes * i, width, bigEndian)) return i;
    if (!readState(right, source + listBytes * last, width, bigEndian)) return last;
    for (let k: u32 = 0; k < width; k++) {
      gather(state + PAIR * k, left + SINGLE * k, right + SINGLE * k);
    }
    permute(width, rounds, block, table);
    scatter(left, right, state);
    encodeR(target + 32 * i, left, 1, bigEndian);
    if (last != i) encodeR(target + 32 * last, right, 1, bigEndian);
  }
  return count;
}

/**
 * Two sponges side by side: each absorbs `blocks` times width - 2 words, from its iv, which is
 * element 1 of the state; the first element is zero at every permutation.
 */
export function sponges(
  target: usize, ivs: usize, words: usize, count: u32, blocks: u32, width: u32, rounds: u32,
  block: u32, table: usize, bigEndian: bool,
): u32 {
  if (width > MOST) return 0;
  const rate = width - 2;
  const listBytes = 32 * rate * blocks;
  for (let i: u32 = 0; i < count; i += 2) {
    const last = i + 1 < count ? i + 1 : i;
    if (decodeR(left, ivs + 32 * i, 1, bigEndian) == 0) return i;
    if (decodeR(right, ivs + 32 * last, 1, bigEndian) == 0) return last;
    gather(state, left, right);
    for (let k: u32 = 0; k < blocks; k++) {
      const from = 32 * rate * k;
      if (decodeR(left, words + listBytes * i + from, rate, bigEndian) != rate) return i;
      if (decodeR(right, words + listBytes * last + from, rate, bigEndian) != rate) return last;
      copyPair(state + PAIR, state);
      memory.fill(state, 0, PAIR);
      for (let w: u32 = 0; w < rate; w++) {
        gather(state + PAIR * (w + 2), left + SINGLE * w, right + SINGLE * w);
      }
      permute(width, rounds, block, table);
    }
    scatter(left, right, state);
    encodeR(target + 32 * i, left, 1, bigEndian);
    if (last != i) encodeR(target + 32 * last, right, 1, bigEndian);
  }
  return count;
}

/**
 * Fourier transforms over the scalar field, in place, of 2^log2 singles. Down: from natural order
 * to bit-reversed, by decimation in frequency; up: back, by decimation in time. Two layers go at a
 * time, and two butterflies of four elements in the lanes: what lies between the layers is not
 * settled.
 */
import { mulR, PRIME_R } from './field-products';
import { addPair, gather, scatter, settle, SINGLE, subPair } from './pairs';

const x0: usize = memory.data(80, 16);
const x1: usize = memory.data(80, 16);
const x2: usize = memory.data(80, 16);
const x3: usize = memory.data(80, 16);
const s0: usize = memory.data(80, 16);
const s1: usize = memory.data(80, 16);
const d0: usize = memory.data(80, 16);
const d1: usize = memory.data(80, 16);
const root: usize = memory.data(80, 16);

// Where the butterflies of both lanes have their first element, and their distance to the next.
let left: usize = 0;
let right: usize = 0;
let step: usize = 0;

/**
 * Places butterflies `item` and the next (or `item` again if it is the last of `items`) in the
 * lanes. A block has 2^log2Apart of them and 2^log2Width times as many elements.
 */
// @ts-ignore: decorator
@inline
function place(data: usize, item: u32, items: u32, log2Apart: u32, log2Width: u32): void {
  const mask: u32 = (1 << log2Apart) - 1;
  const other = min(item + 1, items - 1);
  step = SINGLE << log2Apart;
  left = data + SINGLE * (((item & ~mask) << log2Width) | (item & mask));
  right = data + SINGLE * (((other & ~mask) << log2Width) | (other & mask));
}

/** The roots of both lanes' butterflies: `stride` times their number in the block, plus `first`. */
// @ts-ignore: decorator
@inline
function rootsAt(
  roots: usize, item: u32, items: u32, log2Apart: u32, stride: u32, first: u32,
): void {
  const mask: u32 = (1 << log2Apart) - 1;
  const other = min(item + 1, items - 1);
  const a = roots + SINGLE * ((item & mask) * stride + first);
  gather(root, a, roots + SINGLE * ((other & mask) * stride + first));
}

// @ts-ignore: decorator
@inline
function read(target: usize, index: usize): void {
  gather(target, left + index * step, right + index * step);
}

// @ts-ignore: decorator
@inline
function write(index: usize, source: usize): void {
  scatter(left + index * step, right + index * step, source);
}

// @ts-ignore: decorator
@inline
function readFour(): void {
  read(x0, 0);
  read(x1, 1);
  read(x2, 2);
  read(x3, 3);
}

// @ts-ignore: decorator
@inline
function writeFour(): void {
  write(0, x0);
  write(1, x1);
  write(2, x2);
  write(3, x3);
}

/** The layer of butterflies between neighbours, whose roots are all one. */
function neighbours(data: usize, log2: u32): void {
  const items: u32 = 1 << (log2 - 1);
  for (let item: u32 = 0; item < items; item += 2) {
    place(data, item, items, 0, 1);
    read(x0, 0);
    read(x1, 1);
    addPair(s0, x0, x1);
    subPair(d0, x0, x1);
    settle(s0, s0, PRIME_R);
    settle(d0, d0, PRIME_R);
    write(0, s0);
    write(1, d0);
  }
}

/**
 * The layers 2^(log2Apart + 1) and 2^log2Apart apart. Elements are at most 0.76 r with limbs of
 * 2^50, so that sums of four are at most 3.04 r with limbs of 2^52: less what `settle` takes, three
 * times r's limbs of at most 2^50, that stays below 2^53.
 */
function twoLayersDown(data: usize, log2: u32, log2Apart: u32, roots: usize): void {
  const items: u32 = 1 << (log2 - 2);
  const stride: u32 = 1 << (log2 - 2 - log2Apart);
  for (let item: u32 = 0; item < items; item += 2) {
    place(data, item, items, log2Apart, 2);
    readFour();
    addPair(s0, x0, x2);
    addPair(s1, x1, x3);
    subPair(d0, x0, x2);
    subPair(d1, x1, x3);
    rootsAt(roots, item, items, log2Apart, stride, 0);
    mulR(d0, d0, root);
    rootsAt(roots, item, items, log2Apart, stride, <u32>1 << (log2 - 2));
    mulR(d1, d1, root);
    rootsAt(roots, item, items, log2Apart, 2 * stride, 0);
    addPair(x0, s0, s1);
    settle(x0, x0, PRIME_R);
    subPair(x1, s0, s1);
    mulR(x1, x1, root);
    addPair(x2, d0, d1);
    settle(x2, x2, PRIME_R);
    subPair(x3, d0, d1);
    mulR(x3, x3, root);
    writeFour();
  }
}

/** The layers 2^log2Apart and 2^(log2Apart + 1) apart; sums of three are settled. */
function twoLayersUp(data: usize, log2: u32, log2Apart: u32, roots: usize): void {
  const items: u32 = 1 << (log2 - 2);
  const stride: u32 = 1 << (log2 - 2 - log2Apart);
  for (let item: u32 = 0; item < items; item += 2) {
    place(data, item, items, log2Apart, 2);
    readFour();
    rootsAt(roots, item, items, log2Apart, 2 * stride, 0);
    mulR(x1, x1, root);
    mulR(x3, x3, root);
    addPair(s0, x0, x1);
    subPair(s1, x0, x1);
    addPair(d0, x2, x3);
    subPair(d1, x2, x3);
    rootsAt(roots, item, items, log2Apart, stride, 0);
    mulR(d0, d0, root);
    rootsAt(roots, item, items, log2Apart, stride, <u32>1 << (log2 - 2));
    mulR(d1, d1, root);
    addPair(x0, s0, d0);
    addPair(x1, s1, d1);
    subPair(x2, s0, d0);
    subPair(x3, s1, d1);
    settle(x0, x0, PRIME_R);
    settle(x1, x1, PRIME_R);
    settle(x2, x2, PRIME_R);
    settle(x3, x3, PRIME_R);
    writeFour();
  }
}

/** By a root of order 2^log2, of which `roots` are the first 2^(log2 - 1) powers. */
export function transformDown(data: usize, log2: u32, roots: usize): void {
  let layers = log2;
  for (; layers > 1; layers -= 2) twoLayersDown(data, log2, layers - 2, roots);
  if (layers == 1) neighbours(data, log2);
}

/** As transformDown, from bit-reversed order to natural. */
export function transformUp(data: usize, log2: u32, roots: usize): void {
  let layers: u32 = log2 & 1;
  if (layers == 1) neighbours(data, log2);
  for (; layers < log2; layers += 2) twoLayersUp(data, log2, layers, roots);
}

/** target[i] = first x factor^i, singles. */
export function powersOf(target: usize, first: usize, factor: usize, count: u32): void {
  gather(x0, first, first);
  gather(x1, factor, factor);
  scatter(s0, s0 + SINGLE, x0);
  mulR(x2, x0, x1);
  scatter(s0 + SINGLE, d0, x2);
  gather(x0, s0, s0 + SINGLE);
  mulR(x1, x1, x1);
  for (let i: u32 = 0; i < count; i += 2) {
    scatter(target + SINGLE * i, target + SINGLE * min(i + 1, count - 1), x0);
    mulR(x0, x0, x1);
  }
}

/** Swaps each element with the one whose number has the same bits in reverse. */
export function reverseOrder(data: usize, log2: u32): void {
  const count: u32 = 1 << log2;
  let other: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    if (i < other) {
      memory.copy(s0, data + SINGLE * i, SINGLE);
      memory.copy(data + SINGLE * i, data + SINGLE * other, SINGLE);
      memory.copy(data + SINGLE * other, s0, SINGLE);
    }
    let bit = count >> 1;
    for (; bit != 0 && (other & bit) != 0; bit >>= 1) other ^= bit;
    other |= bit;
  }
}

/**
 * Points of G1 of which nobody knows how they depend on each other: by try and increment. For the
 * point with number i the candidates are j = 0, 1, ...: the 64 bytes SHA-256(seed || u32 i || u32 j
 * || 0) || SHA-256(seed || u32 i || u32 j || 1) are a sign (the first bit, for "y is odd") and an x
 * (the other 511 bits, mod p); the first x with a point on the curve is taken. Both halves of the
 * curve's points have the same chance for every x, so points are uniform but for 2^-256. How long
 * it takes follows the input, which is public.
 */
import { ENTER_HIGH_Q, ENTER_Q, mulQ, PRIME_Q } from './field-products';
import { AFFINE } from './g1';
import { addPair, gather, scatter, settle, SINGLE, unpack } from './pairs';
import { pointsOfX } from './points';
import { hashBlocks } from './sha-256';

const block: usize = memory.data(64, 8);
const candidates: usize = memory.data(128, 8);
const halves: usize = memory.data(160, 8);
const lows: usize = memory.data(80, 16);
const highs: usize = memory.data(80, 16);
const spare: usize = memory.data(80, 8);
const xs: usize = memory.data(80, 8);

/** 64 bytes for candidate `attempt` of point `number`. The message is one block of 64 bytes. */
function draw(target: usize, seed: usize, number: u32, attempt: u32): void {
  for (let half: u32 = 0; half < 2; half++) {
    memory.copy(block, seed, 32);
    store<u32>(block, bswap(number), 32);
    store<u32>(block, bswap(attempt), 36);
    memory.fill(block + 40, 0, 24);
    store<u8>(block, <u8>half, 40);
    store<u8>(block, 0x80, 41);
    store<u64>(block, bswap<u64>(41 * 8), 56);
    hashBlocks(target + 32 * half, block, 1);
  }
}

/** `count` points from number `first` on, affine. `seed`: 32 bytes. */
export function hashToPoints(target: usize, seed: usize, first: u32, count: u32): void {
  let number: u32 = 0;
  let attempt: u32 = 0;
  let otherNumber: u32 = 1;
  let otherAttempt: u32 = 0;
  let next: u32 = 2;
  // Each lane works on a point of its own, and on the next that is left when it has it.
  while (number < count || otherNumber < count) {
    draw(candidates, seed, first + number, attempt);
    draw(candidates + 64, seed, first + otherNumber, otherAttempt);
    const isOdd = (load<u8>(candidates) & 0x80) != 0;
    const otherIsOdd = (load<u8>(candidates, 64) & 0x80) != 0;
    store<u8>(candidates, load<u8>(candidates) & 0x7f);
    store<u8>(candidates, load<u8>(candidates, 64) & 0x7f, 64);
    for (let i: usize = 0; i < 4; i++) unpack(halves + SINGLE * i, candidates + 32 * i, true);
    gather(highs, halves, halves + 2 * SINGLE);
    gather(lows, halves + SINGLE, halves + 3 * SINGLE);
    mulQ(highs, highs, ENTER_HIGH_Q);
    mulQ(lows, lows, ENTER_Q);
    addPair(lows, lows, highs);
    settle(lows, lows, PRIME_Q);
    scatter(xs, xs + SINGLE, lows);
    const target0 = number < count ? target + AFFINE * number : spare;
    const target1 = otherNumber < count ? target + AFFINE * otherNumber : spare;
    const found = pointsOfX(target0, target1, xs, xs + SINGLE, isOdd, otherIsOdd);
    attempt++;
    otherAttempt++;
    if (found & 1) {
      number = number < count ? next++ : number;
      attempt = 0;
    }
    if (found & 2) {
      otherNumber = otherNumber < count ? next++ : otherNumber;
      otherAttempt = 0;
    }
  }
}

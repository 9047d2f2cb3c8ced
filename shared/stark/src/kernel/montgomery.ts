/** Montgomery form, in which kernels keep base elements: x is stored as 2^32 x mod p. */
import { mul, PRIME } from '../field/base.ts';

/** 2^32 modulo p. */
const R = 268_435_454;

/**
 * The plain number of a word x below p. With w = 15 x mod 32 it is (w p - 15 x) / 32, and p more
 * where that is below zero: 2^32 times it is 2^27 (w p - 15 x) = -(15 * 2^27) x = x (mod p).
 */
export function fromMontgomery(word: number): number {
  const low15 = 15 * (word & 31);
  // (w p - 15 x) / 32, without a product beyond 2^31.
  const difference = (low15 & 31) * (15 << 22) - 15 * (word >>> 5) - (low15 >>> 5);
  return difference < 0 ? difference + PRIME : difference;
}

/** The word of a plain number below p. */
export function toMontgomery(value: number): number {
  return mul(value, R);
}

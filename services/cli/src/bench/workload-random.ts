/** The workloads' random numbers: xoshiro128**, seeded by a splitmix of 32 bits. */
import assert from 'node:assert/strict';

/** The product of a 32-bit number and a larger one would not be exact. */
const EXACT_LIMIT = 2 ** 21;

const rotate = (word: number, bits: number) => (word << bits) | (word >>> (32 - bits));

export class WorkloadRandom {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: number) {
    const word = (place: number) => {
      let z = (seed + Math.imul(place, 0x9e3779b9)) | 0;
      z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
      z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
      return z ^ (z >>> 16);
    };
    this.#a = word(1);
    this.#b = word(2);
    this.#c = word(3);
    this.#d = word(4);
  }

  /** 0 to 2^32 - 1. */
  next(): number {
    const result = Math.imul(rotate(Math.imul(this.#b, 5), 7), 9);
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = rotate(this.#d, 11);
    return result >>> 0;
  }

  /** 0 to `limit` - 1. */
  below(limit: number): number {
    assert(limit > 0 && limit <= 2 ** 32, `a random number below ${limit}`);
    if (limit <= EXACT_LIMIT) return Math.floor((this.next() * limit) / 2 ** 32);
    return Number((BigInt(this.next()) * BigInt(limit)) >> 32n);
  }
}

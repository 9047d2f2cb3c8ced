/**
 * Poseidon's constants from the Grain generator in self-shrinking mode (Poseidon paper, ePrint
 * 2019/458, appendix E), for x^5 over BN254's scalar field: the ones that circomlib has.
 */
import { SCALAR_ORDER } from './orders.ts';

export const FULL_ROUNDS = 8;
/** By width - 2: the paper's numbers for 128 bits, not rounded up (circomlib's table). */
const PARTIAL_ROUNDS = [56, 57, 56, 60, 60, 63, 64, 63, 60, 66, 60, 65, 70, 60, 64, 68];
export const WIDEST = PARTIAL_ROUNDS.length + 1;

const FIELD_BITS = 254;
const STATE_BITS = 80;
const WARM_UP = 160;
/** Taps of the feedback, as distances from the oldest bit. */
const TAPS = [62, 51, 38, 23, 13, 0];

export function partialRoundsOf(width: number): number {
  const rounds = PARTIAL_ROUNDS[width - 2];
  if (rounds === undefined) throw new RangeError(`Poseidon has no width ${width}; 2 to ${WIDEST}`);
  return rounds;
}

class Grain {
  readonly #bits = new Uint8Array(STATE_BITS);
  #oldest = 0;

  constructor(width: number, partialRounds: number) {
    const fields: readonly (readonly [value: number, bits: number])[] = [
      [1, 2],
      [0, 4],
      [FIELD_BITS, 12],
      [width, 12],
      [FULL_ROUNDS, 10],
      [partialRounds, 10],
      [2 ** 30 - 1, 30],
    ];
    let place = 0;
    for (const [value, bits] of fields) {
      for (let bit = bits - 1; bit >= 0; bit--) this.#bits[place++] = (value >>> bit) & 1;
    }
    for (let count = 0; count < WARM_UP; count++) this.#step();
  }

  #step(): number {
    let bit = 0;
    for (const tap of TAPS) bit ^= this.#bits[(this.#oldest + tap) % STATE_BITS] ?? 0;
    this.#bits[this.#oldest] = bit;
    this.#oldest = (this.#oldest + 1) % STATE_BITS;
    return bit;
  }

  #shrunken(): number {
    while (this.#step() === 0) this.#step();
    return this.#step();
  }

  /** 254 bits, the most significant first. */
  number(): bigint {
    let digits = '';
    for (let count = 0; count < FIELD_BITS; count++) digits += this.#shrunken();
    return BigInt(`0b${digits}`);
  }
}

export interface PoseidonParameters {
  readonly width: number;
  readonly partialRounds: number;
  /** One row of `width` constants for each round. */
  readonly constants: readonly (readonly bigint[])[];
  /** Row i gives element i of the product. */
  readonly matrix: readonly (readonly bigint[])[];
}

export function poseidonParameters(width: number): PoseidonParameters {
  const partialRounds = partialRoundsOf(width);
  const grain = new Grain(width, partialRounds);
  const constant = (): bigint => {
    let value = grain.number();
    while (value >= SCALAR_ORDER) value = grain.number();
    return value;
  };
  const row = (make: () => bigint): bigint[] => Array.from({ length: width }, make);
  const constants = Array.from({ length: FULL_ROUNDS + partialRounds }, () => row(constant));
  // Here the generator reduces instead of drawing again.
  const reduced = (): bigint => grain.number() % SCALAR_ORDER;
  const [xs, ys] = [row(reduced), row(reduced)];
  const matrix = xs.map((x) => ys.map((y) => inverse(x + y)));
  return { width, partialRounds, constants, matrix };
}

/** 1/value mod r. Throws for zero. */
export function inverse(value: bigint): bigint {
  let [low, high] = [value % SCALAR_ORDER, SCALAR_ORDER];
  if (low === 0n) throw new RangeError('zero has no inverse');
  let [lowFactor, highFactor] = [1n, 0n];
  while (low > 1n) {
    const quotient = high / low;
    [low, high] = [high % low, low];
    [lowFactor, highFactor] = [highFactor - lowFactor * quotient, lowFactor];
  }
  const rest = lowFactor % SCALAR_ORDER;
  return rest < 0n ? rest + SCALAR_ORDER : rest;
}

/** Random numbers from a seed, the same on every machine: "mulberry32", good enough for tests. */
import assert from 'node:assert/strict';

export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** An integer from 0 to `limit` - 1. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let bits = this.#state;
    bits = Math.imul(bits ^ (bits >>> 15), bits | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return Math.floor((((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  /** 64 random bits. */
  word(): bigint {
    return (BigInt(this.below(2 ** 32)) << 32n) | BigInt(this.below(2 ** 32));
  }

  oneIn(chances: number): boolean {
    return this.below(chances) === 0;
  }

  pick<Value extends number | bigint | object>(values: readonly Value[]): Value {
    const value = values[this.below(values.length)];
    assert(value !== undefined, 'there is nothing to pick from');
    return value;
  }

  /** One of the names, each as often as its weight says. */
  weighted<Name extends string>(weights: { readonly [N in Name]: number }): Name {
    const names = Object.keys(weights) as Name[];
    let roll = this.below(names.reduce((sum, name) => sum + weights[name], 0));
    for (const name of names) {
      roll -= weights[name];
      if (roll < 0) return name;
    }
    throw new Error('weights are positive integers');
  }
}

/** Counts by number, gathered where counting must cost next to nothing, and told now and then. */
import type { Counters } from '@foldbook/runtime';

export class Tally {
  readonly #counts: Float64Array;
  /** Numbers with a count, as they came; those that don't fit are told at once. */
  readonly #touched: Int32Array;
  #touches = 0;
  readonly #counters: Counters;

  /** @param size - numbers below it are gathered */
  constructor(size: number, counters: Counters) {
    this.#counts = new Float64Array(size);
    this.#touched = new Int32Array(size);
    this.#counters = counters;
  }

  add(number: number): void {
    if (number >= this.#counts.length) {
      this.#counters.add(number, 1);
      return;
    }
    const count = this.#counts[number] ?? 0;
    if (count === 0) {
      this.#touched[this.#touches] = number;
      this.#touches += 1;
    }
    this.#counts[number] = count + 1;
  }

  /** Adds what was gathered to the counters. */
  tell(): void {
    for (let index = 0; index < this.#touches; index += 1) {
      const number = this.#touched[index] ?? 0;
      this.#counters.add(number, this.#counts[number] ?? 0);
      this.#counts[number] = 0;
    }
    this.#touches = 0;
  }
}

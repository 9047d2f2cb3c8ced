/** How long the market's news takes to a strategy, and a strategy's orders to the market. */
import assert from 'node:assert/strict';
import { Dice } from '@foldbook/engine';

export interface LatencyOptions {
  /** From an event to the strategy; its own fills and reports likewise. Default 0. */
  readonly dataNs?: number | undefined;
  /** From the strategy to the market. Default 0. */
  readonly orderNs?: number | undefined;
  /** Up to so much more each way, evenly spread; below 2^32. Default 0. */
  readonly jitterNs?: number | undefined;
  /** Of the jitter. Default 1. */
  readonly seed?: number | undefined;
}

/** Nothing overtakes: neither news, nor orders. */
export class Latency {
  readonly #dataNs: number;
  readonly #orderNs: number;
  readonly #jitterNs: number;
  readonly #dice: Dice;
  #lastNewsNs = 0n;
  #lastArrivalNs = 0n;

  constructor({ dataNs = 0, orderNs = 0, jitterNs = 0, seed = 1 }: LatencyOptions = {}) {
    for (const [name, value] of Object.entries({ dataNs, orderNs, jitterNs })) {
      assert(Number.isSafeInteger(value) && value >= 0, `${name} is ${value}`);
    }
    assert(jitterNs < 2 ** 32, `jitterNs is ${jitterNs}`);
    this.#dataNs = dataNs;
    this.#orderNs = orderNs;
    this.#jitterNs = jitterNs;
    this.#dice = new Dice(seed);
  }

  /** When the strategy hears of what happened at `timeNs`. */
  heardAt(timeNs: bigint): bigint {
    const heard = timeNs + this.#delay(this.#dataNs);
    if (heard > this.#lastNewsNs) this.#lastNewsNs = heard;
    return this.#lastNewsNs;
  }

  /** When the market has what the strategy decided at `timeNs`. */
  arrivesAt(timeNs: bigint): bigint {
    const arrives = timeNs + this.#delay(this.#orderNs);
    if (arrives > this.#lastArrivalNs) this.#lastArrivalNs = arrives;
    return this.#lastArrivalNs;
  }

  #delay(leastNs: number): bigint {
    const more = this.#jitterNs === 0 ? 0 : this.#dice.below(this.#jitterNs + 1);
    return BigInt(leastNs + more);
  }
}

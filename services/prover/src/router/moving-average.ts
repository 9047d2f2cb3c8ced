// SPDX-License-Identifier: GPL-3.0-or-later
/** Weight of the newest value once there are enough; before that all values weigh the same. */
const NEWEST_WEIGHT = 0.2;
/** Standard deviations between the mean and what is taken for the worst, for deadlines. */
const UPPER_DEVIATIONS = 2;
/** With one value nothing is known of the spread: this share of the mean is assumed. */
const FIRST_SPREAD = 0.5;

/** An average as it is written down. */
export interface AverageFigures {
  readonly samples: number;
  readonly mean: number;
  readonly variance: number;
}

/** An exponentially weighted mean and variance of what was measured, in the values' unit. */
export class MovingAverage {
  #samples: number;
  #mean: number;
  #variance: number;

  /** @param figures - of one that goes on here */
  constructor(figures: AverageFigures = { samples: 0, mean: 0, variance: 0 }) {
    this.#samples = figures.samples;
    this.#mean = figures.mean;
    this.#variance = figures.variance;
  }

  get figures(): AverageFigures {
    return { samples: this.#samples, mean: this.#mean, variance: this.#variance };
  }

  get samples(): number {
    return this.#samples;
  }

  get mean(): number {
    return this.#mean;
  }

  /**
   * What few values exceed. The fewer there were, the more is added: the spread of one or two
   * values says little.
   */
  get upper(): number {
    if (this.#samples === 0) return 0;
    const unsure = (FIRST_SPREAD * this.#mean) / this.#samples;
    return this.#mean + UPPER_DEVIATIONS * Math.sqrt(this.#variance) + unsure;
  }

  add(value: number): void {
    this.#samples += 1;
    const weight = Math.max(NEWEST_WEIGHT, 1 / this.#samples);
    const off = value - this.#mean;
    this.#mean += weight * off;
    // The weighted form of Welford's update: the mean has moved by weight * off already.
    this.#variance = (1 - weight) * (this.#variance + weight * off * off);
  }
}

import type { HistoryKernel } from '../kernel/history-kernel.ts';
import type { Frame } from './frame.ts';

/** What a feature comes to, in the units of its column; rows that are NaN do not count. */
export interface FeatureFigures {
  readonly rows: number;
  readonly sum: number;
  readonly least: number;
  readonly most: number;
  readonly last: number;
}

/** As assembly/feature-sums.ts has it. */
const FIELDS = 5;

/** Adds up one feature over the frames of a run, in the kernel. */
export class FeatureSums {
  readonly #kernel: HistoryKernel;
  readonly #feature: number;
  readonly #fields: Float64Array;

  /** @param feature - its place in frames */
  constructor(kernel: HistoryKernel, feature: number) {
    const { address } = kernel.reserve(FIELDS * 8);
    this.#kernel = kernel;
    this.#feature = feature;
    this.#fields = new Float64Array(kernel.memory.buffer, address, FIELDS);
    kernel.exports.clearSums(address);
  }

  /** @param instrument - the number of the only one that counts; default: all */
  add({ address }: Frame, instrument?: number): void {
    const { addToSums, addRowsToSums } = this.#kernel.exports;
    const sums = this.#fields.byteOffset;
    if (instrument === undefined) addToSums(sums, address, this.#feature);
    else addRowsToSums(sums, address, this.#feature, instrument);
  }

  get figures(): FeatureFigures {
    const [rows = 0, sum = 0, least = 0, most = 0, last = 0] = this.#fields;
    return { rows, sum, least, most, last };
  }
}

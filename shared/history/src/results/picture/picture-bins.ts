/** One instrument's run in a bounded number of bins of equal time, whatever its length. */
import { Band, Flow } from './bin-column.ts';
import { LEAST_WIDTH_NS, nextWidthNs } from './time-steps.ts';

/** About as many as a picture has pixels for; a wider width leaves at least a fifth of them. */
export const MOST_BINS = 1_000;

/**
 * Bins lie at multiples of their width after the clock's origin. Where a time needs more of them
 * than there may be, they become wider and neighbours are merged.
 */
export class PictureBins {
  readonly bid = new Band(MOST_BINS);
  readonly ask = new Band(MOST_BINS);
  readonly spread = new Band(MOST_BINS);
  readonly features: readonly Band[];
  readonly bought = new Flow(MOST_BINS);
  readonly sold = new Flow(MOST_BINS);
  /** Trades whose aggressor the feed does not tell. */
  readonly unsided = new Flow(MOST_BINS);
  readonly #columns: readonly (Band | Flow)[];
  #widthNs = LEAST_WIDTH_NS;
  #first = 0;
  #count = 0;

  constructor(features: number) {
    this.features = Array.from({ length: features }, () => new Band(MOST_BINS));
    const { bid, ask, spread, bought, sold, unsided } = this;
    this.#columns = [bid, ask, spread, ...this.features, bought, sold, unsided];
  }

  get widthNs(): number {
    return this.#widthNs;
  }

  /** Bins from the first with rows to the last. */
  get count(): number {
    return this.#count;
  }

  /** Where the first bin begins, since the clock's origin. */
  get startNs(): number {
    return this.#first * this.#widthNs;
  }

  /**
   * The bin of a time, which is not before that of the call before.
   * @param timeNs - since the clock's origin
   */
  binAt(timeNs: number): number {
    if (this.#count === 0) this.#first = Math.floor(timeNs / this.#widthNs);
    let bin = Math.floor(timeNs / this.#widthNs) - this.#first;
    while (bin >= MOST_BINS) {
      this.widen();
      bin = Math.floor(timeNs / this.#widthNs) - this.#first;
    }
    this.#count = Math.max(this.#count, bin + 1);
    return bin;
  }

  /** The bin that has a time, or the nearest. */
  binNear(timeNs: number): number {
    const bin = Math.floor((timeNs - this.startNs) / this.#widthNs);
    return Math.max(0, Math.min(this.#count - 1, bin));
  }

  /** Takes the next width. */
  widen(): void {
    const widthNs = nextWidthNs(this.#widthNs);
    const factor = widthNs / this.#widthNs;
    const first = Math.floor(this.#first / factor);
    let filled = 0;
    for (let bin = 0; bin < this.#count; bin += 1) {
      const to = Math.floor((this.#first + bin) / factor) - first;
      for (const column of this.#columns) {
        if (to === filled) column.move(to, bin);
        else column.merge(to, bin);
      }
      filled = to + 1;
    }
    for (const column of this.#columns) column.clear(filled, this.#count);
    this.#widthNs = widthNs;
    this.#first = first;
    this.#count = filled;
  }

  copy(): PictureBins {
    const copy = new PictureBins(this.features.length);
    for (const [index, column] of this.#columns.entries()) {
      const mine = copy.#columns[index];
      if (mine !== undefined) mine.copyFrom(column);
    }
    copy.#widthNs = this.#widthNs;
    copy.#first = this.#first;
    copy.#count = this.#count;
    return copy;
  }
}

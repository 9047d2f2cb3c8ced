/** What bins keep of their rows: arrays with a value for each bin. */

abstract class BinColumn {
  readonly #arrays: readonly Float64Array[];
  readonly #empties: readonly number[];

  /** @param empties - what each array has in a bin without rows */
  constructor(length: number, empties: readonly number[]) {
    this.#empties = empties;
    this.#arrays = empties.map((empty) => new Float64Array(length).fill(empty));
  }

  protected array(index: number): Float64Array {
    const array = this.#arrays[index];
    if (array === undefined) throw new RangeError(`no array ${index}`);
    return array;
  }

  /** Puts what the bin `from` has into the bin `to`, whatever that had. */
  move(to: number, from: number): void {
    for (const array of this.#arrays) array[to] = array[from] ?? 0;
  }

  /** Empties the bins from `from` on, up to `end`. */
  clear(from: number, end: number): void {
    for (const [index, array] of this.#arrays.entries()) {
      array.fill(this.#empties[index] ?? 0, from, end);
    }
  }

  copyFrom(other: BinColumn): void {
    for (const [index, array] of this.#arrays.entries()) array.set(other.array(index));
  }

  /** Adds what the bin `from` has to the bin `to`, whose rows come before. */
  abstract merge(to: number, from: number): void;
}

/** Of values: the lowest, the highest and the last. NaN is a value that is not there. */
export class Band extends BinColumn {
  readonly rows = this.array(0);
  readonly low = this.array(1);
  readonly high = this.array(2);
  /** NaN too where the last row had no value. */
  readonly last = this.array(3);

  constructor(length: number) {
    super(length, [0, Number.NaN, Number.NaN, Number.NaN]);
  }

  add(bin: number, value: number): void {
    const known = Number.isFinite(value) ? value : Number.NaN;
    sum(this.rows, bin, 1);
    this.last[bin] = known;
    widen(this, bin, known, known);
  }

  /** Adds `values[from]` to `values[end - 1]`. */
  addRows(bin: number, values: Float64Array, from: number, end: number): void {
    let least = Number.POSITIVE_INFINITY;
    let most = Number.NEGATIVE_INFINITY;
    for (let row = from; row < end; row += 1) {
      const value = values[row] ?? Number.NaN;
      if (!Number.isFinite(value)) continue;
      if (value < least) least = value;
      if (value > most) most = value;
    }
    const last = values[end - 1] ?? Number.NaN;
    sum(this.rows, bin, end - from);
    this.last[bin] = Number.isFinite(last) ? last : Number.NaN;
    if (least <= most) widen(this, bin, least, most);
  }

  override merge(to: number, from: number): void {
    const { rows, low, high, last } = this;
    const added = rows[from] ?? 0;
    if (added === 0) return;
    sum(rows, to, added);
    last[to] = last[from] ?? Number.NaN;
    widen(this, to, low[from] ?? Number.NaN, high[from] ?? Number.NaN);
  }
}

/** Of trades or orders of one side. */
export class Flow extends BinColumn {
  readonly count = this.array(0);
  readonly quantity = this.array(1);
  /** Of the quantity, what has a price; and each times its price. */
  readonly pricedQuantity = this.array(2);
  readonly value = this.array(3);
  readonly low = this.array(4);
  readonly high = this.array(5);

  constructor(length: number) {
    super(length, [0, 0, 0, 0, Number.NaN, Number.NaN]);
  }

  /** @param price - NaN where it is not known */
  add(bin: number, price: number, quantity: number): void {
    sum(this.count, bin, 1);
    sum(this.quantity, bin, quantity);
    if (!Number.isFinite(price)) return;
    sum(this.pricedQuantity, bin, quantity);
    sum(this.value, bin, price * quantity);
    widen(this, bin, price, price);
  }

  override merge(to: number, from: number): void {
    for (const array of [this.count, this.quantity, this.pricedQuantity, this.value]) {
      sum(array, to, array[from] ?? 0);
    }
    widen(this, to, this.low[from] ?? Number.NaN, this.high[from] ?? Number.NaN);
  }

  /** Weighted by quantity; NaN where nothing has a price. */
  averagePrice(bin: number): number {
    return (this.value[bin] ?? 0) / (this.pricedQuantity[bin] ?? 0);
  }
}

function sum(array: Float64Array, bin: number, value: number): void {
  array[bin] = (array[bin] ?? 0) + value;
}

interface Range {
  readonly low: Float64Array;
  readonly high: Float64Array;
}

/** NaN, which compares as false, changes nothing and is replaced by anything. */
function widen({ low, high }: Range, bin: number, least: number, most: number): void {
  const lowest = low[bin] ?? Number.NaN;
  const highest = high[bin] ?? Number.NaN;
  if (least < lowest || Number.isNaN(lowest)) low[bin] = least;
  if (most > highest || Number.isNaN(highest)) high[bin] = most;
}

/** From values in the feed's units to heights in a panel, and to labels. */

/** A panel whose values reach much farther than most of them shows only what most do. */
const FAR = 3;
const OUTSIDE = 0.02;
const PADDING = 0.07;

export interface ValueScaleOptions {
  readonly values: readonly number[];
  /** What labels divide values by: 10,000 where prices are in 1/10,000. */
  readonly unit: number;
  readonly height: number;
  readonly mostTicks: number;
  /** Values are amounts: the scale has to show nought. */
  readonly fromZero?: boolean;
  /** What lies below nought is as much as what lies above: labels have no sign. */
  readonly isMirrored?: boolean;
}

export interface Tick {
  readonly y: number;
  readonly label: string;
}

export class ValueScale {
  readonly height: number;
  readonly ticks: readonly Tick[];
  /** What the panel leaves out, in words. */
  readonly cut: string | undefined;
  readonly isEmpty: boolean;
  readonly #low: number;
  readonly #high: number;
  readonly #unit: number;

  constructor(options: ValueScaleOptions) {
    const { unit, height, mostTicks, isMirrored = false } = options;
    const { low, high, full } = shownRange(options);
    this.height = height;
    this.isEmpty = full === undefined;
    this.#unit = unit;
    this.#low = low;
    this.#high = high;
    const step = tickStep(high - low, mostTicks);
    this.ticks = this.isEmpty
      ? []
      : multiples(low, high, step).map((value) => ({
          y: this.y(value * unit),
          label: numberLabel(isMirrored ? Math.abs(value) : value, step),
        }));
    const isCut = full !== undefined && (full[0] < low || full[1] > high);
    const ends = full?.map((end) => numberLabel(end, step));
    this.cut = isCut ? `full range ${ends?.join(' to ')}` : undefined;
  }

  /** Downwards from the panel's top, for a value in the feed's units. */
  y(value: number): number {
    const share = (value / this.#unit - this.#low) / (this.#high - this.#low);
    // Far outside is drawn outside, but not with numbers that no renderer can handle.
    return this.height * (1 - Math.max(-10, Math.min(10, share)));
  }
}

interface ShownRange {
  readonly low: number;
  readonly high: number;
  /** Of all values; undefined where there is none. */
  readonly full: readonly [number, number] | undefined;
}

function shownRange({ values, unit, fromZero = false }: ValueScaleOptions): ShownRange {
  const sorted = Float64Array.from(values, (value) => value / unit)
    .filter(Number.isFinite)
    .sort();
  const [least, most] = [sorted[0], sorted.at(-1)];
  if (least === undefined || most === undefined) return { low: 0, high: 1, full: undefined };
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
  let [low, high] = [at(OUTSIDE), at(1 - OUTSIDE)];
  const span = high - low;
  const isFar = span > 0 && most - least > FAR * span;
  low = isFar ? Math.max(least, low - span / 2) : least;
  high = isFar ? Math.min(most, high + span / 2) : most;
  if (fromZero) [low, high] = [Math.min(low, 0), Math.max(high, 0)];
  const padding = high > low ? (high - low) * PADDING : Math.abs(high) * 0.02 || 1;
  const isPadded = (end: number) => !fromZero || end !== 0;
  return {
    low: isPadded(low) ? low - padding : low,
    high: isPadded(high) ? high + padding : high,
    full: [least, most],
  };
}

/** The least of 1, 2 and 5 times a power of ten that has at most so many ticks in a range. */
export function tickStep(range: number, mostTicks: number): number {
  const power = 10 ** Math.floor(Math.log10(range / mostTicks));
  const fits = (step: number) => range / step <= mostTicks;
  return [1, 2, 5].map((digit) => digit * power).find(fits) ?? 10 * power;
}

function multiples(low: number, high: number, step: number): number[] {
  const first = Math.ceil(low / step);
  const count = Math.max(0, Math.floor(high / step) - first + 1);
  return Array.from({ length: count }, (_, index) => (first + index) * step);
}

/** With the digits that tell values a step apart. */
export function numberLabel(value: number, step: number): string {
  const places = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const rounded = value === 0 ? 0 : value;
  if (places > 5) return rounded === 0 ? '0' : rounded.toExponential(1);
  const isShort = step >= 10_000 && Math.abs(value) >= 1_000_000;
  return new Intl.NumberFormat('en-US', {
    minimumFractionDigits: isShort ? 0 : places,
    maximumFractionDigits: isShort ? 2 : places,
    notation: isShort ? 'compact' : 'standard',
    signDisplay: 'negative',
  })
    .format(rounded)
    .replace('-', '−');
}

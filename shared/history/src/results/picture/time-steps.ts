/** Lengths of time that people count in: what bins are wide, and where a time axis has ticks. */
const SECOND_NS = 1e9;
const MINUTE_NS = 60 * SECOND_NS;
const HOUR_NS = 60 * MINUTE_NS;
export const DAY_NS = 24 * HOUR_NS;

const decades = (digits: readonly number[]): number[] =>
  Array.from({ length: 9 }, (_, power) => digits.map((digit) => digit * 10 ** power)).flat();

/** Each divides the next, so that bins of one width make whole bins of the next. */
const BIN_WIDTHS_NS: readonly number[] = [
  ...decades([1, 2]),
  ...[1, 5, 15, 30].map((seconds) => seconds * SECOND_NS),
  ...[1, 5, 15, 30].map((minutes) => minutes * MINUTE_NS),
  ...[1, 2, 6, 12, 24].map((hours) => hours * HOUR_NS),
];

const TICK_STEPS_NS: readonly number[] = [
  ...decades([1, 2, 5]),
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND_NS),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE_NS),
  ...[1, 2, 3, 6, 12, 24].map((hours) => hours * HOUR_NS),
];

/** The least width; widths beyond a day double. */
export const LEAST_WIDTH_NS = 1;

export const nextWidthNs = (widthNs: number): number =>
  BIN_WIDTHS_NS.find((width) => width > widthNs) ?? widthNs * 2;

/** The shortest step with at most so many ticks in a range. */
export function tickStepNs(rangeNs: number, mostTicks: number): number {
  const fits = (step: number) => rangeNs / step <= mostTicks;
  let step = TICK_STEPS_NS.find(fits) ?? DAY_NS;
  while (!fits(step)) step *= 2;
  return step;
}

const WORDS = [
  [DAY_NS, 'd'],
  [HOUR_NS, 'h'],
  [MINUTE_NS, 'min'],
  [SECOND_NS, 's'],
  [1e6, 'ms'],
  [1e3, 'µs'],
  [1, 'ns'],
] as const;

/** As in "15 s", of a width. */
export function widthWords(widthNs: number): string {
  const [unitNs, word] = WORDS.find(([unit]) => unit <= widthNs) ?? [1, 'ns'];
  return `${widthNs / unitNs} ${word}`;
}

/** Times of a run, which count from the midnight before it began. */
export class Clock {
  readonly originNs: bigint;
  /** Times count from 1970; else the feed knows times of day and no date. */
  readonly isDated: boolean;

  /** @param timeNs - of the first event */
  constructor(timeNs: bigint) {
    const day = BigInt(DAY_NS);
    this.originNs = timeNs - (timeNs % day);
    this.isDated = timeNs >= 2n * day;
  }

  /** Nanoseconds since the clock's origin; a double has them exactly for 104 days. */
  sinceOrigin(timeNs: bigint): number {
    return Number(timeNs - this.originNs);
  }

  /** Of a tick: the time of day; the date where a day begins. */
  label(sinceOriginNs: number, stepNs: number): string {
    if (this.isDated && sinceOriginNs % DAY_NS === 0) {
      return this.date(sinceOriginNs).slice('yyyy-'.length);
    }
    return this.timeOfDay(sinceOriginNs, stepNs);
  }

  /** With the digits that tell times a step apart. */
  timeOfDay(sinceOriginNs: number, stepNs: number): string {
    const ofDay = ((sinceOriginNs % DAY_NS) + DAY_NS) % DAY_NS;
    const seconds = Math.floor(ofDay / SECOND_NS);
    const two = (value: number) => `${Math.floor(value)}`.padStart(2, '0');
    const minutes = `${two(seconds / 3_600)}:${two((seconds / 60) % 60)}`;
    if (stepNs >= MINUTE_NS) return minutes;
    if (stepNs >= SECOND_NS) return `${minutes}:${two(seconds % 60)}`;
    const digits = 9 - Math.floor(Math.log10(stepNs));
    const fraction = `${Math.floor(ofDay % SECOND_NS)}`.padStart(9, '0').slice(0, digits);
    return `${minutes}:${two(seconds % 60)}.${fraction}`;
  }

  /** As in 2023-12-25, of a dated clock. */
  date(sinceOriginNs: number): string {
    const ms = Number(this.originNs / 1_000_000n) + Math.floor(sinceOriginNs / 1e6);
    const date = new Date(ms);
    return Number.isNaN(date.getTime()) ? 'no date' : date.toISOString().slice(0, 10);
  }
}

/** A run as one picture (SVG): prices, spread, volume, features, and what a strategy did. */
import { Action, EventFlag, EventSide } from '../event.ts';
import { type Feature, parseFeature } from '../features/feature.ts';
import type { EventColumns, Frame } from '../features/frame.ts';
import type { Flow } from './picture/bin-column.ts';
import { documentOf, type PictureText, PLOT_WIDTH, type TimeTick } from './picture/document.ts';
import { BinScale } from './picture/marks.ts';
import { OwnBins, type OwnTrading } from './picture/own-trading.ts';
import { panelsOf, type Units } from './picture/panels.ts';
import { PictureBins } from './picture/picture-bins.ts';
import { shortName } from './picture/svg-text.ts';
import { Clock, tickStepNs, widthWords } from './picture/time-steps.ts';

/** Instruments whose bins are kept while it is open which of them is the busiest. */
const MOST_FOLLOWED = 16;
const MOST_SVG_BYTES = 480_000;
const TIME_TICKS = 10;

export interface ReplayPictureOptions {
  /** What the run is of: the file's name. */
  readonly title: string;
  /** Of the features, in the order of the frames' columns. */
  readonly features: readonly string[];
  /** Decimals of a price and of a quantity of 1 in frames. */
  readonly priceDecimals: number;
  readonly quantityDecimals: number;
  /** As axes name it: "USD". */
  readonly currency?: string | undefined;
  /** Name of the one that is shown; the busiest where none is given. */
  readonly instrument?: string | undefined;
}

/** The bins of one instrument. */
interface Followed {
  readonly number: number;
  readonly bins: PictureBins;
  /** Events before it was followed. */
  readonly missed: number;
  /** Since the clock's origin; times do not go back. */
  lastNs: number;
  /** Since the clock's origin, of its first event. */
  firstNs: number;
}

/**
 * Give `add` to a replay as a sink, then ask for `svg`. Its memory does not grow with the run. Rows
 * of a snapshot are left out: the book they make shows with the first event behind them.
 */
export class ReplayPicture {
  readonly #options: ReplayPictureOptions;
  readonly #features: readonly Feature[];
  readonly #followed = new Map<number, Followed>();
  /** By the instruments' numbers. */
  readonly #events: number[] = [];
  #names: readonly string[] = [];
  #snapshotRows = 0;
  #clock: Clock | undefined;

  /** @throws FeatureError where a feature is none */
  constructor(options: ReplayPictureOptions) {
    this.#options = options;
    this.#features = options.features.map(parseFeature);
  }

  /** A FrameSink. */
  readonly add = (frame: Frame, instruments: readonly string[]): void => {
    const { count } = frame.events;
    this.#names = instruments;
    let row = 0;
    while (row < count) row = this.#addFrom(frame, row);
  };

  /**
   * The document, smaller than 500 kB: bins are merged until it is.
   * @param own - of a backtest
   */
  svg(own?: OwnTrading): string {
    const shown = this.#byEvents()[0];
    if (shown === undefined) return documentOf(this.#noText(), [], []);
    const bins = shown.bins.copy();
    for (;;) {
      const text = this.#draw(shown, bins, own);
      if (Buffer.byteLength(text) <= MOST_SVG_BYTES || bins.count <= 1) return text;
      bins.widen();
    }
  }

  /** The followed one with that number; undefined where it is not followed. */
  #follow(number: number): Followed | undefined {
    const known = this.#followed.get(number);
    if (known !== undefined) return known;
    const wanted = this.#options.instrument;
    if (wanted !== undefined && this.#names[number] !== wanted) return undefined;
    const events = this.#events[number] ?? 0;
    if (this.#followed.size === MOST_FOLLOWED) {
      const least = this.#byEvents().at(-1);
      // Twice as many, lest two that are as busy push each other out again and again.
      if (least === undefined || events < 2 * (this.#events[least.number] ?? 0)) return undefined;
      this.#followed.delete(least.number);
    }
    const bins = new PictureBins(this.#features.length);
    const followed = { number, bins, missed: events - 1, lastNs: Number.NaN, firstNs: Number.NaN };
    this.#followed.set(number, followed);
    return followed;
  }

  /** The busiest first. */
  #byEvents(): Followed[] {
    const events = ({ number }: Followed) => this.#events[number] ?? 0;
    return [...this.#followed.values()].sort((a, b) => events(b) - events(a));
  }

  /**
   * Rows that go into the same bins, from a row on: most values are added column by column.
   * @returns the row behind them
   */
  #addFrom(frame: Frame, first: number): number {
    const { events } = frame;
    if ((events.flagsAt(first) & EventFlag.SNAPSHOT) !== 0) {
      this.#snapshotRows += 1;
      return first + 1;
    }
    const number = events.instrumentAt(first);
    this.#events[number] = (this.#events[number] ?? 0) + 1;
    const followed = this.#follow(number);
    if (followed === undefined) return first + 1;
    const run = addRun(followed, this.#startOf(events, first), frame, first);
    this.#events[number] = (this.#events[number] ?? 0) + run - 1;
    return first + run;
  }

  /** What a frame's times count from, since the clock's origin: the day of the first row shown. */
  #startOf(events: EventColumns, row: number): number {
    const { baseTimeNs } = events;
    this.#clock ??= new Clock(baseTimeNs + BigInt(events.timeNs[row] ?? 0));
    return this.#clock.sinceOrigin(baseTimeNs);
  }

  #draw(shown: Followed, bins: PictureBins, own: OwnTrading | undefined): string {
    const { priceDecimals, quantityDecimals, currency } = this.#options;
    const units = { price: 10 ** priceDecimals, quantity: 10 ** quantityDecimals, currency };
    const clock = this.#clock ?? new Clock(0n);
    const across = new BinScale(PLOT_WIDTH, bins.count);
    const near = (timeNs: bigint) => bins.binNear(clock.sinceOrigin(timeNs));
    const parts = {
      ...{ bins, across, units, features: this.#features },
      own: own === undefined ? undefined : new OwnBins(own, bins.count, near),
    };
    const text = this.#text(shown, bins, clock, units);
    return documentOf(text, panelsOf(parts), timeTicks(bins, across, clock));
  }

  #noText(): PictureText {
    const { title, instrument } = this.#options;
    const of = instrument === undefined ? '' : ` of ${shortName(instrument)}`;
    const rows = this.#snapshotRows;
    const snapshot = rows === 0 ? '' : `, but a snapshot of ${counted(rows, 'row')}`;
    const words = `no events${of}${snapshot}`;
    return { title: shortName(title), lines: [words], description: words, timeAxis: '', note: '' };
  }

  #text(shown: Followed, bins: PictureBins, clock: Clock, units: Units): PictureText {
    const file = shortName(this.#options.title);
    const name = shortName(this.#names[shown.number] ?? `instrument ${shown.number}`);
    const total = this.#events.reduce((sum, events) => sum + events, 0);
    const own = this.#events[shown.number] ?? 0;
    const share = own === total ? '' : `${count(own)} of `;
    const missed = shown.missed > 0 ? ` (the first ${count(shown.missed)} are not shown)` : '';
    const events = `${share}${counted(total, 'event')}${missed}`;
    const second = [file, events, timeWords(shown, clock)].join('  ·  ');
    const third = tradeWords(bins, units);
    const width = widthWords(bins.widthNs);
    return {
      title: name,
      lines: [second, third],
      description:
        `${name}: ${events}, ${timeWords(shown, clock)}; ${third}. ` +
        'Panels over a common time axis: best bid and ask with trades, the spread, traded ' +
        'volume, and features.',
      timeAxis: clock.isDated ? 'Time, UTC' : 'Time of day, as the exchange tells it',
      note:
        `A line is what there was last in each ${width}, a pale bar the lowest to the highest. ` +
        'A dot is at the average price of what traded; its area tells how much.',
    };
  }
}

const count = (value: number): string => value.toLocaleString('en-US');
const counted = (value: number, noun: string): string =>
  `${count(value)} ${noun}${value === 1 ? '' : 's'}`;

const RUN_FLAGS = EventFlag.LAST | EventFlag.SNAPSHOT;

/**
 * Rows of one instrument and one bin, all with the book whole or all without.
 * @param startNs - what the frame's times count from
 * @returns how many rows these are
 */
function addRun(followed: Followed, startNs: number, frame: Frame, first: number): number {
  const { number, bins } = followed;
  const { events } = frame;
  const { count, timeNs } = events;
  const flags = events.flagsAt(first) & RUN_FLAGS;
  const firstNs = startNs + (timeNs[first] ?? 0);
  if (Number.isNaN(followed.firstNs)) followed.firstNs = firstNs;
  let lastNs = Math.max(firstNs, Number.isNaN(followed.lastNs) ? firstNs : followed.lastNs);
  const bin = bins.binAt(lastNs);
  const endNs = bins.startNs + (bin + 1) * bins.widthNs;
  let row = first;
  do {
    addTrade(bins, bin, events, row);
    row += 1;
    if (row === count || events.instrumentAt(row) !== number) break;
    const nextNs = startNs + (timeNs[row] ?? 0);
    if (nextNs >= endNs || (events.flagsAt(row) & RUN_FLAGS) !== flags) break;
    lastNs = Math.max(lastNs, nextNs);
  } while (row < count);
  followed.lastNs = lastNs;
  // Amid the records of one change the book is nothing that anybody saw.
  if ((flags & EventFlag.LAST) !== 0) addShown(bins, bin, frame, first, row);
  return row - first;
}

function addShown(bins: PictureBins, bin: number, frame: Frame, from: number, end: number): void {
  const { bidPrice, askPrice } = frame.snapshots;
  bins.bid.addRows(bin, bidPrice, from, end);
  bins.ask.addRows(bin, askPrice, from, end);
  for (let row = from; row < end; row += 1) {
    bins.spread.add(bin, (askPrice[row] ?? Number.NaN) - (bidPrice[row] ?? Number.NaN));
  }
  for (const [index, values] of frame.features.entries()) {
    bins.features[index]?.addRows(bin, values, from, end);
  }
}

function addTrade(bins: PictureBins, bin: number, events: EventColumns, row: number): void {
  const action = events.actionAt(row);
  if (action !== Action.EXECUTE && action !== Action.TRADE) return;
  if ((events.flagsAt(row) & EventFlag.PART) !== 0) return;
  const price = events.price[row] ?? Number.NaN;
  flowOf(bins, events.sideAt(row)).add(bin, price, events.quantity[row] ?? 0);
}

/** @param side - the resting order's */
function flowOf(bins: PictureBins, side: number): Flow {
  if (side === EventSide.SELL) return bins.bought;
  return side === EventSide.BUY ? bins.sold : bins.unsided;
}

function timeWords({ firstNs, lastNs }: Followed, clock: Clock): string {
  const stepNs = lastNs - firstNs < 10e9 ? 1e3 : 1e9;
  const time = (timeNs: number) => clock.timeOfDay(timeNs, stepNs);
  if (!clock.isDated) return `${time(firstNs)} to ${time(lastNs)}`;
  const [from, to] = [clock.date(firstNs), clock.date(lastNs)];
  const end = from === to ? time(lastNs) : `${to} ${time(lastNs)}`;
  return `${from} ${time(firstNs)} to ${end} UTC`;
}

function tradeWords(bins: PictureBins, { price, quantity, currency }: Units): string {
  const flows = [bins.bought, bins.sold, bins.unsided];
  const sum = (of: (flow: Flow) => Float64Array) =>
    flows.reduce((total, flow) => total + of(flow).reduce((all, value) => all + value, 0), 0);
  const trades = sum((flow) => flow.count);
  if (trades === 0) return 'no trades';
  const ends = flows.flatMap(({ low, high }) => [...low, ...high]).filter(Number.isFinite);
  const volume = count(sum((flow) => flow.quantity) / quantity);
  const traded = `${volume} traded in ${counted(trades, 'trade')}`;
  if (ends.length === 0) return traded;
  const least = ends.reduce((a, b) => Math.min(a, b));
  const most = ends.reduce((a, b) => Math.max(a, b));
  const words = (value: number) =>
    (value / price).toLocaleString('en-US', {
      minimumFractionDigits: Math.min(2, Math.round(Math.log10(price))),
      maximumFractionDigits: Math.round(Math.log10(price)),
    });
  const unit = currency === undefined ? '' : ` ${currency}`;
  return `${traded}, at ${words(least)} to ${words(most)}${unit}`;
}

function timeTicks(bins: PictureBins, across: BinScale, clock: Clock): TimeTick[] {
  const { widthNs } = bins;
  const fromNs = bins.startNs - across.before * widthNs;
  const rangeNs = (bins.count + 2 * across.before) * widthNs;
  const stepNs = tickStepNs(rangeNs, TIME_TICKS);
  const ticks: TimeTick[] = [];
  for (let at = Math.ceil(fromNs / stepNs); at * stepNs <= fromNs + rangeNs; at += 1) {
    const x = ((at * stepNs - fromNs) / rangeNs) * across.width;
    ticks.push({ x, label: clock.label(at * stepNs, stepNs) });
  }
  return ticks;
}

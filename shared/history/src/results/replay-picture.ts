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
    const { events } = frame;
    this.#names = instruments;
    let followed: Followed | undefined;
    let last = -1;
    let startNs = this.#clock?.sinceOrigin(events.baseTimeNs);
    for (let row = 0; row < events.count; row += 1) {
      if ((events.flagsAt(row) & EventFlag.SNAPSHOT) !== 0) {
        this.#snapshotRows += 1;
        continue;
      }
      const number = events.instrumentAt(row);
      this.#events[number] = (this.#events[number] ?? 0) + 1;
      if (number !== last || followed === undefined) followed = this.#follow(number);
      last = number;
      if (followed === undefined) continue;
      startNs ??= this.#newClock(events, row).sinceOrigin(events.baseTimeNs);
      addRow(followed, startNs + (events.timeNs[row] ?? 0), frame, row);
    }
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

  /** Which begins at the first row that is shown. */
  #newClock(events: EventColumns, row: number): Clock {
    this.#clock = new Clock(events.baseTimeNs + BigInt(events.timeNs[row] ?? 0));
    return this.#clock;
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

/** @param timeNs - since the clock's origin */
function addRow(followed: Followed, timeNs: number, frame: Frame, row: number): void {
  const { bins } = followed;
  const { events, snapshots, features } = frame;
  if (Number.isNaN(followed.firstNs)) followed.firstNs = timeNs;
  if (!(timeNs < followed.lastNs)) followed.lastNs = timeNs;
  const bin = bins.binAt(followed.lastNs);
  const price = events.price[row] ?? Number.NaN;
  tradeFlow(bins, events, row)?.add(bin, price, events.quantity[row] ?? 0);
  // Amid the records of one change the book is nothing that anybody saw.
  if ((events.flagsAt(row) & EventFlag.LAST) === 0) return;
  const bid = snapshots.bidPrice[row] ?? Number.NaN;
  const ask = snapshots.askPrice[row] ?? Number.NaN;
  bins.bid.add(bin, bid);
  bins.ask.add(bin, ask);
  bins.spread.add(bin, ask - bid);
  for (let index = 0; index < features.length; index += 1) {
    bins.features[index]?.add(bin, features[index]?.[row] ?? Number.NaN);
  }
}

/** Where a row's trade counts; undefined where it is none. */
function tradeFlow(bins: PictureBins, events: EventColumns, row: number): Flow | undefined {
  const action = events.actionAt(row);
  if (action !== Action.EXECUTE && action !== Action.TRADE) return undefined;
  if ((events.flagsAt(row) & EventFlag.PART) !== 0) return undefined;
  const side = events.sideAt(row);
  // An event's side is the resting order's.
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

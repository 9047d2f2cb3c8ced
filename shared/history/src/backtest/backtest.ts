/**
 * A strategy whose orders go into the historical flow, in the markets of the matching engine. The
 * feed's orders stand in those markets as it tells; ours stand among them, behind whatever was
 * there before, and are filled by what the feed says was traded (history-market.ts). Time is the
 * feed's: the strategy hears of an event, and the market of its orders, after their latencies.
 */
import type { EventBlock } from '../decoder.ts';
import { MarketSetUpError, MOST_OWN_FUNDS } from '../engine-replay/engine-market.ts';
import { EngineReplay, type EngineReplayResult } from '../engine-replay/engine-replay.ts';
import { checkFees, type FeeRates, NO_FEES } from '../engine-replay/fees.ts';
import type { MarketUnits } from '../engine-replay/market-units.ts';
import type { OwnEvent } from '../engine-replay/own-event.ts';
import { EVENT_BYTES, EventFlag, EventSide, readEvent } from '../event.ts';
import type { FeaturePlan } from '../features/feature-plan.ts';
import { cutToFrames, type Frame } from '../features/frame.ts';
import type { HistoryKernel } from '../kernel/history-kernel.ts';
import type { ReplayBook } from '../replay-book.ts';
import { InlineStrategy, type StrategyPlace } from '../strategy/inline-strategy.ts';
import { Latency, type LatencyOptions } from './latency.ts';
import { hashLog, type LogEntry, type MarketEntry, type RequestEntry } from './order-log.ts';
import { PendingOrders } from './pending-orders.ts';
import { type Profit, profitOf } from './profit.ts';

export interface BacktestOptions {
  readonly kernel: HistoryKernel;
  /** The engine, as `loadKernel` gives it. */
  readonly engine: WebAssembly.Module;
  /** What the strategy is shown: the feed's book, without its orders. */
  readonly book: ReplayBook;
  readonly plan: FeaturePlan;
  /** Its context gets `orders`. */
  readonly strategy: StrategyPlace;
  readonly latency?: LatencyOptions | undefined;
  /** Ours. Default none. */
  readonly fees?: FeeRates | undefined;
  /**
   * Of each instrument: quantity units, and price units times quantity units. Default as much as a
   * market holds of both, so that what is sold needs not be bought first.
   */
  readonly funds?: { readonly base: bigint; readonly quote: bigint } | undefined;
  /** Best levels that snapshots add up. Default 1. */
  readonly depth?: number | undefined;
  /** As the book has them. */
  readonly joined?: boolean | undefined;
  readonly levels?: number | undefined;
  /** See `EngineReplayOptions`. */
  readonly units?: ((instrument: number) => MarketUnits | undefined) | undefined;
}

/** What an instrument came to, as the engine's balances have it. */
export interface Standing {
  readonly instrument: number;
  readonly position: bigint;
  /** Got less paid, fees included: price units times quantity units. */
  readonly cash: bigint;
  /** With the position at the last mid; undefined where a side is empty. */
  readonly total: bigint | undefined;
}

export interface BacktestResult {
  readonly log: readonly LogEntry[];
  /** See `hashLog`. */
  readonly logHash: string;
  /** Worked out from the log alone. */
  readonly profit: readonly Profit[];
  /** Requests that had not arrived when the feed ended. */
  readonly underway: number;
  /** What the strategy came to, by its own account. */
  readonly strategy: unknown;
  /** How the feed fared in the engine. */
  readonly replay: EngineReplayResult;
}

export class Backtest {
  readonly #options: BacktestOptions;
  readonly #replay: EngineReplay;
  readonly #strategy: InlineStrategy;
  readonly #frame: Frame;
  readonly #orders: PendingOrders;
  readonly #latency: Latency;
  readonly #log: LogEntry[] = [];
  /** What the strategy has not been told. */
  #news: MarketEntry[] = [];
  /** Of the market; it never goes back. */
  #timeNs = 0n;
  /** Whether the book is between two messages of the feed, where orders come in. */
  #isWhole = true;
  /** Whether the feed's book is crossed, of the instruments of the last message. */
  readonly #areCrossed = new Map<number, boolean>();
  /** The next event begins a snapshot. */
  #isAtSnapshot = false;

  /** @throws StrategyError STRATEGY_FAILED; MarketSetUpError for fees that no venue has */
  constructor(options: BacktestOptions) {
    this.#options = options;
    const { kernel, engine, joined, levels, units, plan, strategy, fees = NO_FEES } = options;
    checkFees(fees);
    this.#frame = plan.newFrame();
    this.#latency = new Latency(options.latency);
    this.#orders = new PendingOrders(this.#latency, (entry) => this.#log.push(entry));
    this.#replay = new EngineReplay(
      { kernel, engine, joined, levels, units },
      {
        fees,
        funds: (units) => this.#fundsIn(units),
        onOwn: (instrument, event) => this.#heard(instrument, event),
      },
    );
    const context = { ...strategy.context, orders: this.#orders };
    this.#strategy = new InlineStrategy({ ...strategy, context });
  }

  /**
   * What comes next is a snapshot, the whole book: what was there is gone with its first event, and
   * so are our orders, as with a clear of the feed.
   */
  startSnapshot(): void {
    this.#isAtSnapshot = true;
  }

  /**
   * @throws StrategyError STRATEGY_FAILED
   * @throws ReplayError where the book is strict
   * @throws MarketSetUpError where the engine takes no such funds
   */
  apply(block: EventBlock): void {
    this.#replay.learn(block);
    const view = this.#replay.viewOf(block);
    let first = 0;
    for (let index = 0; index < block.count; index += 1) {
      const event = readEvent(view, index * EVENT_BYTES);
      const timeNs = event.timeNs > this.#timeNs ? event.timeNs : this.#timeNs;
      if (this.#isWhole) this.#bringIn(timeNs);
      this.#timeNs = timeNs;
      if (this.#isAtSnapshot) this.#clear();
      this.#replay.applyEvent(event);
      this.#isWhole = (event.flags & EventFlag.LAST) !== 0;
      if (!this.#isWhole && index + 1 < block.count) continue;
      this.#show({ address: block.address + first * EVENT_BYTES, count: index + 1 - first });
      first = index + 1;
    }
  }

  /** As the engine has it now; what a log tells so far must come to the same. */
  standings(): Standing[] {
    return this.#replay.instruments.flatMap((instrument) => {
      const gain = this.#replay.marketOf(instrument)?.market.ownGain();
      if (gain === undefined) return [];
      const { base: position, quote: cash } = gain;
      const mark = this.#mid(instrument);
      const total = mark === undefined ? undefined : cash + position * mark;
      return [{ instrument, position, cash, total }];
    });
  }

  /**
   * The feed has ended: what is on its way does not arrive any more.
   * @throws StrategyError STRATEGY_FAILED
   */
  end(): BacktestResult {
    this.#tell();
    const log = [...this.#log, ...this.#marks()];
    return {
      log,
      logHash: hashLog(log),
      profit: profitOf(log),
      underway: this.#orders.count,
      strategy: this.#strategy.result(),
      replay: this.#replay.result(),
    };
  }

  #clear(): void {
    this.#isAtSnapshot = false;
    const { book } = this.#options;
    for (const instrument of this.#replay.instruments) book.trim(instrument, 0);
    this.#replay.clear();
  }

  /** Lets what arrives before the next event come to the market. */
  #bringIn(nextNs: bigint): void {
    for (;;) {
      const request = this.#orders.nextBefore(nextNs);
      if (request === undefined) return;
      if (request.arrivesNs > this.#timeNs) this.#timeNs = request.arrivesNs;
      this.#do(request);
      this.#tell();
    }
  }

  #do(request: RequestEntry): void {
    const { id, instrument } = request;
    const market = this.#replay.marketOf(instrument)?.market;
    if (market === undefined) {
      this.#heard(instrument, {
        type: 'rejected',
        id,
        command: request.type,
        code: 'UNKNOWN_MARKET',
      });
      return;
    }
    switch (request.type) {
      case 'place':
        market.placeOwn(request);
        return;
      case 'replace':
        market.replaceOwn({ ...this.#orders.termsOf(id), ...request });
        return;
      case 'cancel':
        market.cancelOwn(id);
        return;
      default: {
        const unknown: never = request;
        throw new Error(`no request ${String(unknown)}`);
      }
    }
  }

  #heard(instrument: number, event: OwnEvent): void {
    const entry = { ...event, instrument, timeNs: this.#timeNs };
    this.#log.push(entry);
    this.#news.push(entry);
  }

  /** Brings the strategy what happened to its orders. */
  #tell(): void {
    while (this.#news.length > 0) {
      const news = this.#news;
      this.#news = [];
      for (const entry of news) {
        this.#orders.nowNs = this.#latency.heardAt(entry.timeNs);
        this.#tellOf(entry);
      }
    }
  }

  #tellOf(entry: MarketEntry): void {
    const { type, id, instrument, timeNs } = entry;
    switch (type) {
      case 'fill': {
        const { side, liquidity } = entry;
        const [price, quantity] = [Number(entry.price), Number(entry.quantity)];
        const [fee, left] = [Number(entry.fee), Number(entry.left)];
        const terms = { id, instrument, timeNs, side, price, quantity };
        this.#strategy.onFill({ ...terms, liquidity, fee, left });
        return;
      }
      case 'rejected':
        this.#strategy.onOrder({ type, id, instrument, timeNs, reason: entry.code });
        return;
      case 'cancelled':
        this.#strategy.onOrder({ type, id, instrument, timeNs, reason: entry.reason });
        return;
      case 'accepted':
      case 'replaced':
        this.#strategy.onOrder({ type, id, instrument, timeNs });
        return;
      default: {
        const unknown: never = type;
        throw new Error(`no event ${String(unknown)}`);
      }
    }
  }

  /** Events up to the one after which the book is whole: one frame, unless they are very many. */
  #show(events: EventBlock): void {
    const end = events.address + events.count * EVENT_BYTES;
    cutToFrames(events, (part) => {
      const isLast = part.address + part.count * EVENT_BYTES === end;
      this.#showPart(part, isLast && this.#isWhole);
    });
  }

  #showPart(events: EventBlock, isWhole: boolean): void {
    const { book, plan, depth } = this.#options;
    try {
      book.applyToFrame(events, this.#frame, depth);
    } finally {
      if (this.#frame.events.count > 0) {
        plan.compute(this.#frame);
        this.#noteCrossed(this.#frame);
        if (isWhole) this.#settle();
        // What happened to its orders comes before what it is shown of that.
        this.#tell();
        this.#orders.nowNs = this.#latency.heardAt(this.#timeNs);
        this.#strategy.onFrame(this.#frame);
      }
    }
  }

  #noteCrossed({ events, snapshots: { bidPrice, askPrice } }: Frame): void {
    for (let row = 0; row < events.count; row += 1) {
      const isCrossed = (bidPrice[row] ?? Number.NaN) >= (askPrice[row] ?? Number.NaN);
      this.#areCrossed.set(events.instrumentAt(row), isCrossed);
    }
  }

  /** Tells the markets whether the feed's book is crossed; one that is not may let orders in. */
  #settle(): void {
    for (const [instrument, isCrossed] of this.#areCrossed) {
      this.#replay.marketOf(instrument)?.bookIsWhole(isCrossed);
    }
    this.#areCrossed.clear();
  }

  /** What instruments with fills are worth; where a side is empty, as much as the last fill. */
  #marks(): LogEntry[] {
    const last = new Map<number, bigint>();
    for (const entry of this.#log)
      if (entry.type === 'fill') last.set(entry.instrument, entry.price);
    return [...last]
      .sort(([a], [b]) => a - b)
      .map(([instrument, price]) => {
        const mark = this.#mid(instrument) ?? price;
        return { type: 'mark', instrument, timeNs: this.#timeNs, price: mark };
      });
  }

  /** Between the best prices. One alone says little: what is held might not be sold there. */
  #mid(instrument: number): bigint | undefined {
    const { book } = this.#options;
    const bid = book.best(instrument, EventSide.BUY)?.price;
    const ask = book.best(instrument, EventSide.SELL)?.price;
    return bid === undefined || ask === undefined ? undefined : (bid + ask) / 2n;
  }

  #fundsIn({ tick, lot }: MarketUnits): { base: bigint; quote: bigint } {
    const { funds } = this.#options;
    if (funds === undefined) return { base: MOST_OWN_FUNDS, quote: MOST_OWN_FUNDS };
    const found = { base: funds.base / lot, quote: funds.quote / (tick * lot) };
    if (found.base <= MOST_OWN_FUNDS && found.quote <= MOST_OWN_FUNDS) return found;
    const most = { base: MOST_OWN_FUNDS * lot, quote: MOST_OWN_FUNDS * tick * lot };
    throw new MarketSetUpError(
      `funds of ${funds.base} and ${funds.quote} units: at most ${most.base} and ${most.quote}`,
    );
  }
}

/**
 * A feed through the matching engine itself: each instrument has a market of the engine, in which
 * the feed's orders rest and its executions cross. It is slower than the replay book by far, as a
 * command is a call, and an event becomes objects.
 */
import assert from 'node:assert/strict';
import { type EngineOptions, KernelHost } from '@foldbook/engine';
import type { CheckedLevel, WindowBook } from '../checked-book.ts';
import type { EventBlock } from '../decoder.ts';
import { EVENT_BYTES, EventOffset, type MarketEvent, readEvent } from '../event.ts';
import type { HistoryKernel } from '../kernel/history-kernel.ts';
import type { BookSide } from '../replay-book.ts';
import { type Difference, Differences } from './differences.ts';
import { EngineMarket, type OwnFunds } from './engine-market.ts';
import { type FeeRates, NO_FEES } from './fees.ts';
import { ExecutionCounts, HistoryMarket } from './history-market.ts';
import { learnUnits, type MarketUnits } from './market-units.ts';
import { MatchedMarket } from './matched-market.ts';
import type { OwnEvent } from './own-event.ts';
import { PriceStep } from './price-step.ts';

/** Requests are never asked for again. */
const ENGINE_OPTIONS: EngineOptions = { resultCapacity: 2 ** 12 };

export interface EngineReplayOptions {
  /** Whose memory has the events. */
  readonly kernel: HistoryKernel;
  /** The engine, as `loadKernel` gives it. */
  readonly engine: WebAssembly.Module;
  /** See `ReplayBook`. */
  readonly joined?: boolean | undefined;
  readonly levels?: number | undefined;
  /** Of each instrument, by its number; learned from the first block that has it where left out. */
  readonly units?: ((instrument: number) => MarketUnits | undefined) | undefined;
}

export interface EngineReplayResult {
  readonly events: number;
  readonly instruments: number;
  /** Executions of orders of the book, as the feed tells them. */
  readonly executions: number;
  /** Those of them that the engine made: the same order, price and quantity. */
  readonly same: number;
  /** The same in the feed's quantity units. */
  readonly executedQuantity: bigint;
  readonly sameQuantity: bigint;
  /** Events of orders from before the feed began. */
  readonly anonymous: number;
  readonly differences: readonly Difference[];
}

/** What a backtest adds. */
export interface OwnAccount {
  readonly fees: FeeRates;
  /** In lots and quote units. */
  readonly funds: (units: MarketUnits) => OwnFunds;
  readonly onOwn: (instrument: number, event: OwnEvent) => void;
}

const NOBODY: OwnAccount = {
  fees: NO_FEES,
  funds: () => ({ base: 0n, quote: 0n }),
  onOwn: () => assert.fail('nobody has orders'),
};

export class EngineReplay implements WindowBook {
  readonly #options: EngineReplayOptions;
  readonly #own: OwnAccount;
  readonly #host: KernelHost;
  readonly #markets = new Map<number, HistoryMarket>();
  readonly #differences = new Differences();
  readonly #counts = new ExecutionCounts();
  #events = 0;

  constructor(options: EngineReplayOptions, own: OwnAccount = NOBODY) {
    this.#options = options;
    this.#own = own;
    this.#host = new KernelHost(options.engine);
  }

  /** @throws MarketSetUpError where the engine does not take the funds */
  apply(block: EventBlock): void {
    this.learn(block);
    const view = this.viewOf(block);
    for (let at = 0; at < view.byteLength; at += EVENT_BYTES) this.applyEvent(readEvent(view, at));
  }

  /** Makes the markets of instruments that a block has first. */
  learn(block: EventBlock): void {
    const view = this.viewOf(block);
    const fresh = new Map<number, MarketEvent[]>();
    for (let at = 0; at < view.byteLength; at += EVENT_BYTES) {
      if (this.#markets.has(view.getUint32(at + EventOffset.INSTRUMENT, true))) continue;
      const event = readEvent(view, at);
      const events = fresh.get(event.instrument);
      if (events === undefined) fresh.set(event.instrument, [event]);
      else events.push(event);
    }
    for (const [instrument, events] of fresh) {
      const units = this.#options.units?.(instrument);
      if (units !== undefined) this.#open(instrument, units);
      else this.#open(instrument, learnUnits(events), new PriceStep());
    }
  }

  /** The events of a block: memory grows between blocks, and views do not. */
  viewOf({ address, count }: EventBlock): DataView {
    return new DataView(this.#options.kernel.memory.buffer, address, count * EVENT_BYTES);
  }

  /** One event, of an instrument that was learned. */
  applyEvent(event: MarketEvent): void {
    this.marketOf(event.instrument)?.apply(event, this.#events);
    this.#events += 1;
  }

  /** Undefined before its first event. */
  marketOf(instrument: number): HistoryMarket | undefined {
    return this.#markets.get(instrument);
  }

  get instruments(): readonly number[] {
    return [...this.#markets.keys()];
  }

  levels(instrument: number, side: BookSide, count: number): readonly CheckedLevel[] {
    return this.marketOf(instrument)?.market.levels(side, count) ?? [];
  }

  /** A snapshot that is the whole book follows: what was there before is gone. */
  clear(): void {
    for (const market of this.#markets.values()) market.clear();
  }

  trim(instrument: number, levels: number): void {
    this.marketOf(instrument)?.trim(levels);
  }

  result(): EngineReplayResult {
    const { executions, same, quantity, sameQuantity, anonymous } = this.#counts;
    return {
      events: this.#events,
      instruments: this.#markets.size,
      executions,
      same,
      executedQuantity: quantity,
      sameQuantity,
      anonymous,
      differences: this.#differences.list(),
    };
  }

  #open(instrument: number, units: MarketUnits, step?: PriceStep): void {
    const { fees, funds, onOwn } = this.#own;
    const engine = this.#host.addMarket(ENGINE_OPTIONS);
    const account = { fees, onOwn: (event: OwnEvent) => onOwn(instrument, event) };
    const place = new EngineMarket({ engine, funds: funds(units) });
    const market = new MatchedMarket(place, units, account, step);
    const { joined = false, levels = 0 } = this.#options;
    const hasOwn = this.#own !== NOBODY;
    const options = { market, differences: this.#differences, joined, levels, hasOwn };
    this.#markets.set(instrument, new HistoryMarket(options, this.#counts));
  }
}

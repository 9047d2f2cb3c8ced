/**
 * A strategy on a market of a running node: its public levels and trades go through the book and
 * the features of a replay, and its orders through the SDK.
 */
import { BookMirror, type MarketInfo, type OrderClient } from '@foldbook/client';
import {
  cutToFrames,
  EVENT_BYTES,
  FeaturePlan,
  type Frame,
  HistoryKernel,
  InlineStrategy,
  type LogEntry,
  type MarketEvent,
  type OrderFill,
  type OrderReport,
  type Profit,
  parseFeature,
  profitOf,
  ReplayBook,
  type Strategy,
  writeEvent,
} from '@foldbook/history';
import { RECORD_BYTES, readEvents, Side, tradesSubject } from '@foldbook/protocol';
import type { Subscription, Transport } from '@foldbook/runtime';
import { inTime } from '../trader-command.ts';
import { LevelEvents, tradeEvent } from './level-events.ts';
import { LiveOrders } from './live-orders.ts';

export interface LiveStrategyOptions {
  readonly module: WebAssembly.Module;
  readonly transport: Transport;
  /** Of the strategy's account. */
  readonly client: OrderClient;
  readonly info: MarketInfo;
  readonly path: string;
  readonly strategy: Strategy;
  /** Levels of a side that it is shown. */
  readonly levels: number;
  /** Best levels that snapshots add up. */
  readonly depth: number | undefined;
  readonly nowNs: () => bigint;
  readonly onFill: (fill: OrderFill) => void;
  readonly onOrder: (report: OrderReport) => void;
  readonly onTrouble: (words: string) => void;
}

export interface LiveResult {
  readonly orders: number;
  readonly rejected: number;
  /** From its fills; undefined without any. */
  readonly profit: Profit | undefined;
  /** What it came to, by its own account. */
  readonly result: unknown;
}

const MOST_EVENTS = 4_096;

export class LiveStrategy {
  readonly #options: LiveStrategyOptions;
  readonly #kernel: HistoryKernel;
  readonly #events: number;
  readonly #book: ReplayBook;
  readonly #plan: FeaturePlan;
  readonly #frame: Frame;
  readonly #mirror: BookMirror;
  readonly #levelEvents = new LevelEvents();
  readonly #orders: LiveOrders;
  readonly #strategy: InlineStrategy;
  readonly #failure = Promise.withResolvers<never>();
  readonly #log: LogEntry[] = [];
  #trades: Subscription | undefined;
  #placed = 0;
  #rejected = 0;
  /** It is told nothing more. */
  #isOver = false;

  /** Its `start` is called. @throws StrategyError STRATEGY_FAILED */
  constructor(options: LiveStrategyOptions) {
    this.#options = options;
    const { module, transport, client, info, path, strategy, nowNs, onTrouble } = options;
    const { features = [] } = strategy;
    this.#kernel = new HistoryKernel(module);
    this.#events = this.#kernel.reserve(MOST_EVENTS * EVENT_BYTES).address;
    this.#book = new ReplayBook({ kernel: this.#kernel, lenient: true });
    this.#plan = new FeaturePlan(this.#kernel, features.map(parseFeature));
    this.#frame = this.#plan.newFrame();
    this.#mirror = new BookMirror(transport, info.market, onTrouble);
    this.#failure.promise.catch(() => undefined);
    this.#orders = new LiveOrders({
      ...{ client, instrument: 0, tick: 1, lot: 1, nowNs },
      // Microseconds rise from run to run, and are below 2^53.
      lastId: Number(nowNs() / 1_000n),
      onOrder: (report) => this.#ordered(report),
      onFill: (fill) => this.#filled(fill),
    });
    const { priceDecimals, quantityDecimals } = info;
    const units = { priceDecimals, quantityDecimals };
    const context = { instruments: () => [info.market], ...units, orders: this.#orders };
    const columns = features.map((_, column) => column);
    this.#strategy = new InlineStrategy({ path, strategy, context, columns });
  }

  /**
   * Until `ended` resolves; then its open orders are cancelled.
   * @throws StrategyError STRATEGY_FAILED, ClientError: its orders are cancelled then, too, where
   * the client still can
   */
  async run(ended: Promise<void>): Promise<LiveResult> {
    const { client } = this.#options;
    try {
      await this.#open();
      await Promise.race([ended, this.#failure.promise]);
    } finally {
      this.#isOver = true;
      this.#trades?.unsubscribe();
      this.#orders.cancelOpen();
      await inTime(client, client.idle());
      this.#orders.close();
      this.#mirror.close();
    }
    const result = this.#strategy.result();
    const [profit] = profitOf([...this.#log, ...this.#marks()]);
    return { orders: this.#placed, rejected: this.#rejected, profit, result };
  }

  async #open(): Promise<void> {
    const { transport, info } = this.#options;
    this.#trades = transport.subscribe(tradesSubject(info.market), ({ payload }) => {
      const timeNs = this.#options.nowNs();
      const events = [...readEvents(payload.subarray(RECORD_BYTES))].flatMap((event) =>
        event.type === 'trade' ? [tradeEvent(event, timeNs)] : [],
      );
      this.#show(events);
    });
    this.#mirror.onChange(() => this.#showLevels());
    await this.#mirror.open();
  }

  #showLevels(): void {
    const { levels, nowNs } = this.#options;
    const moment = { timeNs: nowNs(), sequence: BigInt(this.#mirror.sequence) };
    const found = (side: Side) => this.#mirror.levels(side, levels);
    this.#show(this.#levelEvents.changes(found, moment));
  }

  #show(events: readonly MarketEvent[]): void {
    for (let first = 0; first < events.length; first += MOST_EVENTS) {
      const part = events.slice(first, first + MOST_EVENTS);
      const view = new DataView(this.#kernel.memory.buffer, this.#events);
      for (const [index, event] of part.entries()) writeEvent(view, index * EVENT_BYTES, event);
      cutToFrames({ address: this.#events, count: part.length }, (block) => {
        this.#book.applyToFrame(block, this.#frame, this.#options.depth);
        this.#plan.compute(this.#frame);
        this.#tell(() => this.#strategy.onFrame(this.#frame));
      });
    }
  }

  #ordered(report: OrderReport): void {
    if (report.type === 'accepted') this.#placed += 1;
    if (report.type === 'rejected') this.#rejected += 1;
    this.#options.onOrder(report);
    this.#tell(() => this.#strategy.onOrder(report));
  }

  #filled(fill: OrderFill): void {
    const { price, quantity, fee, left } = fill;
    const amounts = { price: BigInt(price), quantity: BigInt(quantity), fee: BigInt(fee) };
    this.#log.push({ type: 'fill', ...fill, ...amounts, left: BigInt(left) });
    this.#options.onFill(fill);
    this.#tell(() => this.#strategy.onFill(fill));
  }

  #tell(call: () => void): void {
    if (this.#isOver) return;
    try {
      call();
    } catch (error) {
      this.#isOver = true;
      this.#failure.reject(error);
    }
  }

  /** Between the best prices; where a side is empty, as much as the last fill. */
  #marks(): LogEntry[] {
    const [bid] = this.#mirror.levels(Side.BUY, 1);
    const [ask] = this.#mirror.levels(Side.SELL, 1);
    const last = this.#log.at(-1);
    if (last?.type !== 'fill') return [];
    const isQuoted = bid !== undefined && ask !== undefined;
    const price = isQuoted ? (bid.price + ask.price) / 2n : last.price;
    return [{ type: 'mark', instrument: 0, timeNs: this.#options.nowNs(), price }];
  }
}

/** A strategy's orders on a market of the SDK: the same calls and callbacks as in a backtest. */
import type { Draft, OrderClient } from '@foldbook/client';
import type {
  OrderChange,
  OrderFill,
  OrderReport,
  OrderRequest,
  StrategyOrders,
} from '@foldbook/history';
import {
  CANCEL_REASON_NAMES,
  CommandKind,
  Liquidity,
  type MarketEvent,
  nameOf,
  OrderFlag,
  ResultCode,
  resultName,
  SelfTrade,
  SIDE_NAMES,
  TIME_IN_FORCE_NAMES,
} from '@foldbook/protocol';

export interface LiveOrdersOptions {
  readonly client: Pick<OrderClient, 'submit' | 'onEvent'>;
  /** The market's, as the strategy's columns number it. */
  readonly instrument: number;
  /** Price units of a tick, and quantity units of a lot, in what the strategy is shown. */
  readonly tick: number;
  readonly lot: number;
  /** Ids come behind it: above those of the account's earlier runs, and below 2^53. */
  readonly lastId: number;
  readonly nowNs: () => bigint;
  readonly onOrder: (report: OrderReport) => void;
  readonly onFill: (fill: OrderFill) => void;
}

type News = { readonly fill: OrderFill } | { readonly report: OrderReport };
type Own = OrderRequest & { left: number };

export class LiveOrders implements StrategyOrders {
  readonly #options: LiveOrdersOptions;
  readonly #own = new Map<number, Own>();
  readonly #stop: () => void;
  #lastId: number;
  /** Told together once the reports of a message are read: a fee comes behind its fill. */
  #news: News[] = [];

  constructor(options: LiveOrdersOptions) {
    this.#options = options;
    this.#lastId = options.lastId;
    this.#stop = options.client.onEvent((event) => this.#hear(event));
  }

  place(order: OrderRequest): number {
    this.#lastId += 1;
    const id = this.#lastId;
    if (order.instrument !== this.#options.instrument) {
      this.#report(id, 'rejected', resultName(ResultCode.UNKNOWN_MARKET));
      return id;
    }
    const side = SIDE_NAMES[order.side];
    const isSent = this.#submit(id, order, (terms) => ({ kind: CommandKind.NEW, side, ...terms }));
    if (isSent) this.#own.set(id, { ...order, left: 0 });
    return id;
  }

  cancel(id: number): void {
    if (this.#own.has(id)) {
      this.#options.client.submit({ kind: CommandKind.CANCEL, clientOrderId: BigInt(id) });
    } else this.#report(id, 'rejected', resultName(ResultCode.UNKNOWN_ORDER));
  }

  replace(id: number, change: OrderChange): void {
    const own = this.#own.get(id);
    if (own === undefined) {
      this.#report(id, 'rejected', resultName(ResultCode.UNKNOWN_ORDER));
      return;
    }
    const flags = OrderFlag.KEEP_PRIORITY;
    const order = { ...own, ...change };
    this.#submit(id, order, (terms) => ({ kind: CommandKind.REPLACE, flags, ...terms }));
  }

  /** Takes away whatever is open, or on its way. */
  cancelOpen(): void {
    for (const id of this.#own.keys()) this.cancel(id);
  }

  /** Hears of nothing any more; the orders stay. */
  close(): void {
    this.#stop();
  }

  #submit(id: number, order: OrderRequest, draft: (terms: Terms) => Draft): boolean {
    const { tick, lot, client } = this.#options;
    const [ticks, lots] = [order.price / tick, order.quantity / lot];
    if (!Number.isSafeInteger(ticks) || ticks < 0) {
      this.#report(id, 'rejected', resultName(ResultCode.INVALID_PRICE));
      return false;
    }
    if (!Number.isSafeInteger(lots) || lots < 0) {
      this.#report(id, 'rejected', resultName(ResultCode.INVALID_QUANTITY));
      return false;
    }
    const timeInForce = TIME_IN_FORCE_NAMES[order.timeInForce ?? 'gtc'];
    const amounts = { price: BigInt(ticks), quantity: BigInt(lots) };
    const clientOrderId = BigInt(id);
    const selfTrade = SelfTrade.EXPIRE_MAKER;
    client.submit(draft({ clientOrderId, ...amounts, timeInForce, selfTrade }));
    return true;
  }

  #hear(event: MarketEvent): void {
    if (!('clientOrderId' in event)) return;
    const id = Number(event.clientOrderId);
    // Others of the account's, by a program beside this one or before it.
    if (id <= this.#options.lastId || id > this.#lastId) return;
    if (event.type === 'rejected' || event.type === 'result') {
      if (event.code === ResultCode.OK) return;
      if (event.command === CommandKind.NEW) this.#own.delete(id);
      // Of an order that was gone when the request arrived, too.
      this.#report(id, 'rejected', resultName(event.code));
      return;
    }
    const own = this.#own.get(id);
    if (own !== undefined) this.#hearOf(id, own, event);
  }

  #hearOf(id: number, own: Own, event: MarketEvent): void {
    switch (event.type) {
      case 'accepted':
      case 'replaced':
        own.left = Number(event.quantity) * this.#options.lot;
        this.#report(id, event.type);
        return;
      case 'cancelled':
        this.#own.delete(id);
        this.#report(id, 'cancelled', nameOf(CANCEL_REASON_NAMES, event.reason));
        return;
      case 'fill':
        this.#fill(id, own, event);
        return;
      case 'fee':
        this.#fee(id, event.rebate ? -Number(event.amount) : Number(event.amount));
        return;
      default:
        return;
    }
  }

  #fill(id: number, own: Own, event: Extract<MarketEvent, { readonly type: 'fill' }>): void {
    const { tick, lot, instrument, nowNs } = this.#options;
    const quantity = Number(event.quantity) * lot;
    own.left -= quantity;
    this.#tell({
      fill: {
        id,
        instrument,
        timeNs: nowNs(),
        side: own.side,
        price: Number(event.price) * tick,
        quantity,
        liquidity: event.liquidity === Liquidity.MAKER ? 'maker' : 'taker',
        fee: 0,
        left: own.left,
      },
    });
  }

  #fee(id: number, amount: number): void {
    const { tick, lot } = this.#options;
    const at = this.#news.findLastIndex((news) => 'fill' in news && news.fill.id === id);
    const news = this.#news[at];
    if (news === undefined || !('fill' in news)) return;
    this.#news[at] = { fill: { ...news.fill, fee: amount * tick * lot } };
  }

  #report(id: number, type: OrderReport['type'], reason?: string): void {
    const { instrument, nowNs } = this.#options;
    this.#tell({ report: { type, id, instrument, timeNs: nowNs(), reason } });
  }

  #tell(news: News): void {
    this.#news.push(news);
    if (this.#news.length === 1) queueMicrotask(() => this.#tellAll());
  }

  #tellAll(): void {
    const all = this.#news;
    this.#news = [];
    for (const news of all) {
      if ('report' in news) {
        this.#options.onOrder(news.report);
        continue;
      }
      const { fill } = news;
      if (fill.left <= 0) this.#own.delete(fill.id);
      this.#options.onFill(fill);
    }
  }
}

type Terms = Pick<
  Extract<Draft, { readonly kind: typeof CommandKind.NEW }>,
  'clientOrderId' | 'price' | 'quantity' | 'timeInForce' | 'selfTrade'
>;

/**
 * What a feed tells of one instrument, as orders in a market of the engine: a new order rests, an
 * execution becomes somebody who takes that much of the other side's order, and where the feed says
 * otherwise of an order than the engine, the feed's word counts (see `Differences`).
 */
import { Action, EventFlag, EventSide, type MarketEvent } from '../event.ts';
import type { BookSide } from '../replay-book.ts';
import type { DifferenceKind, Differences } from './differences.ts';
import { FeedLevels } from './feed-levels.ts';
import { type Match, type MatchedMarket, WOULD_CROSS } from './matched-market.ts';
import type { MarketOrder } from './order-queues.ts';

/** Anonymous orders are named from here down: the last name is an aggressor's. */
const LAST_ANONYMOUS_ID = 2n ** 64n - 2n;
/** Of a STATUS: trading goes on. */
const TRADING = 2n;

export interface HistoryMarketOptions {
  readonly market: MatchedMarket;
  readonly differences: Differences;
  /** The feed begins in the middle: unknown orders are those of anonymous volume at their price. */
  readonly joined: boolean;
  /** Levels of a side that are kept after each event; 0: all. */
  readonly levels: number;
  /**
   * Ours may be there, and `bookIsWhole` is called: what crosses the feed's book waits until that
   * is known not to be crossed.
   */
  readonly hasOwn: boolean;
}

/** What was executed in the feed, and in the engine just so. Quantities in the feed's units. */
export class ExecutionCounts {
  /** Executions of an order of the book. */
  executions = 0;
  quantity = 0n;
  /** Those that the engine made: the same order, price and quantity, in one trade. */
  same = 0;
  sameQuantity = 0n;
  /** Events of orders that nobody told of, and that anonymous volume stands for. */
  anonymous = 0;
}

interface Told {
  readonly event: MarketEvent;
  readonly number: number;
}

type KnownSide = { readonly side: BookSide };

const hasSide = (event: MarketEvent): event is MarketEvent & KnownSide =>
  event.side === EventSide.BUY || event.side === EventSide.SELL;
const isPriced = ({ flags }: MarketEvent) => (flags & EventFlag.NO_PRICE) === 0;
const least = (a: bigint, b: bigint) => (a < b ? a : b);

export class HistoryMarket {
  readonly market: MatchedMarket;
  readonly counts: ExecutionCounts;
  readonly #differences: Differences;
  readonly #joined: boolean;
  readonly #levels: number;
  readonly #hasOwn: boolean;
  /** The feed's that are not in the engine, which would match them. */
  readonly #waiting = new Set<MarketOrder>();
  readonly #anonymous = new Map<string, MarketOrder>();
  readonly #feedLevels = new FeedLevels();
  #nextAnonymousId = LAST_ANONYMOUS_ID;
  /** Of the DELETE before an ADD that has its place. */
  #replacedSide: number = EventSide.NONE;
  /** A trade whose parts may follow, and what of it they have not told. */
  #trade: (Told & { left: bigint }) | undefined;
  /** What is being applied. */
  #at: Told | undefined;

  constructor(options: HistoryMarketOptions, counts: ExecutionCounts) {
    this.market = options.market;
    this.counts = counts;
    this.#differences = options.differences;
    this.#joined = options.joined;
    this.#levels = options.levels;
    this.#hasOwn = options.hasOwn;
  }

  /** @param number the event's, in the run */
  apply(event: MarketEvent, number: number): void {
    this.#at = { event, number };
    const isPart = event.action === Action.TRADE && (event.flags & EventFlag.PART) !== 0;
    if (!isPart) this.#settleTrade();
    this.#apply(event, number, isPart);
    if ((event.flags & EventFlag.LAST) !== 0) this.#settleTrade();
  }

  /** Whether the feed's own book is crossed, between two of its messages. */
  bookIsWhole(isCrossed: boolean): void {
    this.market.isCrossed = isCrossed;
    if (isCrossed || this.#waiting.size === 0) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const order of waiting) {
      order.loss = undefined;
      this.#letIn(order, this.market.rest(order, true));
      this.#settle(order);
    }
  }

  /** Volume of orders that nobody told of, before what comes to that price. */
  #addLevel(event: MarketEvent): void {
    const { price, quantity } = event;
    if (!hasSide(event) || !isPriced(event) || quantity === 0n) {
      this.#differ('incomplete', quantity);
      return;
    }
    const { side } = event;
    const key = `${side}:${price}`;
    const there = this.#anonymous.get(key);
    if (there !== undefined) this.#forget(there);
    const id = this.#nextAnonymousId;
    this.#nextAnonymousId -= 1n;
    const order = newOrder(id, side, price, quantity + (there?.told ?? 0n));
    this.#anonymous.set(key, order);
    this.#enter(order);
  }

  /**
   * The book is empty. Ours go, too: the feed's would come back behind them, though they had come
   * before.
   */
  clear(): void {
    for (const order of [...this.market.orders.values()]) this.#forget(order);
    this.market.clearOwn();
  }

  /** Forgets what lies beyond the best levels of the feed's orders. */
  trim(levels: number): void {
    for (const side of [EventSide.BUY, EventSide.SELL] as const) {
      for (const order of this.#feedLevels.beyond(side, levels)) this.#forget(order);
    }
  }

  #apply(event: MarketEvent, number: number, isPart: boolean): void {
    switch (event.action) {
      case Action.ADD:
        this.#add(event);
        return;
      case Action.REDUCE:
      case Action.DELETE:
      case Action.MODIFY:
      case Action.EXECUTE:
        this.#change(event);
        return;
      case Action.TRADE:
        if (isPart) this.#part(event);
        else this.#trade = { event, number, left: event.quantity };
        return;
      case Action.CLEAR:
        this.clear();
        return;
      case Action.LEVEL:
        this.#addLevel(event);
        return;
      case Action.STATUS:
        this.market.isHalted = event.quantity < TRADING;
        return;
      default:
        // A report on an order changes no book.
        return;
    }
  }

  #add(event: MarketEvent): void {
    const isReplacement = event.side === EventSide.NONE && (event.flags & EventFlag.REPLACED) !== 0;
    const told = isReplacement ? { ...event, side: this.#replacedSide } : event;
    if (isReplacement) this.#replacedSide = EventSide.NONE;
    const { orderId, price, quantity } = told;
    if (!hasSide(told) || !isPriced(told) || quantity === 0n) {
      this.#differ('incomplete', quantity);
      return;
    }
    const there = this.market.orders.get(orderId);
    if (there !== undefined) {
      this.#differ('duplicate_order', there.told);
      this.#forget(there);
    }
    this.#enter(newOrder(orderId, told.side, price, quantity));
    this.#trimAsSet();
  }

  /** What happens to an order that is there. */
  #change(event: MarketEvent): void {
    const order = this.market.orders.get(event.orderId) ?? this.#unknown(event);
    if (event.action === Action.DELETE) this.#replacedSide = order?.side ?? event.side;
    if (order === undefined) return;
    switch (event.action) {
      case Action.DELETE:
        // All of an order, or as much as it showed of what nobody knows.
        if (order.id === event.orderId) this.#forget(order);
        else this.#lower(order, event.quantity);
        return;
      case Action.REDUCE:
        this.#lower(order, event.quantity);
        return;
      case Action.EXECUTE:
        this.#execute(order, event);
        this.#lower(order, event.quantity);
        return;
      default:
        this.#modify(order, event);
    }
  }

  /** The anonymous volume that stands for an order; a changed one is told as if it were new. */
  #unknown(event: MarketEvent): MarketOrder | undefined {
    const { action, side, price, quantity } = event;
    if (this.#joined && action === Action.MODIFY) {
      this.counts.anonymous += 1;
      if (quantity > 0n) this.#add(event);
      return undefined;
    }
    const there = isPriced(event) ? this.#anonymous.get(`${side}:${price}`) : undefined;
    if (this.#joined && there !== undefined) {
      this.counts.anonymous += 1;
      return there;
    }
    this.#differ('unknown_order', quantity);
    if (action === Action.EXECUTE) this.#meetBetter(event, quantity);
    return undefined;
  }

  #part(event: MarketEvent): void {
    if (this.#trade !== undefined) {
      this.#trade.left -= least(this.#trade.left, event.quantity);
    }
    const order = this.market.orders.get(event.orderId);
    if (order === undefined) {
      this.#differ('unknown_order', event.quantity);
      this.#meetBetter(event, event.quantity);
      return;
    }
    this.#execute(order, event);
    order.ahead = least(order.told, order.ahead + event.quantity);
    this.#settle(order);
  }

  /** What parts have not told of a trade had no order in the book. */
  #settleTrade(): void {
    const trade = this.#trade;
    if (trade === undefined) return;
    this.#trade = undefined;
    if (trade.left === 0n) return;
    this.#differences.add('hidden', trade, trade.left);
    this.#meetBetter(trade.event, trade.left);
  }

  /** Somebody takes an order of the book, of which the feed will say that it has less. */
  #execute(order: MarketOrder, event: MarketEvent): void {
    const { quantity } = event;
    this.counts.executions += 1;
    this.counts.quantity += quantity;
    if (order.loss === 'left_out') this.#differ('left_out', quantity);
    else if (isPriced(event) && event.price !== order.price) this.#differ('other_price', quantity);
    else {
      this.#meet(order, quantity);
    }
  }

  #meet(order: MarketOrder, quantity: bigint): void {
    const { own, limit, isBlocked } = this.market.before(order);
    // Behind somebody else's it is left alone, and what of ours stands before that one is not.
    const wanted = least(quantity, isBlocked ? own : own + order.here);
    const price = isBlocked ? limit : order.price;
    const matches = wanted > 0n ? this.market.take(order.side, price, wanted) : [];
    const [first] = matches;
    if (matches.length === 1 && first?.maker === order && first.quantity === quantity) {
      this.counts.same += 1;
      this.counts.sameQuantity += quantity;
      return;
    }
    const ours = sumOf(matches.filter(({ maker }) => maker.isOwn));
    const missing = quantity - sumOf(matches);
    if (ours > 0n) this.#differ('own_before', ours);
    if (missing > 0n) this.#differ(isBlocked ? 'out_of_turn' : lossKind(order), missing);
  }

  /** A trade of which nothing is in the book met what of ours stood at a better price. */
  #meetBetter(event: MarketEvent, quantity: bigint): void {
    if (!hasSide(event) || !isPriced(event) || this.market.ownOrders === 0) return;
    const { own, limit } = this.market.beforePrice(event.side, event.price);
    const wanted = least(quantity, own);
    if (wanted > 0n) this.market.take(event.side, limit, wanted);
  }

  /** The feed takes so much off an order. */
  #lower(order: MarketOrder, quantity: bigint): void {
    if (quantity > order.told) this.#differ('too_much', quantity - order.told);
    order.ahead -= least(order.ahead, quantity);
    order.told -= least(order.told, quantity);
    this.#settle(order);
  }

  #modify(order: MarketOrder, event: MarketEvent): void {
    const { price, quantity } = event;
    if (!isPriced(event)) {
      this.#differ('incomplete', quantity);
      return;
    }
    // An iceberg that shows as much again as was executed of it goes to the end.
    if (price === order.price && quantity <= order.told - order.ahead) {
      this.#lower(order, order.told - quantity);
      return;
    }
    if (order.loss === 'taken') this.#differ('taken', order.told - order.ahead - order.here);
    this.market.lower(order, 0n);
    this.#waiting.delete(order);
    if (quantity === 0n) {
      this.#forget(order);
      return;
    }
    this.#feedLevels.leave(order);
    this.#enter(newOrder(order.id, order.side, price, quantity));
    this.#trimAsSet();
  }

  /** The engine has no more of an order than the feed. */
  #settle(order: MarketOrder): void {
    this.market.lower(order, order.told - order.ahead);
    if (order.told === 0n) this.#forget(order);
  }

  #enter(order: MarketOrder): void {
    this.market.orders.set(order.id, order);
    this.#feedLevels.enter(order);
    const matches = this.market.rest(order, !this.#hasOwn);
    if (!this.#hasOwn || matches !== WOULD_CROSS) this.#letIn(order, matches);
    else if (this.market.isCrossed || this.market.crossesFeed(order)) {
      order.loss = 'crossed';
      this.#waiting.add(order);
    } else this.#letIn(order, this.market.rest(order, true));
  }

  #letIn(order: MarketOrder, matches: ReturnType<MatchedMarket['rest']>): void {
    if (matches === undefined || typeof matches === 'string') {
      order.loss = 'left_out';
      if (matches === undefined) this.#differ('off_scale', order.told);
      else this.#differ('refused', order.told, matches);
      return;
    }
    if (matches.length > 0) this.#crossed(order, matches);
  }

  #crossed(order: MarketOrder, matches: readonly Match[]): void {
    const others = matches.filter(({ maker }) => !maker.isOwn);
    for (const { maker } of others) maker.loss = 'crossed';
    order.loss = others.length > 0 ? 'crossed' : 'taken';
    if (others.length > 0) this.#differ('crossing', sumOf(others));
  }

  #forget(order: MarketOrder): void {
    this.market.lower(order, 0n);
    this.market.orders.delete(order.id);
    this.#feedLevels.leave(order);
    this.#waiting.delete(order);
    const key = `${order.side}:${order.price}`;
    if (this.#anonymous.get(key) === order) this.#anonymous.delete(key);
  }

  #trimAsSet(): void {
    if (this.#levels > 0) this.trim(this.#levels);
  }

  #differ(kind: DifferenceKind, quantity: bigint, words?: string): void {
    if (this.#at !== undefined) this.#differences.add(kind, this.#at, quantity, words);
  }
}

const sumOf = (matches: readonly Match[]) =>
  matches.reduce((sum, { quantity }) => sum + quantity, 0n);

const newOrder = (id: bigint, side: BookSide, price: bigint, told: bigint): MarketOrder => {
  return { id, isOwn: false, side, price, told, ahead: 0n, here: 0n, loss: undefined };
};

/** Why the engine had not all of what was executed. */
function lossKind(order: MarketOrder): DifferenceKind {
  switch (order.loss) {
    case 'taken':
      return 'taken';
    case 'crossed':
      return 'crossed_before';
    case 'left_out':
      return 'left_out';
    case undefined:
      return 'beyond_shown';
    default: {
      const unknown: never = order.loss;
      throw new Error(`no loss ${String(unknown)}`);
    }
  }
}

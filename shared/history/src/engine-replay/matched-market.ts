/**
 * A market of the engine in which the feed's orders and our own rest side by side: commands in the
 * feed's units, and the queues that they lead to.
 */
import {
  CANCEL_REASON_NAMES,
  CommandKind,
  type MarketEvent as EngineEvent,
  nameOf,
  OrderFlag,
  ResultCode,
  resultName,
  SelfTrade,
  SIDE_NAMES,
  TIME_IN_FORCE_NAMES,
  TimeInForce,
} from '@foldbook/protocol';
import { EventSide } from '../event.ts';
import type { BookLevel, BookSide } from '../replay-book.ts';
import {
  type EngineMarket,
  MARKET_ACCOUNT,
  OWN_ACCOUNT,
  type Unnumbered,
} from './engine-market.ts';
import { type FeeRates, feeOf } from './fees.ts';
import { lotsOf, type MarketUnits, ticksOf } from './market-units.ts';
import { type MarketOrder, OrderQueues } from './order-queues.ts';
import type { OwnEvent, OwnTerms } from './own-event.ts';
import type { PriceStep } from './price-step.ts';

/** The name of orders that only take: no feed has an order with it. */
const AGGRESSOR_ID = 2n ** 64n - 1n;
/** Levels asked for at a time, where the best one is not enough. */
const MORE_LEVELS = 64;
const HALTED = resultName(ResultCode.MARKET_CANCEL_ONLY);
/** No code of the engine, whose book never is. */
const CROSSED = 'BOOK_CROSSED';
export const WOULD_CROSS = resultName(ResultCode.WOULD_CROSS);

/** In the feed's units. */
export interface Match {
  readonly maker: MarketOrder;
  readonly price: bigint;
  readonly quantity: bigint;
}

export interface OwnBalance {
  /** In the feed's quantity units. */
  readonly base: bigint;
  /** Price units times quantity units. */
  readonly quote: bigint;
}

/** Who stands before an order, or before all of its price. */
export interface Before {
  /** Of ours, as far as nobody else's order stands between. */
  readonly own: bigint;
  /** The worst price of those. */
  readonly limit: bigint;
  readonly isBlocked: boolean;
}

/** Ours in this market. */
export interface MarketAccount {
  readonly fees: FeeRates;
  readonly onOwn: (event: OwnEvent) => void;
}

type ReportOf<T extends EngineEvent['type']> = Extract<EngineEvent, { readonly type: T }>;

export class MatchedMarket {
  readonly units: MarketUnits;
  readonly #market: EngineMarket;
  readonly #account: MarketAccount;
  readonly #step: PriceStep | undefined;
  readonly #queues = new OrderQueues();
  /** The feed's, by id, as long as it tells of them. */
  readonly orders = new Map<bigint, MarketOrder>();
  readonly #own = new Map<bigint, MarketOrder>();
  readonly #begin: OwnBalance;
  /** Fees so far. */
  #paid = 0n;
  /** Ours are not let in: the engine would match them all the same. */
  isHalted = false;
  /**
   * The feed's own book is: an auction is called, in which nothing trades. Ours are not let in, as
   * the engine would match them with what they cross.
   */
  isCrossed = false;

  /** @param step where the tick was learned: ours keep to what the feed's prices are by now */
  constructor(
    market: EngineMarket,
    units: MarketUnits,
    account: MarketAccount,
    step: PriceStep | undefined,
  ) {
    this.#market = market;
    this.#step = step;
    this.units = units;
    this.#account = account;
    this.#begin = this.#balance();
  }

  get ownOrders(): number {
    return this.#own.size;
  }

  /** What the engine has of ours, held or not, beyond what we began with, less fees. */
  ownGain(): OwnBalance {
    const { base, quote } = this.#balance();
    return { base: base - this.#begin.base, quote: quote - this.#begin.quote - this.#paid };
  }

  #balance(): OwnBalance {
    const { tick, lot } = this.units;
    const balance = this.#market.engine.balance(OWN_ACCOUNT);
    return {
      base: (balance.baseAvailable + balance.baseHeld) * lot,
      quote: (balance.quoteAvailable + balance.quoteHeld) * tick * lot,
    };
  }

  /** Best first, ours among them. */
  levels(side: BookSide, count: number): Pick<BookLevel, 'price' | 'quantity' | 'orders'>[] {
    const { tick, lot } = this.units;
    const levels = this.#market.engine.depth(side, count);
    return levels.map(({ price, quantity, orders }) => {
      return { price: price * tick, quantity: quantity * lot, orders };
    });
  }

  /** Who would be met first by one that comes for `order`. */
  before(order: MarketOrder): Before {
    const better = this.beforePrice(order.side, order.price);
    if (better.isBlocked || order.here === 0n) return better;
    return this.#ahead(order.side, order.price, better, order);
  }

  /** Who stands at better prices. */
  beforePrice(side: BookSide, price: bigint): Before {
    let found: Before = { own: 0n, limit: price, isBlocked: false };
    const isBetter = (other: bigint) => (side === EventSide.BUY ? other > price : other < price);
    const [best] = this.levels(side, 1);
    if (best === undefined || !isBetter(best.price)) return found;
    for (const level of this.levels(side, MORE_LEVELS)) {
      if (found.isBlocked || !isBetter(level.price)) break;
      found = this.#ahead(side, level.price, found, undefined);
    }
    return found;
  }

  #ahead(side: BookSide, price: bigint, better: Before, until: MarketOrder | undefined): Before {
    let { own, limit } = better;
    for (const order of this.#queues.at(side, price)) {
      if (order === until) break;
      if (!order.isOwn) return { own, limit, isBlocked: true };
      own += order.here;
      limit = price;
    }
    return { own, limit, isBlocked: false };
  }

  /** Whether it would meet an order of the feed, and not only ours. */
  crossesFeed({ side, price }: MarketOrder): boolean {
    const isBuy = side === EventSide.BUY;
    const other = isBuy ? EventSide.SELL : EventSide.BUY;
    // Of so many levels, one is not of ours alone.
    return this.levels(other, this.ownOrders + 1).some((level) => {
      if (isBuy ? level.price > price : level.price < price) return false;
      return [...this.#queues.at(other, level.price)].some(({ isOwn }) => !isOwn);
    });
  }

  /**
   * Lets an order of the feed rest, with all it is told to have.
   * @param mayTrade with what it meets; else it is refused where it meets something (WOULD_CROSS)
   * @returns what it traded; a code's name where it is refused; undefined where its price or
   * quantity is none of the engine's
   */
  rest(order: MarketOrder, mayTrade: boolean): readonly Match[] | string | undefined {
    const price = ticksOf(this.units, order.price);
    const quantity = lotsOf(this.units, order.told);
    order.here = 0n;
    this.#step?.add(order.price);
    if (price === undefined || quantity === undefined) return undefined;
    const events = this.#market.run(MARKET_ACCOUNT, {
      kind: CommandKind.NEW,
      clientOrderId: order.id,
      side: order.side,
      price,
      quantity,
      timeInForce: mayTrade ? TimeInForce.GTC : TimeInForce.POST_ONLY,
    });
    const [first] = events;
    if (first?.type === 'rejected') return resultName(first.code);
    const matches = this.#absorb(events, undefined);
    const isCut = events.some((event) => event.type === 'cancelled' && isOf(event, order));
    order.here = isCut ? 0n : matches.reduce((left, match) => left - match.quantity, order.told);
    if (order.here > 0n) this.#queues.enter(order);
    return matches;
  }

  /** Somebody takes from a side, up to a price, what is there of `quantity`. */
  take(side: BookSide, price: bigint, quantity: bigint): readonly Match[] {
    const ticks = ticksOf(this.units, price);
    const lots = lotsOf(this.units, quantity - (quantity % this.units.lot));
    if (ticks === undefined || lots === undefined) return [];
    const events = this.#market.run(MARKET_ACCOUNT, {
      kind: CommandKind.NEW,
      clientOrderId: AGGRESSOR_ID,
      side: side === EventSide.BUY ? EventSide.SELL : EventSide.BUY,
      price: ticks,
      quantity: lots,
      timeInForce: TimeInForce.IOC,
    });
    return this.#absorb(events, undefined);
  }

  /** Leaves no more than so much of an order of the feed, in its place. */
  lower(order: MarketOrder, most: bigint): void {
    const { lot } = this.units;
    const target = most > 0n ? most - (most % lot) : 0n;
    if (order.here <= target) return;
    const { id: clientOrderId } = order;
    const delta = (target - order.here) / lot;
    this.#market.run(
      MARKET_ACCOUNT,
      target === 0n
        ? { kind: CommandKind.CANCEL, clientOrderId }
        : { kind: CommandKind.AMEND, clientOrderId, delta },
    );
    order.here = target;
    if (target === 0n) this.#queues.leave(order);
  }

  #ownTicksOf(price: bigint): bigint | undefined {
    return this.#step?.allows(price) === false ? undefined : ticksOf(this.units, price);
  }

  /** Why nothing of ours is let in, if so. */
  get #refusal(): string | undefined {
    if (this.isHalted) return HALTED;
    return this.isCrossed ? CROSSED : undefined;
  }

  placeOwn(terms: OwnTerms): void {
    const { id, timeInForce } = terms;
    const side = SIDE_NAMES[terms.side];
    const price = this.#ownTicksOf(terms.price);
    const quantity = lotsOf(this.units, terms.quantity);
    const refusal = this.#refusal;
    if (refusal !== undefined || price === undefined || quantity === undefined) {
      const invalid = price === undefined ? 'INVALID_PRICE' : 'INVALID_QUANTITY';
      this.#reject(id, 'place', refusal ?? invalid);
      return;
    }
    const clientOrderId = BigInt(id);
    const names = { id: clientOrderId, isOwn: true, side, price: terms.price, loss: undefined };
    const order = { ...names, told: terms.quantity, ahead: 0n, here: 0n };
    this.#own.set(clientOrderId, order);
    this.#runOwn('place', order, {
      kind: CommandKind.NEW,
      clientOrderId,
      side,
      price,
      quantity,
      timeInForce: TIME_IN_FORCE_NAMES[timeInForce],
      selfTrade: SelfTrade.EXPIRE_MAKER,
    });
  }

  replaceOwn(terms: OwnTerms): void {
    const { id, timeInForce } = terms;
    const order = this.#own.get(BigInt(id));
    const refusal = this.#refusal;
    const price = this.#ownTicksOf(terms.price);
    const quantity = lotsOf(this.units, terms.quantity);
    if (order === undefined) this.#reject(id, 'replace', 'UNKNOWN_ORDER');
    else if (refusal !== undefined) this.#reject(id, 'replace', refusal);
    else if (price === undefined) this.#reject(id, 'replace', 'INVALID_PRICE');
    else if (quantity === undefined) this.#reject(id, 'replace', 'INVALID_QUANTITY');
    else {
      this.#runOwn('replace', order, {
        kind: CommandKind.REPLACE,
        clientOrderId: order.id,
        price,
        quantity,
        timeInForce: TIME_IN_FORCE_NAMES[timeInForce],
        selfTrade: SelfTrade.EXPIRE_MAKER,
        flags: OrderFlag.KEEP_PRIORITY,
      });
    }
  }

  cancelOwn(id: number): void {
    const order = this.#own.get(BigInt(id));
    if (order === undefined) this.#reject(id, 'cancel', 'UNKNOWN_ORDER');
    else this.#runOwn('cancel', order, { kind: CommandKind.CANCEL, clientOrderId: order.id });
  }

  /** Ours leave with all others, and are told of it. */
  clearOwn(): void {
    for (const order of [...this.#own.values()]) {
      this.#market.run(OWN_ACCOUNT, { kind: CommandKind.CANCEL, clientOrderId: order.id });
      this.#drop(order, order.told, 'cleared');
    }
  }

  #runOwn(name: 'place' | 'cancel' | 'replace', order: MarketOrder, command: Unnumbered): void {
    const events = this.#market.run(OWN_ACCOUNT, command);
    const [first] = events;
    if (first?.type === 'rejected') {
      if (name === 'place') this.#own.delete(order.id);
      this.#reject(Number(order.id), name, resultName(first.code));
      return;
    }
    this.#absorb(events, order);
    if (!this.#own.has(order.id) || order.here > 0n) return;
    order.here = order.told;
    this.#queues.enter(order);
  }

  /** Takes what traded off the orders, and tells what is ours. */
  #absorb(events: readonly EngineEvent[], taker: MarketOrder | undefined): Match[] {
    const matches: Match[] = [];
    for (const event of events) {
      if (event.type === 'trade') matches.push(this.#match(event, taker));
      else if (event.type === 'cancelled' && event.account === OWN_ACCOUNT) this.#cancelled(event);
      else if (event.type === 'accepted' || event.type === 'replaced') this.#stated(event);
    }
    return matches;
  }

  #match(trade: ReportOf<'trade'>, taker: MarketOrder | undefined): Match {
    const isOwn = trade.makerAccount === OWN_ACCOUNT;
    const maker = (isOwn ? this.#own : this.orders).get(trade.makerClientOrderId);
    if (maker === undefined) throw new Error(`order ${trade.makerClientOrderId} is not known`);
    const quantity = trade.quantity * this.units.lot;
    const price = trade.price * this.units.tick;
    const fill = (order: MarketOrder, liquidity: 'maker' | 'taker') => {
      order.told -= quantity;
      const side = order.side === EventSide.BUY ? 'buy' : 'sell';
      const fee = feeOf(this.#account.fees, liquidity, price * quantity);
      this.#paid += fee;
      const id = Number(order.id);
      const left = order.told;
      if (left === 0n) this.#own.delete(order.id);
      this.#account.onOwn({ type: 'fill', id, side, price, quantity, liquidity, fee, left });
    };
    maker.here -= quantity;
    if (maker.here === 0n) this.#queues.leave(maker);
    if (taker !== undefined) {
      fill(taker, 'taker');
      maker.loss = 'taken';
    }
    if (isOwn) fill(maker, 'maker');
    return { maker, price, quantity };
  }

  /** The feed's own orders are settled by whoever changed them. */
  #stated(event: ReportOf<'accepted'> | ReportOf<'replaced'>): void {
    if (event.account !== OWN_ACCOUNT) return;
    const order = this.#own.get(event.clientOrderId);
    if (order === undefined) throw new Error(`order ${event.clientOrderId} is not ours`);
    const price = event.price * this.units.tick;
    const quantity = event.quantity * this.units.lot;
    const isKept = event.type === 'replaced' && event.keptPriority;
    if (!isKept) {
      if (order.here > 0n) this.#queues.leave(order);
      order.price = price;
    }
    order.here = isKept ? quantity : 0n;
    order.told = quantity;
    this.#account.onOwn({ type: event.type, id: Number(order.id), price, quantity });
  }

  #cancelled({ clientOrderId, quantity, reason }: ReportOf<'cancelled'>): void {
    const order = this.#own.get(clientOrderId);
    if (order === undefined) throw new Error(`order ${clientOrderId} is not ours`);
    const words = nameOf(CANCEL_REASON_NAMES, reason) ?? `reason ${reason}`;
    this.#drop(order, quantity * this.units.lot, words);
  }

  #drop(order: MarketOrder, quantity: bigint, reason: string): void {
    if (order.here > 0n) this.#queues.leave(order);
    this.#own.delete(order.id);
    this.#account.onOwn({ type: 'cancelled', id: Number(order.id), quantity, reason });
  }

  #reject(id: number, command: 'place' | 'cancel' | 'replace', code: string): void {
    this.#account.onOwn({ type: 'rejected', id, command, code });
  }
}

const isOf = ({ account, clientOrderId }: ReportOf<'cancelled'>, order: MarketOrder) =>
  account === MARKET_ACCOUNT && clientOrderId === order.id;

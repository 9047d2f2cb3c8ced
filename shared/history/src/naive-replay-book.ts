/**
 * The replay book in plain words: maps, arrays and big integers, no thought of speed. What the
 * kernel's book does is right where both agree.
 */
import { Action, EventFlag, EventSide, type MarketEvent } from './event.ts';
import type { BookLevel, BookSide, FoundOrder, QueuedOrder } from './replay-book.ts';
import { REPLAY_ERROR_CODES, type ReplayErrorCode } from './replay-error.ts';

const INSTRUMENTS = 65_536;

export interface NaiveOptions {
  readonly lenient: boolean;
  readonly joined: boolean;
  readonly passesUnknown: boolean;
  readonly uncrosses: boolean;
  /** 0 for all. */
  readonly levels: number;
}

interface Order {
  /** Undefined: anonymous volume. */
  readonly id: bigint | undefined;
  readonly instrument: number;
  readonly side: BookSide;
  price: bigint;
  quantity: bigint;
}

/** Queues of a side by price. */
type Queues = Map<bigint, Order[]>;

const u64 = (value: bigint) => BigInt.asUintN(64, value);
const sum = (orders: readonly Order[]) => u64(orders.reduce((all, one) => all + one.quantity, 0n));

/** A new order that should have the side of one before it, which was not known. */
const isOfUnknown = ({ side, flags }: MarketEvent): boolean =>
  side === EventSide.NONE && (flags & EventFlag.REPLACED) !== 0;

export class NaiveReplayBook {
  readonly faults = new Map<ReplayErrorCode, number>(REPLAY_ERROR_CODES.map((code) => [code, 0]));
  anonymous = 0;
  crossed = 0;
  /** Of the order that was deleted last. */
  replacedSide: number = EventSide.NONE;
  readonly #options: NaiveOptions;
  readonly #sides = new Map<string, Queues>();
  readonly #orders = new Map<string, Order>();
  readonly #statuses = new Map<number, number>();

  constructor(options: NaiveOptions) {
    this.#options = options;
  }

  get openOrders(): number {
    return this.#orders.size;
  }

  /** Why the event is refused, or undefined. */
  apply(told: MarketEvent): ReplayErrorCode | undefined {
    const event = this.#withSide(told);
    const fault = this.#faultOf(event);
    if (fault !== undefined) {
      this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1);
      const isPassed = fault === 'UNKNOWN_ORDER' && this.#options.passesUnknown;
      if (!this.#options.lenient && !isPassed) return fault;
    }
    this.#carryOut(event, fault);
    return undefined;
  }

  /** An ADD that follows the DELETE of its order's id before has that one's side. */
  #withSide(event: MarketEvent): MarketEvent {
    const { action, instrument, orderId, side, flags } = event;
    if (instrument >= INSTRUMENTS) return event;
    const order = this.#orders.get(`${instrument} ${orderId}`);
    if (action === Action.DELETE) {
      const isRefused = order !== undefined && !this.#isSideFine(side, order);
      if (!isRefused) this.replacedSide = order?.side ?? Math.min(side, EventSide.NONE);
    }
    const isReplacing = action === Action.ADD && (flags & EventFlag.REPLACED) !== 0;
    if (!isReplacing || side !== EventSide.NONE) return event;
    const replaced = this.replacedSide;
    this.replacedSide = EventSide.NONE;
    return { ...event, side: replaced };
  }

  #isSideFine(side: number, order: Order): boolean {
    return side === order.side || side === EventSide.NONE || this.#options.lenient;
  }

  #addLevel({ instrument, side, price, quantity }: MarketEvent): void {
    if (side !== EventSide.BUY && side !== EventSide.SELL) return;
    const queue = this.#queue(instrument, side, price);
    const [first] = queue;
    if (first !== undefined && first.id === undefined) {
      first.quantity = u64(first.quantity + quantity);
    } else {
      queue.unshift({ id: undefined, instrument, side, price, quantity });
    }
  }

  trim(instrument: number, levels: number): void {
    for (const side of [EventSide.BUY, EventSide.SELL] as const) {
      this.#trimSide(instrument, side, levels);
    }
  }

  #trimSide(instrument: number, side: BookSide, levels: number): void {
    const queues = this.#queues(instrument, side);
    for (const price of this.#prices(instrument, side).slice(levels)) {
      for (const { id } of queues.get(price) ?? []) this.#orders.delete(`${instrument} ${id}`);
      queues.delete(price);
    }
  }

  /** Where an order came to a level. */
  #arrived(order: Order): void {
    this.#uncross(order);
    const { levels } = this.#options;
    if (levels > 0) this.#trimSide(order.instrument, order.side, levels);
  }

  status(instrument: number): number | undefined {
    return this.#statuses.get(instrument);
  }

  levels(instrument: number, side: BookSide): BookLevel[] {
    return this.#prices(instrument, side).map((price) => {
      const queue = this.#queue(instrument, side, price);
      const anonymous = queue.filter(({ id }) => id === undefined);
      const orders = queue.length - anonymous.length;
      return { price, quantity: sum(queue), orders, anonymous: sum(anonymous) };
    });
  }

  queue(instrument: number, side: BookSide, price: bigint): QueuedOrder[] {
    const queue = this.#queues(instrument, side).get(price) ?? [];
    return queue.map(({ id, quantity }, position) => {
      return { orderId: id, quantity, quantityAhead: sum(queue.slice(0, position)), position };
    });
  }

  order(instrument: number, orderId: bigint): FoundOrder | undefined {
    const order = this.#orders.get(`${instrument} ${orderId}`);
    if (order === undefined) return undefined;
    const { side, price, quantity } = order;
    const queue = this.#queue(instrument, side, price);
    const position = queue.indexOf(order);
    return { side, price, quantity, quantityAhead: sum(queue.slice(0, position)), position };
  }

  #faultOf(event: MarketEvent): ReplayErrorCode | undefined {
    const { action, instrument, orderId, side, quantity } = event;
    const hasPrice = (event.flags & EventFlag.NO_PRICE) === 0;
    if (instrument >= INSTRUMENTS) return 'UNKNOWN_INSTRUMENT';
    const order = this.#orders.get(`${instrument} ${orderId}`);
    switch (action) {
      case Action.ADD:
        if (side > EventSide.SELL) return isOfUnknown(event) ? 'UNKNOWN_ORDER' : 'WRONG_SIDE';
        if (!hasPrice) return 'MISSING_PRICE';
        if (quantity === 0n) return 'ZERO_QUANTITY';
        return order === undefined ? undefined : 'DUPLICATE_ORDER';
      case Action.REDUCE:
      case Action.EXECUTE:
      case Action.DELETE:
      case Action.MODIFY:
        if (order === undefined) return this.#isAnonymous(event) ? undefined : 'UNKNOWN_ORDER';
        if (side !== EventSide.NONE && side !== order.side) return 'WRONG_SIDE';
        return this.#termsFault(event, order);
      case Action.LEVEL:
        if (side > EventSide.SELL) return 'WRONG_SIDE';
        if (!hasPrice) return 'MISSING_PRICE';
        return quantity === 0n ? 'ZERO_QUANTITY' : undefined;
      case Action.TRADE:
      case Action.CLEAR:
      case Action.STATUS:
      case Action.REPORT:
        return undefined;
      default:
        return 'UNKNOWN_ACTION';
    }
  }

  /** Of a change of a known order. */
  #termsFault({ action, flags, quantity }: MarketEvent, order: Order): ReplayErrorCode | undefined {
    if (action === Action.DELETE) return undefined;
    if (action !== Action.MODIFY) return quantity > order.quantity ? 'TOO_MUCH' : undefined;
    return (flags & EventFlag.NO_PRICE) === 0 ? undefined : 'MISSING_PRICE';
  }

  /** May this event be one of an order that nobody named? */
  #isAnonymous(event: MarketEvent): boolean {
    const { action, instrument, side, price, flags } = event;
    if (!this.#options.joined || (flags & EventFlag.NO_PRICE) !== 0) return false;
    if (side !== EventSide.BUY && side !== EventSide.SELL) return false;
    if (action === Action.MODIFY) return true;
    const first = this.#queues(instrument, side).get(price)?.[0];
    return first !== undefined && first.id === undefined;
  }

  #carryOut(event: MarketEvent, fault: ReplayErrorCode | undefined): void {
    const { action, instrument, orderId, side, quantity } = event;
    const order = this.#orders.get(`${instrument} ${orderId}`);
    switch (fault) {
      case 'UNKNOWN_ORDER':
      case 'MISSING_PRICE':
      case 'ZERO_QUANTITY':
      case 'UNKNOWN_ACTION':
      case 'UNKNOWN_INSTRUMENT':
        return;
      case 'WRONG_SIDE':
        if (action === Action.ADD || action === Action.LEVEL) return;
        // The order's side counts, and there may be more that is wrong.
        if (order !== undefined) this.#again({ ...event, side: order.side });
        return;
      case 'DUPLICATE_ORDER':
        if (order !== undefined) this.#remove(order);
        break;
      case 'TOO_MUCH':
      case undefined:
        break;
    }
    if (action === Action.CLEAR) this.trim(instrument, 0);
    else if (action === Action.STATUS) this.#statuses.set(instrument, Number(quantity & 0xffn));
    else if (action === Action.ADD) this.#add(event);
    else if (action === Action.LEVEL) this.#addLevel(event);
    else if (action === Action.TRADE || action === Action.REPORT) return;
    else if (order !== undefined) this.#change(order, event);
    else if (side === EventSide.BUY || side === EventSide.SELL) this.#changeAnonymous(event, side);
  }

  #again(event: MarketEvent): void {
    const fault = this.#faultOf(event);
    if (fault !== undefined) this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1);
    this.#carryOut(event, fault);
  }

  #add({ instrument, orderId, side, price, quantity }: MarketEvent): void {
    if (side !== EventSide.BUY && side !== EventSide.SELL) return;
    const order = { id: orderId, instrument, side, price, quantity };
    this.#queue(instrument, side, price).push(order);
    this.#orders.set(`${instrument} ${orderId}`, order);
    this.#arrived(order);
  }

  #uncross({ instrument, side, price }: Order): void {
    if (!this.#options.uncrosses) return;
    const other = side === EventSide.BUY ? EventSide.SELL : EventSide.BUY;
    const isCrossed = (against: bigint) =>
      side === EventSide.BUY ? against <= price : against >= price;
    const queues = this.#queues(instrument, other);
    for (const crossed of this.#prices(instrument, other).filter(isCrossed)) {
      this.crossed += 1;
      for (const { id } of queues.get(crossed) ?? []) this.#orders.delete(`${instrument} ${id}`);
      queues.delete(crossed);
    }
  }

  #change(order: Order, { action, price, quantity }: MarketEvent): void {
    if (action === Action.DELETE) this.#remove(order);
    else if (action !== Action.MODIFY) this.#reduce(order, quantity);
    else if (quantity === 0n) this.#remove(order);
    else if (price === order.price && quantity <= order.quantity) order.quantity = quantity;
    else {
      const { id, instrument } = order;
      const isMoved = price !== order.price;
      this.#remove(order);
      order.price = price;
      order.quantity = quantity;
      this.#queue(instrument, order.side, price).push(order);
      this.#orders.set(`${instrument} ${id}`, order);
      if (isMoved) this.#arrived(order);
    }
  }

  #changeAnonymous(event: MarketEvent, side: BookSide): void {
    this.anonymous += 1;
    const { action, instrument, price, quantity } = event;
    if (action === Action.MODIFY) {
      if (quantity > 0n) this.#add(event);
      return;
    }
    const first = this.#queue(instrument, side, price)[0];
    if (first !== undefined) this.#reduce(first, quantity);
  }

  #reduce(order: Order, quantity: bigint): void {
    if (quantity < order.quantity) order.quantity -= quantity;
    else this.#remove(order);
  }

  #remove(order: Order): void {
    const { id, instrument, side, price } = order;
    const queues = this.#queues(instrument, side);
    const rest = this.#queue(instrument, side, price).filter((one) => one !== order);
    if (rest.length > 0) queues.set(price, rest);
    else queues.delete(price);
    if (id !== undefined) this.#orders.delete(`${instrument} ${id}`);
  }

  #queues(instrument: number, side: BookSide): Queues {
    const key = `${instrument} ${side}`;
    const queues = this.#sides.get(key) ?? new Map<bigint, Order[]>();
    this.#sides.set(key, queues);
    return queues;
  }

  #queue(instrument: number, side: BookSide, price: bigint): Order[] {
    const queues = this.#queues(instrument, side);
    const queue = queues.get(price) ?? [];
    queues.set(price, queue);
    return queue;
  }

  /** Best first. */
  #prices(instrument: number, side: BookSide): bigint[] {
    const prices = [...this.#queues(instrument, side).keys()].sort((a, b) => (a < b ? -1 : 1));
    return side === EventSide.BUY ? prices.reverse() : prices;
  }
}

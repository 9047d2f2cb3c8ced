/**
 * Who stands where, from events alone: the queue of every price level, without quantities. It tells
 * whether trades follow price and time, whatever the engine believes.
 */
import {
  CommandKind,
  CommandOffset,
  EventKind,
  EventOffset,
  OrderType,
  type Side,
  TimeInForce,
  TradeOffset,
} from '@foldbook/protocol';

interface QueuedOrder {
  readonly orderId: bigint;
  readonly name: string;
  readonly side: Side;
  readonly price: bigint;
  readonly isStop: boolean;
  readonly timeInForce: number;
  /** Lots, hidden ones too. */
  open: bigint;
}

const NOT_RESTING: readonly number[] = [TimeInForce.IOC, TimeInForce.FOK];
const levelKey = (side: Side, price: bigint) => `${side} ${price}`;

export class QueueModel {
  readonly #byName = new Map<string, QueuedOrder>();
  readonly #byId = new Map<bigint, QueuedOrder>();
  /** Maps keep the order of insertion: a queue is what a level's map lists. */
  readonly #levels = new Map<string, Map<bigint, QueuedOrder>>();
  /** The order that trades just now, or has just come. */
  #incoming: QueuedOrder | undefined;

  get openOrders(): number {
    return this.#byId.size;
  }

  /** One command with its events; returns what is wrong with them. */
  take(command: DataView, events: DataView, count: number): string | undefined {
    for (let index = 0; index < count; index += 1) {
      const wrong = this.#event(command, events, index * 64);
      if (wrong !== undefined) return wrong;
    }
    this.#settle();
    return undefined;
  }

  #event(command: DataView, view: DataView, at: number): string | undefined {
    const kind = view.getUint8(at);
    const orderId = view.getBigUint64(at + EventOffset.ORDER_ID, true);
    const quantity = view.getBigUint64(at + EventOffset.QUANTITY, true);
    switch (kind) {
      case EventKind.ACCEPTED:
        this.#come(view, at, view.getUint8(at + EventOffset.CODE) >= OrderType.STOP);
        return undefined;
      case EventKind.REPLACED:
        return this.#replace(command, view, at);
      case EventKind.TRIGGERED:
        return this.#trigger(orderId);
      case EventKind.TRADE:
        return this.#trade(view, at);
      case EventKind.REFILLED:
        return this.#refill(orderId);
      case EventKind.REDUCED:
        return this.#reduce(orderId, quantity);
      case EventKind.CANCELLED:
        return this.#cancel(orderId, quantity);
      default:
        return undefined;
    }
  }

  #come(view: DataView, at: number, isStop: boolean): void {
    this.#settle();
    const account = view.getUint32(at + EventOffset.ACCOUNT, true);
    const order: QueuedOrder = {
      orderId: view.getBigUint64(at + EventOffset.ORDER_ID, true),
      name: `${account} ${view.getBigUint64(at + EventOffset.CLIENT_ORDER_ID, true)}`,
      side: view.getUint8(at + EventOffset.SIDE) as Side,
      price: view.getBigUint64(at + EventOffset.PRICE, true),
      isStop,
      timeInForce: view.getUint8(at + EventOffset.TIME_IN_FORCE),
      open: view.getBigUint64(at + EventOffset.QUANTITY, true),
    };
    this.#byName.set(order.name, order);
    this.#byId.set(order.orderId, order);
    this.#incoming = order;
  }

  #replace(command: DataView, view: DataView, at: number): string | undefined {
    const account = view.getUint32(at + EventOffset.ACCOUNT, true);
    const name = `${account} ${view.getBigUint64(at + EventOffset.CLIENT_ORDER_ID, true)}`;
    const old = this.#byName.get(name);
    if (old === undefined) return `order ${name} is replaced, and is not open`;
    if (view.getUint16(at + EventOffset.CODE, true) === 1) {
      old.open = view.getBigUint64(at + EventOffset.QUANTITY, true);
      return undefined;
    }
    this.#leave(old);
    const isAmended = command.getUint8(CommandOffset.KIND) === CommandKind.AMEND;
    const type = command.getUint8(CommandOffset.ORDER_TYPE);
    this.#come(view, at, isAmended ? old.isStop : type >= OrderType.STOP);
    return undefined;
  }

  #trigger(orderId: bigint): string | undefined {
    this.#settle();
    const stop = this.#byId.get(orderId);
    if (stop === undefined || !stop.isStop) return `order ${orderId} is triggered, and is no stop`;
    const order = { ...stop, isStop: false };
    this.#byName.set(order.name, order);
    this.#byId.set(orderId, order);
    this.#incoming = order;
    return undefined;
  }

  #trade(view: DataView, at: number): string | undefined {
    const makerId = view.getBigUint64(at + TradeOffset.MAKER_ORDER_ID, true);
    const takerId = view.getBigUint64(at + TradeOffset.TAKER_ORDER_ID, true);
    const price = view.getBigUint64(at + TradeOffset.PRICE, true);
    const lots = view.getBigUint64(at + TradeOffset.QUANTITY, true);
    const maker = this.#byId.get(makerId);
    const taker = this.#incoming;
    if (lots === 0n) return `a trade of no lots`;
    if (taker === undefined || taker.orderId !== takerId) return `order ${takerId} is not incoming`;
    if (maker === undefined) return `order ${makerId} trades, and is not open`;
    if (maker.price !== price) return `order ${makerId} at ${maker.price} trades at ${price}`;
    if (maker.side === taker.side) return `orders ${makerId} and ${takerId} are of one side`;
    const isWithin = taker.side === 0 ? price <= taker.price : price >= taker.price;
    if (!isWithin) return `order ${takerId} with limit ${taker.price} trades at ${price}`;
    const [first] = this.#levels.get(levelKey(maker.side, price))?.keys() ?? [];
    if (first !== makerId) return `order ${makerId} trades, and ${first} came first at ${price}`;
    const best = this.#best(maker.side);
    if (best !== price) return `order ${makerId} trades at ${price}, and the best is ${best}`;
    if (maker.open < lots || taker.open < lots) return `${lots} lots are more than is open`;
    maker.open -= lots;
    taker.open -= lots;
    if (maker.open === 0n) this.#leave(maker);
    return undefined;
  }

  #refill(orderId: bigint): string | undefined {
    const order = this.#byId.get(orderId);
    if (order === undefined) return `order ${orderId} is shown again, and is not open`;
    const level = this.#levels.get(levelKey(order.side, order.price));
    if (level?.delete(orderId) !== true) return `order ${orderId} is shown again, and did not rest`;
    level.set(orderId, order);
    return undefined;
  }

  #reduce(orderId: bigint, quantity: bigint): string | undefined {
    const order = this.#byId.get(orderId);
    if (order === undefined) return `order ${orderId} is reduced, and is not open`;
    if (quantity === 0n || quantity >= order.open) {
      return `order ${orderId} is reduced from ${order.open} to ${quantity}`;
    }
    order.open = quantity;
    return undefined;
  }

  #cancel(orderId: bigint, quantity: bigint): string | undefined {
    const order = this.#byId.get(orderId);
    if (order === undefined) return `order ${orderId} is cancelled, and is not open`;
    if (order.open !== quantity) {
      return `order ${orderId} is cancelled with ${quantity} lots, and has ${order.open}`;
    }
    this.#leave(order);
    return undefined;
  }

  /** The incoming order has come to its place, or to its end. */
  #settle(): void {
    const order = this.#incoming;
    this.#incoming = undefined;
    if (order === undefined || this.#byId.get(order.orderId) !== order) return;
    if (order.open === 0n) this.#leave(order);
    else if (!order.isStop && !NOT_RESTING.includes(order.timeInForce)) this.#queue(order);
  }

  #queue(order: QueuedOrder): void {
    const key = levelKey(order.side, order.price);
    const level = this.#levels.get(key) ?? new Map<bigint, QueuedOrder>();
    level.set(order.orderId, order);
    this.#levels.set(key, level);
  }

  #leave(order: QueuedOrder): void {
    this.#byName.delete(order.name);
    this.#byId.delete(order.orderId);
    const key = levelKey(order.side, order.price);
    const level = this.#levels.get(key);
    if (level?.delete(order.orderId) === true && level.size === 0) this.#levels.delete(key);
    if (this.#incoming === order) this.#incoming = undefined;
  }

  #best(side: Side): bigint | undefined {
    let best: bigint | undefined;
    for (const key of this.#levels.keys()) {
      const [ofSide = '', text = ''] = key.split(' ');
      if (Number(ofSide) !== side) continue;
      const price = BigInt(text);
      if (best === undefined || (side === 0 ? price > best : price < best)) best = price;
    }
    return best;
  }
}

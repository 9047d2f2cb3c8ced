/** Orders by price level, in order of arrival, and by the name that their owner gave them. */
import assert from 'node:assert/strict';
import { Side } from '@foldbook/protocol';
import type { DepthLevel } from '../engine.ts';

export interface Order {
  /** Market sequence of the command that placed it: also its rank within its price level. */
  readonly orderId: bigint;
  readonly clientOrderId: bigint;
  readonly account: number;
  readonly side: Side;
  readonly price: bigint;
  /** What is still open. */
  quantity: bigint;
}

export interface Level {
  readonly price: bigint;
  quantity: bigint;
  /** By order id; a Map keeps the order of insertion, which is that of arrival. */
  readonly orders: Map<bigint, Order>;
}

class BookSide {
  readonly #levels = new Map<bigint, Level>();
  /** Sorted so that the best price is last. */
  readonly #prices: bigint[] = [];
  readonly #isWorse: (price: bigint, than: bigint) => boolean;

  constructor(side: Side) {
    this.#isWorse =
      side === Side.BUY ? (price, than) => price < than : (price, than) => price > than;
  }

  get size(): number {
    return this.#prices.length;
  }

  best(): Level | undefined {
    const price = this.#prices.at(-1);
    return price === undefined ? undefined : this.#levels.get(price);
  }

  level(price: bigint): Level | undefined {
    return this.#levels.get(price);
  }

  add(order: Order): void {
    let level = this.#levels.get(order.price);
    if (level === undefined) {
      level = { price: order.price, quantity: 0n, orders: new Map() };
      this.#levels.set(order.price, level);
      this.#prices.splice(this.#position(order.price), 0, order.price);
    }
    level.orders.set(order.orderId, order);
    level.quantity += order.quantity;
  }

  remove(order: Order): void {
    const level = this.#levels.get(order.price);
    assert(level !== undefined, `order ${order.orderId} has no level`);
    level.orders.delete(order.orderId);
    level.quantity -= order.quantity;
    if (level.orders.size > 0) return;
    this.#levels.delete(order.price);
    this.#prices.splice(this.#position(order.price), 1);
  }

  depth(maxLevels: number): DepthLevel[] {
    const prices = this.#prices.slice(-maxLevels).reverse();
    return prices.map((price) => {
      const level = this.#levels.get(price);
      assert(level !== undefined);
      return { price, quantity: level.quantity, orders: level.orders.size };
    });
  }

  #position(price: bigint): number {
    let low = 0;
    let high = this.#prices.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#isWorse(this.#prices[middle] ?? 0n, price)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export class Book {
  readonly #sides: { readonly [S in Side]: BookSide } = {
    [Side.BUY]: new BookSide(Side.BUY),
    [Side.SELL]: new BookSide(Side.SELL),
  };
  readonly #byAccount = new Map<number, Map<bigint, Order>>();
  #size = 0;

  /** Orders on both sides. */
  get size(): number {
    return this.#size;
  }

  levelCount(side: Side): number {
    return this.#sides[side].size;
  }

  best(side: Side): Level | undefined {
    return this.#sides[side].best();
  }

  level(side: Side, price: bigint): Level | undefined {
    return this.#sides[side].level(price);
  }

  find(account: number, clientOrderId: bigint): Order | undefined {
    return this.#byAccount.get(account)?.get(clientOrderId);
  }

  add(order: Order): void {
    this.#sides[order.side].add(order);
    let orders = this.#byAccount.get(order.account);
    if (orders === undefined) {
      orders = new Map();
      this.#byAccount.set(order.account, orders);
    }
    orders.set(order.clientOrderId, order);
    this.#size += 1;
  }

  remove(order: Order): void {
    this.#sides[order.side].remove(order);
    this.#byAccount.get(order.account)?.delete(order.clientOrderId);
    this.#size -= 1;
  }

  depth(side: Side, maxLevels: number): DepthLevel[] {
    return maxLevels <= 0 ? [] : this.#sides[side].depth(maxLevels);
  }

  *orders(): Generator<Order> {
    for (const orders of this.#byAccount.values()) yield* orders.values();
  }
}

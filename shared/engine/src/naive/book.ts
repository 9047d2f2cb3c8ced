/** Price levels in order of rank, each with its orders in order of arrival. */
import assert from 'node:assert/strict';
import type { DepthLevel } from '../engine.ts';
import type { Order } from './order.ts';

export interface Level {
  readonly price: bigint;
  /** Displayed lots of all its orders. */
  displayed: bigint;
  /** By order id; a Map keeps the order of insertion, which is that of arrival. */
  readonly orders: Map<bigint, Order>;
}

export type Rank = 'lowest-first' | 'highest-first';

/** One of the four: bids, offers, buy stops, sell stops. */
export class Book {
  readonly #levels = new Map<bigint, Level>();
  /** Sorted so that the first in rank is last. */
  readonly #prices: bigint[] = [];
  readonly #rank: Rank;
  readonly #priceOf: (order: Order) => bigint;

  constructor(rank: Rank, priceOf: (order: Order) => bigint) {
    this.#rank = rank;
    this.#priceOf = priceOf;
  }

  get levelCount(): number {
    return this.#prices.length;
  }

  first(): Level | undefined {
    const price = this.#prices.at(-1);
    return price === undefined ? undefined : this.#levels.get(price);
  }

  level(price: bigint): Level | undefined {
    return this.#levels.get(price);
  }

  levelOf(order: Order): Level {
    const level = this.#levels.get(this.#priceOf(order));
    assert(level !== undefined, `order ${order.orderId} has no level`);
    return level;
  }

  /** At the end of its level's queue. */
  add(order: Order): void {
    const price = this.#priceOf(order);
    let level = this.#levels.get(price);
    if (level === undefined) {
      level = { price, displayed: 0n, orders: new Map() };
      this.#levels.set(price, level);
      this.#prices.splice(this.#position(price), 0, price);
    }
    level.orders.set(order.orderId, order);
    level.displayed += order.displayed;
  }

  remove(order: Order): void {
    const level = this.levelOf(order);
    level.orders.delete(order.orderId);
    level.displayed -= order.displayed;
    if (level.orders.size > 0) return;
    this.#levels.delete(level.price);
    this.#prices.splice(this.#position(level.price), 1);
  }

  /** Changes what is open of an order, which keeps its place. */
  setLots(order: Order, displayed: bigint, hidden: bigint): void {
    this.levelOf(order).displayed += displayed - order.displayed;
    order.displayed = displayed;
    order.hidden = hidden;
  }

  /** From the first in rank on. */
  *levels(): Generator<Level> {
    for (const price of this.#prices.toReversed()) {
      const level = this.#levels.get(price);
      assert(level !== undefined);
      yield level;
    }
  }

  depth(maxLevels: number): DepthLevel[] {
    const levels = maxLevels <= 0 ? [] : this.levels().take(maxLevels);
    return [...levels].map(({ price, displayed, orders }) => {
      return { price, quantity: displayed, orders: orders.size };
    });
  }

  #position(price: bigint): number {
    let low = 0;
    let high = this.#prices.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#prices[middle] ?? 0n;
      const isBehind = this.#rank === 'highest-first' ? other < price : other > price;
      if (isBehind) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/**
 * Who stands where in the engine's market: queues of the orders that rest there, by price. The
 * engine keeps the same queues, and answers no question about an order's place in one.
 */
import type { BookSide } from '../replay-book.ts';

/** Why the engine has less of an order than the feed says. */
export type Loss = 'crossed' | 'taken' | 'left_out';

/** Quantities and the price are in the feed's units. */
export interface MarketOrder {
  /** Its name in the engine, among those of its account. */
  readonly id: bigint;
  readonly isOwn: boolean;
  readonly side: BookSide;
  price: bigint;
  /** Open, as the feed says; of ours as the engine does. */
  told: bigint;
  /** Executed, where the feed has yet to take it off what it tells. */
  ahead: bigint;
  /** Resting in the engine: never more than `told` less `ahead`. */
  here: bigint;
  loss: Loss | undefined;
}

/** A queue, first come first; all of them have something here. */
type Queue = Set<MarketOrder>;

const NOBODY: ReadonlySet<MarketOrder> = new Set();

export class OrderQueues {
  readonly #sides: readonly Map<bigint, Queue>[] = [new Map(), new Map()];

  /** At the end of its price's queue. */
  enter(order: MarketOrder): void {
    const queues = this.#queues(order.side);
    const queue = queues.get(order.price);
    if (queue === undefined) queues.set(order.price, new Set([order]));
    else queue.add(order);
  }

  leave(order: MarketOrder): void {
    const queues = this.#queues(order.side);
    const queue = queues.get(order.price);
    if (queue?.delete(order) && queue.size === 0) queues.delete(order.price);
  }

  at(side: BookSide, price: bigint): ReadonlySet<MarketOrder> {
    return this.#queues(side).get(price) ?? NOBODY;
  }

  #queues(side: BookSide): Map<bigint, Queue> {
    const queues = this.#sides[side];
    if (queues === undefined) throw new Error(`no side ${side}`);
    return queues;
  }
}

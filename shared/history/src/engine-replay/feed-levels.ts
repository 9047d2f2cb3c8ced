import { EventSide } from '../event.ts';
import type { BookSide } from '../replay-book.ts';
import type { MarketOrder } from './order-queues.ts';

type Levels = Map<bigint, Set<MarketOrder>>;

/**
 * The feed's orders by price, as it tells of them: whether the engine still holds them, or ours
 * have taken them, makes no difference to what the feed's levels are.
 */
export class FeedLevels {
  readonly #bids: Levels = new Map();
  readonly #asks: Levels = new Map();

  enter(order: MarketOrder): void {
    const levels = this.#of(order.side);
    const level = levels.get(order.price);
    if (level === undefined) levels.set(order.price, new Set([order]));
    else level.add(order);
  }

  leave(order: MarketOrder): void {
    const levels = this.#of(order.side);
    const level = levels.get(order.price);
    if (level === undefined || !level.delete(order)) return;
    if (level.size === 0) levels.delete(order.price);
  }

  /** The orders deeper than the best `count` levels. */
  beyond(side: BookSide, count: number): MarketOrder[] {
    const levels = this.#of(side);
    if (levels.size <= count) return [];
    const ascending = [...levels.keys()].sort((a, b) => (a < b ? -1 : 1));
    const best = side === EventSide.BUY ? ascending.reverse() : ascending;
    return best.slice(count).flatMap((price) => [...(levels.get(price) ?? [])]);
  }

  #of(side: BookSide): Levels {
    return side === EventSide.BUY ? this.#bids : this.#asks;
  }
}

/**
 * A book by price level, kept from deltas: what a mirror holds, and a publisher for its snapshots
 * and checksums. Prices are below 2^36, so numbers hold them exactly.
 */
import { bookChecksum, type PriceLevel } from './book-checksum.ts';
import { Side } from './layout.ts';
import { CHECKSUM_LEVELS } from './limits.ts';

export interface Level extends PriceLevel {
  readonly orders: number;
}

class SideLevels {
  /** Ascending prices. */
  readonly #prices: number[] = [];
  readonly #levels = new Map<number, Level>();
  readonly #bestIsHighest: boolean;

  constructor(bestIsHighest: boolean) {
    this.#bestIsHighest = bestIsHighest;
  }

  set(price: number, quantity: bigint, orders: number): void {
    const known = this.#levels.get(price);
    if (quantity === 0n) {
      if (known === undefined) return;
      this.#levels.delete(price);
      this.#prices.splice(this.#indexOf(price), 1);
      return;
    }
    if (known === undefined) this.#prices.splice(this.#indexOf(price), 0, price);
    this.#levels.set(price, { price: known?.price ?? BigInt(price), quantity, orders });
  }

  /** Best first. */
  best(most: number): Level[] {
    const chosen = this.#bestIsHighest
      ? this.#prices.slice(Math.max(0, this.#prices.length - most)).reverse()
      : this.#prices.slice(0, most);
    const levels: Level[] = [];
    for (const price of chosen) {
      const level = this.#levels.get(price);
      if (level !== undefined) levels.push(level);
    }
    return levels;
  }

  /** First index whose price is not below. */
  #indexOf(price: number): number {
    let low = 0;
    let high = this.#prices.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#prices[middle] ?? 0) < price) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export class LevelBook {
  readonly #bids = new SideLevels(true);
  readonly #asks = new SideLevels(false);

  set(side: Side, price: number, quantity: bigint, orders: number): void {
    (side === Side.BUY ? this.#bids : this.#asks).set(price, quantity, orders);
  }

  levels(side: Side, most = Number.MAX_SAFE_INTEGER): Level[] {
    return (side === Side.BUY ? this.#bids : this.#asks).best(most);
  }

  checksum(): number {
    return bookChecksum(
      this.levels(Side.BUY, CHECKSUM_LEVELS),
      this.levels(Side.SELL, CHECKSUM_LEVELS),
    );
  }
}

/**
 * The book that a workload generator keeps, in order to know which orders live and what each
 * command must lead to. Orders are numbered from 1; 0 is none.
 */
import { NO_ASK, NO_BID, PRICE_LIMIT } from './workload.ts';

const BUY = 0;

/** The orders of all books, and what their books know of them. */
export class GeneratorOrders {
  readonly price: Int32Array;
  readonly quantity: Int32Array;
  readonly side: Uint8Array;
  readonly previous: Int32Array;
  readonly next: Int32Array;
  /** Among the live orders of its book. */
  readonly place: Int32Array;

  constructor(maxOrders: number) {
    const size = maxOrders + 1;
    this.price = new Int32Array(size);
    this.quantity = new Int32Array(size);
    this.side = new Uint8Array(size);
    this.previous = new Int32Array(size);
    this.next = new Int32Array(size);
    this.place = new Int32Array(size);
  }
}

/** Told of each trade before it changes the maker. */
export type OnTrade = (maker: number, price: number, lots: number) => void;

export class GeneratorBook {
  bestBid: number = NO_BID;
  bestAsk: number = NO_ASK;
  trades = 0;
  tradedQuantity = 0;
  tradeChecksum = 0;
  readonly #orders: GeneratorOrders;
  readonly #onTrade: OnTrade;
  /** Of the queue of each price, buys and then sells. */
  readonly #head = new Int32Array(2 * PRICE_LIMIT);
  readonly #tail = new Int32Array(2 * PRICE_LIMIT);
  /** Live orders in the order that draws count them in. */
  readonly #live: number[] = [];

  constructor(orders: GeneratorOrders, onTrade: OnTrade) {
    this.#orders = orders;
    this.#onTrade = onTrade;
  }

  get openOrders(): number {
    return this.#live.length;
  }

  liveOrder(index: number): number {
    return this.#live[index] ?? 0;
  }

  /** Matches the order described in the arrays, whose quantity is then what is left of it. */
  match(taker: number): void {
    const { price: prices, quantity, side } = this.#orders;
    const limit = prices[taker] ?? 0;
    const isBuy = side[taker] === BUY;
    let left = quantity[taker] ?? 0;
    while (left > 0 && (isBuy ? this.bestAsk <= limit : this.bestBid >= limit)) {
      const price = isBuy ? this.bestAsk : this.bestBid;
      const maker = this.#head[isBuy ? PRICE_LIMIT + price : price] ?? 0;
      const open = quantity[maker] ?? 0;
      const lots = Math.min(left, open);
      left -= lots;
      this.trades += 1;
      this.tradedQuantity += lots;
      this.tradeChecksum =
        (this.tradeChecksum + maker * 3 + taker * 5 + price * 7 + lots * 11) >>> 0;
      this.#onTrade(maker, price, lots);
      if (lots === open) this.remove(maker);
      else quantity[maker] = open - lots;
    }
    quantity[taker] = left;
  }

  rest(order: number): void {
    this.#append(order);
    this.#orders.place[order] = this.#live.length;
    this.#live.push(order);
  }

  remove(order: number): void {
    this.#unlink(order);
    this.#forget(order);
  }

  /** Takes an order out of its queue, asks for its new terms, and appends it there. */
  move(order: number, newTerms: () => void): void {
    this.#unlink(order);
    newTerms();
    this.#append(order);
  }

  /** See workload.ts. */
  l2Checksum(book: number): number {
    const { next, quantity: quantities } = this.#orders;
    let sum = 0;
    for (let level = 0; level < 2 * PRICE_LIMIT; level += 1) {
      let order = this.#head[level] ?? 0;
      if (order === 0) continue;
      let quantity = 0;
      for (; order !== 0; order = next[order] ?? 0) quantity += quantities[order] ?? 0;
      const price = level % PRICE_LIMIT;
      const side = (level - price) / PRICE_LIMIT;
      sum = (sum + price * 31 + quantity * 17 + book * 7 + side) >>> 0;
    }
    return sum;
  }

  #levelOf(order: number): number {
    const { price, side } = this.#orders;
    return (side[order] ?? 0) * PRICE_LIMIT + (price[order] ?? 0);
  }

  #append(order: number): void {
    const { next, previous, price: prices, side } = this.#orders;
    const level = this.#levelOf(order);
    const last = this.#tail[level] ?? 0;
    if (last === 0) this.#head[level] = order;
    else next[last] = order;
    previous[order] = last;
    next[order] = 0;
    this.#tail[level] = order;
    const price = prices[order] ?? 0;
    if (side[order] === BUY) this.bestBid = Math.max(this.bestBid, price);
    else this.bestAsk = Math.min(this.bestAsk, price);
  }

  #unlink(order: number): void {
    const { next, previous } = this.#orders;
    const level = this.#levelOf(order);
    const before = previous[order] ?? 0;
    const after = next[order] ?? 0;
    if (before === 0) this.#head[level] = after;
    else next[before] = after;
    if (after === 0) this.#tail[level] = before;
    else previous[after] = before;
    if (this.#head[level] === 0) this.#findBest();
  }

  #findBest(): void {
    while (this.bestBid >= 0 && this.#head[this.bestBid] === 0) this.bestBid -= 1;
    while (this.bestAsk < NO_ASK && this.#head[PRICE_LIMIT + this.bestAsk] === 0) this.bestAsk += 1;
  }

  /** The last live order takes the place of the one that is gone. */
  #forget(order: number): void {
    const { place: places } = this.#orders;
    const place = places[order] ?? 0;
    const last = this.#live.pop() ?? 0;
    if (last === order) return;
    this.#live[place] = last;
    places[last] = place;
  }
}

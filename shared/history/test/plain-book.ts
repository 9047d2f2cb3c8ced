/** A book as plainly as it can be written: the oracle of the checks. */
import type { BookLevel, WindowBook } from '../src/checked-book.ts';
import type { EventBlock } from '../src/decoder.ts';
import { Action, EVENT_BYTES, EventSide, type MarketEvent, readEvent } from '../src/event.ts';
import type { HistoryKernel } from '../src/kernel/history-kernel.ts';

interface Order {
  readonly side: EventSide;
  readonly price: bigint;
  quantity: bigint;
}

/** One instrument. */
export class PlainBook implements WindowBook {
  readonly #view: DataView;
  readonly #orders = new Map<bigint, Order>();
  /** Volume of unknown orders by price. */
  readonly #anonymous = { 0: new Map<bigint, bigint>(), 1: new Map<bigint, bigint>() };
  readonly #levels = { 0: new Map<bigint, BookLevel>(), 1: new Map<bigint, BookLevel>() };

  constructor(kernel: HistoryKernel) {
    this.#view = new DataView(kernel.memory.buffer);
  }

  apply({ address, count }: EventBlock): void {
    for (let index = 0; index < count; index += 1) {
      this.#take(readEvent(this.#view, address + index * EVENT_BYTES));
    }
  }

  seedLevel(_instrument: number, side: EventSide, price: bigint, quantity: bigint): void {
    this.#anonymous[bookSide(side)].set(price, quantity);
    this.#change(side, price, quantity, 0);
  }

  levels(_instrument: number, side: EventSide, count: number): BookLevel[] {
    const sign = side === EventSide.BUY ? 1 : -1;
    const levels = [...this.#levels[bookSide(side)].values()];
    return levels.sort((a, b) => (a.price < b.price ? sign : -sign)).slice(0, count);
  }

  trim(instrument: number, levels: number): void {
    for (const side of [EventSide.BUY, EventSide.SELL]) {
      for (const { price } of this.levels(instrument, side, Infinity).slice(levels)) {
        this.#levels[bookSide(side)].delete(price);
        this.#anonymous[bookSide(side)].delete(price);
        for (const [id, order] of this.#orders) {
          if (order.side === side && order.price === price) this.#orders.delete(id);
        }
      }
    }
  }

  #take(event: MarketEvent): void {
    const { action, side, price, quantity, orderId } = event;
    if (action === Action.ADD) {
      this.#orders.set(orderId, { side: bookSide(side), price, quantity });
      this.#change(bookSide(side), price, quantity, 1);
    } else if (action === Action.CLEAR) {
      this.#orders.clear();
      for (const each of [0, 1] as const) {
        this.#levels[each].clear();
        this.#anonymous[each].clear();
      }
    } else if (action === Action.MODIFY) {
      this.#reduce(event, undefined);
      this.#take({ ...event, action: Action.ADD });
    } else if (action === Action.REDUCE || action === Action.EXECUTE) {
      this.#reduce(event, quantity);
    } else if (action === Action.DELETE) {
      this.#reduce(event, undefined);
    }
  }

  #reduce({ orderId, side, price, quantity }: MarketEvent, by: bigint | undefined): void {
    const order = this.#orders.get(orderId);
    if (order === undefined) {
      const at = bookSide(side);
      const volume = this.#anonymous[at].get(price);
      if (volume === undefined) return;
      this.#anonymous[at].set(price, volume - quantity);
      this.#change(at, price, -quantity, 0);
      return;
    }
    const taken = by ?? order.quantity;
    order.quantity -= taken;
    const gone = order.quantity === 0n;
    if (gone) this.#orders.delete(orderId);
    this.#change(order.side, order.price, -taken, gone ? -1 : 0);
  }

  #change(side: EventSide, price: bigint, quantity: bigint, orders: number): void {
    const levels = this.#levels[bookSide(side)];
    const level = levels.get(price) ?? { price, quantity: 0n, orders: 0 };
    const next = { price, quantity: level.quantity + quantity, orders: level.orders + orders };
    if (next.quantity === 0n) levels.delete(price);
    else levels.set(price, next);
  }
}

function bookSide(side: number): 0 | 1 {
  return side === EventSide.BUY ? 0 : 1;
}

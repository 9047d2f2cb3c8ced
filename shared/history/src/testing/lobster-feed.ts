/** A LOBSTER day as fast-check makes it up: a whole book, of which the files show a window. */
import fc from 'fast-check';

export interface LobsterFeed {
  readonly levels: number;
  /** Lines, with breaks. */
  readonly messages: readonly string[];
  readonly rows: readonly string[];
}

interface Order {
  readonly id: number;
  readonly isBid: boolean;
  readonly price: number;
  quantity: number;
}

interface Step {
  readonly kind: 'add' | 'reduce' | 'delete' | 'execute' | 'hidden';
  readonly isBid: boolean;
  readonly price: number;
  readonly quantity: number;
  readonly pick: number;
}

const TYPES = { add: 1, reduce: 2, delete: 3, execute: 4, hidden: 5 } as const;
const MIDDLE = 100;

class Venue {
  readonly messages: string[] = [];
  readonly rows: string[] = [];
  readonly #levels: number;
  readonly #orders: Order[] = [];
  #nextId = 1;
  #time = 34_200;

  constructor(levels: number) {
    this.#levels = levels;
  }

  /** @param isTold whether the files have begun */
  take(step: Step, isTold: boolean): void {
    const before = this.#row();
    const message = this.#change(step);
    const after = this.#row();
    // What happens beyond the window is in neither file.
    if (!isTold || message === undefined || (before === after && step.kind !== 'hidden')) return;
    this.#time += 1;
    this.messages.push(`${this.#time}.5,${message}\n`);
    this.rows.push(`${after}\n`);
  }

  #change({ kind, isBid, price, quantity, pick }: Step): string | undefined {
    const direction = isBid ? 1 : -1;
    if (kind === 'hidden') return `5,0,${quantity},${MIDDLE},${direction}`;
    if (kind === 'add') {
      const at = isBid ? MIDDLE - price : MIDDLE + price;
      const order = { id: this.#nextId, isBid, price: at, quantity };
      this.#nextId += 1;
      this.#orders.push(order);
      return `${TYPES.add},${order.id},${quantity},${at},${direction}`;
    }
    const side = this.#orders.filter((order) => order.isBid === isBid);
    const best = side.reduce((a, b) => Math.min(a, Math.abs(b.price - MIDDLE)), Infinity);
    const served = side.filter(({ price: at }) => Math.abs(at - MIDDLE) === best);
    const order = kind === 'execute' ? served[0] : side[pick % Math.max(1, side.length)];
    if (order === undefined) return undefined;
    const taken = kind === 'delete' ? order.quantity : Math.min(quantity, order.quantity);
    order.quantity -= taken;
    const isGone = order.quantity === 0;
    if (isGone) this.#orders.splice(this.#orders.indexOf(order), 1);
    const type = kind === 'execute' ? TYPES.execute : isGone ? TYPES.delete : TYPES.reduce;
    return `${type},${order.id},${taken},${order.price},${direction}`;
  }

  #row(): string {
    const sides = [false, true].map((isBid) => {
      const levels = new Map<number, number>();
      for (const order of this.#orders.filter((one) => one.isBid === isBid)) {
        levels.set(order.price, (levels.get(order.price) ?? 0) + order.quantity);
      }
      return [...levels].sort(([a], [b]) => (isBid ? b - a : a - b));
    });
    const cells = Array.from({ length: this.#levels }, (_, level) => {
      return sides.flatMap((side, isBid) => {
        return side[level] ?? [isBid === 1 ? -9_999_999_999 : 9_999_999_999, 0];
      });
    });
    return cells.flat().join();
  }
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(
    ...(['add', 'add', 'add', 'add', 'add', 'reduce', 'delete', 'delete', 'execute'] as const),
    ...(['execute', 'hidden'] as const),
  ),
  isBid: fc.boolean(),
  price: fc.integer({ min: 1, max: 12 }),
  quantity: fc.integer({ min: 1, max: 5 }),
  pick: fc.nat(50),
});

export const lobsterFeed: fc.Arbitrary<LobsterFeed> = fc
  .tuple(
    fc.integer({ min: 1, max: 4 }),
    fc.array(step, { maxLength: 40, size: 'max' }),
    fc.array(step, { maxLength: 120, size: 'max' }),
  )
  .map(([levels, before, told]) => {
    const venue = new Venue(levels);
    for (const one of before) venue.take(one, false);
    for (const one of told) venue.take(one, true);
    return { levels, messages: venue.messages, rows: venue.rows };
  });

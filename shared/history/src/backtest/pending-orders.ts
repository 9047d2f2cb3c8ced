/** What a strategy has asked for, on its way to the market. */
import assert from 'node:assert/strict';
import type {
  OrderChange,
  OrderRequest,
  OrderSide,
  OrderTimeInForce,
  StrategyOrders,
} from '../strategy/strategy-orders.ts';
import type { Latency } from './latency.ts';
import type { RequestEntry } from './order-log.ts';

/** What of an order does not change. */
export interface OrderTerms {
  readonly instrument: number;
  readonly side: OrderSide;
  readonly timeInForce: OrderTimeInForce;
}

export class PendingOrders implements StrategyOrders {
  readonly #latency: Latency;
  readonly #onRequest: (entry: RequestEntry) => void;
  readonly #terms: OrderTerms[] = [];
  #pending: RequestEntry[] = [];
  /** How many of them have arrived. */
  #arrived = 0;
  /** When the strategy learned what it acts on. */
  nowNs = 0n;

  constructor(latency: Latency, onRequest: (entry: RequestEntry) => void) {
    this.#latency = latency;
    this.#onRequest = onRequest;
  }

  /** On their way. */
  get count(): number {
    return this.#pending.length - this.#arrived;
  }

  place(order: OrderRequest): number {
    const { instrument, side, timeInForce = 'gtc' } = order;
    const amounts = amountsOf(order);
    assert(side === 'buy' || side === 'sell', `the side is ${String(side)}`);
    assert(TIMES_IN_FORCE.has(timeInForce), `the time in force is ${String(timeInForce)}`);
    this.#terms.push({ instrument, side, timeInForce });
    const id = this.#terms.length;
    this.#ask({ type: 'place', ...this.#asked(id), side, ...amounts, timeInForce });
    return id;
  }

  cancel(id: number): void {
    this.#ask({ type: 'cancel', ...this.#asked(id) });
  }

  replace(id: number, change: OrderChange): void {
    this.#ask({ type: 'replace', ...this.#asked(id), ...amountsOf(change) });
  }

  termsOf(id: number): OrderTerms {
    const terms = this.#terms[id - 1];
    assert(terms !== undefined, `there was no order ${id}`);
    return terms;
  }

  /** The next one that arrives before an event of that time; those of its nanosecond come later. */
  nextBefore(timeNs: bigint): RequestEntry | undefined {
    const next = this.#pending[this.#arrived];
    if (next === undefined || next.arrivesNs >= timeNs) return undefined;
    this.#arrived += 1;
    if (this.#arrived === this.#pending.length) {
      this.#pending = [];
      this.#arrived = 0;
    }
    return next;
  }

  #asked(id: number) {
    const { instrument } = this.termsOf(id);
    const timeNs = this.nowNs;
    return { id, instrument, timeNs, arrivesNs: this.#latency.arrivesAt(timeNs) };
  }

  #ask(entry: RequestEntry): void {
    this.#pending.push(entry);
    this.#onRequest(entry);
  }
}

const TIMES_IN_FORCE: ReadonlySet<string> = new Set(['gtc', 'ioc', 'post_only', 'fok']);

function amountsOf({ price, quantity }: OrderChange): { price: bigint; quantity: bigint } {
  assert(Number.isSafeInteger(price), `the price is ${price}, not a whole number of units`);
  assert(
    Number.isSafeInteger(quantity),
    `the quantity is ${quantity}, not a whole number of units`,
  );
  return { price: BigInt(price), quantity: BigInt(quantity) };
}

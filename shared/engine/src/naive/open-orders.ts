/** All open orders by their names, whichever book they are in. */
import type { Order } from './order.ts';

export class OpenOrders {
  readonly #byId = new Map<bigint, Order>();
  readonly #byAccount = new Map<number, Map<bigint, Order>>();
  /** Those with a time at which they end. */
  readonly #expiring = new Set<Order>();

  get size(): number {
    return this.#byId.size;
  }

  add(order: Order): void {
    this.#byId.set(order.orderId, order);
    const ofAccount = this.#byAccount.get(order.account) ?? new Map<bigint, Order>();
    ofAccount.set(order.clientOrderId, order);
    this.#byAccount.set(order.account, ofAccount);
    if (order.expireTime !== 0) this.#expiring.add(order);
  }

  remove(order: Order): void {
    this.#byId.delete(order.orderId);
    this.#byAccount.get(order.account)?.delete(order.clientOrderId);
    this.#expiring.delete(order);
  }

  byId(orderId: bigint): Order | undefined {
    return this.#byId.get(orderId);
  }

  byName(account: number, clientOrderId: bigint): Order | undefined {
    return this.#byAccount.get(account)?.get(clientOrderId);
  }

  countOf(account: number): number {
    return this.#byAccount.get(account)?.size ?? 0;
  }

  /** In order of their ids. */
  ofAccount(account: number): Order[] {
    const orders = [...(this.#byAccount.get(account)?.values() ?? [])];
    return orders.sort((one, other) => (one.orderId < other.orderId ? -1 : 1));
  }

  expiring(): Iterable<Order> {
    return this.#expiring;
  }

  all(): Iterable<Order> {
    return this.#byId.values();
  }
}

/** Stop orders that the last price reaches (RULES.md, section 5). */
import { CancelReason, EventKind, OrderType, Side, TimeInForce } from '@foldbook/protocol';
import { canFill } from './fill-or-kill.ts';
import type { Market } from './market.ts';
import { cancelRest, place } from './matching.ts';
import type { Order } from './order.ts';

/**
 * Triggers the stops that are due, as many as one command may: each may trade, and so move the last
 * price.
 */
export function triggerStops(market: Market): void {
  const { matchLimit, triggerLimit } = market.capacity;
  let met = 0;
  for (let count = 0; count < triggerLimit && met < matchLimit; count += 1) {
    const stop = dueStop(market);
    if (stop === undefined) return;
    met += trigger(market, stop);
  }
}

/** Returns how many orders it met. */
function trigger(market: Market, stop: Order): number {
  market.events.order(EventKind.TRIGGERED, stop);
  market.dequeue(stop);
  const order: Order = { ...stop, type: OrderType.LIMIT, stopPrice: 0n };
  if (order.timeInForce === TimeInForce.FOK && !canFill(market, order)) {
    cancelRest(market, order, CancelReason.FILL_OR_KILL);
    return 0;
  }
  return place(market, order);
}

/** The stop that is to be triggered next. */
export function dueStop({ lastPrice, stopBooks }: Market): Order | undefined {
  if (lastPrice === 0n) return undefined;
  const buys = stopBooks[Side.BUY].first();
  if (buys !== undefined && buys.price <= lastPrice) return [...buys.orders.values()][0];
  const sells = stopBooks[Side.SELL].first();
  if (sells !== undefined && sells.price >= lastPrice) return [...sells.orders.values()][0];
  return undefined;
}

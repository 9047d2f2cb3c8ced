/** Stop orders that the last price reaches. RULES.md, section 5. */
import { canFill } from './checks';
import * as incoming from './incoming';
import { bestLevel, stopBookAt } from './ladder';
import { headOf, levelPrice } from './levels';
import { LAST_PRICE, MATCH_LIMIT, TRIGGER_LIMIT } from './market';
import { place } from './matching';
import { writeTriggered } from './order-events';
import { displayedOf } from './orders';
import { BUY, FOK, REASON_FILL_OR_KILL, SELL } from './protocol';
import { forget, takeOut } from './resting';
import { cancelIncoming } from './self-trade';
import { dropOrderTerm } from './state-hash';
import { expireTimeOf, priceOf } from './terms';

/**
 * Triggers the stops that are due, as many as one command may: each may trade, and move the last
 * price.
 */
export function runStops(market: usize): void {
  const mayMeet = load<u32>(market, MATCH_LIMIT);
  let met: u32 = 0;
  for (let left = load<u32>(market, TRIGGER_LIMIT); left != 0; left -= 1) {
    const order = dueStop(market);
    if (order == 0) return;
    met += triggerStop(market, order);
    if (met >= mayMeet) return;
  }
}

/** Whether any stop waits. */
// @ts-ignore: decorator
@inline
export function hasStops(market: usize): bool {
  // Not their sum, which is 0 for two addresses that add up to 2^32.
  return (bestLevel(stopBookAt(market, BUY)) | bestLevel(stopBookAt(market, SELL))) != 0;
}

/** The stop that is to be triggered next, or 0. */
export function dueStop(market: usize): usize {
  const last = load<u64>(market, LAST_PRICE);
  if (last == 0) return 0;
  const buys = bestLevel(stopBookAt(market, BUY));
  if (buys != 0 && levelPrice(buys) <= last) return headOf(buys);
  const sells = bestLevel(stopBookAt(market, SELL));
  if (sells != 0 && levelPrice(sells) >= last) return headOf(sells);
  return 0;
}

/** Returns how many orders it met. */
function triggerStop(market: usize, order: usize): u32 {
  const price = priceOf(order);
  const open = displayedOf(order);
  writeTriggered(market, order, price, open);
  incoming.describeLike(order, price, open, 0, 0, expireTimeOf(order));
  incoming.trigger(order);
  incoming.nameLike(market, order);
  dropOrderTerm(market, order, price);
  takeOut(market, order);
  let met: u32 = 0;
  if (incoming.timeInForce() == FOK && !canFill(market)) {
    cancelIncoming(market, REASON_FILL_OR_KILL);
  } else {
    met = place(market);
  }
  // Unless it rests now.
  if (incoming.triggered != 0) forget(market, incoming.balances, order);
  incoming.endTrigger();
  return met;
}

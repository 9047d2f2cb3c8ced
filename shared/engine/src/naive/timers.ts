/** What happens by itself when its time has come (RULES.md, section 1). */
import { BOTH_SIDES, CancelReason } from '@foldbook/protocol';
import { cancelAll } from './cancelling.ts';
import type { Market } from './market.ts';
import { deadlineOf, type Order } from './order.ts';

type Timer = { readonly deadlineNs: bigint } & (
  | { readonly order: Order }
  | { readonly account: number }
);

/** Runs what is due at engine time. */
export function runTimers(market: Market): void {
  for (let timer = firstTimer(market); timer !== undefined; timer = firstTimer(market)) {
    if (timer.deadlineNs > market.timeNs) return;
    if ('order' in timer) market.cancel(timer.order, CancelReason.EXPIRED);
    else runCancelAfter(market, timer.account);
  }
}

function runCancelAfter(market: Market, account: number): void {
  market.ledger.setDeadline(account, 0n);
  cancelAll(market, account, BOTH_SIDES, CancelReason.CANCEL_AFTER);
}

/** The one that runs first. */
export function firstTimer(market: Market): Timer | undefined {
  let first: Timer | undefined;
  for (const order of market.orders.expiring()) {
    const timer = { deadlineNs: deadlineOf(order) ?? 0n, order };
    if (first === undefined || isBefore(timer, first)) first = timer;
  }
  for (const account of market.ledger.switched()) {
    const timer = { deadlineNs: market.ledger.of(account).deadlineNs, account };
    if (first === undefined || isBefore(timer, first)) first = timer;
  }
  return first;
}

/** By deadline, then order timers by order id, then account timers by account. */
function isBefore(one: Timer, other: Timer): boolean {
  if (one.deadlineNs !== other.deadlineNs) return one.deadlineNs < other.deadlineNs;
  if ('order' in one && 'order' in other) return one.order.orderId < other.order.orderId;
  if ('account' in one && 'account' in other) return one.account < other.account;
  return 'order' in one;
}

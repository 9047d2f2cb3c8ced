/** What happens by itself when its time has come (RULES.md, section 1). */
import { BOTH_SIDES, CancelReason, MAX_PURGE } from '@foldbook/protocol';
import { cancelAll } from './cancelling.ts';
import type { Market } from './market.ts';
import { deadlineOf, type Order } from './order.ts';

type Timer = { readonly deadlineNs: bigint } & (
  | { readonly order: Order }
  | { readonly account: number }
);

/** Runs what is due at engine time; those of accounts as far as they may cancel with a command. */
export function runTimers(market: Market): void {
  const { timeNs, ledger } = market;
  let left = MAX_PURGE;
  for (let timer = firstTimer(market); timer !== undefined; timer = firstTimer(market)) {
    if (timer.deadlineNs > timeNs) return;
    if ('order' in timer) {
      market.cancel(timer.order, CancelReason.EXPIRED);
    } else if (left > 0) {
      left -= runCancelAfter(market, timer.account, left);
    } else if (timer.deadlineNs === timeNs) {
      // Orders come first, so that none of them is due any more.
      return;
    } else {
      ledger.setDeadline(timer.account, timeNs);
    }
  }
}

/** Gives how many orders it cancelled; what is left of them is due now, behind expired orders. */
function runCancelAfter(market: Market, account: number, most: number): number {
  const reason = CancelReason.CANCEL_AFTER;
  const { count, hasMore } = cancelAll(market, account, BOTH_SIDES, reason, most);
  market.ledger.setDeadline(account, hasMore ? market.timeNs : 0n);
  return count;
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

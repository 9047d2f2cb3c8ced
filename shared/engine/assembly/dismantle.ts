/**
 * Takes a market apart and gives its memory back, for one that goes on elsewhere. In steps, so that
 * the other markets of the kernel need not wait for it. Nothing is told, and nothing may use the
 * market any more.
 */
import { accountOfOrder, dropAccounts, dropSome } from './accounts';
import { BOOKS_A_MARKET, bestLevel, bookNumber, dropBooks, removeLevel } from './ladder';
import { dequeue, headOf, levelOrders } from './levels';
import { ORDER_MAP, dropMarket } from './market';
import { dropMap } from './order-map';
import { accountOf } from './orders';
import { forget } from './resting';
import { dropResults, dropSessions } from './sessions';
import { dropTimers } from './timers';

/** Of an account or a session: about so many take as long as an order. */
const STEPS_AN_ORDER: u64 = 8;

/**
 * Drops up to `orders` orders, or as many accounts and sessions as take as long; false when nothing
 * is left of the market.
 */
export function dismantle(market: usize, orders: u32): bool {
  let left: u64 = orders;
  while (left != 0 && dropOrder(market)) left -= 1;
  if (left == 0) return true;
  if (dropSome(market, left * STEPS_AN_ORDER, dropSessions) == 0) return true;
  dropRest(market);
  return false;
}

function dropOrder(market: usize): bool {
  for (let number: u32 = 0; number < BOOKS_A_MARKET; number += 1) {
    const book = bookNumber(market, number);
    const level = bestLevel(book);
    if (level == 0) continue;
    const order = headOf(level);
    dequeue(level, order);
    forget(market, accountOfOrder(market, accountOf(order)), order);
    if (levelOrders(level) == 0) removeLevel(book, level);
    return true;
  }
  return false;
}

/** The tables, which are empty now. */
function dropRest(market: usize): void {
  dropAccounts(market);
  dropMap(market + ORDER_MAP);
  dropTimers(market);
  dropResults(market);
  dropBooks(market);
  dropMarket(market);
}

/**
 * Takes a market apart and gives its memory back, for one that goes on elsewhere. In steps, so that
 * the other markets of the kernel need not wait for it. Nothing is told, and nothing may use the
 * market any more.
 */
import { accountOfOrder, dropAccounts, takeBlock } from './accounts';
import { BOOKS_A_MARKET, bestLevel, bookNumber, dropBooks, removeLevel } from './ladder';
import { dequeue, headOf, levelOrders } from './levels';
import { ORDER_MAP, dropMarket } from './market';
import { dropMap } from './order-map';
import { accountOf } from './orders';
import { forget } from './resting';
import { dropResults, dropSessions } from './sessions';
import { dropTimers } from './timers';

/** Drops up to `steps` orders and blocks of accounts; false when nothing is left of the market. */
export function dismantle(market: usize, steps: u32): bool {
  for (let left = steps; left != 0; left -= 1) {
    if (dropOrder(market)) continue;
    if (!takeBlock(market, dropSessions)) {
      dropRest(market);
      return false;
    }
  }
  return true;
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

/** Whether the book can fill all of an order at once. */
import { SelfTrade } from '@foldbook/protocol';
import type { Market } from './market.ts';
import { isWithin, type Order, openLots, opposite } from './order.ts';

/**
 * Meets order after order as the incoming one would, but for the parts that icebergs hide: it
 * counts all of a level's, where what the level displays is not enough.
 */
export function canFill(market: Market, order: Order): boolean {
  const { side, price, account, selfTrade } = order;
  let wanted = openLots(order);
  let met = 0n;
  const isTooMany = () => met > BigInt(market.capacity.matchLimit);
  for (const level of market.books[opposite(side)].levels()) {
    if (!isWithin(side, price, level.price)) return false;
    const shown: Order[] = [];
    for (const maker of level.orders.values()) {
      met += 1n;
      if (isTooMany()) return false;
      if (selfTrade !== SelfTrade.NONE && maker.account === account) {
        if (selfTrade !== SelfTrade.EXPIRE_MAKER) return false;
        continue;
      }
      wanted -= maker.displayed;
      if (wanted <= 0n) return true;
      shown.push(maker);
    }
    for (const { hidden, displaySize } of shown.filter((maker) => maker.hidden > 0n)) {
      wanted -= hidden;
      met += (hidden + displaySize - 1n) / displaySize;
    }
    if (isTooMany()) return false;
    if (wanted <= 0n) return true;
  }
  return false;
}

/** Whether the book can fill all of an order at once. */
import { SelfTrade } from '@foldbook/protocol';
import type { Market } from './market.ts';
import { isWithin, type Order, openLots, opposite } from './order.ts';

export function canFill(market: Market, order: Order): boolean {
  const { side, price, account, selfTrade } = order;
  let found = 0n;
  for (const level of market.books[opposite(side)].levels()) {
    if (!isWithin(side, price, level.price)) break;
    const makers = [...level.orders.values()];
    const own = makers.findIndex((maker) => maker.account === account);
    if (own !== -1 && selfTrade !== SelfTrade.NONE && selfTrade !== SelfTrade.EXPIRE_MAKER) {
      // What those ahead hide comes behind the own order, where this one does not come.
      for (const maker of makers.slice(0, own)) found += maker.displayed;
      break;
    }
    for (const maker of makers) {
      const isSkipped = selfTrade === SelfTrade.EXPIRE_MAKER && maker.account === account;
      if (!isSkipped) found += openLots(maker);
    }
  }
  return found >= openLots(order);
}

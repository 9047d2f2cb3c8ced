/** An incoming order meets one of its own account and must not trade with it. */
import assert from 'node:assert/strict';
import { CancelReason, EventKind, SelfTrade } from '@foldbook/protocol';
import type { Market } from './market.ts';
import { cancelRest } from './matching.ts';
import { type Order, openLots } from './order.ts';

const { SELF_TRADE } = CancelReason;

export function preventSelfTrade(market: Market, taker: Order, maker: Order): void {
  switch (taker.selfTrade) {
    case SelfTrade.EXPIRE_TAKER:
      cancelRest(market, taker, SELF_TRADE);
      return;
    case SelfTrade.EXPIRE_MAKER:
      cancelMaker(market, maker);
      return;
    case SelfTrade.EXPIRE_BOTH:
      cancelMaker(market, maker);
      cancelRest(market, taker, SELF_TRADE);
      return;
    case SelfTrade.DECREMENT:
      decrement(market, taker, maker);
      return;
    case SelfTrade.NONE:
      assert.fail('mode NONE trades');
      break;
    default: {
      const unknown: never = taker.selfTrade;
      assert.fail(`no such mode ${unknown}`);
    }
  }
}

/** Its level is told when the incoming order is done with it. */
function cancelMaker(market: Market, maker: Order): void {
  market.tellCancelled(maker, SELF_TRADE);
  market.release(maker, openLots(maker));
  market.dequeue(maker);
}

/** Takes the smaller of the two open quantities off both. */
function decrement(market: Market, taker: Order, maker: Order): void {
  const ofTaker = openLots(taker);
  const ofMaker = openLots(maker);
  if (ofMaker <= ofTaker) cancelMaker(market, maker);
  if (ofTaker <= ofMaker) cancelRest(market, taker, SELF_TRADE);
  if (ofMaker < ofTaker) {
    market.release(taker, ofMaker);
    taker.displayed -= ofMaker;
    market.events.order(EventKind.REDUCED, taker, SELF_TRADE);
  } else if (ofTaker < ofMaker) {
    market.reduce(maker, ofTaker);
    market.events.order(EventKind.REDUCED, maker, SELF_TRADE);
  }
}

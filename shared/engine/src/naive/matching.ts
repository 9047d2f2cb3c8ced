/** What happens to an order that passed every check (RULES.md, section 6). */
import assert from 'node:assert/strict';
import {
  Asset,
  CancelReason,
  EventKind,
  FeeOffset,
  Liquidity,
  SelfTrade,
  Side,
  TradeOffset,
} from '@foldbook/protocol';
import type { Level } from './book.ts';
import { type Charge, chargeOn } from './fees.ts';
import type { Market } from './market.ts';
import { isRestingTime, isWithin, type Order, openLots, opposite } from './order.ts';
import { hasLevel } from './order-checks.ts';
import { preventSelfTrade } from './self-trade.ts';

/**
 * Trades, then books the rest or cancels it. The order holds what it may cost already. Returns how
 * many orders it met.
 */
export function place(market: Market, order: Order): number {
  let met = 0;
  while (openLots(order) > 0n) {
    const level = crossedLevel(market, order);
    if (level === undefined) break;
    if (met === market.capacity.matchLimit) {
      cancelRest(market, order, CancelReason.MATCH_LIMIT);
      break;
    }
    met += meetAll(market, order, level.price, market.capacity.matchLimit - met);
    market.tellLevel(opposite(order.side), level.price);
  }
  if (openLots(order) > 0n) placeRest(market, order);
  return met;
}

/** What is left of an order that nothing on the book is left for. */
function placeRest(market: Market, order: Order): void {
  if (!isRestingTime(order.timeInForce)) {
    cancelRest(market, order, CancelReason.IMMEDIATE_OR_CANCEL);
  } else if (!hasLevel(market, order, undefined)) {
    cancelRest(market, order, CancelReason.NO_ROOM);
  } else {
    rest(market, order);
  }
}

/**
 * Meets the orders at a price, at most so many, those that come back while it does included.
 * Returns how many.
 */
function meetAll(market: Market, order: Order, price: bigint, most: number): number {
  let met = 0;
  while (openLots(order) > 0n && met < most) {
    const level = market.books[opposite(order.side)].level(price);
    if (level === undefined) break;
    meet(market, order, firstOf(level));
    met += 1;
  }
  return met;
}

/** The best opposite level, if the order would trade with it. */
function crossedLevel(market: Market, { side, price }: Order): Level | undefined {
  const level = market.books[opposite(side)].first();
  return level !== undefined && isWithin(side, price, level.price) ? level : undefined;
}

function firstOf(level: Level): Order {
  const [first] = level.orders.values();
  assert(first !== undefined);
  return first;
}

/** Cancels what is left of an order that is in no book. */
export function cancelRest(market: Market, order: Order, reason: CancelReason): void {
  market.tellCancelled(order, reason);
  market.release(order, openLots(order));
  order.displayed = 0n;
}

function rest(market: Market, order: Order): void {
  const left = openLots(order);
  const isIceberg = order.displaySize !== 0n && order.displaySize < left;
  order.displayed = isIceberg ? order.displaySize : left;
  order.hidden = left - order.displayed;
  market.enqueue(order);
}

function meet(market: Market, taker: Order, maker: Order): void {
  const isOwn = maker.account === taker.account && taker.selfTrade !== SelfTrade.NONE;
  if (isOwn) preventSelfTrade(market, taker, maker);
  else trade(market, taker, maker);
}

function trade(market: Market, taker: Order, maker: Order): void {
  const lots = taker.displayed < maker.displayed ? taker.displayed : maker.displayed;
  market.events
    .event(EventKind.TRADE, { account: taker.account, side: taker.side })
    .u64(TradeOffset.MAKER_ORDER_ID, maker.orderId)
    .u64(TradeOffset.TAKER_ORDER_ID, taker.orderId)
    .u64(TradeOffset.PRICE, maker.price)
    .u64(TradeOffset.QUANTITY, lots)
    .u64(TradeOffset.MAKER_CLIENT_ORDER_ID, maker.clientOrderId)
    .u32(TradeOffset.MAKER_ACCOUNT, maker.account);
  market.countRecord();
  market.lastPrice = maker.price;
  settle(market, taker, maker, lots);
  taker.displayed -= lots;
  if (lots < maker.displayed) {
    market.bookOf(maker).setLots(maker, maker.displayed - lots, maker.hidden);
  } else if (maker.hidden > 0n) {
    refill(market, maker);
  } else {
    market.dequeue(maker);
  }
}

/** Shows the next part of an iceberg, at the end of its queue. */
function refill(market: Market, order: Order): void {
  const book = market.bookOf(order);
  book.remove(order);
  order.displayed = order.displaySize < order.hidden ? order.displaySize : order.hidden;
  order.hidden -= order.displayed;
  market.arrivals += 1n;
  order.priority = market.arrivals;
  book.add(order);
  market.events.order(EventKind.REFILLED, { ...order, hidden: 0n });
}

function settle(market: Market, taker: Order, maker: Order, lots: bigint): void {
  const [buyer, seller] = taker.side === Side.BUY ? [taker, maker] : [maker, taker];
  const quoteAmount = maker.price * lots;
  market.release(seller, lots);
  market.release(buyer, lots);
  market.ledger.move(seller.account, buyer.account, Asset.BASE, lots);
  market.ledger.move(buyer.account, seller.account, Asset.QUOTE, quoteAmount);
  const takerCharge = chargeOn(quoteAmount, market.ratesOf(taker.account).takerPpm);
  const makerCharge = chargeOn(quoteAmount, market.ratesOf(maker.account).makerPpm);
  market.ledger.charge([
    { account: taker.account, charge: takerCharge },
    { account: maker.account, charge: makerCharge },
  ]);
  tellFee(market, taker, Liquidity.TAKER, takerCharge);
  tellFee(market, maker, Liquidity.MAKER, makerCharge);
}

function tellFee(market: Market, order: Order, liquidity: Liquidity, charge: Charge): void {
  if (charge.amount === 0n) return;
  const head = { account: order.account, side: liquidity, code: charge.isRebate ? 1 : 0 };
  market.events
    .event(EventKind.FEE, head)
    .u64(FeeOffset.ORDER_ID, order.orderId)
    .u64(FeeOffset.CLIENT_ORDER_ID, order.clientOrderId)
    .u64(FeeOffset.AMOUNT, charge.amount);
  market.countRecord();
}

/** Orders on their way into a queue and out of it. */
import { listOrder, unlistOrder } from './account-orders';
import { accountOfOrder, hold } from './accounts';
import { heldPerLot } from './fees';
import * as incoming from './incoming';
import { bookAt, ensureLevel, findLevel, levelCount, removeLevel, stopBookAt } from './ladder';
import { bookOf, dequeue, enqueue, levelOrders, reduceLevel } from './levels';
import {
  ORDER_MAP,
  ICEBERGS,
  LEVEL_CAPACITY,
  ORDERS,
  nextArrival,
} from './market';
import { writeDelta } from './order-events';
import { putOrder, removeOrder } from './order-map';
import {
  accountOf,
  allocateOrder,
  displayedOf,
  freeOrder,
  hasTerms,
  levelOf,
  nameOrder,
  setAttributes,
  setDisplayed,
  setPriority,
  sideOf,
  tagOf,
  termsOf,
} from './orders';
import { GTT } from './protocol';
import { addOrderTerm, dropOrderTerm } from './state-hash';
import {
  addTerms,
  displaySizeOf,
  dropTerms,
  expireTimeOf,
  hiddenOf,
  priceOf,
  setDisplaySize,
  setExpireTime,
  setHidden,
  setStop,
  stopPriceOf,
} from './terms';
import { addOrderTimer, removeOrderTimer } from './timers';

/** Frees what so many lots of an order hold. */
// @ts-ignore: decorator
@inline
export function release(market: usize, order: usize, price: u64, lots: u64): void {
  const id = accountOf(order);
  const side = sideOf(order);
  const amount = heldPerLot(market, side, price) * lots;
  hold(market, accountOfOrder(market, id), id, side, 0 - amount);
}

/** Books what is left of the incoming order at the end of its level's queue. */
// @ts-ignore: decorator
@inline
export function rest(market: usize): void {
  const order = incoming.triggered != 0 ? restTriggered() : restNew(market);
  const level = ensureLevel(bookAt(market, incoming.side), incoming.price);
  setPriority(order, nextArrival(market));
  enqueue(level, order);
  addOrderTerm(market, order, incoming.price);
  writeDelta(market, incoming.side, level);
}

// @ts-ignore: decorator
@inline
function restNew(market: usize): usize {
  const order = newOrder(market);
  if (incoming.displaySize() != 0 || incoming.timeInForce() == GTT) restWithTerms(market, order);
  return order;
}

/** The record of a stop as that of the limit order that it became. */
function restTriggered(): usize {
  const order = incoming.triggered;
  incoming.endTrigger();
  setDisplayed(order, incoming.open);
  setAttributes(order, incoming.attributesWord());
  if (incoming.timeInForce() == GTT) setStop(termsOf(order), 0, 0);
  else dropTerms(order);
  return order;
}

/** Puts the incoming stop at the end of the queue of its stop price. */
export function waitForStop(market: usize): void {
  const order = newOrder(market);
  const terms = addTerms(order);
  setStop(terms, incoming.stopPrice(), incoming.price);
  addExpiry(market, order, terms);
  const level = ensureLevel(stopBookAt(market, incoming.side), incoming.stopPrice());
  setPriority(order, nextArrival(market));
  enqueue(level, order);
  addOrderTerm(market, order, incoming.price);
}

// @ts-ignore: decorator
@inline
function newOrder(market: usize): usize {
  const order = allocateOrder();
  const name = incoming.clientOrderId();
  nameOrder(order, incoming.orderId, name, incoming.account(), incoming.side, incoming.tag);
  setDisplayed(order, incoming.open);
  setAttributes(order, incoming.attributesWord());
  listOrder(incoming.balances, order);
  putOrder(market + ORDER_MAP, incoming.tag, order);
  store<u32>(market, load<u32>(market, ORDERS) + 1, ORDERS);
  return order;
}

function restWithTerms(market: usize, order: usize): void {
  const terms = addTerms(order);
  addExpiry(market, order, terms);
  if (incoming.displaySize() == 0) return;
  const displayed = min(incoming.displaySize(), incoming.open);
  setDisplaySize(terms, incoming.displaySize());
  setDisplayed(order, displayed);
  setHidden(order, incoming.open - displayed);
  store<u32>(market, load<u32>(market, ICEBERGS) + 1, ICEBERGS);
}

function addExpiry(market: usize, order: usize, terms: usize): void {
  if (incoming.timeInForce() != GTT) return;
  setExpireTime(terms, incoming.expireTime());
  addOrderTimer(market, order);
}

/** Lots of an order that are open, hidden ones too. */
// @ts-ignore: decorator
@inline
export function openOf(order: usize): u64 {
  return displayedOf(order) + hiddenOf(order);
}

/** Takes an order out of all tables but its queue; its term of the hash is gone already. */
// @ts-ignore: decorator
@inline
export function forget(market: usize, account: usize, order: usize): void {
  removeOrder(market + ORDER_MAP, tagOf(order), order);
  unlistOrder(account, order);
  if (hasTerms(order)) forgetTerms(market, order);
  store<u32>(market, load<u32>(market, ORDERS) - 1, ORDERS);
  freeOrder(order);
}

function forgetTerms(market: usize, order: usize): void {
  if (expireTimeOf(order) != 0) removeOrderTimer(market, order);
  if (displaySizeOf(order) != 0) {
    store<u32>(market, load<u32>(market, ICEBERGS) - 1, ICEBERGS);
  }
  dropTerms(order);
}

/** Takes an open order off, frees what it holds and tells its level's new total. */
export function takeOff(market: usize, order: usize): void {
  const id = accountOf(order);
  const account = accountOfOrder(market, id);
  const side = sideOf(order);
  const price = priceOf(order);
  const lots = openOf(order);
  hold(market, account, id, side, 0 - heldPerLot(market, side, price) * lots);
  dropOrderTerm(market, order, price);
  takeOut(market, order);
  forget(market, account, order);
}

/** Takes an order out of its queue. */
// @ts-ignore: decorator
@inline
export function takeOut(market: usize, order: usize): void {
  const level = levelOf(order);
  dequeue(level, order);
  if (stopPriceOf(order) == 0) writeDelta(market, sideOf(order), level);
  if (levelOrders(level) == 0) removeLevel(bookOf(level), level);
}

/** Takes lots off an order where it is, hidden ones first, and frees what they held. */
export function reduce(market: usize, order: usize, lots: u64): void {
  const price = priceOf(order);
  dropOrderTerm(market, order, price);
  release(market, order, price, lots);
  const hidden = hiddenOf(order);
  if (hidden != 0) setHidden(order, hidden - min(hidden, lots));
  if (lots > hidden) {
    setDisplayed(order, displayedOf(order) - (lots - hidden));
    reduceLevel(levelOf(order), lots - hidden);
  }
  addOrderTerm(market, order, price);
}

/** Whether a book has a level at a price, or room for one, `freed` of its levels aside. */
export function hasLevelRoom(market: usize, book: usize, price: u64, freed: u32): bool {
  if (levelCount(book) - freed < load<u32>(market, LEVEL_CAPACITY)) return true;
  return findLevel(book, price) != 0;
}

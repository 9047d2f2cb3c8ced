/** What an order must pass before it is placed: RULES.md, section 4. */
import { availableTo, openOrdersOf } from './accounts';
import { heldPerLot, isTooLarge, valuePerLot } from './fees';
import * as incoming from './incoming';
import { bestLevel, bookAt, nextWorse, stopBookAt } from './ladder';
import { bookOf, headOf, levelOrders, levelPrice, levelQuantity } from './levels';
import {
  BAND_PPM,
  ICEBERGS,
  LAST_PRICE,
  LIMITED,
  MATCH_LIMIT,
  MAX_OPEN_ORDERS,
  MAX_PRICE,
  MAX_QUANTITY,
  MIN_PRICE,
  ORDERS,
  ORDER_CAPACITY,
  TIME_NS,
} from './market';
import { crosses } from './matching';
import { accountOf, displayedOf, levelOf, nextOf } from './orders';
import * as P from './protocol';
import { hasLevelRoom, openOf } from './resting';
import { displaySizeOf, hiddenOf, priceOf } from './terms';

/** Whether the description makes sense by itself. */
// @ts-ignore: decorator
@inline
export function checkForm(market: usize, kind: u32): u32 {
  if (!incoming.isPlain() || incoming.timeInForce() > P.FOK) return checkWhole(market, kind);
  // One below zero is out of range, too.
  if (incoming.price - 1 >= P.MAX_PRICE) return P.INVALID_PRICE;
  return incoming.open - 1 >= P.MAX_QUANTITY ? P.INVALID_QUANTITY : P.OK;
}

function checkWhole(market: usize, kind: u32): u32 {
  const code = checkKind(kind);
  if (code != P.OK) return code;
  if (incoming.selfTrade() > P.DECREMENT) return P.INVALID_SELF_TRADE;
  // One below zero is out of range, too.
  if (incoming.price - 1 >= P.MAX_PRICE) return P.INVALID_PRICE;
  if (incoming.open - 1 >= P.MAX_QUANTITY) return P.INVALID_QUANTITY;
  if (incoming.displaySize() != 0) {
    const isLess = incoming.displaySize() < incoming.open;
    if (incoming.type() != P.LIMIT || !incoming.canRest() || !isLess) {
      return P.INVALID_DISPLAY_QUANTITY;
    }
  }
  if (incoming.isStop()) {
    if (incoming.stopPrice() - 1 >= P.MAX_PRICE) return P.INVALID_STOP_PRICE;
  } else if (incoming.stopPrice() != 0) {
    return P.INVALID_STOP_PRICE;
  }
  if (incoming.timeInForce() == P.GTT) {
    const expireNs = <u64>incoming.expireTime() * P.NS_PER_SECOND;
    return expireNs > load<u64>(market, TIME_NS) ? P.OK : P.INVALID_EXPIRE_TIME;
  }
  return incoming.expireTime() == 0 ? P.OK : P.INVALID_EXPIRE_TIME;
}

/** Whether type, time in force and flags go together. */
// @ts-ignore: decorator
@inline
function checkKind(kind: u32): u32 {
  if (incoming.type() > (kind == P.QUOTE_SIDE ? P.LIMIT : P.STOP_LIMIT)) {
    return P.INVALID_ORDER_TYPE;
  }
  if (incoming.timeInForce() > P.GTT || !suitsType(incoming.timeInForce())) {
    return P.INVALID_TIME_IN_FORCE;
  }
  return incoming.flags() == 0 || suitFlags(kind, incoming.flags()) ? P.OK : P.INVALID_FLAGS;
}

// @ts-ignore: decorator
@inline
function suitsType(timeInForce: u32): bool {
  if (incoming.type() == P.LIMIT) return true;
  if (incoming.type() == P.STOP_LIMIT) return timeInForce != P.POST_ONLY;
  return timeInForce == P.IOC || timeInForce == P.FOK;
}

function suitFlags(kind: u32, flags: u32): bool {
  if (flags > (P.FLAG_POST_ONLY | P.FLAG_SLIDE | P.FLAG_KEEP_PRIORITY)) return false;
  if ((flags & P.FLAG_KEEP_PRIORITY) != 0 && kind != P.REPLACE) return false;
  if ((flags & P.FLAG_POST_ONLY) != 0 && (incoming.type() != P.LIMIT || !incoming.canRest())) {
    return false;
  }
  return (flags & P.FLAG_SLIDE) == 0 || incoming.isPostOnly();
}

/** Prices a sliding order next to the best opposite price, if it would trade. */
export function slide(market: usize): u32 {
  if ((incoming.flags() & P.FLAG_SLIDE) == 0) return P.OK;
  const best = bestLevel(bookAt(market, incoming.side ^ 1));
  if (best == 0 || !crosses(incoming.side, incoming.price, levelPrice(best))) return P.OK;
  const price = incoming.side == P.BUY ? levelPrice(best) - 1 : levelPrice(best) + 1;
  if (price - 1 >= P.MAX_PRICE) return P.WOULD_CROSS;
  incoming.setPrice(price);
  return P.OK;
}

/** What the market allows, and what fits a balance. */
// @ts-ignore: decorator
@inline
export function checkLimits(market: usize): u32 {
  if (load<u32>(market, LIMITED) != 0) {
    const code = checkConfigured(market);
    if (code != P.OK) return code;
  }
  return checkNotional(market);
}

// @ts-ignore: decorator
@inline
export function checkNotional(market: usize): u32 {
  const perLot = valuePerLot(market, incoming.side, incoming.price);
  return isTooLarge(perLot, incoming.open) ? P.NOTIONAL_TOO_LARGE : P.OK;
}

function checkConfigured(market: usize): u32 {
  const code = checkQuantityLimit(market);
  if (code != P.OK) return code;
  const price = incoming.price;
  const least = load<u64>(market, MIN_PRICE);
  const most = load<u64>(market, MAX_PRICE);
  if (price < least || (most != 0 && price > most)) return P.PRICE_BAND;
  const band = <u64>load<u32>(market, BAND_PPM);
  // A stop is placed where the market is not yet.
  const reference = incoming.isStop() ? incoming.stopPrice() : load<u64>(market, LAST_PRICE);
  if (band == 0 || reference == 0) return P.OK;
  const distance = price > reference ? price - reference : reference - price;
  return distance * P.PPM > band * reference ? P.PRICE_BAND : P.OK;
}

export function checkQuantityLimit(market: usize): u32 {
  const most = load<u64>(market, MAX_QUANTITY);
  return most != 0 && incoming.open > most ? P.QUANTITY_LIMIT : P.OK;
}

/** Whether the account may have one more open order. */
// @ts-ignore: decorator
@inline
export function checkOpenOrders(market: usize, account: usize): u32 {
  const most = load<u32>(market, MAX_OPEN_ORDERS);
  if (most == 0 || account == 0 || openOrdersOf(account) < most) return P.OK;
  return mayRest() ? P.OPEN_ORDERS_LIMIT : P.OK;
}

// @ts-ignore: decorator
@inline
function mayRest(): bool {
  return incoming.canRest() || incoming.isStop();
}

/** Crossing, funds, filling and room for an order that takes the place of `old`, if not 0. */
// @ts-ignore: decorator
@inline
export function checkPlacing(market: usize, account: usize, old: usize): u32 {
  if (incoming.isPostOnly()) {
    const best = bestLevel(bookAt(market, incoming.side ^ 1));
    if (best != 0 && crosses(incoming.side, incoming.price, levelPrice(best))) {
      return P.WOULD_CROSS;
    }
  }
  const funds = checkFunds(market, account, old);
  if (funds != P.OK) return funds;
  if (incoming.timeInForce() == P.FOK && !incoming.isStop() && !canFill(market)) {
    return P.CANNOT_FILL;
  }
  return checkRoom(market, old);
}

// @ts-ignore: decorator
@inline
export function checkFunds(market: usize, account: usize, old: usize): u32 {
  if (account == 0) return P.INSUFFICIENT_FUNDS;
  const side = incoming.side;
  let available = load<u64>(availableTo(account, side));
  if (old != 0) available += heldPerLot(market, side, priceOf(old)) * openOf(old);
  const needed = heldPerLot(market, side, incoming.price) * incoming.open;
  return available < needed ? P.INSUFFICIENT_FUNDS : P.OK;
}

/** Whether the order could rest, judged before it trades: it may turn out not to need the room. */
// @ts-ignore: decorator
@inline
export function checkRoom(market: usize, old: usize): u32 {
  if (!mayRest()) return P.OK;
  if (old == 0 && load<u32>(market, ORDERS) >= load<u32>(market, ORDER_CAPACITY)) {
    return P.CAPACITY;
  }
  const isStop = incoming.isStop();
  const book = isStop ? stopBookAt(market, incoming.side) : bookAt(market, incoming.side);
  const price = isStop ? incoming.stopPrice() : incoming.price;
  const freed = old != 0 && bookOf(levelOf(old)) == book && levelOrders(levelOf(old)) == 1;
  return hasLevelRoom(market, book, price, freed ? 1 : 0) ? P.OK : P.CAPACITY;
}

/** Whether the book can fill all of the incoming order. RULES.md, section 6: FOK. */
export function canFill(market: usize): bool {
  const book = bookAt(market, incoming.side ^ 1);
  const isPlain = incoming.selfTrade() == 0 && load<u32>(market, ICEBERGS) == 0;
  wanted = incoming.open;
  mayMeet = load<u32>(market, MATCH_LIMIT);
  let level = bestLevel(book);
  while (level != 0 && crosses(incoming.side, incoming.price, levelPrice(level))) {
    const isWhole = isPlain && countWhole(level);
    if (!isWhole && !countOrders(level)) return false;
    if (wanted == 0) return true;
    level = nextWorse(book, levelPrice(level));
  }
  return false;
}

/** Lots that are still to be found, and orders that may still be met for them. */
let wanted: u64 = 0;
let mayMeet: u64 = 0;

/** Counts a level of displayed orders without a look at each, unless only some would be met. */
// @ts-ignore: decorator
@inline
function countWhole(level: usize): bool {
  if (levelOrders(level) > mayMeet) return false;
  mayMeet -= levelOrders(level);
  wanted -= min(wanted, levelQuantity(level));
  return true;
}

/** Counts the orders of a level as the incoming one would meet them; false where it would stop. */
function countOrders(level: usize): bool {
  let hidden: u64 = 0;
  let parts: u64 = 0;
  for (let order = headOf(level); order != 0; order = nextOf(order)) {
    if (mayMeet == 0) return false;
    mayMeet -= 1;
    if (incoming.selfTrade() != 0 && accountOf(order) == incoming.account()) {
      if (incoming.selfTrade() == P.EXPIRE_MAKER) continue;
      return false;
    }
    wanted -= min(wanted, displayedOf(order));
    if (wanted == 0) return true;
    if (hiddenOf(order) == 0) continue;
    hidden += hiddenOf(order);
    parts += (hiddenOf(order) - 1) / displaySizeOf(order) + 1;
  }
  if (parts > mayMeet) return false;
  mayMeet -= parts;
  wanted -= min(wanted, hidden);
  return true;
}

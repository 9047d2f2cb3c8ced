/** What an order is asked before it is accepted, in the order of RULES.md, section 4. */
import {
  CommandKind,
  MAX_PRICE,
  MAX_QUANTITY,
  NOTIONAL_LIMIT,
  OrderFlag,
  OrderType,
  PPM,
  ResultCode,
  SelfTrade,
  Side,
  TimeInForce,
} from '@foldbook/protocol';
import type { CommandRecord } from './command.ts';
import { canFill } from './fill-or-kill.ts';
import type { Market, Refusal } from './market.ts';
import {
  heldAsset,
  isPostOnly,
  isRestingTime,
  isStopType,
  isWaitingStop,
  isWithin,
  mayRest,
  type Order,
  openLots,
  opposite,
} from './order.ts';

const { GTC, IOC, POST_ONLY, FOK, GTT } = TimeInForce;
const NS_PER_SECOND = 1_000_000_000n;
const ALL_FLAGS = OrderFlag.POST_ONLY | OrderFlag.SLIDE | OrderFlag.KEEP_PRIORITY;

export const isPrice = (price: bigint): boolean => price >= 1n && price <= MAX_PRICE;
export const isQuantity = (lots: bigint): boolean => lots >= 1n && lots <= MAX_QUANTITY;

function timesInForce(type: OrderType): readonly number[] {
  switch (type) {
    case OrderType.LIMIT:
      return [GTC, IOC, POST_ONLY, FOK, GTT];
    case OrderType.MARKET:
    case OrderType.STOP:
      return [IOC, FOK];
    case OrderType.STOP_LIMIT:
      return [GTC, GTT, IOC, FOK];
    default: {
      const unknown: never = type;
      throw new Error(`no such order type ${unknown}`);
    }
  }
}

const isOrderType = (type: number): type is OrderType => type <= OrderType.STOP_LIMIT;

/** Check 1: whether the fields of a NEW, REPLACE or QUOTE describe an order at all. */
export function checkDescription(command: CommandRecord, timeNs: bigint): Refusal {
  const { kind, side, orderType: type, timeInForce, price, quantity, displayQuantity } = command;
  if (kind !== CommandKind.REPLACE && side > Side.SELL) return ResultCode.INVALID_SIDE;
  if (!isOrderType(type)) return ResultCode.INVALID_ORDER_TYPE;
  if (kind === CommandKind.QUOTE && type !== OrderType.LIMIT) return ResultCode.INVALID_ORDER_TYPE;
  if (!timesInForce(type).includes(timeInForce)) return ResultCode.INVALID_TIME_IN_FORCE;
  if (!areFlagsValid(command)) return ResultCode.INVALID_FLAGS;
  if (command.selfTrade > SelfTrade.DECREMENT) return ResultCode.INVALID_SELF_TRADE;
  if (!isPrice(price)) return ResultCode.INVALID_PRICE;
  if (!isQuantity(quantity)) return ResultCode.INVALID_QUANTITY;
  if (displayQuantity !== 0n) {
    const canHide = type === OrderType.LIMIT && isRestingTime(timeInForce);
    if (!canHide || displayQuantity >= quantity) return ResultCode.INVALID_DISPLAY_QUANTITY;
  }
  const isStopPriceValid = isStopType(type) ? isPrice(command.stopPrice) : command.stopPrice === 0n;
  if (!isStopPriceValid) return ResultCode.INVALID_STOP_PRICE;
  const isExpireTimeValid =
    timeInForce === GTT
      ? BigInt(command.expireTime) * NS_PER_SECOND > timeNs
      : command.expireTime === 0;
  return isExpireTimeValid ? undefined : ResultCode.INVALID_EXPIRE_TIME;
}

function areFlagsValid({ kind, orderType, timeInForce, flags }: CommandRecord): boolean {
  if ((flags & ~ALL_FLAGS) !== 0) return false;
  if ((flags & OrderFlag.POST_ONLY) !== 0) {
    if (orderType !== OrderType.LIMIT || !isRestingTime(timeInForce)) return false;
  }
  if ((flags & OrderFlag.SLIDE) !== 0 && !isPostOnly(timeInForce, flags)) return false;
  return (flags & OrderFlag.KEEP_PRIORITY) === 0 || kind === CommandKind.REPLACE;
}

/** Check 3: the price that the order shall have. */
export function slidPrice(market: Market, order: Order): bigint {
  const { side, price } = order;
  if ((order.flags & OrderFlag.SLIDE) === 0) return price;
  const best = market.books[opposite(side)].first()?.price;
  if (best === undefined || !isWithin(side, price, best)) return price;
  return side === Side.BUY ? best - 1n : best + 1n;
}

/** Checks 4 to 10, of an order that takes the place of `old`, if there is one. */
export function checkPlacing(market: Market, order: Order, old: Order | undefined): Refusal {
  return (
    checkQuantityLimit(market, order) ??
    checkPriceBand(market, order) ??
    checkNotional(market, order) ??
    (old === undefined ? checkName(market, order) : undefined) ??
    checkCrossing(market, order) ??
    checkFunds(market, order, old) ??
    checkFillOrKill(market, order) ??
    checkCapacity(market, order, old)
  );
}

/** Checks 4, 5, 8 and 10, of an order that is `old` with more lots. */
export function checkIncrease(market: Market, order: Order, old: Order): Refusal {
  return (
    checkQuantityLimit(market, order) ??
    checkNotional(market, order) ??
    checkFunds(market, order, old) ??
    checkCapacity(market, order, old)
  );
}

function checkQuantityLimit({ limits }: Market, order: Order): Refusal {
  const isAbove = limits.maxQuantity !== 0n && openLots(order) > limits.maxQuantity;
  return isAbove ? ResultCode.QUANTITY_LIMIT : undefined;
}

function checkPriceBand({ limits, lastPrice }: Market, order: Order): Refusal {
  const { price, stopPrice } = order;
  if (limits.minPrice !== 0n && price < limits.minPrice) return ResultCode.PRICE_BAND;
  if (limits.maxPrice !== 0n && price > limits.maxPrice) return ResultCode.PRICE_BAND;
  // A stop is placed where the market is not yet.
  const reference = isWaitingStop(order) ? stopPrice : lastPrice;
  if (limits.bandPpm === 0 || reference === 0n) return undefined;
  const away = price > reference ? price - reference : reference - price;
  return away * PPM > BigInt(limits.bandPpm) * reference ? ResultCode.PRICE_BAND : undefined;
}

function checkNotional(market: Market, order: Order): Refusal {
  const lots = openLots(order);
  const notional = order.side === Side.BUY ? market.holdOf(order, lots) : order.price * lots;
  return notional >= NOTIONAL_LIMIT ? ResultCode.NOTIONAL_TOO_LARGE : undefined;
}

function checkName({ orders, limits }: Market, order: Order): Refusal {
  const { account, clientOrderId } = order;
  if (orders.byName(account, clientOrderId) !== undefined) return ResultCode.DUPLICATE_ORDER_ID;
  if (limits.maxOpenOrders === 0 || !mayRest(order)) return undefined;
  const isFull = orders.countOf(account) >= limits.maxOpenOrders;
  return isFull ? ResultCode.OPEN_ORDERS_LIMIT : undefined;
}

function checkCrossing(market: Market, order: Order): Refusal {
  const { side, price, timeInForce, flags } = order;
  if (!isPostOnly(timeInForce, flags)) return undefined;
  const best = market.books[opposite(side)].first()?.price;
  const crosses = best !== undefined && isWithin(side, price, best);
  return crosses ? ResultCode.WOULD_CROSS : undefined;
}

function checkFunds(market: Market, order: Order, old: Order | undefined): Refusal {
  const freed = old === undefined ? 0n : market.holdOf(old, openLots(old));
  const available = market.ledger.available(order.account, heldAsset(order.side));
  const isCovered = available + freed >= market.holdOf(order, openLots(order));
  return isCovered ? undefined : ResultCode.INSUFFICIENT_FUNDS;
}

function checkFillOrKill(market: Market, order: Order): Refusal {
  if (order.timeInForce !== FOK || isWaitingStop(order)) return undefined;
  return canFill(market, order) ? undefined : ResultCode.CANNOT_FILL;
}

/** Judged before the order trades, when it may yet not need the room. */
function checkCapacity(market: Market, order: Order, old: Order | undefined): Refusal {
  if (!mayRest(order)) return undefined;
  const { orderCapacity } = market.capacity;
  if (old === undefined && market.orders.size >= orderCapacity) return ResultCode.CAPACITY;
  return hasLevel(market, order, old) ? undefined : ResultCode.CAPACITY;
}

/** Whether there is room for the level of an order, once `old` has left. */
export function hasLevel(market: Market, order: Order, old: Order | undefined): boolean {
  const book = market.bookOf(order);
  const price = isWaitingStop(order) ? order.stopPrice : order.price;
  if (book.level(price) !== undefined) return true;
  const isOldAlone =
    old !== undefined && market.bookOf(old) === book && book.levelOf(old).orders.size === 1;
  return book.levelCount - (isOldAlone ? 1 : 0) < market.capacity.levelCapacity;
}

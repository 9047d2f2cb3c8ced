/** NEW, REPLACE, AMEND and QUOTE (RULES.md, section 4). */
import {
  CancelReason,
  EventKind,
  MAX_QUANTITY,
  OrderFlag,
  OrderType,
  ResultCode,
  type SelfTrade,
  type Side,
  type TimeInForce,
} from '@foldbook/protocol';
import { cancelByName } from './cancelling.ts';
import type { CommandRecord } from './command.ts';
import type { Market, Refusal } from './market.ts';
import { place } from './matching.ts';
import { isWaitingStop, type Order, openLots } from './order.ts';
import {
  checkDescription,
  checkIncrease,
  checkPlacing,
  isPrice,
  slidPrice,
} from './order-checks.ts';

export function placeNew(market: Market, command: CommandRecord): Refusal {
  const invalid = checkDescription(command, market.timeNs);
  if (invalid !== undefined) return invalid;
  const described = describeOrder(market, command, command.side as Side);
  const order = { ...described, price: slidPrice(market, described) };
  if (!isPrice(order.price)) return ResultCode.WOULD_CROSS;
  const refusal = checkPlacing(market, order, undefined);
  if (refusal !== undefined) return refusal;

  const code = order.type | (order.selfTrade << 8);
  market.events.placed(EventKind.ACCEPTED, order, code, command);
  market.hold(order);
  placeOrWait(market, order);
  return undefined;
}

export function replace(market: Market, command: CommandRecord): Refusal {
  const invalid = checkDescription(command, market.timeNs);
  if (invalid !== undefined) return invalid;
  const old = market.orders.byName(command.account, command.clientOrderId);
  if (old === undefined) return ResultCode.UNKNOWN_ORDER;
  const isInPlaceWished = (command.flags & OrderFlag.KEEP_PRIORITY) !== 0;
  return replaceBy(market, old, command, isInPlaceWished);
}

export function quote(market: Market, command: CommandRecord): Refusal {
  const { account, clientOrderId, side, price, quantity } = command;
  if (quantity === 0n) {
    return price === 0n ? cancelByName(market, command) : ResultCode.INVALID_PRICE;
  }
  const old = market.orders.byName(account, clientOrderId);
  if (old === undefined) return placeNew(market, command);
  const invalid = checkDescription(command, market.timeNs);
  if (invalid !== undefined) return invalid;
  if (old.side !== side) return ResultCode.DUPLICATE_ORDER_ID;
  return replaceBy(market, old, command, true);
}

export function amend(market: Market, command: CommandRecord): Refusal {
  const change = BigInt.asIntN(64, command.quantity);
  if (change === 0n) return ResultCode.INVALID_QUANTITY;
  const old = market.orders.byName(command.account, command.clientOrderId);
  if (old === undefined) return ResultCode.UNKNOWN_ORDER;
  const lots = openLots(old) + change;
  if (lots <= 0n) {
    market.cancel(old, CancelReason.REQUESTED, command);
    return undefined;
  }
  if (change < 0n) {
    reduceInPlace(market, old, lots, command);
    return undefined;
  }
  if (lots > MAX_QUANTITY) return ResultCode.INVALID_QUANTITY;
  const order = { ...old, orderId: market.sequence, displayed: lots, hidden: 0n };
  const refusal = checkIncrease(market, order, old);
  if (refusal !== undefined) return refusal;
  takePlaceOf(market, old, order, command);
  return undefined;
}

/** Checks 2 to 10 of an order that is described to take the place of an open one. */
function replaceBy(
  market: Market,
  old: Order,
  command: CommandRecord,
  isInPlaceWished: boolean,
): Refusal {
  const described = describeOrder(market, command, old.side);
  const order = { ...described, price: slidPrice(market, described) };
  if (!isPrice(order.price)) return ResultCode.WOULD_CROSS;
  const refusal = checkPlacing(market, order, old);
  if (refusal !== undefined) return refusal;

  const lots = openLots(order);
  const isSmaller = old.price === order.price && lots <= openLots(old);
  if (isInPlaceWished && isSmaller && isLike(old, order)) reduceInPlace(market, old, lots, command);
  else takePlaceOf(market, old, order, command);
  return undefined;
}

/** Whether both are limit orders with the same terms. */
function isLike(old: Order, order: Order): boolean {
  return (
    old.type === OrderType.LIMIT &&
    order.type === OrderType.LIMIT &&
    old.timeInForce === order.timeInForce &&
    old.flags === order.flags &&
    old.selfTrade === order.selfTrade &&
    old.displaySize === order.displaySize &&
    old.expireTime === order.expireTime
  );
}

/** The order stays where it is, with `lots` open. */
function reduceInPlace(market: Market, order: Order, lots: bigint, command: CommandRecord): void {
  market.reduce(order, openLots(order) - lots);
  market.events.placed(EventKind.REPLACED, order, 1, command);
  if (!isWaitingStop(order)) market.tellLevel(order.side, order.price);
}

function takePlaceOf(market: Market, old: Order, order: Order, command: CommandRecord): void {
  market.events.placed(EventKind.REPLACED, order, 0, command);
  market.takeOff(old);
  market.hold(order);
  placeOrWait(market, order);
}

function placeOrWait(market: Market, order: Order): void {
  if (isWaitingStop(order)) market.enqueue(order);
  else place(market, order);
}

/** The order that a command asks for; its fields were checked. */
function describeOrder(market: Market, command: CommandRecord, side: Side): Order {
  return {
    orderId: market.sequence,
    clientOrderId: command.clientOrderId,
    account: command.account,
    side,
    type: command.orderType as OrderType,
    timeInForce: command.timeInForce as TimeInForce,
    selfTrade: command.selfTrade as SelfTrade,
    flags: command.flags & ~OrderFlag.KEEP_PRIORITY,
    price: command.price,
    displaySize: command.displayQuantity,
    stopPrice: command.stopPrice,
    expireTime: command.expireTime,
    displayed: command.quantity,
    hidden: 0n,
    priority: 0n,
  };
}

/** NEW, REPLACE, AMEND and QUOTE. RULES.md, section 4. */
import { accountAt } from './accounts';
import {
  checkForm,
  checkFunds,
  checkLimits,
  checkNotional,
  checkOpenOrders,
  checkPlacing,
  checkQuantityLimit,
  checkRoom,
  slide,
} from './checks';
import * as incoming from './incoming';
import { ORDER_MAP, sequenceOf } from './market';
import { holdIncoming, place } from './matching';
import {
  requestOf,
  sessionOf,
  writeAccepted,
  writeCancelled,
  writeDelta,
  writeKept,
  writeReplaced,
} from './order-events';
import { findByName } from './order-map';
import { attributesOf, levelOf, sideOf, tagOf, typeIn } from './orders';
import * as P from './protocol';
import { openOf, reduce, takeOff, waitForStop } from './resting';
import { displaySizeOf, expireTimeOf, priceOf, stopPriceOf } from './terms';

/** The open order of the account that a command names, or 0. */
// @ts-ignore: decorator
@inline
export function namedOrder(market: usize, command: usize, tag: u32): usize {
  const account = load<u32>(command, P.COMMAND_ACCOUNT);
  const name = load<u64>(command, P.COMMAND_CLIENT_ORDER_ID);
  return findByName(market + ORDER_MAP, tag, account, name);
}

export function placeNew(market: usize, command: usize, kind: u32, tag: u32): u32 {
  const side = <u32>load<u8>(command, P.COMMAND_SIDE);
  if (side > P.SELL) return P.INVALID_SIDE;
  incoming.describe(command, side);
  let code = checkForm(market, kind);
  if (code != P.OK) return code;
  code = slide(market);
  if (code != P.OK) return code;
  code = checkLimits(market);
  if (code != P.OK) return code;
  const id = load<u32>(command, P.COMMAND_ACCOUNT);
  const account = accountAt(market, id);
  if (namedOrder(market, command, tag) != 0) return P.DUPLICATE_ORDER_ID;
  code = checkOpenOrders(market, account);
  if (code != P.OK) return code;
  code = checkPlacing(market, account, 0);
  if (code != P.OK) return code;
  incoming.name(market, account, sequenceOf(market), tag);
  tellAccepted(market, command);
  start(market);
  return P.OK;
}

// @ts-ignore: decorator
@inline
function tellAccepted(market: usize, command: usize): void {
  writeAccepted(
    market,
    command,
    incoming.side,
    incoming.account(),
    incoming.clientOrderId(),
    incoming.price,
    incoming.open,
    incoming.attributesWord(),
    incoming.expireTime(),
  );
}

/** Holds what the incoming order may cost and places it, or lets it wait for its stop price. */
// @ts-ignore: decorator
@inline
function start(market: usize): void {
  holdIncoming(market);
  if (incoming.isStop()) waitForStop(market);
  else place(market);
}

export function replace(market: usize, command: usize, tag: u32): u32 {
  incoming.describe(command, P.BUY);
  const code = checkForm(market, P.REPLACE);
  if (code != P.OK) return code;
  const old = namedOrder(market, command, tag);
  if (old == 0) return P.UNKNOWN_ORDER;
  incoming.setSide(sideOf(old));
  return replaceOld(market, command, old, (incoming.flags() & P.FLAG_KEEP_PRIORITY) != 0);
}

function replaceOld(market: usize, command: usize, old: usize, mayKeep: bool): u32 {
  let code = slide(market);
  if (code != P.OK) return code;
  code = checkLimits(market);
  if (code != P.OK) return code;
  code = checkPlacing(market, accountAt(market, load<u32>(command, P.COMMAND_ACCOUNT)), old);
  if (code != P.OK) return code;
  if (mayKeep && isPureDecrease(old)) keep(market, command, old, incoming.open);
  else putInPlaceOf(market, command, old);
  return P.OK;
}

/** Whether the incoming order is the old one with no more lots. */
function isPureDecrease(old: usize): bool {
  const attributes = incoming.attributesWord();
  if (typeIn(attributes) != P.LIMIT || attributes != attributesOf(old)) return false;
  if (incoming.price != priceOf(old) || incoming.open > openOf(old)) return false;
  if (incoming.displaySize() != displaySizeOf(old)) return false;
  return incoming.expireTime() == expireTimeOf(old);
}

/** Leaves an order where it is, with so many lots. */
function keep(market: usize, command: usize, order: usize, open: u64): void {
  writeKept(market, command, order, open);
  reduce(market, order, openOf(order) - open);
  if (stopPriceOf(order) == 0) writeDelta(market, sideOf(order), levelOf(order));
}

function putInPlaceOf(market: usize, command: usize, old: usize): void {
  const id = load<u32>(command, P.COMMAND_ACCOUNT);
  const name = load<u64>(command, P.COMMAND_CLIENT_ORDER_ID);
  incoming.name(market, accountAt(market, id), sequenceOf(market), tagOf(old));
  writeReplaced(
    market,
    command,
    incoming.side,
    id,
    name,
    incoming.price,
    incoming.open,
    incoming.attributesWord(),
    incoming.expireTime(),
  );
  takeOff(market, old);
  start(market);
}

export function amend(market: usize, command: usize, tag: u32): u32 {
  const change = load<i64>(command, P.COMMAND_QUANTITY);
  if (change == 0) return P.INVALID_QUANTITY;
  const order = namedOrder(market, command, tag);
  if (order == 0) return P.UNKNOWN_ORDER;
  const open = openOf(order);
  if (change < 0) {
    const less = 0 - <u64>change;
    if (less < open) keep(market, command, order, open - less);
    else cancelNamed(market, command, order);
    return P.OK;
  }
  if (<u64>change > P.MAX_QUANTITY - open) return P.INVALID_QUANTITY;
  const display = displaySizeOf(order);
  const stop = stopPriceOf(order);
  const quantity = open + <u64>change;
  incoming.describeLike(order, priceOf(order), quantity, display, stop, expireTimeOf(order));
  return increase(market, command, order);
}

function increase(market: usize, command: usize, order: usize): u32 {
  let code = checkQuantityLimit(market);
  if (code == P.OK) code = checkNotional(market);
  if (code != P.OK) return code;
  code = checkFunds(market, accountAt(market, load<u32>(command, P.COMMAND_ACCOUNT)), order);
  if (code == P.OK) code = checkRoom(market, order);
  if (code == P.OK) putInPlaceOf(market, command, order);
  return code;
}

/** Cancels an order because a command asks for it. */
export function cancelNamed(market: usize, command: usize, order: usize): void {
  const request = requestOf(command);
  const session = sessionOf(command);
  const open = openOf(order);
  writeCancelled(market, order, P.REASON_REQUESTED, priceOf(order), open, request, session);
  takeOff(market, order);
}

export function quote(market: usize, command: usize, tag: u32): u32 {
  const old = namedOrder(market, command, tag);
  if (load<u64>(command, P.COMMAND_QUANTITY) == 0) return endQuote(market, command, old);
  if (old == 0) return placeNew(market, command, P.QUOTE_SIDE, tag);
  const side = <u32>load<u8>(command, P.COMMAND_SIDE);
  if (side > P.SELL) return P.INVALID_SIDE;
  incoming.describe(command, side);
  const code = checkForm(market, P.QUOTE_SIDE);
  if (code != P.OK) return code;
  if (sideOf(old) != side) return P.DUPLICATE_ORDER_ID;
  return replaceOld(market, command, old, true);
}

function endQuote(market: usize, command: usize, old: usize): u32 {
  if (load<u64>(command, P.COMMAND_PRICE) != 0) return P.INVALID_PRICE;
  if (old == 0) return P.UNKNOWN_ORDER;
  cancelNamed(market, command, old);
  return P.OK;
}

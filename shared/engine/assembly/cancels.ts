/** CANCEL, CANCEL_ORDER, CANCEL_ALL, CANCEL_AFTER and PURGE. */
import { orderAbove, orderWithId } from './account-orders';
import { accountAt, ensureAccount } from './accounts';
import { headWord, write } from './events';
import { bestLevel, bookAt, stopBookAt } from './ladder';
import { headOf } from './levels';
import { TIME_NS } from './market';
import { cancelNamed, namedOrder } from './order-commands';
import { requestOf, sessionOf, writeAllCancelled, writeCancelled } from './order-events';
import { orderIdOf, sideOf } from './orders';
import * as P from './protocol';
import { openOf, takeOff } from './resting';
import { priceOf } from './terms';
import { setSwitch } from './timers';

// @ts-ignore: decorator
@inline
export function cancel(market: usize, command: usize, tag: u32): u32 {
  const order = namedOrder(market, command, tag);
  if (order == 0) return P.UNKNOWN_ORDER;
  cancelNamed(market, command, order);
  return P.OK;
}

export function cancelOrder(market: usize, command: usize): u32 {
  const account = accountAt(market, load<u32>(command, P.COMMAND_ACCOUNT));
  const order = orderWithId(account, load<u64>(command, P.COMMAND_ORDER_ID));
  if (order == 0) return P.UNKNOWN_ORDER;
  cancelNamed(market, command, order);
  return P.OK;
}

export function cancelAll(market: usize, command: usize): u32 {
  const side = <u32>load<u8>(command, P.COMMAND_SIDE);
  if (side > P.BOTH_SIDES) return P.INVALID_SIDE;
  const id = load<u32>(command, P.COMMAND_ACCOUNT);
  const count = cancelOf(market, command, id, side, P.REASON_REQUESTED, P.MAX_PURGE);
  writeAllCancelled(market, command, side, P.REASON_REQUESTED, id, count, hasMore);
  return P.OK;
}

let hasMore: bool = false;

/** Cancels up to `most` orders of an account and a side in order of their ids. */
function cancelOf(
  market: usize,
  command: usize,
  id: u32,
  side: u32,
  reason: u32,
  most: u32,
): u32 {
  hasMore = false;
  const account = accountAt(market, id);
  let order = account != 0 ? orderAbove(account, 0) : 0;
  let count: u32 = 0;
  while (order != 0) {
    const orderId = orderIdOf(order);
    if (side == P.BOTH_SIDES || sideOf(order) == side) {
      if (count == most) {
        hasMore = true;
        break;
      }
      cancelOne(market, command, order, reason);
      count += 1;
    }
    order = orderAbove(account, orderId);
  }
  return count;
}

/** Who asked is told where it is the owner who did. */
function cancelOne(market: usize, command: usize, order: usize, reason: u32): void {
  const isOwner = reason == P.REASON_REQUESTED;
  const request = isOwner ? requestOf(command) : 0;
  const session = isOwner ? sessionOf(command) : 0;
  writeCancelled(market, order, reason, priceOf(order), openOf(order), request, session);
  takeOff(market, order);
}

export function cancelAfter(market: usize, command: usize): u32 {
  const id = load<u32>(command, P.COMMAND_ACCOUNT);
  const timeout = <u64>load<u32>(command, P.COMMAND_TIMEOUT);
  const deadline = timeout != 0 ? load<u64>(market, TIME_NS) + timeout * P.NS_PER_SECOND : 0;
  setSwitch(market, ensureAccount(market, id), id, deadline);
  const head = headWord(P.CANCEL_AFTER_SET, 0, 0, id);
  write(market, head, deadline, 0, 0, 0, requestOf(command), sessionOf(command));
  return P.OK;
}

export function purge(market: usize, command: usize): u32 {
  const id = load<u32>(command, P.COMMAND_ACCOUNT);
  if (id == P.FEES_ACCOUNT || id > P.MAX_ACCOUNT) return P.INVALID_ACCOUNT;
  const side = <u32>load<u8>(command, P.COMMAND_SIDE);
  if (side > P.BOTH_SIDES) return P.INVALID_SIDE;
  const count =
    id != 0
      ? cancelOf(market, command, id, side, P.REASON_OPERATOR, P.MAX_PURGE)
      : purgeBooks(market, command, side);
  writeAllCancelled(market, command, side, P.REASON_OPERATOR, id, count, hasMore);
  return P.OK;
}

function purgeBooks(market: usize, command: usize, side: u32): u32 {
  hasMore = false;
  let left = P.MAX_PURGE;
  if (side != P.SELL) left = purgeBook(market, command, bookAt(market, P.BUY), left);
  if (side != P.BUY) left = purgeBook(market, command, bookAt(market, P.SELL), left);
  if (side != P.SELL) left = purgeBook(market, command, stopBookAt(market, P.BUY), left);
  if (side != P.BUY) left = purgeBook(market, command, stopBookAt(market, P.SELL), left);
  return P.MAX_PURGE - left;
}

/** Cancels the orders of a book from the best level on; returns how many more may be cancelled. */
function purgeBook(market: usize, command: usize, book: usize, most: u32): u32 {
  let left = most;
  let level = bestLevel(book);
  while (level != 0 && left != 0) {
    cancelOne(market, command, headOf(level), P.REASON_OPERATOR);
    left -= 1;
    level = bestLevel(book);
  }
  if (level != 0) hasMore = true;
  return left;
}

/** Cancelling one order or many. */
import {
  AllCancelledOffset,
  BOTH_SIDES,
  CancelReason,
  EventKind,
  MAX_PURGE,
  ResultCode,
  Side,
} from '@foldbook/protocol';
import { isClient } from './accounts.ts';
import type { CommandRecord } from './command.ts';
import type { Market, Refusal } from './market.ts';
import type { Order } from './order.ts';

export function cancelByName(market: Market, command: CommandRecord): Refusal {
  return cancelOrder(market, market.orders.byName(command.account, command.clientOrderId), command);
}

export function cancelById(market: Market, command: CommandRecord): Refusal {
  const order = market.orders.byId(command.clientOrderId);
  return cancelOrder(market, order?.account === command.account ? order : undefined, command);
}

function cancelOrder(market: Market, order: Order | undefined, command: CommandRecord): Refusal {
  if (order === undefined) return ResultCode.UNKNOWN_ORDER;
  market.cancel(order, CancelReason.REQUESTED, command);
  return undefined;
}

/** CANCEL_ALL. */
export function cancelAllOf(market: Market, command: CommandRecord): Refusal {
  if (command.side > BOTH_SIDES) return ResultCode.INVALID_SIDE;
  cancelAll(market, command.account, command.side, CancelReason.REQUESTED, MAX_PURGE, command);
  return undefined;
}

/** Cancels up to `most` of an account's open orders of a side in order of their ids. */
export function cancelAll(
  market: Market,
  account: number,
  side: number,
  reason: CancelReason,
  most: number,
  command?: CommandRecord,
): { readonly count: number; readonly hasMore: boolean } {
  const orders = market.orders.ofAccount(account).filter((order) => isOfSide(order, side));
  const cancelled = orders.slice(0, most);
  const hasMore = orders.length > most;
  for (const order of cancelled) market.cancel(order, reason, command);
  const fields = market.events
    .event(EventKind.ALL_CANCELLED, { account, side, code: reason })
    .u64(AllCancelledOffset.MORE, hasMore ? 1n : 0n)
    .u64(AllCancelledOffset.COUNT, BigInt(cancelled.length));
  if (command !== undefined) market.events.request(fields, command);
  return { count: cancelled.length, hasMore };
}

/** PURGE: at most 1,024 orders of an account, or of all. */
export function purge(market: Market, command: CommandRecord): Refusal {
  const { account, side } = command;
  if (account !== 0 && !isClient(account)) return ResultCode.INVALID_ACCOUNT;
  if (side > BOTH_SIDES) return ResultCode.INVALID_SIDE;
  const all = account === 0 ? inOrderOfPurge(market) : market.orders.ofAccount(account);
  const orders = all.filter((order) => isOfSide(order, side));
  const cancelled = orders.slice(0, MAX_PURGE);
  for (const order of cancelled) market.cancel(order, CancelReason.OPERATOR);
  market.events
    .answer(EventKind.ALL_CANCELLED, command, { account, side, code: CancelReason.OPERATOR })
    .u64(AllCancelledOffset.MORE, orders.length > MAX_PURGE ? 1n : 0n)
    .u64(AllCancelledOffset.COUNT, BigInt(cancelled.length));
  return undefined;
}

const isOfSide = (order: Order, side: number) => side === BOTH_SIDES || order.side === side;

function inOrderOfPurge({ books, stopBooks }: Market): Order[] {
  const inTurn = [books[Side.BUY], books[Side.SELL], stopBooks[Side.BUY], stopBooks[Side.SELL]];
  return inTurn.flatMap((book) =>
    [...book.levels()].flatMap((level) => [...level.orders.values()]),
  );
}

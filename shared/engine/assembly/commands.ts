/**
 * What a command must pass, in this order: kind, market, account of an order, request id, fields
 * as they lie in the record, notional, order id, crossing, funds, room. The first that fails is
 * told and nothing else happens. A REPLACE looks its order up before the notional, which depends on
 * the order's side.
 */
import {
  BASE_AVAILABLE,
  BASE_HELD,
  QUOTE_AVAILABLE,
  QUOTE_HELD,
  accountAt,
  ensureAccount,
  supplyAccount,
} from './accounts';
import {
  cancelledHead,
  writeCancelled,
  writeCreated,
  writeEpoch,
  writeFunds,
  writePlaced,
  writeRejected,
} from './events';
import { holdPerLot, isTooLarge } from './fees';
import { bestLevel, findLevel, levelCount } from './ladder';
import { levelOrders, levelPrice } from './levels';
import * as market from './market';
import { crosses, place, takeOff } from './matching';
import { findOrder } from './order-map';
import { clientOrderIdOf, levelOf, orderCount, orderIdOf, quantityOf, sideOf } from './orders';
import * as P from './protocol';
import { admit } from './sessions';
import { stateHash } from './state-hash';

/** Applies one command record. */
export function execute(command: usize): void {
  market.nextSequence();
  const kind = <u32>load<u8>(command);
  let code = admitCommand(command, kind);
  if (code == P.OK) code = perform(command, kind);
  if (code != P.OK) writeRejected(command, code);
}

// @ts-ignore: decorator
@inline
function isOrderKind(kind: u32): bool {
  return kind - P.NEW <= P.REPLACE - P.NEW;
}

// @ts-ignore: decorator
@inline
function isAdminKind(kind: u32): bool {
  if (kind == P.DEPOSIT || kind == P.WITHDRAW) return true;
  return kind == P.CREATE_MARKET || kind == P.CLOSE_EPOCH;
}

// @ts-ignore: decorator
@inline
function isClient(account: u32): bool {
  return account >= P.FIRST_CLIENT && account <= P.MAX_ACCOUNT;
}

// @ts-ignore: decorator
@inline
function accountIn(command: usize): u32 {
  return load<u32>(command, P.COMMAND_ACCOUNT);
}

/** What every command is asked first. Past this point its request id is used up. */
function admitCommand(command: usize, kind: u32): u32 {
  const isOrder = isOrderKind(kind);
  if (!isOrder && !isAdminKind(kind)) return P.UNKNOWN_COMMAND;
  if (!market.created && kind != P.CREATE_MARKET) return P.MARKET_NOT_CREATED;
  const account = accountIn(command);
  // An account that no client owns has no session; request ids of account 0 are the operator's.
  if (isOrder && !isClient(account)) return P.INVALID_ACCOUNT;
  const requestId = load<u64>(command, P.COMMAND_REQUEST_ID);
  if (kind == P.CLOSE_EPOCH && requestId == 0) return P.OK;
  return admit(isOrder ? account : 0, load<u16>(command, P.COMMAND_SESSION), requestId);
}

function perform(command: usize, kind: u32): u32 {
  switch (kind) {
    case P.NEW:
      return placeNew(command);
    case P.CANCEL:
      return cancel(command);
    case P.REPLACE:
      return replace(command);
    case P.DEPOSIT:
      return deposit(command);
    case P.WITHDRAW:
      return withdraw(command);
    case P.CREATE_MARKET:
      return createMarket(command);
    default:
      return closeEpoch();
  }
}

function createMarket(command: usize): u32 {
  if (market.created) return P.MARKET_ALREADY_CREATED;
  const maker = load<i32>(command, P.COMMAND_MAKER_FEE_PPM);
  const taker = load<i32>(command, P.COMMAND_TAKER_FEE_PPM);
  if (maker < -P.MAX_FEE_PPM || maker > P.MAX_FEE_PPM) return P.INVALID_FEES;
  if (taker < -P.MAX_FEE_PPM || taker > P.MAX_FEE_PPM) return P.INVALID_FEES;
  if (maker + taker < 0) return P.INVALID_FEES;
  market.setFees(maker, taker);
  writeCreated(command, maker, taker);
  return P.OK;
}

/** An epoch ends with its mark, whose hash is of the state in which the next one begins. */
function closeEpoch(): u32 {
  const epoch = market.epoch;
  const recordFirst = market.epochRecordFirst;
  const recordCount = market.epochRecordCount;
  const sequenceFirst = market.epochSequenceFirst;
  market.openNextEpoch();
  writeEpoch(epoch, recordFirst, recordCount, stateHash(), sequenceFirst, market.timeNs);
  return P.OK;
}

function checkMove(command: usize): u32 {
  if (!isClient(accountIn(command))) return P.INVALID_ACCOUNT;
  if (load<u8>(command, P.COMMAND_ASSET) > P.QUOTE) return P.INVALID_ASSET;
  // One below zero is out of range, too.
  if (load<u64>(command, P.COMMAND_QUANTITY) - 1 >= P.MAX_AMOUNT) return P.INVALID_QUANTITY;
  return P.OK;
}

// @ts-ignore: decorator
@inline
function availableOf(asset: u32): usize {
  return asset == P.QUOTE ? QUOTE_AVAILABLE : BASE_AVAILABLE;
}

function deposit(command: usize): u32 {
  const code = checkMove(command);
  if (code != P.OK) return code;
  const asset = <u32>load<u8>(command, P.COMMAND_ASSET);
  const amount = load<u64>(command, P.COMMAND_QUANTITY);
  const supply = supplyAccount + availableOf(asset);
  const outstanding = load<u64>(supply);
  if (amount > P.MAX_AMOUNT - outstanding) return P.BALANCE_LIMIT;
  const available = ensureAccount(accountIn(command)) + availableOf(asset);
  store<u64>(supply, outstanding + amount);
  store<u64>(available, load<u64>(available) + amount);
  tellFunds(command, asset, amount);
  return P.OK;
}

function withdraw(command: usize): u32 {
  const code = checkMove(command);
  if (code != P.OK) return code;
  const asset = <u32>load<u8>(command, P.COMMAND_ASSET);
  const amount = load<u64>(command, P.COMMAND_QUANTITY);
  const account = accountAt(accountIn(command));
  if (account == 0) return P.INSUFFICIENT_FUNDS;
  const available = account + availableOf(asset);
  if (load<u64>(available) < amount) return P.INSUFFICIENT_FUNDS;
  const supply = supplyAccount + availableOf(asset);
  store<u64>(supply, load<u64>(supply) - amount);
  store<u64>(available, load<u64>(available) - amount);
  tellFunds(command, asset, amount);
  return P.OK;
}

function tellFunds(command: usize, asset: u32, amount: u64): void {
  const account = accountAt(accountIn(command));
  const held = account + (asset == P.QUOTE ? QUOTE_HELD : BASE_HELD);
  market.countRecord();
  writeFunds(command, asset, amount, load<u64>(account + availableOf(asset)), load<u64>(held));
}

// @ts-ignore: decorator
@inline
function checkOrderFields(timeInForce: u32, price: u64, quantity: u64): u32 {
  if (timeInForce > P.POST_ONLY) return P.INVALID_TIME_IN_FORCE;
  // One below zero is out of range, too.
  if (price - 1 >= P.MAX_PRICE) return P.INVALID_PRICE;
  if (quantity - 1 >= P.MAX_QUANTITY) return P.INVALID_QUANTITY;
  return P.OK;
}

function placeNew(command: usize): u32 {
  const side = <u32>load<u8>(command, P.COMMAND_SIDE);
  if (side > P.SELL) return P.INVALID_SIDE;
  const timeInForce = <u32>load<u8>(command, P.COMMAND_TIME_IN_FORCE);
  const price = load<u64>(command, P.COMMAND_PRICE);
  const quantity = load<u64>(command, P.COMMAND_QUANTITY);
  let code = checkOrderFields(timeInForce, price, quantity);
  if (code != P.OK) return code;
  if (isTooLarge(side == P.BUY ? holdPerLot(price) : price, quantity)) return P.NOTIONAL_TOO_LARGE;
  const account = accountIn(command);
  const clientOrderId = load<u64>(command, P.COMMAND_CLIENT_ORDER_ID);
  if (findOrder(account, clientOrderId) != 0) return P.DUPLICATE_ORDER_ID;
  code = checkPlacing(side, account, price, quantity, timeInForce, 0);
  if (code != P.OK) return code;
  writePlaced(P.ACCEPTED, command, side, account, clientOrderId, price, quantity);
  place(side, account, clientOrderId, price, quantity, timeInForce);
  return P.OK;
}

function cancel(command: usize): u32 {
  const account = accountIn(command);
  const order = findOrder(account, load<u64>(command, P.COMMAND_CLIENT_ORDER_ID));
  if (order == 0) return P.UNKNOWN_ORDER;
  writeCancelled(
    cancelledHead(P.CANCELLED, sideOf(order), P.REASON_REQUESTED, account),
    orderIdOf(order),
    clientOrderIdOf(order),
    levelPrice(levelOf(order)),
    quantityOf(order),
    load<u64>(command, P.COMMAND_REQUEST_ID),
    load<u16>(command, P.COMMAND_SESSION),
  );
  takeOff(order);
  return P.OK;
}

function replace(command: usize): u32 {
  const timeInForce = <u32>load<u8>(command, P.COMMAND_TIME_IN_FORCE);
  const price = load<u64>(command, P.COMMAND_PRICE);
  const quantity = load<u64>(command, P.COMMAND_QUANTITY);
  let code = checkOrderFields(timeInForce, price, quantity);
  if (code != P.OK) return code;
  const account = accountIn(command);
  const clientOrderId = load<u64>(command, P.COMMAND_CLIENT_ORDER_ID);
  const old = findOrder(account, clientOrderId);
  if (old == 0) return P.UNKNOWN_ORDER;
  const side = sideOf(old);
  if (isTooLarge(side == P.BUY ? holdPerLot(price) : price, quantity)) return P.NOTIONAL_TOO_LARGE;
  code = checkPlacing(side, account, price, quantity, timeInForce, old);
  if (code != P.OK) return code;
  writePlaced(P.REPLACED, command, side, account, clientOrderId, price, quantity);
  takeOff(old);
  place(side, account, clientOrderId, price, quantity, timeInForce);
  return P.OK;
}

/** Crossing, funds and room for an order that takes the place of `old`, if that is not 0. */
// @ts-ignore: decorator
@inline
function checkPlacing(
  side: u32,
  account: u32,
  price: u64,
  quantity: u64,
  timeInForce: u32,
  old: usize,
): u32 {
  if (timeInForce == P.POST_ONLY) {
    const best = bestLevel(side ^ 1);
    if (best != 0 && crosses(side, price, levelPrice(best))) return P.WOULD_CROSS;
  }
  const balances = accountAt(account);
  if (balances == 0) return P.INSUFFICIENT_FUNDS;
  let available = load<u64>(balances + (side == P.BUY ? QUOTE_AVAILABLE : BASE_AVAILABLE));
  if (old != 0) available += holdOf(side, levelPrice(levelOf(old)), quantityOf(old));
  if (available < holdOf(side, price, quantity)) return P.INSUFFICIENT_FUNDS;
  return timeInForce == P.IOC || hasRoom(side, price, old) ? P.OK : P.CAPACITY;
}

// @ts-ignore: decorator
@inline
function holdOf(side: u32, price: u64, quantity: u64): u64 {
  return side == P.BUY ? holdPerLot(price) * quantity : quantity;
}

/** Whether the order could rest, judged before it trades: it may turn out not to need the room. */
// @ts-ignore: decorator
@inline
function hasRoom(side: u32, price: u64, old: usize): bool {
  if (old == 0 && orderCount >= market.orderCapacity) return false;
  const freed: u32 = old != 0 && levelOrders(levelOf(old)) == 1 ? 1 : 0;
  return levelCount(side) - freed < market.levelCapacity || findLevel(side, price) != 0;
}

/** Events about orders, trades and levels, word by word. */
import { headWord, write } from './events';
import { levelOrders, levelPrice, levelQuantity } from './levels';
import { sequenceOf } from './market';
import {
  accountOf,
  attributesOf,
  clientOrderIdOf,
  flagsIn,
  orderIdOf,
  selfTradeIn,
  sideOf,
  timeInForceIn,
  typeIn,
} from './orders';
import {
  ACCEPTED,
  ALL_CANCELLED,
  BOOK_DELTA,
  CANCELLED,
  COMMAND_ACCOUNT,
  COMMAND_CLIENT_ORDER_ID,
  COMMAND_REQUEST_ID,
  COMMAND_SESSION,
  FEE,
  REDUCED,
  REFILLED,
  REJECTED,
  REPLACED,
  RESULT,
  TRADE,
  TRIGGERED,
} from './protocol';
import { expireTimeOf, priceOf } from './terms';

// @ts-ignore: decorator
@inline
export function requestOf(command: usize): u64 {
  return load<u64>(command, COMMAND_REQUEST_ID);
}

// @ts-ignore: decorator
@inline
export function sessionOf(command: usize): u64 {
  return load<u16>(command, COMMAND_SESSION);
}

export function writeRejected(market: usize, command: usize, code: u32): void {
  const head = headWord(REJECTED, load<u8>(command), code, load<u32>(command, COMMAND_ACCOUNT));
  const name = load<u64>(command, COMMAND_CLIENT_ORDER_ID);
  write(market, head, 0, name, 0, 0, requestOf(command), sessionOf(command));
}

/** The answer to a request that was seen before. */
export function writeResult(market: usize, command: usize, code: u32, firstSequence: u64): void {
  const head = headWord(RESULT, load<u8>(command), code, load<u32>(command, COMMAND_ACCOUNT));
  const name = load<u64>(command, COMMAND_CLIENT_ORDER_ID);
  write(market, head, firstSequence, name, 0, 0, requestOf(command), sessionOf(command));
}

// @ts-ignore: decorator
@inline
export function writeAccepted(
  market: usize,
  command: usize,
  side: u32,
  account: u32,
  clientOrderId: u64,
  price: u64,
  quantity: u64,
  attributes: u32,
  expireTime: u32,
): void {
  const code = typeIn(attributes) | (selfTradeIn(attributes) << 8);
  const last = termsWord(attributes, expireTime) | sessionOf(command);
  const head = headWord(ACCEPTED, side, code, account);
  write(market, head, sequenceOf(market), clientOrderId, price, quantity, requestOf(command), last);
}

// @ts-ignore: decorator
@inline
function termsWord(attributes: u32, expireTime: u32): u64 {
  const word = (timeInForceIn(attributes) << 16) | (flagsIn(attributes) << 24);
  return <u64>word | (<u64>expireTime << 32);
}

/** An order that lost its priority, and has a new id. */
// @ts-ignore: decorator
@inline
export function writeReplaced(
  market: usize,
  command: usize,
  side: u32,
  account: u32,
  clientOrderId: u64,
  price: u64,
  quantity: u64,
  attributes: u32,
  expireTime: u32,
): void {
  const last = termsWord(attributes, expireTime) | sessionOf(command);
  const head = headWord(REPLACED, side, 0, account);
  write(market, head, sequenceOf(market), clientOrderId, price, quantity, requestOf(command), last);
}

/** An order that stays where it is, with another quantity. */
export function writeKept(market: usize, command: usize, order: usize, quantity: u64): void {
  const last = termsWord(attributesOf(order), expireTimeOf(order)) | sessionOf(command);
  const head = headWord(REPLACED, sideOf(order), 1, accountOf(order));
  const name = clientOrderIdOf(order);
  const request = requestOf(command);
  write(market, head, orderIdOf(order), name, priceOf(order), quantity, request, last);
}

/** CANCELLED of an open order; `request` and `session` are 0 where nobody asked. */
// @ts-ignore: decorator
@inline
export function writeCancelled(
  market: usize,
  order: usize,
  reason: u32,
  price: u64,
  quantity: u64,
  request: u64,
  session: u64,
): void {
  const head = headWord(CANCELLED, sideOf(order), reason, accountOf(order));
  const name = clientOrderIdOf(order);
  write(market, head, orderIdOf(order), name, price, quantity, request, session);
}

/** CANCELLED or REDUCED of an order that is not in the book. */
export function writeIncoming(
  market: usize,
  kind: u32,
  side: u32,
  reason: u32,
  account: u32,
  orderId: u64,
  clientOrderId: u64,
  price: u64,
  quantity: u64,
): void {
  const head = headWord(kind, side, reason, account);
  write(market, head, orderId, clientOrderId, price, quantity, 0, 0);
}

export function writeReduced(market: usize, order: usize, reason: u32, quantity: u64): void {
  const head = headWord(REDUCED, sideOf(order), reason, accountOf(order));
  write(market, head, orderIdOf(order), clientOrderIdOf(order), priceOf(order), quantity, 0, 0);
}

export function writeTriggered(market: usize, order: usize, price: u64, quantity: u64): void {
  const head = headWord(TRIGGERED, sideOf(order), 0, accountOf(order));
  write(market, head, orderIdOf(order), clientOrderIdOf(order), price, quantity, 0, 0);
}

export function writeRefilled(market: usize, order: usize, price: u64, quantity: u64): void {
  const head = headWord(REFILLED, sideOf(order), 0, accountOf(order));
  write(market, head, orderIdOf(order), clientOrderIdOf(order), price, quantity, 0, 0);
}

// @ts-ignore: decorator
@inline
export function writeTrade(
  market: usize,
  takerSide: u32,
  takerAccount: u32,
  takerOrderId: u64,
  maker: usize,
  price: u64,
  quantity: u64,
): void {
  const head = headWord(TRADE, takerSide, 0, takerAccount);
  const name = clientOrderIdOf(maker);
  const account = <u64>accountOf(maker);
  write(market, head, orderIdOf(maker), takerOrderId, price, quantity, name, account);
}

export function writeFee(
  market: usize,
  liquidity: u32,
  rebate: u32,
  account: u32,
  orderId: u64,
  clientOrderId: u64,
  amount: u64,
): void {
  const head = headWord(FEE, liquidity, rebate, account);
  write(market, head, orderId, clientOrderId, 0, amount, 0, 0);
}

// @ts-ignore: decorator
@inline
export function writeDelta(market: usize, side: u32, level: usize): void {
  const head = headWord(BOOK_DELTA, side, 0, 0);
  const orders = <u64>levelOrders(level);
  write(market, head, 0, 0, levelPrice(level), levelQuantity(level), orders, 0);
}

export function writeAllCancelled(
  market: usize,
  command: usize,
  side: u32,
  reason: u32,
  account: u32,
  count: u32,
  more: bool,
): void {
  const head = headWord(ALL_CANCELLED, side, reason, account);
  const request = command != 0 ? requestOf(command) : 0;
  const session = command != 0 ? sessionOf(command) : 0;
  write(market, head, 0, 0, <u64>more, count, request, session);
}

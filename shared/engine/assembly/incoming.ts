/**
 * The order that a command describes, or that a stop turns into: from its checks to its end. One at
 * a time, as the kernel does one thing at a time.
 */
import { accountOfOrder } from './accounts';
import { holdPerLot } from './fees';
import {
  accountOf,
  attributesOf,
  clientOrderIdOf,
  orderIdOf,
  selfTradeIn,
  sideOf,
  tagOf,
  timeInForceIn,
} from './orders';
import {
  BUY,
  COMMAND_ACCOUNT,
  COMMAND_DISPLAY_QUANTITY,
  COMMAND_EXPIRE_TIME,
  COMMAND_FLAGS,
  COMMAND_ORDER_TYPE,
  COMMAND_PRICE,
  COMMAND_QUANTITY,
  COMMAND_SELF_TRADE,
  COMMAND_STOP_PRICE,
  COMMAND_TIME_IN_FORCE,
  FLAG_POST_ONLY,
  FLAG_SLIDE,
  GTC,
  GTT,
  LIMIT,
  POST_ONLY,
  STOP,
} from './protocol';

export let side: u32 = 0;
export let type: u32 = 0;
export let timeInForce: u32 = 0;
export let selfTrade: u32 = 0;
export let flags: u32 = 0;
export let price: u64 = 0;
/** Lots that are still open. */
export let open: u64 = 0;
export let displaySize: u64 = 0;
export let stopPrice: u64 = 0;
export let expireTime: u32 = 0;
export let account: u32 = 0;
/** Address of the account, 0 while it has none. */
export let balances: usize = 0;
export let orderId: u64 = 0;
export let clientOrderId: u64 = 0;
/** Of its name in the order map. */
export let tag: u32 = 0;
/** What a lot of it holds: quote units, or the lot itself. */
export let perLot: u64 = 0;

/** Takes the description over from a NEW, REPLACE or QUOTE. */
// @ts-ignore: decorator
@inline
export function describe(command: usize, orderSide: u32): void {
  side = orderSide;
  account = load<u32>(command, COMMAND_ACCOUNT);
  type = <u32>load<u8>(command, COMMAND_ORDER_TYPE);
  timeInForce = <u32>load<u8>(command, COMMAND_TIME_IN_FORCE);
  selfTrade = <u32>load<u8>(command, COMMAND_SELF_TRADE);
  flags = <u32>load<u8>(command, COMMAND_FLAGS);
  expireTime = load<u32>(command, COMMAND_EXPIRE_TIME);
  price = load<u64>(command, COMMAND_PRICE);
  open = load<u64>(command, COMMAND_QUANTITY);
  displaySize = load<u64>(command, COMMAND_DISPLAY_QUANTITY);
  stopPrice = load<u64>(command, COMMAND_STOP_PRICE);
}

/** Takes the description over from an open order. */
export function describeLike(
  order: usize,
  orderPrice: u64,
  quantity: u64,
  display: u64,
  stop: u64,
  expire: u32,
): void {
  const attributes = attributesOf(order);
  side = sideOf(order);
  account = accountOf(order);
  type = attributes & 0xff;
  timeInForce = timeInForceIn(attributes);
  selfTrade = selfTradeIn(attributes);
  flags = attributes >> 24;
  price = orderPrice;
  open = quantity;
  displaySize = display;
  stopPrice = stop;
  expireTime = expire;
}

// @ts-ignore: decorator
@inline
export function setSide(orderSide: u32): void {
  side = orderSide;
}

// @ts-ignore: decorator
@inline
export function setPrice(to: u64): void {
  price = to;
}

/** Sets the address of its account and what it is called. */
// @ts-ignore: decorator
@inline
export function name(
  market: usize,
  address: usize,
  order: u64,
  clientOrder: u64,
  nameTag: u32,
): void {
  tag = nameTag;
  balances = address;
  orderId = order;
  clientOrderId = clientOrder;
  perLot = side == BUY ? holdPerLot(market, price) : 1;
}

/** The same for an order that leaves its book to be placed. */
export function nameLike(market: usize, order: usize): void {
  const address = accountOfOrder(market, account);
  name(market, address, orderIdOf(order), clientOrderIdOf(order), tagOf(order));
}

// @ts-ignore: decorator
@inline
export function take(lots: u64): void {
  open -= lots;
}

/** The stop that it was until now, which keeps its record until it is known whether it rests. */
export let triggered: usize = 0;

/** From now on it is what a triggered stop is: only its time in force tells it from a market order. */
export function trigger(order: usize): void {
  triggered = order;
  type = LIMIT;
  stopPrice = 0;
}

export function endTrigger(): void {
  triggered = 0;
}

// @ts-ignore: decorator
@inline
export function isPostOnly(): bool {
  return timeInForce == POST_ONLY || (flags & FLAG_POST_ONLY) != 0;
}

/** Whether it may rest on the book of limit orders. */
// @ts-ignore: decorator
@inline
export function canRest(): bool {
  return timeInForce == GTC || timeInForce == POST_ONLY || timeInForce == GTT;
}

// @ts-ignore: decorator
@inline
export function isStop(): bool {
  return type >= STOP;
}

// @ts-ignore: decorator
@inline
export function attributesWord(): u32 {
  // How it replaced another order is not a property of an order.
  const kept = flags & (FLAG_POST_ONLY | FLAG_SLIDE);
  return type | (timeInForce << 8) | (selfTrade << 16) | (kept << 24);
}

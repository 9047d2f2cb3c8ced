/**
 * The order that a command describes, or that a stop turns into: from its checks to its end. One at
 * a time, as the kernel does one thing at a time. What it is lies in a record, laid out as a NEW:
 * the command itself, or one that is written for the purpose.
 */
import { accountOfOrder } from './accounts';
import { heldPerLot } from './fees';
import {
  accountOf,
  attributesOf,
  clientOrderIdOf,
  orderIdOf,
  sideOf,
  tagOf,
} from './orders';
import {
  COMMAND_ACCOUNT,
  COMMAND_CLIENT_ORDER_ID,
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

let record: usize = 0;
/** For an order that no command describes. */
const written: usize = memory.data(64);

export let side: u32 = 0;
export let price: u64 = 0;
/** Lots that are still open. */
export let open: u64 = 0;
/** Address of the account. */
export let balances: usize = 0;
export let orderId: u64 = 0;
/** Of its name in the order map. */
export let tag: u32 = 0;
/** What a lot of it holds: quote units, or the lot itself. */
export let perLot: u64 = 0;
/** The stop that it was until now, which keeps its record until it is known whether it rests. */
export let triggered: usize = 0;

/** Takes over what a NEW, REPLACE or QUOTE describes. */
// @ts-ignore: decorator
@inline
export function describe(command: usize, orderSide: u32): void {
  record = command;
  side = orderSide;
  price = load<u64>(command, COMMAND_PRICE);
  open = load<u64>(command, COMMAND_QUANTITY);
}

/** Takes over what an open order is, with another quantity. */
export function describeLike(
  order: usize,
  orderPrice: u64,
  quantity: u64,
  display: u64,
  stop: u64,
  expire: u32,
): void {
  const attributes = attributesOf(order);
  store<u8>(written, attributes & 0xff, COMMAND_ORDER_TYPE);
  store<u8>(written, (attributes >> 8) & 0xff, COMMAND_TIME_IN_FORCE);
  store<u32>(written, accountOf(order), COMMAND_ACCOUNT);
  store<u8>(written, (attributes >> 16) & 0xff, COMMAND_SELF_TRADE);
  store<u8>(written, attributes >> 24, COMMAND_FLAGS);
  store<u32>(written, expire, COMMAND_EXPIRE_TIME);
  store<u64>(written, clientOrderIdOf(order), COMMAND_CLIENT_ORDER_ID);
  store<u64>(written, orderPrice, COMMAND_PRICE);
  store<u64>(written, quantity, COMMAND_QUANTITY);
  store<u64>(written, display, COMMAND_DISPLAY_QUANTITY);
  store<u64>(written, stop, COMMAND_STOP_PRICE);
  describe(written, sideOf(order));
}

/**
 * From now on it is what a triggered stop is: only its time in force tells it from a market order.
 */
export function trigger(order: usize): void {
  triggered = order;
  store<u8>(record, LIMIT, COMMAND_ORDER_TYPE);
  store<u64>(record, 0, COMMAND_STOP_PRICE);
}

export function endTrigger(): void {
  triggered = 0;
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
export function name(market: usize, address: usize, order: u64, nameTag: u32): void {
  tag = nameTag;
  balances = address;
  orderId = order;
  perLot = heldPerLot(market, side, price);
}

/** The same for an order that leaves its book to be placed. */
export function nameLike(market: usize, order: usize): void {
  name(market, accountOfOrder(market, accountOf(order)), orderIdOf(order), tagOf(order));
}

// @ts-ignore: decorator
@inline
export function take(lots: u64): void {
  open -= lots;
}

// @ts-ignore: decorator
@inline
export function account(): u32 {
  return load<u32>(record, COMMAND_ACCOUNT);
}

// @ts-ignore: decorator
@inline
export function clientOrderId(): u64 {
  return load<u64>(record, COMMAND_CLIENT_ORDER_ID);
}

// @ts-ignore: decorator
@inline
export function type(): u32 {
  return load<u8>(record, COMMAND_ORDER_TYPE);
}

// @ts-ignore: decorator
@inline
export function timeInForce(): u32 {
  return load<u8>(record, COMMAND_TIME_IN_FORCE);
}

// @ts-ignore: decorator
@inline
export function selfTrade(): u32 {
  return load<u8>(record, COMMAND_SELF_TRADE);
}

// @ts-ignore: decorator
@inline
export function flags(): u32 {
  return load<u8>(record, COMMAND_FLAGS);
}

// @ts-ignore: decorator
@inline
export function expireTime(): u32 {
  return load<u32>(record, COMMAND_EXPIRE_TIME);
}

// @ts-ignore: decorator
@inline
export function displaySize(): u64 {
  return load<u64>(record, COMMAND_DISPLAY_QUANTITY);
}

// @ts-ignore: decorator
@inline
export function stopPrice(): u64 {
  return load<u64>(record, COMMAND_STOP_PRICE);
}

/**
 * Whether it is a limit order that asks for nothing further: no mode, flags, expire time, display
 * quantity or stop price.
 */
// @ts-ignore: decorator
@inline
export function isPlain(): bool {
  // The session stands before the mode.
  const further = load<u64>(record, COMMAND_SELF_TRADE - 2) >> 16;
  return (further | displaySize() | stopPrice() | <u64>type()) == 0;
}

// @ts-ignore: decorator
@inline
export function isPostOnly(): bool {
  return timeInForce() == POST_ONLY || (flags() & FLAG_POST_ONLY) != 0;
}

/** Whether it may rest on the book of limit orders. */
// @ts-ignore: decorator
@inline
export function canRest(): bool {
  return (((1 << GTC) | (1 << POST_ONLY) | (1 << GTT)) & (1 << timeInForce())) != 0;
}

// @ts-ignore: decorator
@inline
export function isStop(): bool {
  return type() >= STOP;
}

// @ts-ignore: decorator
@inline
export function attributesWord(): u32 {
  // How it replaced another order is not a property of an order.
  const kept = flags() & (FLAG_POST_ONLY | FLAG_SLIDE);
  return type() | (timeInForce() << 8) | (selfTrade() << 16) | (kept << 24);
}

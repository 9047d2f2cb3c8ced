/**
 * Open orders, a cache line each: nearly every command needs all of it.
 *
 * ```
 * order  +0             +8         +16   +20       +24    +28
 *        clientOrderId  displayed  next  previous  level  side << 31 | hasTerms << 24 | account
 *        +32      +40       +48                +52    +56         +60
 *        orderId  priority  place in its       terms  attributes  tag of its name
 *                           account's list
 * attributes: type | timeInForce << 8 | selfTrade << 16 | flags << 24
 * ```
 * A free order has account 0 and is linked through `next`.
 *
 * The replay of market data (shared/history) has only the first half of it: there are no accounts
 * and no terms, and instruments stand where accounts do.
 */
import { IS_REPLAY } from './build-kind';
import { PAGE_BYTES, reservePages } from './memory';

const ORDER_BYTES: usize = IS_REPLAY ? 32 : 64;

const CLIENT_ORDER_ID: usize = 0;
const DISPLAYED: usize = 8;
const NEXT: usize = 16;
const PREVIOUS: usize = 20;
const LEVEL: usize = 24;
const OWNER: usize = 28;
const ORDER_ID: usize = 32;
const PRIORITY: usize = 40;
const PLACE: usize = 48;
const TERMS: usize = 52;
const ATTRIBUTES: usize = 56;
const TAG: usize = 60;
const HAS_TERMS: u32 = 1 << 24;
const ACCOUNT_MASK: u32 = 0xffffff;

/** The part of the last page that was never used. */
let fresh: usize = 0;
let freshEnd: usize = 0;
let freeOrders: usize = 0;

/** Memory for an order; every field is still to be written. */
// @ts-ignore: decorator
@inline
export function allocateOrder(): usize {
  const order = freeOrders;
  if (order == 0) return freshOrder();
  freeOrders = nextOf(order);
  return order;
}

function freshOrder(): usize {
  if (fresh == freshEnd) {
    fresh = reservePages(1);
    freshEnd = fresh + PAGE_BYTES;
  }
  const order = fresh;
  fresh += ORDER_BYTES;
  return order;
}

// @ts-ignore: decorator
@inline
export function freeOrder(order: usize): void {
  store<u32>(order, 0, OWNER);
  setNext(order, freeOrders);
  freeOrders = order;
}

// @ts-ignore: decorator
@inline
export function orderIdOf(order: usize): u64 {
  return load<u64>(order, ORDER_ID);
}

// @ts-ignore: decorator
@inline
export function clientOrderIdOf(order: usize): u64 {
  return load<u64>(order, CLIENT_ORDER_ID);
}

/** Lots that the book shows. */
// @ts-ignore: decorator
@inline
export function displayedOf(order: usize): u64 {
  return load<u64>(order, DISPLAYED);
}

// @ts-ignore: decorator
@inline
export function setDisplayed(order: usize, quantity: u64): void {
  store<u64>(order, quantity, DISPLAYED);
}

// @ts-ignore: decorator
@inline
export function priorityOf(order: usize): u64 {
  return load<u64>(order, PRIORITY);
}

// @ts-ignore: decorator
@inline
export function setPriority(order: usize, priority: u64): void {
  store<u64>(order, priority, PRIORITY);
}

// @ts-ignore: decorator
@inline
export function nextOf(order: usize): usize {
  return load<u32>(order, NEXT);
}

// @ts-ignore: decorator
@inline
export function setNext(order: usize, next: usize): void {
  store<u32>(order, <u32>next, NEXT);
}

// @ts-ignore: decorator
@inline
export function previousOf(order: usize): usize {
  return load<u32>(order, PREVIOUS);
}

// @ts-ignore: decorator
@inline
export function setPrevious(order: usize, previous: usize): void {
  store<u32>(order, <u32>previous, PREVIOUS);
}

/** Address of the word of its account's list that has its address. */
// @ts-ignore: decorator
@inline
export function placeOf(order: usize): usize {
  return load<u32>(order, PLACE);
}

// @ts-ignore: decorator
@inline
export function setPlace(order: usize, place: usize): void {
  store<u32>(order, <u32>place, PLACE);
}

// @ts-ignore: decorator
@inline
export function levelOf(order: usize): usize {
  return load<u32>(order, LEVEL);
}

// @ts-ignore: decorator
@inline
export function setLevel(order: usize, level: usize): void {
  store<u32>(order, <u32>level, LEVEL);
}

// @ts-ignore: decorator
@inline
export function accountOf(order: usize): u32 {
  return load<u32>(order, OWNER) & ACCOUNT_MASK;
}

// @ts-ignore: decorator
@inline
export function sideOf(order: usize): u32 {
  return load<u32>(order, OWNER) >> 31;
}

// @ts-ignore: decorator
@inline
export function hasTerms(order: usize): bool {
  return (load<u32>(order, OWNER) & HAS_TERMS) != 0;
}

/** Its terms (terms.ts); only where it has any. */
// @ts-ignore: decorator
@inline
export function termsOf(order: usize): usize {
  return load<u32>(order, TERMS);
}

export function setTerms(order: usize, terms: usize): void {
  const owner = load<u32>(order, OWNER) & ~HAS_TERMS;
  store<u32>(order, terms != 0 ? owner | HAS_TERMS : owner, OWNER);
  store<u32>(order, <u32>terms, TERMS);
}

// @ts-ignore: decorator
@inline
export function attributesOf(order: usize): u32 {
  return load<u32>(order, ATTRIBUTES);
}

// @ts-ignore: decorator
@inline
export function setAttributes(order: usize, attributes: u32): void {
  store<u32>(order, attributes, ATTRIBUTES);
}

/** Of its name in the order map. */
// @ts-ignore: decorator
@inline
export function tagOf(order: usize): u32 {
  return load<u32>(order, TAG);
}

/** Writes what names an order; it has no terms yet. */
// @ts-ignore: decorator
@inline
export function nameOrder(
  order: usize,
  orderId: u64,
  clientOrderId: u64,
  account: u32,
  side: u32,
  tag: u32,
): void {
  store<u32>(order, tag, TAG);
  store<u64>(order, orderId, ORDER_ID);
  nameReplayOrder(order, clientOrderId, account, side, false);
}

/** Writes what names an order of which only the first half is kept; a mark is where terms were. */
// @ts-ignore: decorator
@inline
export function nameReplayOrder(
  order: usize,
  id: u64,
  instrument: u32,
  side: u32,
  isMarked: bool,
): void {
  store<u64>(order, id, CLIENT_ORDER_ID);
  store<u32>(order, (side << 31) | (isMarked ? HAS_TERMS : 0) | instrument, OWNER);
}

/**
 * Has an order of a replay fetched into the cache for writing, without waiting for it: writes the
 * zero that is there, as instruments take two of an account's three bytes. None (0) will do.
 */
// @ts-ignore: decorator
@inline
export function fetchReplayOrder(order: usize): void {
  store<u8>(order, 0, OWNER + 2);
}

// @ts-ignore: decorator
@inline
export function attributes(type: u32, timeInForce: u32, selfTrade: u32, flags: u32): u32 {
  return type | (timeInForce << 8) | (selfTrade << 16) | (flags << 24);
}

// @ts-ignore: decorator
@inline
export function typeIn(attributes: u32): u32 {
  return attributes & 0xff;
}

// @ts-ignore: decorator
@inline
export function timeInForceIn(attributes: u32): u32 {
  return (attributes >> 8) & 0xff;
}

// @ts-ignore: decorator
@inline
export function selfTradeIn(attributes: u32): u32 {
  return (attributes >> 16) & 0xff;
}

// @ts-ignore: decorator
@inline
export function flagsIn(attributes: u32): u32 {
  return attributes >> 24;
}

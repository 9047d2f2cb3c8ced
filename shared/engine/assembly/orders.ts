/**
 * The pool of resting orders. What matching touches is 32 bytes, two orders a cache line; the
 * public order id, needed only to tell of an order, lies apart. A handle is the address of the hot
 * part.
 *
 * ```
 * page   +0 ...................... +52,416 ............ +65,520
 *        1,638 hot orders of 32 B  1,638 order ids u64  next page u32
 * order  +0             +8        +16   +20       +24    +28
 *        clientOrderId  quantity  next  previous  level  side << 31 | account
 * ```
 * A free order has account 0 and is linked through `next`.
 */
import { PAGE_BYTES, reservePages } from './memory';

const ORDER_BYTES: usize = 32;
const ORDERS_PER_PAGE: usize = 1_638;
const IDS_AT: usize = ORDERS_PER_PAGE * ORDER_BYTES;
const NEXT_PAGE_AT: usize = IDS_AT + ORDERS_PER_PAGE * 8;

const CLIENT_ORDER_ID: usize = 0;
const QUANTITY: usize = 8;
const NEXT: usize = 16;
const PREVIOUS: usize = 20;
const LEVEL: usize = 24;
const OWNER: usize = 28;
const ACCOUNT_MASK: u32 = 0x7fffffff;

let firstPage: usize = 0;
let lastPage: usize = 0;
/** The part of the last page that was never used. */
let fresh: usize = 0;
let freshEnd: usize = 0;
let freeOrders: usize = 0;
/** Orders in use. */
export let orderCount: u32 = 0;

export function allocateOrder(): usize {
  orderCount += 1;
  if (freeOrders != 0) {
    const order = freeOrders;
    freeOrders = nextOf(order);
    return order;
  }
  if (fresh == freshEnd) addPage();
  const order = fresh;
  fresh += ORDER_BYTES;
  return order;
}

function addPage(): void {
  const page = reservePages(1);
  if (lastPage == 0) firstPage = page;
  else store<u32>(lastPage, <u32>page, NEXT_PAGE_AT);
  lastPage = page;
  fresh = page;
  freshEnd = page + IDS_AT;
}

// @ts-ignore: decorator
@inline
export function freeOrder(order: usize): void {
  orderCount -= 1;
  store<u32>(order, 0, OWNER);
  setNext(order, freeOrders);
  freeOrders = order;
}

// @ts-ignore: decorator
@inline
function idAddress(order: usize): usize {
  const within = order & (PAGE_BYTES - 1);
  return order - within + IDS_AT + (within >> 2);
}

// @ts-ignore: decorator
@inline
export function orderIdOf(order: usize): u64 {
  return load<u64>(idAddress(order));
}

// @ts-ignore: decorator
@inline
export function clientOrderIdOf(order: usize): u64 {
  return load<u64>(order, CLIENT_ORDER_ID);
}

// @ts-ignore: decorator
@inline
export function quantityOf(order: usize): u64 {
  return load<u64>(order, QUANTITY);
}

// @ts-ignore: decorator
@inline
export function setQuantity(order: usize, quantity: u64): void {
  store<u64>(order, quantity, QUANTITY);
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

/** Writes what does not change while an order rests. */
// @ts-ignore: decorator
@inline
export function nameOrder(
  order: usize,
  orderId: u64,
  clientOrderId: u64,
  account: u32,
  side: u32,
): void {
  store<u64>(idAddress(order), orderId);
  store<u64>(order, clientOrderId, CLIENT_ORDER_ID);
  store<u32>(order, (side << 31) | account, OWNER);
}

export function forEachOrder(visit: (order: usize) => void): void {
  for (let page = firstPage; page != 0; page = load<u32>(page, NEXT_PAGE_AT)) {
    const end = page == lastPage ? fresh : page + IDS_AT;
    for (let order = page; order < end; order += ORDER_BYTES) {
      if (accountOf(order) != 0) visit(order);
    }
  }
}

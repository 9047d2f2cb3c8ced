/**
 * What only some orders have: a hidden part, an expire time, a stop price. Blocks of 64 bytes.
 *
 * ```
 * terms  +0      +8            +16        +24           +32         +36
 *        hidden  display size  stopPrice  limit price*  expireTime  place among the timers + 1
 * ```
 * (*) Of a waiting stop, whose level is that of its stop price.
 */
import { allocateBlock, freeBlock } from './memory';
import { hasTerms, levelOf, setTerms, termsOf } from './orders';
import { levelPrice } from './levels';

const TERMS_SHIFT: u32 = 6;
const DISPLAY_SIZE: usize = 8;
const STOP_PRICE: usize = 16;
const LIMIT_PRICE: usize = 24;
const EXPIRE_TIME: usize = 32;
export const TIMER_PLACE: usize = 36;

export function addTerms(order: usize): usize {
  const terms = allocateBlock(TERMS_SHIFT);
  setTerms(order, terms);
  return terms;
}

export function dropTerms(order: usize): void {
  freeBlock(termsOf(order), TERMS_SHIFT);
  setTerms(order, 0);
}

/** Lots that the book does not show. */
// @ts-ignore: decorator
@inline
export function hiddenOf(order: usize): u64 {
  return hasTerms(order) ? load<u64>(termsOf(order)) : 0;
}

export function setHidden(order: usize, quantity: u64): void {
  store<u64>(termsOf(order), quantity);
}

export function displaySizeOf(order: usize): u64 {
  return hasTerms(order) ? load<u64>(termsOf(order), DISPLAY_SIZE) : 0;
}

export function setDisplaySize(terms: usize, quantity: u64): void {
  store<u64>(terms, quantity, DISPLAY_SIZE);
}

/** 0 unless the order is a waiting stop. */
export function stopPriceOf(order: usize): u64 {
  return hasTerms(order) ? load<u64>(termsOf(order), STOP_PRICE) : 0;
}

export function setStop(terms: usize, stopPrice: u64, limitPrice: u64): void {
  store<u64>(terms, stopPrice, STOP_PRICE);
  store<u64>(terms, limitPrice, LIMIT_PRICE);
}

/** Seconds since 1970; 0 for never. */
export function expireTimeOf(order: usize): u32 {
  return hasTerms(order) ? load<u32>(termsOf(order), EXPIRE_TIME) : 0;
}

export function setExpireTime(terms: usize, expireTime: u32): void {
  store<u32>(terms, expireTime, EXPIRE_TIME);
}

/** The limit or protection price. */
// @ts-ignore: decorator
@inline
export function priceOf(order: usize): u64 {
  if (stopPriceOf(order) != 0) return load<u64>(termsOf(order), LIMIT_PRICE);
  return levelPrice(levelOf(order));
}

/**
 * The state hash, RULES.md section 9: kept up to date as things change, but for the market's own.
 */
import {
  ARRIVALS,
  BAND_PPM,
  BASE_SYMBOL,
  CREATED,
  EPOCH,
  EPOCH_RECORD_COUNT,
  EPOCH_RECORD_FIRST,
  EPOCH_SEQUENCE_FIRST,
  HASH,
  LAST_PRICE,
  MAX_FEE_PPM,
  MAX_OPEN_ORDERS,
  MAX_PRICE,
  MAX_QUANTITY,
  MIN_PRICE,
  PRICE_DECIMALS,
  QUANTITY_DECIMALS,
  QUOTE_SYMBOL,
  SEQUENCE,
  STATE,
  TIERS,
  TIME_NS,
  addTerm,
} from './market';
import {
  accountOf,
  attributesOf,
  clientOrderIdOf,
  displayedOf,
  hasTerms,
  orderIdOf,
  priorityOf,
  sideOf,
} from './orders';
import { FEE_TIERS } from './protocol';
import { ORDER_TAG, P0, P1, TERMS_TAG, emptyFold, fold, weight5 } from './scramble';
import { displaySizeOf, expireTimeOf, hiddenOf, stopPriceOf } from './terms';

export function stateHash(market: usize): u64 {
  let hash = emptyFold();
  hash = fold(hash, load<u8>(market, CREATED));
  hash = fold(hash, load<u8>(market, STATE));
  hash = fold(hash, load<u64>(market, SEQUENCE));
  hash = fold(hash, load<u64>(market, TIME_NS));
  hash = fold(hash, load<u64>(market, LAST_PRICE));
  hash = fold(hash, load<u64>(market, ARRIVALS));
  hash = fold(hash, load<u64>(market, EPOCH));
  hash = fold(hash, load<u64>(market, EPOCH_RECORD_FIRST));
  hash = fold(hash, load<u64>(market, EPOCH_RECORD_COUNT));
  hash = fold(hash, load<u64>(market, EPOCH_SEQUENCE_FIRST));
  hash = fold(hash, load<u64>(market, BASE_SYMBOL));
  hash = fold(hash, load<u64>(market, QUOTE_SYMBOL));
  hash = fold(hash, load<u8>(market, PRICE_DECIMALS));
  hash = fold(hash, load<u8>(market, QUANTITY_DECIMALS));
  hash = fold(hash, load<u32>(market, MAX_FEE_PPM));
  hash = fold(hash, load<u64>(market, MIN_PRICE));
  hash = fold(hash, load<u64>(market, MAX_PRICE));
  hash = fold(hash, load<u64>(market, MAX_QUANTITY));
  hash = fold(hash, load<u32>(market, BAND_PPM));
  hash = fold(hash, load<u32>(market, MAX_OPEN_ORDERS));
  for (let at = TIERS; at < TIERS + <usize>FEE_TIERS * 8; at += 4) {
    hash = fold(hash, load<u32>(market + at));
  }
  return hash + load<u64>(market, HASH);
}

/** The weight of an order: it changes with its id, its price and its priority only. */
// @ts-ignore: decorator
@inline
export function weightOfOrder(order: usize, price: u64): u64 {
  const owner = <u64>accountOf(order) | (<u64>sideOf(order) << 24);
  const name = clientOrderIdOf(order);
  return weight5(ORDER_TAG, orderIdOf(order), name, owner, price, priorityOf(order));
}

/** Adds the term of an order that came, with its terms and attributes. */
// @ts-ignore: decorator
@inline
export function addOrderTerm(market: usize, order: usize, price: u64): void {
  addTerm(market, weightOfOrder(order, price) * (displayedOf(order) * P0));
  if (hasTerms(order) || attributesOf(order) != 0) addTerm(market, furtherTerm(order, price));
}

/** Takes away the term of an order that leaves, or is about to change. */
// @ts-ignore: decorator
@inline
export function dropOrderTerm(market: usize, order: usize, price: u64): void {
  addTerm(market, 0 - weightOfOrder(order, price) * (displayedOf(order) * P0));
  if (hasTerms(order) || attributesOf(order) != 0) addTerm(market, 0 - furtherTerm(order, price));
}

/** Takes displayed lots of an order away that trade. */
// @ts-ignore: decorator
@inline
export function dropLots(market: usize, order: usize, price: u64, quantity: u64): void {
  addTerm(market, 0 - weightOfOrder(order, price) * (quantity * P0));
}

/** What an order has besides its displayed quantity. */
function furtherTerm(order: usize, price: u64): u64 {
  const hidden = weightOfOrder(order, price) * (hiddenOf(order) * P1);
  const display = displaySizeOf(order);
  const stop = stopPriceOf(order);
  const expire = <u64>expireTimeOf(order);
  return hidden + weight5(TERMS_TAG, orderIdOf(order), attributesOf(order), display, stop, expire);
}

/** Questions about a market; answers are written to the input area. */
import { orderAbove } from './account-orders';
import {
  BASE_AVAILABLE,
  BASE_HELD,
  QUOTE_AVAILABLE,
  QUOTE_HELD,
  accountAt,
} from './accounts';
import { headWord } from './events';
import { inputBase } from './index';
import { bestLevel, bookAt, nextWorse } from './ladder';
import { levelOrders, levelPrice, levelQuantity } from './levels';
import { sequenceOf } from './market';
import {
  attributesOf,
  clientOrderIdOf,
  displayedOf,
  flagsIn,
  orderIdOf,
  selfTradeIn,
  sideOf,
  timeInForceIn,
  typeIn,
} from './orders';
import { MAX_ACCOUNT, OK, OPEN_ORDER, RECORD_BYTES, SUPERSEDED } from './protocol';
import { openOf } from './resting';
import { foundCode, foundSequence, lastRequest, look, sessionOf } from './sessions';
import { expireTimeOf, priceOf, stopPriceOf } from './terms';

/** `outcome` of a request that is above the last one of its session. */
const NOT_SEEN: u32 = 1;
const DEPTH_BYTES: usize = 24;

/** Writes base available and held, quote available and held. */
export function balance(market: usize, account: u32): void {
  const found = account <= MAX_ACCOUNT ? accountAt(market, account) : 0;
  store<u64>(inputBase, found != 0 ? load<u64>(found, BASE_AVAILABLE) : 0);
  store<u64>(inputBase, found != 0 ? load<u64>(found, BASE_HELD) : 0, 8);
  store<u64>(inputBase, found != 0 ? load<u64>(found, QUOTE_AVAILABLE) : 0, 16);
  store<u64>(inputBase, found != 0 ? load<u64>(found, QUOTE_HELD) : 0, 24);
}

/**
 * Writes price, displayed quantity and orders (u64 each) of up to `limit` levels: those after the
 * price `after`, or from the best one where that is 0. Returns how many.
 */
export function depth(market: usize, side: u32, after: u64, limit: u32): u32 {
  const book = bookAt(market, side);
  let level = after == 0 ? bestLevel(book) : nextWorse(book, after);
  let count: u32 = 0;
  while (level != 0 && count < limit) {
    const at = inputBase + <usize>count * DEPTH_BYTES;
    store<u64>(at, levelPrice(level));
    store<u64>(at, levelQuantity(level), 8);
    store<u64>(at, levelOrders(level), 16);
    count += 1;
    level = nextWorse(book, levelPrice(level));
  }
  return count;
}

/**
 * What became of a request: OK if it was made, and then writes its sequence and its code (u64
 * each); SUPERSEDED, UNKNOWN_EXPIRED or NOT_SEEN. Writes the session's last request id behind that,
 * 0 for none.
 */
export function outcome(market: usize, id: u32, number: u32, requestId: u64): u32 {
  const account = id <= MAX_ACCOUNT ? accountAt(market, id) : 0;
  const session = account != 0 ? sessionOf(account, number) : 0;
  const last = session != 0 ? lastRequest(session) : 0;
  store<u64>(inputBase, last, 16);
  if (requestId > last) return NOT_SEEN;
  if (requestId == 0) return SUPERSEDED;
  const found = look(market, session, requestId);
  if (found != OK) return found;
  store<u64>(inputBase, foundSequence);
  store<u64>(inputBase, <u64>foundCode, 8);
  return OK;
}

/** Writes OPEN_ORDER records of an account's orders with ids above `after`; returns how many. */
export function openOrdersOf(market: usize, id: u32, after: u64, limit: u32): u32 {
  const account = id <= MAX_ACCOUNT ? accountAt(market, id) : 0;
  let order = account != 0 ? orderAbove(account, after) : 0;
  let count: u32 = 0;
  while (order != 0 && count < limit) {
    writeOpenOrder(market, id, order, inputBase + <usize>count * RECORD_BYTES);
    count += 1;
    order = orderAbove(account, orderIdOf(order));
  }
  return count;
}

function writeOpenOrder(market: usize, id: u32, order: usize, at: usize): void {
  const attributes = attributesOf(order);
  const code = typeIn(attributes) | (selfTradeIn(attributes) << 8);
  const terms = (timeInForceIn(attributes) << 16) | (flagsIn(attributes) << 24);
  const stop = stopPriceOf(order);
  store<u64>(at, headWord(OPEN_ORDER, sideOf(order), code, id));
  store<u64>(at, sequenceOf(market), 8);
  store<u64>(at, orderIdOf(order), 16);
  store<u64>(at, clientOrderIdOf(order), 24);
  store<u64>(at, priceOf(order), 32);
  store<u64>(at, openOf(order), 40);
  store<u64>(at, stop != 0 ? stop : displayedOf(order), 48);
  store<u64>(at, <u64>terms | (<u64>expireTimeOf(order) << 32), 56);
}

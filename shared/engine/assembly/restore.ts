/**
 * Rebuilds a market from the records of a snapshot. The host has checked them: kinds and their
 * order, ranges, counts, hash. What it could not check shows in the state hash at the end.
 */
import { listOrder } from './account-orders';
import {
  credit,
  ensureAccount,
  hold,
} from './accounts';
import { putInTier, setLimits } from './admin';
import { inputBase } from './index';
import {
  BOOKS_A_MARKET,
  bestLevel,
  bookAt,
  bookNumber,
  ensureLevel,
  nextWorse,
  stopBookAt,
} from './ladder';
import { bookOf, enqueue, levelPrice } from './levels';
import * as M from './market';
import { putOrder, tagOfName } from './order-map';
import {
  allocateOrder,
  nameOrder,
  setAttributes,
  setDisplayed,
  setPriority,
} from './orders';
import { BUY, OPEN, RECORD_BYTES, SELL } from './protocol';
import { beginQueue, continueQueue } from './queue-sort';
import { restoreResult, restoreSession } from './sessions';
import {
  ACCOUNT,
  HEADER,
  LIMITS,
  MARKET,
  ORDER,
  RESULTS,
  SESSION,
  TERMS,
  TIERS,
  TIERS_A_RECORD,
} from './snapshot';
import { addOrderTerm } from './state-hash';
import { addTerms, setDisplaySize, setExpireTime, setHidden, setStop } from './terms';
import { addOrderTimer, setSwitch } from './timers';

let accountId: u32 = 0;
let account: usize = 0;
/** Sequence of the result before the next one of the session. */
let before: u64 = 0;

/** Takes `count` records from the input area; a TERMS record must come with its ORDER. */
export function restoreRecords(market: usize, count: u32): void {
  for (let index: u32 = 0; index < count; index += 1) {
    const at = inputBase + <usize>index * RECORD_BYTES;
    const hasNext = index + 1 < count;
    restoreRecord(market, at, hasNext ? at + RECORD_BYTES : 0);
  }
}

function restoreRecord(market: usize, at: usize, next: usize): void {
  switch (<u64>load<u8>(at)) {
    case HEADER:
      store<u64>(market, load<u64>(at, 8), M.SEQUENCE);
      store<u64>(market, load<u64>(at, 24), M.TIME_NS);
      break;
    case MARKET:
      restoreMarket(market, at);
      break;
    case LIMITS:
      restoreLimits(market, at);
      break;
    case TIERS:
      restoreTiers(market, at);
      break;
    case ACCOUNT:
      restoreAccount(market, at);
      break;
    case SESSION:
      restoreOneSession(market, at);
      break;
    case RESULTS:
      restoreResults(market, at);
      break;
    case ORDER:
      restoreOrder(market, at, next != 0 && <u64>load<u8>(next) == TERMS ? next : 0);
      break;
    default:
      // TERMS came with its order.
      break;
  }
}

function restoreMarket(market: usize, at: usize): void {
  // Created, state and decimals, side by side in both.
  store<u32>(market, load<u32>(at, 1), M.CREATED);
  const isOpen = load<u8>(market, M.CREATED) != 0 && load<u8>(market, M.STATE) == OPEN;
  store<u8>(market, isOpen ? 1 : 0, M.IS_OPEN);
  store<u64>(market, load<u64>(at, 8), M.BASE_SYMBOL);
  store<u64>(market, load<u64>(at, 16), M.QUOTE_SYMBOL);
  store<u64>(market, load<u64>(at, 24), M.LAST_PRICE);
  store<u64>(market, load<u64>(at, 32), M.ARRIVALS);
  store<u32>(market, load<u32>(at, 40), M.MAX_FEE_PPM);
  store<u32>(market, load<u32>(at, 44), M.BAND_PPM);
  store<u32>(market, load<u32>(at, 48), M.MAX_OPEN_ORDERS);
}

function restoreLimits(market: usize, at: usize): void {
  const band = load<u32>(market, M.BAND_PPM);
  const openOrders = load<u32>(market, M.MAX_OPEN_ORDERS);
  const maxQuantity = load<u64>(at, 24);
  setLimits(market, load<u64>(at, 8), load<u64>(at, 16), maxQuantity, band, openOrders);
  store<u64>(market, load<u64>(at, 32), M.EPOCH);
  store<u64>(market, load<u64>(at, 40), M.EPOCH_RECORD_FIRST);
  store<u64>(market, load<u64>(at, 48), M.EPOCH_RECORD_COUNT);
  store<u64>(market, load<u64>(at, 56), M.EPOCH_SEQUENCE_FIRST);
}

function restoreTiers(market: usize, at: usize): void {
  const first = <u32>load<u8>(at, 1);
  const count = min<u32>(TIERS_A_RECORD, 16 - first);
  memory.copy(market + M.TIERS + (<usize>first << 3), at + 8, <usize>count << 3);
}

function restoreAccount(market: usize, at: usize): void {
  accountId = load<u32>(at, 4);
  account = ensureAccount(market, accountId);
  restoreBalance(market, false, load<u64>(at, 8), load<u64>(at, 16));
  restoreBalance(market, true, load<u64>(at, 24), load<u64>(at, 32));
  putInTier(market, account, accountId, <u32>load<u8>(at, 1));
  const deadline = load<u64>(at, 40);
  if (deadline != 0) setSwitch(market, account, accountId, deadline);
}

function restoreBalance(market: usize, isQuote: bool, available: u64, held: u64): void {
  credit(market, account, accountId, isQuote, available + held);
  hold(market, account, accountId, isQuote ? BUY : SELL, held);
}

function restoreOneSession(market: usize, at: usize): void {
  const number = <u32>load<u16>(at, 2);
  const last = load<u64>(at, 8);
  const sequence = load<u64>(at, 16);
  restoreSession(market, account, accountId, number, last, sequence, load<u64>(at, 24));
  before = load<u64>(at, 32);
}

function restoreResults(market: usize, at: usize): void {
  const count = <u32>load<u8>(at, 1);
  for (let index: u32 = 0; index < count; index += 1) {
    before = restoreResult(market, before, at + 8 + (<usize>index << 4));
  }
}

function restoreOrder(market: usize, at: usize, further: usize): void {
  const side = <u32>load<u8>(at, 1);
  const id = load<u64>(at, 8);
  const name = load<u64>(at, 16);
  const price = load<u64>(at, 24);
  const order = allocateOrder();
  const tag = tagOfName(accountId, name);
  nameOrder(order, id, name, accountId, side, tag);
  setDisplayed(order, load<u64>(at, 32));
  setAttributes(order, load<u32>(at, 2));
  setPriority(order, load<u64>(at, 48));
  listOrder(account, order);
  putOrder(market + M.ORDER_MAP, tag, order);
  store<u32>(market, load<u32>(market, M.ORDERS) + 1, M.ORDERS);
  const expire = load<u32>(at, 56);
  const stop = further != 0 ? load<u64>(further, 16) : 0;
  if (further != 0 || expire != 0) restoreTerms(market, order, at, further, expire);
  const book = stop != 0 ? stopBookAt(market, side) : bookAt(market, side);
  enqueue(ensureLevel(book, stop != 0 ? stop : price), order);
  addOrderTerm(market, order, price);
}

function restoreTerms(market: usize, order: usize, at: usize, further: usize, expire: u32): void {
  const terms = addTerms(order);
  if (further != 0) {
    const display = load<u64>(further, 8);
    setHidden(order, load<u64>(at, 40));
    setDisplaySize(terms, display);
    setStop(terms, load<u64>(further, 16), load<u64>(at, 24));
    if (display != 0) store<u32>(market, load<u32>(market, M.ICEBERGS) + 1, M.ICEBERGS);
  }
  if (expire == 0) return;
  setExpireTime(terms, expire);
  addOrderTimer(market, order);
}

/** The book whose queues are sorted, and the level that is next, which may have been begun. */
let sortedBook: u32 = 0;
let nextToSort: usize = 0;
let isBegun: bool = false;

/** Most queues are short: about so often an order is looked at. */
const STEPS_AN_ORDER: u64 = 8;

/** All records are there. */
export function beginSort(market: usize): void {
  sortedBook = 0;
  nextToSort = bestLevel(bookNumber(market, 0));
  isBegun = false;
}

/**
 * Puts queues of about `orders` orders in the order of their priorities, or a part of one that is
 * longer. False when that was the last: the market is whole.
 */
export function continueSort(market: usize, orders: u32): bool {
  let steps = <u64>orders * STEPS_AN_ORDER;
  while (steps != 0) {
    while (nextToSort == 0) {
      sortedBook += 1;
      if (sortedBook == BOOKS_A_MARKET) return false;
      nextToSort = bestLevel(bookNumber(market, sortedBook));
    }
    const level = nextToSort;
    if (!isBegun) beginQueue(level);
    steps = continueQueue(steps);
    isBegun = steps == 0;
    if (isBegun) return true;
    steps -= 1;
    nextToSort = nextWorse(bookOf(level), levelPrice(level));
  }
  return true;
}

/** The state hash: items and words as src/naive/state-hash.ts lists them. */
import {
  BASE_AVAILABLE,
  BASE_HELD,
  QUOTE_AVAILABLE,
  QUOTE_HELD,
  forEachAccount,
} from './accounts';
import { levelPrice } from './levels';
import {
  created,
  epoch,
  epochRecordCount,
  epochRecordFirst,
  epochSequenceFirst,
  makerFeePpm,
  sequence,
  takerFeePpm,
  timeNs,
} from './market';
import {
  accountOf,
  clientOrderIdOf,
  forEachOrder,
  levelOf,
  orderIdOf,
  quantityOf,
  sideOf,
} from './orders';
import { forEachSession } from './sessions';

const MARKET_TAG: u64 = 1;
const ORDER_TAG: u64 = 2;
const ACCOUNT_TAG: u64 = 3;
const SESSION_TAG: u64 = 4;
const MULTIPLIER: u64 = 0x9e3779b97f4a7c15;

let sum: u64 = 0;

// @ts-ignore: decorator
@inline
function fold(hash: u64, word: u64): u64 {
  const product = (hash ^ word) * MULTIPLIER;
  return product ^ (product >> 32);
}

export function stateHash(): u64 {
  sum = marketItem();
  forEachOrder(addOrder);
  forEachAccount(addAccount);
  forEachSession(addSession);
  return sum;
}

function marketItem(): u64 {
  let hash = fold(MARKET_TAG, <u64>created);
  hash = fold(hash, <u64>(<u32>makerFeePpm));
  hash = fold(hash, <u64>(<u32>takerFeePpm));
  hash = fold(hash, sequence);
  hash = fold(hash, timeNs);
  hash = fold(hash, epoch);
  hash = fold(hash, epochRecordFirst);
  hash = fold(hash, epochRecordCount);
  return fold(hash, epochSequenceFirst);
}

function addOrder(order: usize): void {
  let hash = fold(ORDER_TAG, accountOf(order));
  hash = fold(hash, clientOrderIdOf(order));
  hash = fold(hash, orderIdOf(order));
  hash = fold(hash, sideOf(order));
  hash = fold(hash, levelPrice(levelOf(order)));
  sum += fold(hash, quantityOf(order));
}

function addAccount(id: u32, account: usize): void {
  const baseAvailable = load<u64>(account, BASE_AVAILABLE);
  const baseHeld = load<u64>(account, BASE_HELD);
  const quoteAvailable = load<u64>(account, QUOTE_AVAILABLE);
  const quoteHeld = load<u64>(account, QUOTE_HELD);
  if ((baseAvailable | baseHeld | quoteAvailable | quoteHeld) == 0) return;
  let hash = fold(ACCOUNT_TAG, id);
  hash = fold(hash, baseAvailable);
  hash = fold(hash, baseHeld);
  hash = fold(hash, quoteAvailable);
  sum += fold(hash, quoteHeld);
}

function addSession(account: u64, session: u64, requestId: u64): void {
  sum += fold(fold(fold(SESSION_TAG, account), session), requestId);
}

/**
 * A market as records, a page at a time: RULES.md, section 10. The host adds the last record, which
 * has the hash. Nothing is copied beforehand, so the market must rest meanwhile.
 */
import { orderAbove } from './account-orders';
import {
  BASE_AVAILABLE,
  BASE_HELD,
  DEADLINE,
  FIRST_SESSION,
  QUOTE_AVAILABLE,
  QUOTE_HELD,
  TIER,
  accountAt,
  nextAccount,
  openOrdersOf,
} from './accounts';
import { inputBase } from './index';
import * as M from './market';
import {
  clientOrderIdOf,
  attributesOf,
  displayedOf,
  orderIdOf,
  priorityOf,
  sideOf,
} from './orders';
import { FEE_TIERS, RECORD_BYTES } from './protocol';
import {
  copyResult,
  digestOf,
  lastRequest,
  lastSequence,
  nextSession,
  numberOf,
  oldestResult,
  sequenceBefore,
} from './sessions';
import { sortList } from './sort';
import { stateHash } from './state-hash';
import { displaySizeOf, expireTimeOf, hiddenOf, priceOf, stopPriceOf } from './terms';

export const VERSION: u64 = 2;
export const RULES_VERSION: u64 = 1;
/** "FBSN" read as a little-endian u32. */
export const MAGIC: u64 = 0x4e534246;
export const HEADER: u64 = 1;
export const MARKET: u64 = 2;
export const LIMITS: u64 = 3;
export const TIERS: u64 = 4;
export const ACCOUNT: u64 = 5;
export const SESSION: u64 = 6;
export const RESULTS: u64 = 7;
export const ORDER: u64 = 8;
export const TERMS: u64 = 9;
export const TIERS_A_RECORD: u32 = 7;
export const RESULTS_A_RECORD: u32 = 3;
const NO_ACCOUNT: u32 = 0xffffffff;
/** An order takes two records. */
const PAGE_RECORDS: u32 = 1_022;

// Where the walk is: the account, then its session and the result in it, then its order.
let isHeadWritten: bool = false;
let accountId: u32 = 0;
let account: usize = 0;
let session: usize = 0;
/** Results of the session that are listed, and how many are written. */
let results: u32 = 0;
let result: u32 = 0;
/** Their sequences. */
const listed: usize = memory.data(8 * 1_024);
let order: usize = 0;
let written: u32 = 0;
/** Whether the account's own record is still to be written. */
let isPending: bool = false;

export function openSnapshot(market: usize): void {
  isHeadWritten = false;
  goTo(market, 0);
}

/** Writes the next records to the input area; returns how many, 0 at the end. */
export function continueSnapshot(market: usize): u32 {
  written = 0;
  if (!isHeadWritten) writeHead(market);
  while (written < PAGE_RECORDS && accountId != NO_ACCOUNT) step(market);
  return written;
}

/** One record or two of the account that the walk is at, or on to the next account. */
function step(market: usize): void {
  if (isPending) {
    writeAccount();
  } else if (session != 0) {
    if (result == 0) writeSession(market);
    if (result < results) writeResults(market);
    if (result < results) return;
    session = nextSession(session);
    result = 0;
  } else if (order != 0) {
    writeOrder();
    order = orderAbove(account, orderIdOf(order));
  } else {
    goTo(market, accountId + 1);
  }
}

/** On to the first account from a number on that has anything. */
function goTo(market: usize, from: u32): void {
  let id = from;
  for (;;) {
    id = nextAccount(market, id);
    accountId = id;
    if (id == NO_ACCOUNT) return;
    account = accountAt(market, id);
    if (hasContent(account)) break;
    id += 1;
  }
  session = sortList(load<u32>(account, FIRST_SESSION), 0, sessionKey);
  // Which of an account's sessions stands first shows nowhere.
  store<u32>(account, <u32>session, FIRST_SESSION);
  result = 0;
  order = orderAbove(account, 0);
  isPending = true;
}

function hasContent(account: usize): bool {
  const base = load<u64>(account, BASE_AVAILABLE) | load<u64>(account, BASE_HELD);
  const quote = load<u64>(account, QUOTE_AVAILABLE) | load<u64>(account, QUOTE_HELD);
  const rest = <u64>load<u32>(account, FIRST_SESSION) | <u64>load<u8>(account, TIER);
  return (base | quote | rest | load<u64>(account, DEADLINE)) != 0;
}

function sessionKey(session: usize): u64 {
  return <u64>numberOf(session);
}

/** The next record, zeroed but for its first word. */
function nextRecord(head: u64): usize {
  const at = inputBase + <usize>written * RECORD_BYTES;
  memory.fill(at, 0, RECORD_BYTES);
  store<u64>(at, head);
  written += 1;
  return at;
}

function writeHead(market: usize): void {
  isHeadWritten = true;
  let at = nextRecord(HEADER | (VERSION << 8) | (RULES_VERSION << 16) | (MAGIC << 32));
  store<u64>(at, M.sequenceOf(market), 8);
  store<u64>(at, stateHash(market), 16);
  store<u64>(at, load<u64>(market, M.TIME_NS), 24);
  store<u32>(at, load<u32>(market, M.ORDER_CAPACITY), 32);
  store<u32>(at, load<u32>(market, M.LEVEL_CAPACITY), 36);
  store<u32>(at, load<u32>(market, M.SESSION_CAPACITY), 40);
  store<u32>(at, load<u32>(market, M.RESULT_MASK) + 1, 44);
  store<u32>(at, load<u32>(market, M.MATCH_LIMIT), 48);
  store<u32>(at, load<u32>(market, M.TRIGGER_LIMIT), 52);
  // Created, state and decimals lie side by side in the market, too.
  at = nextRecord(MARKET | ((<u64>load<u32>(market, M.CREATED)) << 8));
  store<u64>(at, load<u64>(market, M.BASE_SYMBOL), 8);
  store<u64>(at, load<u64>(market, M.QUOTE_SYMBOL), 16);
  store<u64>(at, load<u64>(market, M.LAST_PRICE), 24);
  store<u64>(at, load<u64>(market, M.ARRIVALS), 32);
  store<u32>(at, load<u32>(market, M.MAX_FEE_PPM), 40);
  store<u32>(at, load<u32>(market, M.BAND_PPM), 44);
  store<u32>(at, load<u32>(market, M.MAX_OPEN_ORDERS), 48);
  at = nextRecord(LIMITS);
  store<u64>(at, load<u64>(market, M.MIN_PRICE), 8);
  store<u64>(at, load<u64>(market, M.MAX_PRICE), 16);
  store<u64>(at, load<u64>(market, M.MAX_QUANTITY), 24);
  store<u64>(at, load<u64>(market, M.EPOCH), 32);
  store<u64>(at, load<u64>(market, M.EPOCH_RECORD_FIRST), 40);
  store<u64>(at, load<u64>(market, M.EPOCH_RECORD_COUNT), 48);
  store<u64>(at, load<u64>(market, M.EPOCH_SEQUENCE_FIRST), 56);
  for (let tier: u32 = 0; tier < FEE_TIERS; tier += TIERS_A_RECORD) {
    at = nextRecord(TIERS | (<u64>tier << 8));
    const count = min(TIERS_A_RECORD, FEE_TIERS - tier);
    memory.copy(at + 8, market + M.TIERS + (<usize>tier << 3), <usize>count << 3);
  }
}

function writeAccount(): void {
  isPending = false;
  const tier = <u64>load<u8>(account, TIER);
  const at = nextRecord(ACCOUNT | (tier << 8) | (<u64>accountId << 32));
  store<u64>(at, load<u64>(account, BASE_AVAILABLE), 8);
  store<u64>(at, load<u64>(account, BASE_HELD), 16);
  store<u64>(at, load<u64>(account, QUOTE_AVAILABLE), 24);
  store<u64>(at, load<u64>(account, QUOTE_HELD), 32);
  store<u64>(at, load<u64>(account, DEADLINE), 40);
  let sessions: u32 = 0;
  for (let each = session; each != 0; each = nextSession(each)) sessions += 1;
  store<u32>(at, sessions, 48);
  store<u32>(at, openOrdersOf(account), 52);
}

function writeSession(market: usize): void {
  const oldest = oldestResult(market, session);
  listResults(market, oldest);
  const number = <u64>numberOf(session);
  const at = nextRecord(SESSION | (number << 16) | (<u64>results << 32));
  store<u64>(at, lastRequest(session), 8);
  store<u64>(at, lastSequence(session), 16);
  store<u64>(at, digestOf(session), 24);
  store<u64>(at, oldest != 0 ? sequenceBefore(market, oldest) : lastSequence(session), 32);
}

/** Notes the sequences of a session's results, from the oldest on. */
function listResults(market: usize, oldest: u64): void {
  results = 0;
  if (oldest == 0) return;
  let sequence = lastSequence(session);
  while (sequence > oldest) {
    results += 1;
    sequence = sequenceBefore(market, sequence);
  }
  results += 1;
  sequence = lastSequence(session);
  for (let index = results; index != 0; index -= 1) {
    store<u64>(listed + (<usize>(index - 1) << 3), sequence);
    sequence = sequenceBefore(market, sequence);
  }
}

function writeResults(market: usize): void {
  const count = min(RESULTS_A_RECORD, results - result);
  const at = nextRecord(RESULTS | (<u64>count << 8));
  for (let index: u32 = 0; index < count; index += 1) {
    const sequence = load<u64>(listed + (<usize>(result + index) << 3));
    copyResult(market, sequence, at + 8 + (<usize>index << 4));
  }
  result += count;
}

function writeOrder(): void {
  const side = <u64>sideOf(order) << 8;
  const at = nextRecord(ORDER | side | (<u64>attributesOf(order) << 16));
  store<u64>(at, orderIdOf(order), 8);
  store<u64>(at, clientOrderIdOf(order), 16);
  store<u64>(at, priceOf(order), 24);
  store<u64>(at, displayedOf(order), 32);
  store<u64>(at, hiddenOf(order), 40);
  store<u64>(at, priorityOf(order), 48);
  store<u32>(at, expireTimeOf(order), 56);
  const display = displaySizeOf(order);
  const stop = stopPriceOf(order);
  if ((display | stop) == 0) return;
  const terms = nextRecord(TERMS);
  store<u64>(terms, display, 8);
  store<u64>(terms, stop, 16);
}

/**
 * The kernel: one market in one WebAssembly instance. The host copies commands into the input area,
 * calls `applyCommands`, and gets events by `flushEvents` while it runs and at its end.
 */
import {
  BASE_AVAILABLE,
  BASE_HELD,
  QUOTE_AVAILABLE,
  QUOTE_HELD,
  accountAt,
  setUpAccounts,
} from './accounts';
import { execute } from './commands';
import { eventBase, flush, setUpEvents } from './events';
import { bestLevel, nextWorse, setUpLadder } from './ladder';
import { levelOrders, levelPrice, levelQuantity } from './levels';
import {
  advanceTime,
  epochRecordCount,
  sequence as marketSequence,
  setCapacity,
} from './market';
import { reservePages } from './memory';
import { setUpOrderMap } from './order-map';
import { orderCount } from './orders';
import { MAX_ACCOUNT, RECORD_BYTES } from './protocol';
import { setUpSessions } from './sessions';

export { stateHash } from './state-hash';

/** One page: 1,024 commands. Answers to queries are written here, too. */
const INPUT_PAGES: u32 = 1;
const DEPTH_BYTES: usize = 24;

let input: usize = 0;

/** Must be the first call. */
export function setUp(orders: u32, levels: u32, sessions: u32): void {
  setCapacity(orders, levels, sessions);
  input = reservePages(INPUT_PAGES);
  setUpEvents();
  setUpAccounts();
  setUpSessions();
  setUpOrderMap();
  setUpLadder();
}

export function inputAddress(): usize {
  return input;
}

export function eventAddress(): usize {
  return eventBase;
}

/** Applies `count` records of the input area; events that still wait are told by `flushRest`. */
export function applyCommands(count: u32, stampNs: u64): void {
  advanceTime(stampNs);
  const end = input + <usize>count * RECORD_BYTES;
  for (let command = input; command < end; command += RECORD_BYTES) execute(command);
}

export function flushRest(): void {
  flush();
}

export function sequence(): u64 {
  return marketSequence;
}

export function openRecords(): u64 {
  return epochRecordCount;
}

export function openOrders(): u32 {
  return orderCount;
}

/** Writes base available and held, quote available and held to the input area. */
export function balance(account: u32): void {
  const found = account <= MAX_ACCOUNT ? accountAt(account) : 0;
  store<u64>(input, found != 0 ? load<u64>(found, BASE_AVAILABLE) : 0);
  store<u64>(input, found != 0 ? load<u64>(found, BASE_HELD) : 0, 8);
  store<u64>(input, found != 0 ? load<u64>(found, QUOTE_AVAILABLE) : 0, 16);
  store<u64>(input, found != 0 ? load<u64>(found, QUOTE_HELD) : 0, 24);
}

/**
 * Writes price, quantity and orders (u64 each) of up to `limit` levels to the input area: those
 * after the price `after`, or from the best one where that is 0. Returns how many.
 */
export function depth(side: u32, after: u64, limit: u32): u32 {
  let level = after == 0 ? bestLevel(side) : nextWorse(side, after);
  let count: u32 = 0;
  while (level != 0 && count < limit) {
    const at = input + <usize>count * DEPTH_BYTES;
    store<u64>(at, levelPrice(level));
    store<u64>(at, levelQuantity(level), 8);
    store<u64>(at, levelOrders(level), 16);
    count += 1;
    level = nextWorse(side, levelPrice(level));
  }
  return count;
}

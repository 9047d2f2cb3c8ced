/**
 * The kernel: any number of markets in one WebAssembly instance. The host copies commands into the
 * input area, calls `applyCommands`, and gets events by `flushEvents` while it runs and at its end,
 * or lets another thread read them from the ring.
 */
import { setUpAccounts } from './accounts';
import { execute } from './commands';
import { flush, setUpEvents } from './events';
import { setUpBooks } from './ladder';
import { LOOK_AHEAD, NOTE_BYTES, lookAhead, notes } from './look-ahead';
import {
  EPOCH_RECORD_COUNT,
  LAST_PRICE,
  NEXT_DEADLINE,
  ORDERS,
  ORDER_MAP,
  SEQUENCE,
  TIME_NS,
  newMarket,
} from './market';
import { growAhead, reservePages } from './memory';
import { setSecret, setUpMap } from './order-map';
import { RECORD_BYTES } from './protocol';
import { setUpSessions } from './sessions';
import { dueStop } from './stops';

export { countersAddress, eventAddress, shareEvents } from './events';
export { balance, depth, openOrdersOf, outcome } from './queries';
export { beginSort, continueSort, restoreRecords } from './restore';
export { usedPages } from './memory';
export { dismantle } from './dismantle';
export { continueSnapshot, openSnapshot } from './snapshot';
export { stateHash } from './state-hash';

/** One page: 1,024 commands. Answers to queries are written here, too. */
const INPUT_PAGES: u32 = 1;

export let inputBase: usize = 0;

/** Must be the first call. */
export function setUp(eventPages: u32, secretA: u64, secretB: u64): void {
  inputBase = reservePages(INPUT_PAGES);
  setUpEvents(eventPages);
  setSecret(secretA, secretB);
}

/** A market that is not created yet; the capacities and limits are part of its rules. */
export function addMarket(
  orders: u32,
  levels: u32,
  sessions: u32,
  results: u32,
  matches: u32,
  triggers: u32,
): usize {
  const market = newMarket(orders, levels, sessions, matches, triggers);
  setUpAccounts(market);
  setUpSessions(market, results);
  setUpMap(market + ORDER_MAP);
  setUpBooks(market);
  return market;
}

/** Applies `count` records of the input area; events that still wait are told by `flushRest`. */
export function applyCommands(market: usize, count: u32, stampNs: u64): void {
  advanceTime(market, stampNs);
  apply(market, inputBase, inputBase + <usize>count * RECORD_BYTES);
}

/** Memory for commands that a host lays there itself. */
export function reserveInput(pages: u32): usize {
  return reservePages(pages);
}

/**
 * Applies `count` records at an address and publishes their events after every `publishEvery`
 * commands, and at the end.
 */
export function applyAt(
  market: usize,
  address: usize,
  count: u32,
  stampNs: u64,
  publishEvery: u32,
): void {
  advanceTime(market, stampNs);
  const end = address + <usize>count * RECORD_BYTES;
  let command = address;
  while (command < end) {
    const next = min(command + <usize>publishEvery * RECORD_BYTES, end);
    apply(market, command, next);
    flush();
    command = next;
  }
}

function advanceTime(market: usize, stampNs: u64): void {
  if (stampNs > load<u64>(market, TIME_NS)) store<u64>(market, stampNs, TIME_NS);
}

function apply(market: usize, first: usize, end: usize): void {
  let command = first;
  while (command < end) {
    const next = min(command + LOOK_AHEAD * RECORD_BYTES, end);
    lookAhead(market, command, next);
    let note = notes;
    for (; command < next; command += RECORD_BYTES) {
      execute(market, command, note);
      note += NOTE_BYTES;
    }
  }
  growAhead();
}

export function inputAddress(): usize {
  return inputBase;
}

export function flushRest(): void {
  flush();
}

export function sequence(market: usize): u64 {
  return load<u64>(market, SEQUENCE);
}

export function openRecords(market: usize): u64 {
  return load<u64>(market, EPOCH_RECORD_COUNT);
}

export function openOrders(market: usize): u32 {
  return load<u32>(market, ORDERS);
}

/** The highest u64 if there is no timer; engine time if a stop is due that waits for a command. */
export function nextTimerNs(market: usize): u64 {
  return dueStop(market) == 0 ? load<u64>(market, NEXT_DEADLINE) : load<u64>(market, TIME_NS);
}

export function lastPrice(market: usize): u64 {
  return load<u64>(market, LAST_PRICE);
}

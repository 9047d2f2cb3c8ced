/**
 * Sessions of an account, in a list that starts at the account, and the results of the last 1,024
 * requests of each, in a ring that grows with them.
 *
 * ```
 * session  +0    +4       +6    +8            +16            +24   +32
 *          next  session  bits  last request  requests made  ring  weight in the state hash
 * result   +0           +8
 *          requestId    sequence | code << 48
 * ```
 */
import { FIRST_SESSION } from './accounts';
import { SEQUENCE, SESSIONS, SESSION_CAPACITY, addTerm } from './market';
import { allocateBlock, freeBlock } from './memory';
import { CAPACITY, MAX_SESSIONS_PER_ACCOUNT, OK, SESSION_LIMIT } from './protocol';
import { P0, P1, P2, P3, P4, SESSION_TAG, weight2 } from './scramble';

const SESSION_SHIFT: u32 = 6;
const SESSION: usize = 4;
const BITS: usize = 6;
const LAST: usize = 8;
const MADE: usize = 16;
const RING: usize = 24;
const WEIGHT: usize = 32;
const FIRST_BITS: u32 = 3;
const MOST_BITS: u32 = 10;
const RESULT_SHIFT: u32 = 4;
const CODE_SHIFT: u64 = 48;
const SEQUENCE_MASK: u64 = (1 << 48) - 1;

/** Why there is no session, where `ensureSession` gives 0. */
export let refusal: u32 = OK;
/** The result that `find` found. */
export let foundSequence: u64 = 0;
export let foundCode: u32 = 0;

/** The session of an account, made where there is none; or 0, and `refusal` says why. */
// @ts-ignore: decorator
@inline
export function ensureSession(market: usize, account: usize, id: u32, number: u32): usize {
  const first: usize = load<u32>(account, FIRST_SESSION);
  if (first != 0 && numberOf(first) == number) return first;
  return searchSession(market, account, id, number);
}

// @ts-ignore: decorator
@inline
export function numberOf(session: usize): u32 {
  return load<u16>(session, SESSION);
}

// @ts-ignore: decorator
@inline
export function nextSession(session: usize): usize {
  return load<u32>(session);
}

// @ts-ignore: decorator
@inline
export function lastRequest(session: usize): u64 {
  return load<u64>(session, LAST);
}

// @ts-ignore: decorator
@inline
export function requestsMade(session: usize): u64 {
  return load<u64>(session, MADE);
}

/** How many results its window has. */
export function windowSize(session: usize): u32 {
  return <u32>min<u64>(requestsMade(session), 1 << MOST_BITS);
}

/** Finds a session behind the first and puts it first: sessions are used in turns. */
function searchSession(market: usize, account: usize, id: u32, number: u32): usize {
  let previous: usize = load<u32>(account, FIRST_SESSION);
  let count: u32 = 0;
  while (previous != 0) {
    count += 1;
    const session = nextSession(previous);
    if (session == 0) break;
    if (numberOf(session) == number) {
      store<u32>(previous, <u32>nextSession(session));
      link(account, session);
      return session;
    }
    previous = session;
  }
  if (load<u32>(market, SESSIONS) >= load<u32>(market, SESSION_CAPACITY)) {
    refusal = CAPACITY;
    return 0;
  }
  if (id != 0 && count >= MAX_SESSIONS_PER_ACCOUNT) {
    refusal = SESSION_LIMIT;
    return 0;
  }
  return addSession(market, account, id, number);
}

export function addSession(market: usize, account: usize, id: u32, number: u32): usize {
  const session = allocateBlock(SESSION_SHIFT);
  store<u16>(session, <u16>number, SESSION);
  store<u8>(session, <u8>FIRST_BITS, BITS);
  store<u32>(session, <u32>allocateBlock(FIRST_BITS + RESULT_SHIFT), RING);
  store<u64>(session, weight2(SESSION_TAG, id, number), WEIGHT);
  link(account, session);
  store<u32>(market, load<u32>(market, SESSIONS) + 1, SESSIONS);
  return session;
}

function link(account: usize, session: usize): void {
  store<u32>(session, load<u32>(account, FIRST_SESSION));
  store<u32>(account, <u32>session, FIRST_SESSION);
}

// @ts-ignore: decorator
@inline
function resultAt(session: usize, index: u64): usize {
  const mask = (<u64>1 << load<u8>(session, BITS)) - 1;
  return <usize>load<u32>(session, RING) + (<usize>(index & mask) << RESULT_SHIFT);
}

/** Uses a request id up with its result. */
// @ts-ignore: decorator
@inline
export function record(market: usize, session: usize, requestId: u64, code: u32): void {
  const made = requestsMade(session);
  if (made >= <u64>1 << load<u8>(session, BITS)) makeRoom(market, session, made);
  const sequence = load<u64>(market, SEQUENCE);
  const result = resultAt(session, made);
  store<u64>(result, requestId);
  store<u64>(result, sequence | (<u64>code << CODE_SHIFT), 8);
  const weight = load<u64>(session, WEIGHT);
  const change = (requestId - lastRequest(session)) * P0 + P1;
  addTerm(market, weight * (change + requestId * P2 + sequence * P3 + <u64>code * P4));
  store<u64>(session, requestId, LAST);
  store<u64>(session, made + 1, MADE);
}

/** Doubles a ring that is full, or takes the oldest result out of the hash. */
function makeRoom(market: usize, session: usize, made: u64): void {
  const bits = <u32>load<u8>(session, BITS);
  if (bits == MOST_BITS) {
    const oldest = resultAt(session, made);
    const word = load<u64>(oldest, 8);
    const term = load<u64>(oldest) * P2 + (word & SEQUENCE_MASK) * P3 + (word >> CODE_SHIFT) * P4;
    addTerm(market, 0 - load<u64>(session, WEIGHT) * term);
    return;
  }
  const old: usize = load<u32>(session, RING);
  const ring = allocateBlock(bits + 1 + RESULT_SHIFT);
  // A ring that never wrapped around starts at its beginning.
  memory.copy(ring, old, <usize>1 << (bits + RESULT_SHIFT));
  freeBlock(old, bits + RESULT_SHIFT);
  store<u32>(session, <u32>ring, RING);
  store<u8>(session, <u8>(bits + 1), BITS);
}

/** Whether the window has the result of a request. */
export function find(session: usize, requestId: u64): bool {
  let low = requestsMade(session) - <u64>windowSize(session);
  let high = requestsMade(session);
  while (low < high) {
    const middle = (low + high) >> 1;
    if (load<u64>(resultAt(session, middle)) < requestId) low = middle + 1;
    else high = middle;
  }
  if (low == requestsMade(session)) return false;
  const result = resultAt(session, low);
  if (load<u64>(result) != requestId) return false;
  foundSequence = load<u64>(result, 8) & SEQUENCE_MASK;
  foundCode = <u32>(load<u64>(result, 8) >> CODE_SHIFT);
  return true;
}

/** Whether a request id that the window has not is older than all it has. */
export function isExpired(session: usize, requestId: u64): bool {
  const made = requestsMade(session);
  if (made <= <u64>1 << MOST_BITS) return false;
  return requestId < load<u64>(resultAt(session, made - (1 << MOST_BITS)));
}

/** Copies a result, counted from the oldest of the window, as its 16 bytes. */
export function copyResult(session: usize, index: u32, to: usize): void {
  const result = resultAt(session, requestsMade(session) - windowSize(session) + index);
  store<u64>(to, load<u64>(result));
  store<u64>(to, load<u64>(result, 8), 8);
}

/** Makes the session of a snapshot; its results follow by `restoreResult`. */
export function restoreSession(
  market: usize,
  account: usize,
  id: u32,
  number: u32,
  last: u64,
  made: u64,
): usize {
  const session = addSession(market, account, id, number);
  let bits = FIRST_BITS;
  while (bits < MOST_BITS && made > (<u64>1) << <u64>bits) bits += 1;
  if (bits != FIRST_BITS) {
    freeBlock(load<u32>(session, RING), FIRST_BITS + RESULT_SHIFT);
    store<u32>(session, <u32>allocateBlock(bits + RESULT_SHIFT), RING);
    store<u8>(session, <u8>bits, BITS);
  }
  store<u64>(session, made, MADE);
  store<u64>(session, last, LAST);
  addTerm(market, load<u64>(session, WEIGHT) * (last * P0 + made * P1));
  return session;
}

/** Puts a result, counted from the oldest of the window, into its place. */
export function restoreResult(market: usize, session: usize, index: u32, from: usize): void {
  const result = resultAt(session, requestsMade(session) - windowSize(session) + index);
  const requestId = load<u64>(from);
  const word = load<u64>(from, 8);
  store<u64>(result, requestId);
  store<u64>(result, word, 8);
  const term = requestId * P2 + (word & SEQUENCE_MASK) * P3 + (word >> CODE_SHIFT) * P4;
  addTerm(market, load<u64>(session, WEIGHT) * term);
}

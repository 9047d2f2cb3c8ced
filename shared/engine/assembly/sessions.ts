/**
 * Sessions of an account, in a list of which one lies in the account itself, and the results of the
 * market's last requests, in one ring that is addressed by sequence: a request writes where the one
 * before it did, whichever session it is of, and memory is bounded by the market, not by its
 * sessions. Each result leads to the one before it of its session; every 32nd request of a session
 * to the one 32 before it as well, once a search has come by: so that a search costs a request
 * nothing, and who makes them pays for the first one only.
 *
 * ```
 * session  +0    +4       +6             +8            +16            +24
 *          next  session  requests made  last request  its sequence   digest
 * result   +0         +8
 *          requestId  how far back the one before is, 24 bits | the 32nd before, or 0, 24 bits
 *                     | code, 15 bits | 1;  if that is too far: its sequence, or 0 | code | 0
 * ```
 */
import { FIRST_SESSION, OWN_SESSION } from './accounts';
import {
  RESULT_MASK,
  RESULT_RING,
  SEQUENCE,
  SESSIONS,
  SESSION_CAPACITY,
  addTerm,
} from './market';
import { allocateBlock, freeBlock, freeRun, reserveRun } from './memory';
import {
  CAPACITY,
  MAX_SESSIONS_PER_ACCOUNT,
  OK,
  RESULT_WINDOW,
  SESSION_LIMIT,
  SUPERSEDED,
  SUPPLY_ACCOUNT,
  UNKNOWN_EXPIRED,
} from './protocol';
import { P0, P1, P2, P3, SESSION_TAG, weight2 } from './scramble';

const SESSION_SHIFT: u32 = 5;
const SESSION: usize = 4;
const REQUESTS: usize = 6;
const LAST: usize = 8;
const LAST_SEQUENCE: usize = 16;
const DIGEST: usize = 24;
const RESULT_SHIFT: usize = 4;
const PAGE_RESULTS_SHIFT: u32 = 12;
const CODE_SHIFT: u64 = 48;
const CODE_MASK: u64 = (1 << 15) - 1;
const SEQUENCE_MASK: u64 = (1 << 48) - 1;
/** No ring is longer than that, so that what is further back is not in it. */
const DISTANCE_BITS: u64 = 24;
const DISTANCE_MASK: u64 = (1 << 24) - 1;
const IS_NEAR: u64 = 1 << 63;
/** Steps of a leap; divides what the number of requests made wraps around at. */
const LEAP: u32 = 32;

/** Why there is no session, where `ensureSession` gives 0. */
export let refusal: u32 = OK;
/** The result that `look` found. */
export let foundSequence: u64 = 0;
export let foundCode: u32 = 0;

/** @param results - a power of two, a page of results at least */
export function setUpSessions(market: usize, results: u32): void {
  store<u32>(market, results - 1, RESULT_MASK);
  // A search reads results of the market only, which it wrote or a snapshot brought: the ring may
  // have what another market left. Pages that are never written are never given to the process.
  store<u32>(market, <u32>reserveRun(results >> PAGE_RESULTS_SHIFT), RESULT_RING);
}

/**
 * Gives back up to `most` of an account's sessions, but for the one that lies in the account;
 * returns how many more it might have been, 0 if there may be some left.
 */
export function dropSessions(account: usize, most: u64): u64 {
  let left = most;
  let session: usize = load<u32>(account, FIRST_SESSION);
  while (session != 0 && left != 0) {
    const next = nextSession(session);
    if (session != account + OWN_SESSION) freeBlock(session, SESSION_SHIFT);
    session = next;
    left -= 1;
  }
  store<u32>(account, <u32>session, FIRST_SESSION);
  return left;
}

export function dropResults(market: usize): void {
  const results = load<u32>(market, RESULT_MASK) + 1;
  freeRun(load<u32>(market, RESULT_RING), results >> PAGE_RESULTS_SHIFT);
}

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

export function lastSequence(session: usize): u64 {
  return load<u64>(session, LAST_SEQUENCE);
}

export function digestOf(session: usize): u64 {
  return load<u64>(session, DIGEST);
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
  if (id != SUPPLY_ACCOUNT && count >= MAX_SESSIONS_PER_ACCOUNT) {
    refusal = SESSION_LIMIT;
    return 0;
  }
  if (load<u32>(market, SESSIONS) >= load<u32>(market, SESSION_CAPACITY)) {
    refusal = CAPACITY;
    return 0;
  }
  return addSession(market, account, number);
}

function addSession(market: usize, account: usize, number: u32): usize {
  const isFirst = load<u32>(account, FIRST_SESSION) == 0;
  const session = isFirst ? account + OWN_SESSION : allocateBlock(SESSION_SHIFT);
  store<u16>(session, <u16>number, SESSION);
  link(account, session);
  store<u32>(market, load<u32>(market, SESSIONS) + 1, SESSIONS);
  return session;
}

// @ts-ignore: decorator
@inline
function weightOf(session: usize, id: u32): u64 {
  return weight2(SESSION_TAG, id, numberOf(session));
}

function link(account: usize, session: usize): void {
  store<u32>(session, load<u32>(account, FIRST_SESSION));
  store<u32>(account, <u32>session, FIRST_SESSION);
}

// @ts-ignore: decorator
@inline
function resultAt(market: usize, sequence: u64): usize {
  const index = <usize>(<u32>sequence & load<u32>(market, RESULT_MASK));
  return <usize>load<u32>(market, RESULT_RING) + (index << RESULT_SHIFT);
}

/** Uses a request id up with its result; `id` is the account's. */
// @ts-ignore: decorator
@inline
export function record(
  market: usize,
  session: usize,
  id: u32,
  requestId: u64,
  code: u32,
): void {
  const sequence = load<u64>(market, SEQUENCE);
  const result = resultAt(market, sequence);
  store<u64>(result, requestId);
  store<u64>(result, wayBack(sequence, load<u64>(session, LAST_SEQUENCE), code), 8);
  const change = requestId * P2 + sequence * P3 + <u64>code;
  const last = (requestId - lastRequest(session)) * P0;
  addTerm(market, weightOf(session, id) * (last + change * P1));
  store<u64>(session, load<u64>(session, DIGEST) + change, DIGEST);
  store<u64>(session, requestId, LAST);
  store<u64>(session, sequence, LAST_SEQUENCE);
  store<u16>(session, load<u16>(session, REQUESTS) + 1, REQUESTS);
}

// @ts-ignore: decorator
@inline
function wayBack(sequence: u64, before: u64, code: u32): u64 {
  const distance = sequence - before;
  const isNear = before != 0 && distance <= DISTANCE_MASK;
  return (isNear ? distance | IS_NEAR : before) | (<u64>code << CODE_SHIFT);
}

// @ts-ignore: decorator
@inline
function beforeIn(word: u64, sequence: u64): u64 {
  return (word & IS_NEAR) != 0 ? sequence - (word & DISTANCE_MASK) : word & SEQUENCE_MASK;
}

// @ts-ignore: decorator
@inline
function codeIn(word: u64): u64 {
  return (word >> CODE_SHIFT) & CODE_MASK;
}

/** Where a leap from a result leads to, or 0. */
function leapFrom(word: u64, sequence: u64): u64 {
  const distance = (word & IS_NEAR) != 0 ? (word >> DISTANCE_BITS) & DISTANCE_MASK : 0;
  return distance != 0 ? sequence - distance : 0;
}

function noteLeap(market: usize, from: u64, to: u64): void {
  const result = resultAt(market, from);
  const word = load<u64>(result, 8);
  if ((word & IS_NEAR) == 0 || from - to > DISTANCE_MASK) return;
  const rest = word & ~(DISTANCE_MASK << DISTANCE_BITS);
  store<u64>(result, rest | ((from - to) << DISTANCE_BITS), 8);
}

/**
 * Looks for the result of a request that is not above the session's last one. OK where it is found,
 * else what is to be answered.
 */
export function look(market: usize, session: usize, requestId: u64): u32 {
  const requests = <u32>load<u16>(session, REQUESTS);
  let sequence = load<u64>(session, LAST_SEQUENCE);
  let leapStart: u64 = 0;
  let steps: u32 = 0;
  while (steps < RESULT_WINDOW) {
    if (sequence == 0) return SUPERSEDED;
    if (!isKept(market, sequence)) return UNKNOWN_EXPIRED;
    const result = resultAt(market, sequence);
    const found = load<u64>(result);
    const word = load<u64>(result, 8);
    if (found == requestId) {
      foundSequence = sequence;
      foundCode = <u32>codeIn(word);
      return OK;
    }
    if (found < requestId) return SUPERSEDED;
    if (((requests - steps) & (LEAP - 1)) == 0) {
      if (leapStart != 0) noteLeap(market, leapStart, sequence);
      const far = leapFrom(word, sequence);
      if (far != 0 && isKept(market, far) && load<u64>(resultAt(market, far)) >= requestId) {
        leapStart = 0;
        sequence = far;
        steps += LEAP;
        continue;
      }
      leapStart = sequence;
    }
    sequence = beforeIn(word, sequence);
    steps += 1;
  }
  return sequence == 0 ? SUPERSEDED : UNKNOWN_EXPIRED;
}

/** The session of an account, if it ever made a request; left where it stands among the others. */
export function sessionOf(account: usize, number: u32): usize {
  let session: usize = load<u32>(account, FIRST_SESSION);
  while (session != 0 && numberOf(session) != number) session = nextSession(session);
  return session;
}

/** Whether the ring still has the result of a sequence before this command's. */
// @ts-ignore: decorator
@inline
function isKept(market: usize, sequence: u64): bool {
  return sequence + <u64>load<u32>(market, RESULT_MASK) >= load<u64>(market, SEQUENCE);
}

/** The sequence of the oldest result that a resend is answered from, or 0. */
export function oldestResult(market: usize, session: usize): u64 {
  let oldest: u64 = 0;
  let sequence = load<u64>(session, LAST_SEQUENCE);
  for (let steps: u32 = 0; steps < RESULT_WINDOW && sequence != 0; steps += 1) {
    // What the next command writes over is not kept, as it can't be asked for any more.
    if (!isKept(market, sequence - 1)) break;
    oldest = sequence;
    sequence = sequenceBefore(market, sequence);
  }
  return oldest;
}

/** Of the result at a sequence: the sequence of the one before it, 0 for none. */
export function sequenceBefore(market: usize, sequence: u64): u64 {
  return beforeIn(load<u64>(resultAt(market, sequence), 8), sequence);
}

/** Of the result at a sequence: request id, sequence and code, as a snapshot has them. */
export function copyResult(market: usize, sequence: u64, to: usize): void {
  const result = resultAt(market, sequence);
  store<u64>(to, load<u64>(result));
  store<u64>(to, (codeIn(load<u64>(result, 8)) << CODE_SHIFT) | sequence, 8);
}

/** Makes the session of a snapshot; its results follow by `restoreResult`. */
export function restoreSession(
  market: usize,
  account: usize,
  id: u32,
  number: u32,
  last: u64,
  sequence: u64,
  digest: u64,
): usize {
  const session = addSession(market, account, number);
  store<u64>(session, last, LAST);
  store<u64>(session, sequence, LAST_SEQUENCE);
  store<u64>(session, digest, DIGEST);
  addTerm(market, weightOf(session, id) * (last * P0 + digest * P1));
  return session;
}

/** Puts a result back; `before` is the sequence of the one before it. Returns its own. */
export function restoreResult(market: usize, before: u64, from: usize): u64 {
  const word = load<u64>(from, 8);
  const sequence = word & SEQUENCE_MASK;
  const result = resultAt(market, sequence);
  store<u64>(result, load<u64>(from));
  store<u64>(result, wayBack(sequence, before, <u32>codeIn(word)), 8);
  return sequence;
}

/** Checks of single ACCOUNT, SESSION and RESULTS records. */
import {
  Account,
  FEE_TIERS,
  MAX_ACCOUNT,
  MAX_AMOUNT,
  MAX_SESSIONS_PER_ACCOUNT,
  RESULT_WINDOW,
  resultTable,
} from '@foldbook/protocol';
import {
  AccountOffset,
  RESULT_BYTES,
  RESULT_SEQUENCE_BITS,
  RESULTS_PER_RECORD,
  ResultsOffset,
  SessionOffset,
} from './layout.ts';
import type { SnapshotHeader, SnapshotMarket } from './market-records.ts';
import type { SnapshotCursor } from './snapshot-cursor.ts';

export interface SnapshotAccount {
  readonly account: number;
  readonly tier: number;
  readonly baseAvailable: bigint;
  readonly baseHeld: bigint;
  readonly quoteAvailable: bigint;
  readonly quoteHeld: bigint;
  readonly deadlineNs: bigint;
  /** How many records of each follow. */
  readonly sessions: number;
  readonly orders: number;
}

export interface SnapshotSession {
  readonly session: number;
  /** How many results follow. */
  readonly results: number;
  readonly lastId: bigint;
  readonly lastSequence: bigint;
  readonly digest: bigint;
  /** The sequence of the request before the first result; 0 if there was none. */
  readonly sequenceBefore: bigint;
}

export interface SnapshotResult {
  readonly requestId: bigint;
  readonly sequence: bigint;
  readonly code: number;
}

/** Of a timer: as many seconds as a u32 has. */
const LONGEST_TIMEOUT_NS = (2n ** 32n - 1n) * 1_000_000_000n;

/** Codes that a request may end with. */
const ENGINE_CODES = new Set<number>(
  resultTable()
    .map(({ code }) => code)
    .filter((code) => code === 0 || code >= 200),
);

export function readAccount({ view }: SnapshotCursor): SnapshotAccount {
  return {
    account: view.getUint32(AccountOffset.ACCOUNT, true),
    tier: view.getUint8(AccountOffset.TIER),
    baseAvailable: view.getBigUint64(AccountOffset.BASE_AVAILABLE, true),
    baseHeld: view.getBigUint64(AccountOffset.BASE_HELD, true),
    quoteAvailable: view.getBigUint64(AccountOffset.QUOTE_AVAILABLE, true),
    quoteHeld: view.getBigUint64(AccountOffset.QUOTE_HELD, true),
    deadlineNs: view.getBigUint64(AccountOffset.DEADLINE, true),
    sessions: view.getUint32(AccountOffset.SESSIONS, true),
    orders: view.getUint32(AccountOffset.ORDERS, true),
  };
}

/** What is wrong with an account; `last` is the one before it. */
export function whatIsWrongWithAccount(
  of: SnapshotAccount,
  last: number,
  { isCreated }: SnapshotMarket,
  { timeNs }: SnapshotHeader,
): string | undefined {
  const { account, tier, baseAvailable, baseHeld, quoteAvailable, quoteHeld } = of;
  if (account <= last) return `it comes after account ${last}`;
  if (account > MAX_ACCOUNT) return 'there is no such account';
  if (tier >= FEE_TIERS) return `it is in tier ${tier}`;
  const amounts = [baseAvailable, baseHeld, quoteAvailable, quoteHeld];
  const tooMuch = amounts.find((amount) => amount > MAX_AMOUNT);
  if (tooMuch !== undefined) return `it has a balance of ${tooMuch}`;
  if (of.deadlineNs > timeNs + LONGEST_TIMEOUT_NS) return `its timer is due at ${of.deadlineNs} ns`;
  const isEmpty = amounts.every((amount) => amount === 0n);
  const isBlank = isEmpty && tier === 0 && of.deadlineNs === 0n;
  if (isBlank && of.sessions === 0) return 'it has nothing at all';
  // Before its creation a market has sessions of operators, at most.
  if (!isCreated && (account !== Account.SUPPLY || !isBlank)) return 'the market was not created';
  if (account >= Account.FIRST_CLIENT) {
    const isMany = of.sessions > MAX_SESSIONS_PER_ACCOUNT;
    return isMany ? `it has ${of.sessions} sessions` : undefined;
  }
  const isHolding = baseHeld !== 0n || quoteHeld !== 0n || of.orders > 0;
  const isClients = isHolding || tier !== 0 || of.deadlineNs !== 0n;
  const isFeesWrong = account === Account.FEES && (of.sessions > 0 || baseAvailable !== 0n);
  return isClients || isFeesWrong ? 'it has what only clients have' : undefined;
}

export function readSession({ view }: SnapshotCursor): SnapshotSession {
  return {
    session: view.getUint16(SessionOffset.SESSION, true),
    results: view.getUint32(SessionOffset.RESULTS, true),
    lastId: view.getBigUint64(SessionOffset.LAST_ID, true),
    lastSequence: view.getBigUint64(SessionOffset.LAST_SEQUENCE, true),
    digest: view.getBigUint64(SessionOffset.DIGEST, true),
    sequenceBefore: view.getBigUint64(SessionOffset.SEQUENCE_BEFORE, true),
  };
}

/** What is wrong with a session; `last` is the one before it of the same account. */
export function whatIsWrongWithSession(
  { session, results, lastId, lastSequence, sequenceBefore }: SnapshotSession,
  last: number,
  { sequence, capacity }: SnapshotHeader,
): string | undefined {
  if (session <= last) return `it comes after session ${last}`;
  if (results > RESULT_WINDOW) return `it has ${results} results`;
  if (lastId === 0n) return 'it made no request';
  if (lastSequence === 0n || lastSequence > sequence) {
    return `its last request has sequence ${lastSequence}, the market's last is ${sequence}`;
  }
  if (results === 0 ? sequenceBefore !== lastSequence : sequenceBefore >= lastSequence) {
    return `sequence ${sequenceBefore} comes before its results, and ${lastSequence} is its last`;
  }
  // A result is left out where the window is full, or the next command writes over it.
  const isGone = sequenceBefore + BigInt(capacity.resultCapacity) <= sequence + 1n;
  const isWhole = results === RESULT_WINDOW || sequenceBefore === 0n || isGone;
  return isWhole ? undefined : `it lacks the result with sequence ${sequenceBefore}`;
}

/** The results of one record, of `left` that are still to come; `before` is the last so far. */
export function readResults(
  cursor: SnapshotCursor,
  name: string,
  left: number,
  before: SnapshotResult,
  header: SnapshotHeader,
): SnapshotResult[] {
  const expected = Math.min(left, RESULTS_PER_RECORD);
  const found = cursor.view.getUint8(ResultsOffset.COUNT);
  if (found !== expected) {
    cursor.fail('SNAPSHOT_INVALID', `${name}: ${found} results where ${expected} are expected`);
  }
  const end = ResultsOffset.FIRST + expected * RESULT_BYTES;
  if (cursor.record.subarray(end).some((byte) => byte !== 0)) {
    cursor.fail('SNAPSHOT_INVALID', `${name}: more results than it says`);
  }
  const results: SnapshotResult[] = [];
  for (let index = 0; index < expected; index += 1) {
    const result = readResult(cursor, ResultsOffset.FIRST + index * RESULT_BYTES);
    const { requestId, sequence, code } = result;
    const { requestId: earlierId, sequence: earlier } = results.at(-1) ?? before;
    const isRising = requestId > earlierId && sequence > earlier;
    // The next command writes over what is older.
    if (sequence + BigInt(header.capacity.resultCapacity) <= header.sequence + 1n) {
      cursor.fail('SNAPSHOT_INVALID', `${name}: the result with sequence ${sequence} is too old`);
    }
    if (!isRising || sequence > header.sequence || !ENGINE_CODES.has(code)) {
      const what = `request ${requestId} has sequence ${sequence} and code ${code}`;
      const after = `after request ${earlierId} with sequence ${earlier}`;
      cursor.fail('SNAPSHOT_INVALID', `${name}: ${what}, ${after}`);
    }
    results.push(result);
  }
  return results;
}

function readResult({ view }: SnapshotCursor, at: number): SnapshotResult {
  const outcome = view.getBigUint64(at + 8, true);
  return {
    requestId: view.getBigUint64(at, true),
    sequence: BigInt.asUintN(Number(RESULT_SEQUENCE_BITS), outcome),
    code: Number(outcome >> RESULT_SEQUENCE_BITS),
  };
}

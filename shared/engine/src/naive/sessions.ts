/** Requests: sessions and the windows of their results (RULES.md, section 3). */
import { MAX_SESSIONS_PER_ACCOUNT, RESULT_WINDOW, ResultCode } from '@foldbook/protocol';
import type { EngineCapacity, RequestOutcome } from '../engine.ts';
import { resultDigest } from './state-hash.ts';

/** What became of a request; `code` is 0 or that of its rejection. */
export interface Result {
  readonly requestId: bigint;
  readonly sequence: bigint;
  readonly code: number;
}

export interface Session {
  readonly account: number;
  readonly session: number;
  lastId: bigint;
  /** The sequence of its last request. */
  lastSequence: bigint;
  /** Of all requests it ever made, for the state hash. */
  digest: bigint;
  /** Of the last 1,024 requests, the oldest first. */
  readonly results: Result[];
  /** The sequence of the request before the first of these; 0 if there was none. */
  sequenceBefore: bigint;
}

/** What a resend is answered from, and the sequence of the request before the first of these. */
export interface Window {
  readonly results: readonly Result[];
  readonly sequenceBefore: bigint;
}

/** What a request meets: it goes on as one of a session, is answered, or is refused. */
export type Admission =
  | { readonly kind: 'fresh'; readonly session: Session }
  | { readonly kind: 'seen'; readonly result: Result }
  | { readonly kind: 'refused'; readonly code: ResultCode };

const refused = (code: ResultCode): Admission => ({ kind: 'refused', code });

export class Sessions {
  readonly #byAccount = new Map<number, Map<number, Session>>();
  readonly #capacity: number;
  readonly #resultCapacity: bigint;
  #size = 0;

  constructor({ sessionCapacity, resultCapacity }: EngineCapacity) {
    this.#capacity = sessionCapacity;
    this.#resultCapacity = BigInt(resultCapacity);
  }

  /** `sequence` is that of the command which asks. */
  admit(account: number, number: number, requestId: bigint, sequence: bigint): Admission {
    if (requestId === 0n) return refused(ResultCode.SUPERSEDED);
    const session = this.#byAccount.get(account)?.get(number);
    if (session === undefined) return this.#open(account, number);
    if (requestId > session.lastId) return { kind: 'fresh', session };
    const { results, sequenceBefore } = this.window(session, sequence);
    const result = results.find((each) => each.requestId === requestId);
    if (result !== undefined) return { kind: 'seen', result };
    const oldest = results[0];
    const isWithin = oldest !== undefined && requestId > oldest.requestId;
    const isAll = sequenceBefore === 0n;
    return refused(isWithin || isAll ? ResultCode.SUPERSEDED : ResultCode.UNKNOWN_EXPIRED);
  }

  /** What is known of a request when the last command had `sequence`. */
  outcomeOf(account: number, number: number, requestId: bigint, sequence: bigint): RequestOutcome {
    const session = this.#byAccount.get(account)?.get(number);
    const lastRequestId = session?.lastId ?? 0n;
    const known = { sequence: 0n, code: 0, lastRequestId };
    if (session === undefined || requestId > lastRequestId) {
      return { ...known, kind: requestId === 0n ? 'superseded' : 'not_seen' };
    }
    const admission = this.admit(account, number, requestId, sequence);
    if (admission.kind === 'seen') {
      const { sequence: at, code } = admission.result;
      return { ...known, kind: 'executed', sequence: at, code };
    }
    const isExpired = admission.kind === 'refused' && admission.code === ResultCode.UNKNOWN_EXPIRED;
    return { ...known, kind: isExpired ? 'expired' : 'superseded' };
  }

  /** What the command with a sequence may be answered from. */
  window({ results, sequenceBefore }: Session, sequence: bigint): Window {
    const isKept = (result: Result) => result.sequence + this.#resultCapacity > sequence;
    const kept = results.filter(isKept);
    const last = results.at(-1 - kept.length);
    return { results: kept, sequenceBefore: last?.sequence ?? sequenceBefore };
  }

  /** Enters what became of a request that was fresh. */
  record(session: Session, result: Result): void {
    session.lastId = result.requestId;
    session.lastSequence = result.sequence;
    session.digest = BigInt.asUintN(64, session.digest + resultDigest(result));
    session.results.push(result);
    if (session.results.length <= RESULT_WINDOW) return;
    session.sequenceBefore = session.results.shift()?.sequence ?? 0n;
  }

  restore(session: Session): void {
    const ofAccount = this.#byAccount.get(session.account) ?? new Map<number, Session>();
    ofAccount.set(session.session, session);
    this.#byAccount.set(session.account, ofAccount);
    this.#size += 1;
  }

  /** In order of their numbers. */
  ofAccount(account: number): Session[] {
    const sessions = [...(this.#byAccount.get(account)?.values() ?? [])];
    return sessions.sort((one, other) => one.session - other.session);
  }

  /** Accounts that have a session. */
  accounts(): Iterable<number> {
    return this.#byAccount.keys();
  }

  *all(): Generator<Session> {
    for (const sessions of this.#byAccount.values()) yield* sessions.values();
  }

  #open(account: number, number: number): Admission {
    const count = this.#byAccount.get(account)?.size ?? 0;
    if (account !== 0 && count >= MAX_SESSIONS_PER_ACCOUNT) {
      return refused(ResultCode.SESSION_LIMIT);
    }
    if (this.#size >= this.#capacity) return refused(ResultCode.CAPACITY);
    const session = {
      account,
      session: number,
      lastId: 0n,
      lastSequence: 0n,
      digest: 0n,
      results: [],
      sequenceBefore: 0n,
    };
    this.restore(session);
    return { kind: 'fresh', session };
  }
}

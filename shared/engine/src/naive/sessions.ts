/** Requests: sessions and the windows of their results (RULES.md, section 3). */
import { MAX_SESSIONS_PER_ACCOUNT, RESULT_WINDOW, ResultCode } from '@foldbook/protocol';

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
  requestsMade: bigint;
  /** Of the last 1,024 requests, the oldest first. */
  readonly results: Result[];
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
  #size = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  admit(account: number, number: number, requestId: bigint): Admission {
    const session = this.#byAccount.get(account)?.get(number);
    if (requestId > (session?.lastId ?? 0n)) {
      return session === undefined ? this.#open(account, number) : { kind: 'fresh', session };
    }
    const result = session?.results.find((each) => each.requestId === requestId);
    if (result !== undefined) return { kind: 'seen', result };
    const oldest = session?.results[0];
    const isFull = session !== undefined && session.requestsMade > BigInt(RESULT_WINDOW);
    if (isFull && oldest !== undefined && requestId < oldest.requestId) {
      return refused(ResultCode.UNKNOWN_EXPIRED);
    }
    return refused(ResultCode.SUPERSEDED);
  }

  /** Enters what became of a request that was fresh. */
  record(session: Session, result: Result): void {
    session.lastId = result.requestId;
    session.requestsMade += 1n;
    session.results.push(result);
    if (session.results.length > RESULT_WINDOW) session.results.shift();
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
    const session = { account, session: number, lastId: 0n, requestsMade: 0n, results: [] };
    this.restore(session);
    return { kind: 'fresh', session };
  }
}

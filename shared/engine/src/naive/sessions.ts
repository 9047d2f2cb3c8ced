/** The last request id of each account and session. */
import { ResultCode } from '@foldbook/protocol';

export interface Session {
  readonly account: number;
  readonly session: number;
  readonly requestId: bigint;
}

export class Sessions {
  readonly #byKey = new Map<number, Session>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Uses up a request id, or says why it can't be. */
  admit(account: number, session: number, requestId: bigint): ResultCode | undefined {
    const key = account * 2 ** 16 + session;
    const last = this.#byKey.get(key);
    if (requestId <= (last?.requestId ?? 0n)) return ResultCode.SUPERSEDED;
    if (last === undefined && this.#byKey.size >= this.#capacity) return ResultCode.CAPACITY;
    this.#byKey.set(key, { account, session, requestId });
    return undefined;
  }

  all(): Iterable<Session> {
    return this.#byKey.values();
  }
}

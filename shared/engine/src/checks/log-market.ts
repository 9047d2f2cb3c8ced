/**
 * One market of a log, run through the naive engine group by group with all invariants: what its
 * accounts have to be told, and which requests the log has.
 */
import { Account, CommandOffset, RECORD_BYTES, viewOf } from '@foldbook/protocol';
import { type Engine, RESULT_CAPACITY } from '../engine.ts';
import { createNaiveEngine } from '../naive/naive-engine.ts';
import { ExpectedReports } from './expected-reports.ts';
import { InvariantChecker } from './invariants.ts';

/** Names a request in a market. */
export const requestKey = (account: number, session: number, requestId: bigint) =>
  `${account}/${session}/${requestId}`;

export abstract class LogMarket {
  readonly name: string;
  readonly id: number;
  readonly engine: Engine = createNaiveEngine({ resultCapacity: RESULT_CAPACITY });
  readonly #checker: InvariantChecker;
  readonly #expected = new ExpectedReports((account, record) => this.onReport(account, record));
  /** Log sequences of the groups that carry each request. */
  readonly #carried = new Map<string, number[]>();

  /** @param accounts - whose balances have to add up, beside the fee account */
  constructor(name: string, id: number, accounts: readonly number[]) {
    this.name = name;
    this.id = id;
    this.#checker = new InvariantChecker(this.engine, [Account.FEES, ...accounts]);
  }

  /** A record that the account has to be told, in order. */
  protected abstract onReport(account: number, record: Uint8Array): void;
  /** The event at `at` of `events`, in order. */
  protected abstract onEvent(events: Uint8Array, view: DataView, at: number): void;

  get sequence(): number {
    return Number(this.engine.sequence);
  }

  /**
   * A group of the log.
   * @throws InvariantError
   */
  apply(payload: Uint8Array, count: number, timeNs: bigint, logSequence: number): void {
    const records = payload.subarray(RECORD_BYTES);
    this.#noteRequests(viewOf(records), logSequence);
    const events = this.#checker.apply({ records, count, timeNs });
    this.#expected.add(events);
    const view = viewOf(events);
    for (let at = 0; at < events.byteLength; at += RECORD_BYTES) this.onEvent(events, view, at);
  }

  /** Log sequences of the groups that carry a request, see `requestKey`. */
  carriedIn(key: string): readonly number[] {
    return this.#carried.get(key) ?? [];
  }

  #noteRequests(commands: DataView, logSequence: number): void {
    for (let at = 0; at < commands.byteLength; at += RECORD_BYTES) {
      const key = requestKey(
        commands.getUint32(at + CommandOffset.ACCOUNT, true),
        commands.getUint16(at + CommandOffset.SESSION, true),
        commands.getBigUint64(at + CommandOffset.REQUEST_ID, true),
      );
      const carried = this.#carried.get(key);
      if (carried === undefined) this.#carried.set(key, [logSequence]);
      else carried.push(logSequence);
    }
  }
}

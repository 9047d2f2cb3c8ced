/** One market of the log, run through the naive engine with all invariants, for `History`. */
import {
  createNaiveEngine,
  type Engine,
  ExpectedReports,
  InvariantChecker,
  RESULT_CAPACITY,
  settlementRecord,
} from '@foldbook/engine';
import {
  Account,
  CommandOffset,
  EventKind,
  EventOffset,
  RECORD_BYTES,
  readCount,
  viewOf,
  writeSettlement,
} from '@foldbook/protocol';
import { ByteTape } from './byte-tape.ts';

export const requestKey = (account: number, session: number, requestId: bigint) =>
  `${account}/${session}/${requestId}`;

export class AuditedMarket {
  readonly name: string;
  readonly id: number;
  readonly engine: Engine = createNaiveEngine({ resultCapacity: RESULT_CAPACITY });
  /** What each account has to be told, by account. */
  readonly reports = new Map<number, ByteTape>();
  readonly settlements = new ByteTape();
  trades = 0;
  readonly #checker: InvariantChecker;
  readonly #expected: ExpectedReports;
  /** Log sequences of the groups that have each request. */
  readonly #carried = new Map<string, number[]>();
  /** Of each account: how often each client order id was accepted. */
  readonly #accepted = new Map<number, Map<bigint, number>>();
  #settled = 0;

  constructor(name: string, id: number, accounts: readonly number[]) {
    this.name = name;
    this.id = id;
    this.#checker = new InvariantChecker(this.engine, [Account.FEES, ...accounts]);
    this.#expected = new ExpectedReports((account, record) => {
      const tape = this.reports.get(account) ?? new ByteTape();
      this.reports.set(account, tape);
      tape.push(record);
    });
  }

  get sequence(): number {
    return Number(this.engine.sequence);
  }

  /** @throws InvariantError */
  apply(payload: Uint8Array, count: number, timeNs: bigint, logSequence: number): void {
    const records = payload.subarray(RECORD_BYTES);
    this.#noteRequests(viewOf(records), logSequence);
    const events = this.#checker.apply({ records, count, timeNs });
    this.#expected.add(events);
    const view = viewOf(events);
    for (let at = 0; at < events.byteLength; at += RECORD_BYTES) this.#noteEvent(view, at);
  }

  isCarried(account: number, session: number, requestId: bigint, logSequence: number): boolean {
    const carried = this.#carried.get(requestKey(account, session, requestId));
    return carried?.includes(logSequence) === true;
  }

  /** How many groups have the request. */
  timesCarried(account: number, session: number, requestId: bigint): number {
    return this.#carried.get(requestKey(account, session, requestId))?.length ?? 0;
  }

  acceptedOf(account: number): ReadonlyMap<bigint, number> {
    return this.#accepted.get(account) ?? new Map();
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

  #noteEvent(view: DataView, at: number): void {
    const kind = view.getUint8(at);
    if (kind === EventKind.TRADE) this.trades += 1;
    if (kind === EventKind.ACCEPTED) this.#noteAccepted(view, at);
    const move = settlementRecord(view, at);
    if (move === undefined) return;
    const sequence = readCount(view, at + EventOffset.SEQUENCE);
    const record = new Uint8Array(RECORD_BYTES);
    writeSettlement(viewOf(record), 0, { ...move, sequence, recordIndex: this.#settled });
    this.#settled += 1;
    this.settlements.push(record);
  }

  #noteAccepted(view: DataView, at: number): void {
    const account = view.getUint32(at + EventOffset.ACCOUNT, true);
    const clientOrderId = view.getBigUint64(at + EventOffset.CLIENT_ORDER_ID, true);
    const known = this.#accepted.get(account) ?? new Map<bigint, number>();
    this.#accepted.set(account, known);
    known.set(clientOrderId, (known.get(clientOrderId) ?? 0) + 1);
  }
}

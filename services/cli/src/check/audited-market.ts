/** One market of the log, run through the naive engine with all invariants, for `History`. */
import { LogMarket, requestKey, settlementRecord } from '@foldbook/engine';
import {
  EventKind,
  EventOffset,
  RECORD_BYTES,
  readCount,
  viewOf,
  writeSettlement,
} from '@foldbook/protocol';
import { ByteTape } from './byte-tape.ts';

export class AuditedMarket extends LogMarket {
  /** What each account has to be told, by account. */
  readonly reports = new Map<number, ByteTape>();
  readonly settlements = new ByteTape();
  trades = 0;
  /** Of each account: how often each client order id was accepted. */
  readonly #accepted = new Map<number, Map<bigint, number>>();
  #settled = 0;

  isCarried(account: number, session: number, requestId: bigint, logSequence: number): boolean {
    return this.carriedIn(requestKey(account, session, requestId)).includes(logSequence);
  }

  /** How many groups have the request. */
  timesCarried(account: number, session: number, requestId: bigint): number {
    return this.carriedIn(requestKey(account, session, requestId)).length;
  }

  acceptedOf(account: number): ReadonlyMap<bigint, number> {
    return this.#accepted.get(account) ?? new Map();
  }

  protected override onReport(account: number, record: Uint8Array): void {
    const tape = this.reports.get(account) ?? new ByteTape();
    this.reports.set(account, tape);
    tape.push(record);
  }

  protected override onEvent(_events: Uint8Array, view: DataView, at: number): void {
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

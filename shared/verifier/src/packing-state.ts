import { assert } from './assert.ts';
import { FeeForecast } from './fee-forecast.ts';
import { RecordKind, type SettlementRecord } from './settlement-record.ts';

export type Side = 'buyer' | 'seller';

/** Place of a record behind the trade before it: its first fee, its second, or anything else. */
export type FeePlace = 0 | 1 | 2;

const KINDS = 8;

/** What a packer and an unpacker of records know at each record: the records before it. */
export class PackingState {
  /** The last trade; zeros before the first. */
  trade = { a: 0, b: 0, price: 0, quote: 0n };
  /** The kind that came last after each two kinds; 0 for none yet. */
  readonly #followers = new Uint8Array(KINDS * KINDS);
  readonly #fees = new FeeForecast();
  readonly #amounts: bigint[] = [];
  #kinds: [number, number] = [0, 0];
  /** Fees behind the last trade, or undefined when another record followed them. */
  #feesSeen: 0 | 1 | undefined;
  /** Who paid the last first fee, and that of this trade. */
  #firstSide: Side = 'buyer';

  /** 0 when none is. */
  get expectedKind(): number {
    return this.#followers[this.#context] ?? 0;
  }

  /** Takes note of the next record's kind; gives its place behind a trade. */
  begin(kind: number): FeePlace {
    this.#followers[this.#context] = kind;
    this.#kinds = [this.#kinds[1], kind];
    const isFee = kind === RecordKind.FEE || kind === RecordKind.REBATE;
    const seen = this.#feesSeen;
    if (!isFee || seen === undefined) {
      this.#feesSeen = kind === RecordKind.TRADE ? 0 : undefined;
      return 0;
    }
    this.#feesSeen = seen === 0 ? 1 : undefined;
    return seen === 0 ? 1 : 2;
  }

  traded(record: SettlementRecord): SettlementRecord {
    const { a, b, price, dQuote } = record;
    this.trade = { a, b, price: Number(price), quote: dQuote };
    return record;
  }

  /** Takers sweep: who paid first at the last trade does so again, and the other one second. */
  expectedParty(place: 1 | 2): Side {
    const isBuyer = (this.#firstSide === 'buyer') === (place === 1);
    return isBuyer ? 'buyer' : 'seller';
  }

  partyOf(side: Side): number {
    return side === 'buyer' ? this.trade.b : this.trade.a;
  }

  paid(place: 1 | 2, side: Side): void {
    if (place === 1) this.#firstSide = side;
  }

  fee(place: 1 | 2, kind: number, account: number): bigint {
    assert(this.trade.quote > 0n, 'a fee follows a trade');
    return this.#fees.expect(place, kind, account, this.trade.quote);
  }

  learnFee(place: 1 | 2, kind: number, account: number, amount: bigint): void {
    this.#fees.learn(place, kind, account, this.trade.quote, amount);
  }

  /** Amount of the last record of that kind which was no fee behind a trade. */
  lastAmount(kind: number): bigint {
    return this.#amounts[kind] ?? 0n;
  }

  moved(kind: number, amount: bigint): void {
    this.#amounts[kind] = amount;
  }

  get #context(): number {
    return KINDS * this.#kinds[0] + this.#kinds[1];
  }
}

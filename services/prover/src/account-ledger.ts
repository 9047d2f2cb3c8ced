// SPDX-License-Identifier: GPL-3.0-or-later
/** The balances of a STARK chain, record by record, and where its parts may end. */
import type { AccountTable } from '@foldbook/stark';
import { leafSign, RecordKind, type RecordList, type SettlementRecord } from '@foldbook/verifier';

const AMOUNT_LIMIT = 1n << 63n;

/**
 * An account is in the table once a record has named it, even one that moved nothing. Balances may
 * leave their range between two records; they may not where a part ends.
 */
export class AccountLedger {
  readonly #slots = new Map<number, number>();
  readonly #ids: number[] = [];
  readonly #base: bigint[] = [];
  readonly #quote: bigint[] = [];
  /** Balances out of range. */
  #wrong = 0;
  /** All accounts by rising id; void once there are more. */
  #sorted = new Uint32Array();

  constructor() {
    this.#slotOf(0);
    this.#slotOf(1);
  }

  /** How many are in the table. */
  get accounts(): number {
    return this.#ids.length;
  }

  /**
   * Applies the records of the next part, from `first` on: as many as are left or `size`, less
   * those up to a place where every balance fits and no fee of the trade before is missing. If
   * there is none, it ends at the first one behind it, with `most` records or less.
   * @returns index behind its last record; undefined where there is no such place: the ledger is
   *   then of no more use, and `fault` says why
   */
  takePart(records: RecordList, first: number, size: number, most = size): number | undefined {
    const sized = Math.min(records.length, first + size);
    const bound = Math.min(records.length, first + most);
    let last = first;
    let end: number | undefined;
    let accounts = this.#ids.length;
    while (last < sized || (end === undefined && last < bound)) {
      this.#move(records.get(last), 1n);
      last += 1;
      if (this.#wrong > 0 || !isPlaceToEnd(records, last)) continue;
      end = last;
      accounts = this.#ids.length;
    }
    if (end === undefined || (last === records.length && end < last)) return undefined;
    for (let index = last - 1; index >= end; index -= 1) this.#move(records.get(index), -1n);
    while (this.#ids.length > accounts) this.#removeLast();
    return end;
  }

  /** Applies an epoch that is proved. Whether all balances fit then. */
  takeAll(records: RecordList): boolean {
    for (const record of records) this.#move(record, 1n);
    return this.#wrong === 0;
  }

  /** The first balance that is out of range, in words. */
  fault(): string | undefined {
    for (const [slot, id] of this.#ids.entries()) {
      const [base, quote] = [this.#base[slot] ?? 0n, this.#quote[slot] ?? 0n];
      const words = isBad(base) ? `base ${base}` : isBad(quote) ? `quote ${quote}` : undefined;
      if (words !== undefined) return `account ${id} would end with ${words}, not in 0 to 2^63 - 1`;
    }
    return undefined;
  }

  table(): AccountTable {
    if (this.#sorted.length !== this.#ids.length) this.#sorted = Uint32Array.from(this.#ids).sort();
    const ids = this.#sorted;
    const base = new BigUint64Array(ids.length);
    const quote = new BigUint64Array(ids.length);
    for (const [row, id] of ids.entries()) {
      const slot = this.#slotOf(id);
      base[row] = this.#base[slot] ?? 0n;
      quote[row] = this.#quote[slot] ?? 0n;
    }
    return { ids, base, quote };
  }

  /** Does a record (sign 1), or undoes it. */
  #move({ a, b, dBase, dQuote }: SettlementRecord, sign: 1n | -1n): void {
    this.#add(a, -sign * dBase, sign * dQuote);
    this.#add(b, sign * dBase, -sign * dQuote);
  }

  #add(id: number, base: bigint, quote: bigint): void {
    const slot = this.#slotOf(id);
    const sign = leafSign(id);
    if (base !== 0n) this.#change(this.#base, slot, sign * base);
    if (quote !== 0n) this.#change(this.#quote, slot, sign * quote);
  }

  #change(balances: bigint[], slot: number, by: bigint): void {
    const old = balances[slot] ?? 0n;
    const balance = old + by;
    this.#wrong += Number(isBad(balance)) - Number(isBad(old));
    balances[slot] = balance;
  }

  #slotOf(id: number): number {
    const known = this.#slots.get(id);
    if (known !== undefined) return known;
    const slot = this.#ids.push(id) - 1;
    this.#base.push(0n);
    this.#quote.push(0n);
    this.#slots.set(id, slot);
    return slot;
  }

  /** Of records that were undone: it has nothing. */
  #removeLast(): void {
    const id = this.#ids.pop();
    this.#base.pop();
    this.#quote.pop();
    if (id !== undefined) this.#slots.delete(id);
  }
}

const isBad = (balance: bigint): boolean => balance < 0n || balance >= AMOUNT_LIMIT;

/** A trade's fees follow it, and belong to its part. */
function isPlaceToEnd(records: RecordList, index: number): boolean {
  if (index === records.length) return true;
  const { kind } = records.get(index);
  return kind !== RecordKind.FEE && kind !== RecordKind.REBATE;
}

import { assert } from './assert.ts';
import type { SettlementRecord } from './settlement-record.ts';

const RECORD_BYTES = 32;
const FIRST_CAPACITY = 64;
const ID_LIMIT = 2 ** 24;
const WORD_LIMIT = 1n << 64n;

/**
 * An epoch's records at 32 bytes each, however many there are, where an object takes some 200.
 * Grows as records are pushed; a record is made when it is asked for.
 */
export class RecordList implements Iterable<SettlementRecord> {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacity = FIRST_CAPACITY) {
    this.#bytes = new Uint8Array(RECORD_BYTES * capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** A list is taken as it is. */
  static from(records: Iterable<SettlementRecord>): RecordList {
    if (records instanceof RecordList) return records;
    const list = new RecordList();
    for (const record of records) list.push(record);
    return list;
  }

  get length(): number {
    return this.#length;
  }

  /** @throws RangeError when there is no memory for more; AssertionError for no such record */
  push({ kind, a, b, price, dBase, dQuote }: SettlementRecord): void {
    assert(kind >= 0 && kind < 256, `kind ${kind} does not fit u8`);
    for (const id of [a, b]) assert(id >= 0 && id < ID_LIMIT, `account ${id} does not fit u24`);
    for (const word of [price, dBase, dQuote]) {
      assert(word >= 0n && word < WORD_LIMIT, `${word} does not fit u64`);
    }
    const at = RECORD_BYTES * this.#length;
    if (at === this.#bytes.length) this.#grow();
    const view = this.#view;
    view.setUint32(at, kind + 256 * a, true);
    view.setUint32(at + 4, b, true);
    view.setBigUint64(at + 8, price, true);
    view.setBigUint64(at + 16, dBase, true);
    view.setBigUint64(at + 24, dQuote, true);
    this.#length += 1;
  }

  get(index: number): SettlementRecord {
    assert(index >= 0 && index < this.#length, `record ${index} of ${this.#length}`);
    const at = RECORD_BYTES * index;
    const view = this.#view;
    const kindAndA = view.getUint32(at, true);
    return {
      kind: kindAndA % 256,
      a: Math.floor(kindAndA / 256),
      b: view.getUint32(at + 4, true),
      price: view.getBigUint64(at + 8, true),
      dBase: view.getBigUint64(at + 16, true),
      dQuote: view.getBigUint64(at + 24, true),
    };
  }

  /** Records `first` to `end` - 1, as far as there are any. */
  slice(first: number, end: number): SettlementRecord[] {
    const count = Math.max(0, Math.min(end, this.#length) - first);
    return Array.from({ length: count }, (_, index) => this.get(first + index));
  }

  *[Symbol.iterator](): Iterator<SettlementRecord> {
    for (let index = 0; index < this.#length; index++) yield this.get(index);
  }

  #grow(): void {
    const capacity = Math.max(FIRST_CAPACITY, 2 * this.#length);
    const grown = new Uint8Array(RECORD_BYTES * capacity);
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

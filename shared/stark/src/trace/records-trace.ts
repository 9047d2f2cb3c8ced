/** Settlement records as cells of the records' table. */

import { RANGE, RECORD_COLUMNS, RECORD_WITNESS, recordsTable } from '../air/records-table.ts';
import { mul, PRIME } from '../field/base.ts';
import { StarkError } from '../kernel/stark-error.ts';
import { MAX_PART_RECORDS, MIN_LOG_RECORDS } from '../statement/part-statement.ts';
import { LIMB_COUNT, splitLimbs } from './limbs.ts';
import { Movements } from './movements.ts';
import { findFault, type SettlementRecord, TRADE } from './settlement-record.ts';
import { heightOf, TableTrace } from './table-trace.ts';

const SMALLEST_HEIGHT = 2 ** MIN_LOG_RECORDS;

const indexOf = (name: string): number => [...RECORD_COLUMNS, ...RECORD_WITNESS].indexOf(name);
const AT = {
  ...{ kinds: indexOf('k1'), a: indexOf('a'), b: indexOf('b'), price: indexOf('p0') },
  ...{ base: indexOf('u0'), quote: indexOf('v0'), carries: indexOf('c0'), high: indexOf('h1') },
  ...{ inverse: indexOf('inv'), index: indexOf('index'), t: indexOf('t') },
};

export interface RecordsTrace {
  /** All but its column m, which needs the ranges of the accounts, too. */
  readonly trace: TableTrace;
  readonly movements: Movements;
}

/** @throws StarkError STATEMENT_FALSE for a record that is not valid, with its index */
export function traceRecords(records: readonly SettlementRecord[]): RecordsTrace {
  const count = records.length;
  if (count < 1 || count > MAX_PART_RECORDS) throw new Error(`assertion failed: ${count} records`);
  const trace = new TableTrace(recordsTable, heightOf(count, SMALLEST_HEIGHT));
  const movements = new Movements();
  const writer = new RecordWriter(trace);
  records.forEach((record, row) => {
    const fault = findFault(record) ?? writer.write(row, record);
    if (fault !== undefined) {
      throw new StarkError('STATEMENT_FALSE', `record ${row} is not valid: ${fault}`);
    }
    movements.add(record.b, 1, writer.base, writer.quote);
    movements.add(record.a, -1, writer.base, writer.quote);
  });
  const [index, t] = [trace.column(AT.index), trace.column(AT.t)];
  for (let row = 0; row < trace.height; row++) {
    index[row] = row;
    t[row] = Math.min(row, RANGE - 1);
  }
  return { trace, movements };
}

/** One record after another: fields of it are limbs of the last one. */
class RecordWriter {
  readonly base = new Int32Array(LIMB_COUNT);
  readonly quote = new Int32Array(LIMB_COUNT);
  readonly #price = new Int32Array(LIMB_COUNT);
  readonly #cells: Uint32Array;
  readonly #height: number;

  constructor({ cells, height }: TableTrace) {
    this.#cells = cells;
    this.#height = height;
  }

  /** Also what is wrong with a trade's product, if anything is. */
  write(row: number, { kind, a, b, price, dBase, dQuote }: SettlementRecord): string | undefined {
    splitLimbs(dBase, this.base);
    splitLimbs(dQuote, this.quote);
    this.#put(AT.kinds + kind - 1, row, 1);
    this.#put(AT.a, row, a);
    this.#put(AT.b, row, b);
    this.#putAmount(AT.base, row, this.base);
    this.#putAmount(AT.quote, row, this.quote);
    if (kind !== TRADE) return undefined;
    splitLimbs(price, this.#price);
    for (let limb = 0; limb < 3; limb++) this.#put(AT.price + limb, row, this.#price[limb] ?? 0);
    if (this.#multiply(row)) return undefined;
    return `dQuote ${dQuote} is not price x dBase = ${price * dBase}`;
  }

  #put(column: number, row: number, value: number): void {
    this.#cells[column * this.#height + row] = value;
  }

  /** Five limbs and the bits of the sixth. */
  #putAmount(column: number, row: number, limbs: Int32Array): void {
    for (let limb = 0; limb < 5; limb++) this.#put(column + limb, row, limbs[limb] ?? 0);
    const top = limbs[5] ?? 0;
    for (let bit = 0; bit < 3; bit++) this.#put(column + 5 + bit, row, (top >> bit) & 1);
  }

  /** The carries of price x dBase; whether that is dQuote. */
  #multiply(row: number): boolean {
    const [price, base, quote] = [this.#price, this.base, this.quote];
    let high = AT.high;
    let carry = 0;
    let cells = quote[5] ?? 0;
    for (let limb = 0; limb < 5; limb++) {
      let total = carry;
      for (let index = 0; index < 3 && index <= limb; index++) {
        total += (price[index] ?? 0) * (base[limb - index] ?? 0);
      }
      if ((total & (RANGE - 1)) !== quote[limb]) return false;
      cells += quote[limb] ?? 0;
      carry = total >>> 12;
      this.#put(AT.carries + limb, row, carry & (RANGE - 1));
      const bits = HIGH_BITS[limb] ?? 0;
      for (let bit = 0; bit < bits; bit++) this.#put(high++, row, (carry >>> (12 + bit)) & 1);
    }
    const top = (price[2] ?? 0) * (base[3] ?? 0) + carry;
    if (top !== quote[5]) return false;
    const bits = [0, 1, 2].reduce((sum, bit) => sum + ((top >> bit) & 1), 0);
    this.#put(AT.inverse, row, inverses()[cells - top + bits] ?? 0);
    return true;
  }
}

/** How many bits above its low 12 the carry of each limb has: h1, h2 and h22, h3 and h32, h4. */
const HIGH_BITS = [0, 1, 2, 2, 1];

let known: Uint32Array | undefined;

/** 1/i modulo p of all i that five limbs and three bits can add up to; at 0 it is 0. */
function inverses(): Uint32Array {
  if (known !== undefined) return known;
  known = new Uint32Array(5 * (RANGE - 1) + 4);
  known[1] = 1;
  for (let i = 2; i < known.length; i++) {
    // From p = q i + r: 1/i = -q / r.
    known[i] = PRIME - mul(Math.floor(PRIME / i), known[PRIME % i] ?? 0);
  }
  return known;
}

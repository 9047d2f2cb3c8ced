/** Frames as a Parquet file, for pandas, DuckDB and their kin: a row for each event. */
import assert from 'node:assert/strict';
import { type ColumnSource, fileWriter, ParquetWriter, type SchemaElement } from 'hyparquet-writer';
import { Action, EventFlag, EventSide } from '../event.ts';
import type { Frame } from '../features/frame.ts';

/** Rows that are held in memory until a group of them is written. */
const GROUP_ROWS = 65_536;

export interface FrameParquetOptions {
  readonly path: string;
  /** Of the features, in the order of the frames' columns. */
  readonly features: readonly string[];
  /** Decimals of a price and of a quantity of 1 in frames. */
  readonly priceDecimals: number;
  readonly quantityDecimals: number;
  /** The only instrument whose events become rows. Default: all. */
  readonly instrument?: string | undefined;
}

const wordOf = (words: Readonly<Record<string, number>>): ((value: number) => string) => {
  const byValue = new Map(
    Object.entries(words).map(([name, value]) => [value, name.toLowerCase()]),
  );
  return (value) => byValue.get(value) ?? `${value}`;
};
const actionWord = wordOf(Action);
const sideWord = wordOf(EventSide);
/** A trade that another row tells as a whole, so that who adds up trades counts it once. */
const PART_WORD = 'part';

const SNAPSHOTS = [
  ['bid_price', 'bidPrice', 'price'],
  ['bid_quantity', 'bidQuantity', 'quantity'],
  ['ask_price', 'askPrice', 'price'],
  ['ask_quantity', 'askQuantity', 'quantity'],
  ['last_price', 'lastPrice', 'price'],
  ['last_quantity', 'lastQuantity', 'quantity'],
] as const;

/** Columns whose values are in currency and units, as doubles; times and ids are exact. */
class Group {
  readonly timeNs = new BigInt64Array(GROUP_ROWS);
  readonly orderId = new BigUint64Array(GROUP_ROWS);
  readonly instrument: string[] = [];
  readonly action: string[] = [];
  readonly side: string[] = [];
  readonly numbers: readonly { readonly name: string; readonly values: Float64Array }[];
  rows = 0;

  constructor(names: readonly string[]) {
    this.numbers = names.map((name) => ({ name, values: new Float64Array(GROUP_ROWS) }));
  }
}

/**
 * Columns: time_ns, instrument, action, side, order_id, price, quantity, what the book showed after
 * the event, and the features by their labels. Feature columns stay in the units of the feed; NaN
 * stands for what there is not.
 */
export class FrameParquet {
  readonly #options: FrameParquetOptions;
  readonly #writer: ParquetWriter;
  readonly #group: Group;
  readonly #priceUnit: number;
  readonly #quantityUnit: number;

  constructor(options: FrameParquetOptions) {
    this.#options = options;
    this.#priceUnit = 10 ** options.priceDecimals;
    this.#quantityUnit = 10 ** options.quantityDecimals;
    const names = ['price', 'quantity', ...SNAPSHOTS.map(([name]) => name), ...options.features];
    assert(new Set(names).size === names.length, `columns of one name: ${names.join(', ')}`);
    this.#group = new Group(names);
    this.#writer = new ParquetWriter({
      writer: fileWriter(options.path),
      schema: schemaOf(names),
      createdBy: 'foldbook replay',
    });
  }

  /** @param instruments - names by number */
  add({ events, snapshots, features }: Frame, instruments: readonly string[]): void {
    for (let row = 0; row < events.count; row += 1) {
      const instrument = events.instrumentAt(row);
      const name = instruments[instrument] ?? `${instrument}`;
      if (this.#options.instrument !== undefined && this.#options.instrument !== name) continue;
      const group = this.#group;
      const at = group.rows;
      group.timeNs[at] = events.baseTimeNs + BigInt(events.timeNs[row] ?? 0);
      group.orderId[at] = events.orderId[row] ?? 0n;
      group.instrument.push(name);
      const isPart = (events.flagsAt(row) & EventFlag.PART) !== 0;
      group.action.push(isPart ? PART_WORD : actionWord(events.actionAt(row)));
      group.side.push(sideWord(events.sideAt(row)));
      this.#number(0, (events.price[row] ?? Number.NaN) / this.#priceUnit);
      this.#number(1, (events.quantity[row] ?? Number.NaN) / this.#quantityUnit);
      for (const [index, [, column, unit]] of SNAPSHOTS.entries()) {
        const of = unit === 'price' ? this.#priceUnit : this.#quantityUnit;
        this.#number(2 + index, (snapshots[column][row] ?? Number.NaN) / of);
      }
      for (const [index, column] of features.entries()) {
        this.#number(2 + SNAPSHOTS.length + index, column[row] ?? Number.NaN);
      }
      group.rows += 1;
      if (group.rows === GROUP_ROWS) this.#write();
    }
  }

  /** Writes what is left, and the file's end. */
  async finish(): Promise<void> {
    if (this.#group.rows > 0) this.#write();
    await this.#writer.finish();
  }

  #number(index: number, value: number): void {
    const column = this.#group.numbers[index];
    if (column !== undefined) column.values[this.#group.rows] = value;
  }

  #write(): void {
    const { timeNs, orderId, instrument, action, side, numbers, rows } = this.#group;
    const columnData: ColumnSource[] = [
      { name: 'time_ns', data: timeNs.slice(0, rows) },
      { name: 'instrument', data: instrument.splice(0) },
      { name: 'action', data: action.splice(0) },
      { name: 'side', data: side.splice(0) },
      { name: 'order_id', data: orderId.slice(0, rows) },
      ...numbers.map(({ name, values }) => ({ name, data: values.slice(0, rows) })),
    ];
    this.#writer.write({ columnData, rowGroupSize: GROUP_ROWS });
    this.#group.rows = 0;
  }

  get path(): string {
    return this.#options.path;
  }
}

function schemaOf(numbers: readonly string[]): SchemaElement[] {
  const required = { repetition_type: 'REQUIRED' } as const;
  const text = { type: 'BYTE_ARRAY', converted_type: 'UTF8', ...required } as const;
  const columns: SchemaElement[] = [
    { name: 'time_ns', type: 'INT64', ...required },
    { name: 'instrument', ...text },
    { name: 'action', ...text },
    { name: 'side', ...text },
    { name: 'order_id', type: 'INT64', converted_type: 'UINT_64', ...required },
    ...numbers.map((name) => ({ name, type: 'DOUBLE', ...required }) as const),
  ];
  return [{ name: 'events', num_children: columns.length }, ...columns];
}

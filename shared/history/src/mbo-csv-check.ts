/**
 * Market-by-order events against a file of the ten best levels (Databento's MBP-10 as CSV): a row
 * is the book after the event with the row's sequence, order and action. Events without a row
 * changed nothing within ten levels; rows of trades come before the book changes, and are passed.
 */
import type { CheckedBook, CheckHooks, CheckResult } from './checked-book.ts';
import { type Chunks, FetchedLines, linesIn } from './csv-rows.ts';
import type { EventBlock } from './decoder.ts';
import { Action, EVENT_BYTES, EventSide, type MarketEvent, readEvent } from './event.ts';
import { InputError } from './files/input-error.ts';
import type { HistoryKernel } from './kernel/history-kernel.ts';
import type { MarketDecoder } from './market-decoder.ts';

const LEVELS = 10;
/** Of the binary encoding: so many events there may be in bytes that are no lines. */
const RECORD_BYTES = 56;
const SIDES = [
  { side: EventSide.BUY, prefix: 'bid' },
  { side: EventSide.SELL, prefix: 'ask' },
] as const;
const ACTIONS: Readonly<Record<string, number>> = {
  A: Action.ADD,
  C: Action.REDUCE,
  M: Action.MODIFY,
  R: Action.CLEAR,
};
const PRICE = /^(-?)(\d+)(?:\.(\d+))?$/;

export interface MboCsvCheckOptions extends CheckHooks {
  readonly kernel: HistoryKernel;
  readonly decoder: MarketDecoder;
  readonly book: CheckedBook;
  readonly events: Chunks;
  /** The file of levels. */
  readonly rows: Chunks;
}

/**
 * @throws DecodeError where the events are not valid; ReplayError of a strict book; InputError
 * CORRUPT where the file of levels is not one
 */
export async function checkMboCsv(options: MboCsvCheckOptions): Promise<CheckResult> {
  const { decoder } = options;
  const rows = new FetchedLines(options.rows);
  await rows.fetch(1);
  const check = new MboCsvCheck(options, rows);
  const onBlock = (block: EventBlock) => check.take(block);
  try {
    for await (const chunk of options.events) {
      const records = Math.ceil(chunk.length / RECORD_BYTES);
      await rows.fetch(Math.max(linesIn(chunk), records) + 1);
      decoder.push(chunk, onBlock);
    }
    await rows.fetch(2);
    decoder.end(onBlock);
    return check.result();
  } catch (error) {
    options.onFault?.(check.soFar());
    throw error;
  }
}

class MboCsvCheck {
  readonly #book: CheckedBook;
  readonly #view: DataView;
  readonly #exponent: number;
  readonly #rows: FetchedLines;
  readonly #columns: ReadonlyMap<string, number>;
  #checked = 0;
  #mismatches = 0;
  #first: string | undefined;

  constructor(options: MboCsvCheckOptions, rows: FetchedLines) {
    this.#book = options.book;
    this.#view = new DataView(options.kernel.memory.buffer);
    this.#exponent = options.decoder.scale.priceExponent;
    this.#rows = rows;
    const names = rows.take()?.split(',') ?? [];
    this.#columns = new Map(names.map((name, index) => [name, index]));
  }

  take({ address, count }: EventBlock): void {
    for (let index = 0; index < count; index += 1) {
      const at = address + index * EVENT_BYTES;
      this.#book.apply({ address: at, count: 1 });
      this.#check(readEvent(this.#view, at));
    }
  }

  result(): CheckResult {
    const row = this.#nextRow();
    if (row !== undefined) this.#mismatch(`no event for sequence ${this.#cell(row, 'sequence')}`);
    return this.soFar();
  }

  soFar(): CheckResult {
    return { checked: this.#checked, mismatches: this.#mismatches, first: this.#first };
  }

  #check(event: MarketEvent): void {
    const row = this.#nextRow();
    if (row === undefined || !this.#isOf(row, event)) return;
    this.#rows.take();
    this.#checked += 1;
    for (const { side, prefix } of SIDES) {
      const seen = this.#book.levels(event.instrument, side, LEVELS);
      for (let level = 0; level < LEVELS; level += 1) {
        const suffix = String(level).padStart(2, '0');
        const price = this.#cell(row, `${prefix}_px_${suffix}`);
        const size = this.#cell(row, `${prefix}_sz_${suffix}`);
        const orders = this.#cell(row, `${prefix}_ct_${suffix}`);
        const expected = `${price === '' ? '' : scaled(price, this.#exponent)} ${size} ${orders}`;
        const found = seen[level];
        const words = found ? `${found.price} ${found.quantity} ${found.orders}` : ' 0 0';
        if (expected !== words) {
          this.#mismatch(`${prefix} ${level} at sequence ${event.sequence}: ${words}`);
          return;
        }
      }
    }
  }

  /** The next row that has a change of the book. */
  #nextRow(): string[] | undefined {
    for (;;) {
      const row = this.#rows.peek()?.split(',');
      if (row === undefined || ACTIONS[this.#cell(row, 'action')] !== undefined) return row;
      this.#rows.take();
    }
  }

  #isOf(row: readonly string[], event: MarketEvent): boolean {
    return (
      ACTIONS[this.#cell(row, 'action')] === event.action &&
      this.#cell(row, 'sequence') === `${event.sequence}` &&
      this.#cell(row, 'order_id') === `${event.orderId}`
    );
  }

  #cell(row: readonly string[], column: string): string {
    const index = this.#columns.get(column);
    const cell = index === undefined ? undefined : row[index];
    if (cell === undefined) throw new InputError('CORRUPT', `the file of levels has no ${column}`);
    return cell;
  }

  #mismatch(what: string): void {
    this.#mismatches += 1;
    this.#first ??= what;
  }
}

/** A decimal as an integer of 10^exponent. */
function scaled(text: string, exponent: number): bigint {
  const [, sign = '', whole = '', fraction = ''] = PRICE.exec(text) ?? [];
  if (whole === '' || fraction.length > -exponent) {
    throw new InputError('CORRUPT', `the file of levels: ${text.slice(0, 40)} is not a price`);
  }
  return BigInt(sign + whole + fraction.padEnd(-exponent, '0'));
}

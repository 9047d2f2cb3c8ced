/**
 * A LOBSTER day against its orderbook file, whose row k is the book after message k. The messages
 * cover only what happens within the file's levels, so the book begins as row 0 says, is cut to the
 * levels after each message, and takes a deepest level that comes into sight as volume of orders
 * that nobody knows.
 */
import type { CheckedLevel, CheckHooks, CheckResult, WindowBook } from './checked-book.ts';
import { type Chunks, FetchedLines, linesIn } from './csv-rows.ts';
import type { EventBlock } from './decoder.ts';
import { EVENT_BYTES, EventSide } from './event.ts';
import { InputError } from './files/input-error.ts';
import type { MarketDecoder } from './market-decoder.ts';

/** An empty level has this for a price, or its negative. */
const NO_LEVEL = 9_999_999_999n;
const COLUMNS_PER_LEVEL = 4;
const NUMBER = /^-?\d{1,18}$/;
/** Columns of price and quantity, within those of a level. */
const SIDES = [
  { side: EventSide.SELL, column: 0, name: 'ask' },
  { side: EventSide.BUY, column: 2, name: 'bid' },
] as const;

export interface LobsterCheckOptions extends CheckHooks {
  readonly decoder: MarketDecoder;
  readonly book: WindowBook;
  readonly messages: Chunks;
  /** The orderbook file. */
  readonly rows: Chunks;
}

/**
 * @throws DecodeError where the messages are not valid; ReplayError of a strict book; InputError
 * CORRUPT where the orderbook has no rows of whole numbers, four for a level
 */
export async function checkLobster(options: LobsterCheckOptions): Promise<CheckResult> {
  const { decoder } = options;
  const rows = new FetchedLines(options.rows);
  const check = new LobsterCheck(options.book, rows);
  const onBlock = (block: EventBlock) => check.take(block);
  try {
    for await (const chunk of options.messages) {
      await rows.fetch(linesIn(chunk));
      decoder.push(chunk, onBlock);
    }
    await rows.fetch(2);
    decoder.end(onBlock);
  } catch (error) {
    options.onFault?.(check.soFar());
    throw error;
  }
  return check.result();
}

class LobsterCheck {
  readonly #book: WindowBook;
  readonly #rows: FetchedLines;
  #checked = 0;
  #mismatches = 0;
  #first: string | undefined;

  constructor(book: WindowBook, rows: FetchedLines) {
    this.#book = book;
    this.#rows = rows;
  }

  take({ address, count }: EventBlock): void {
    for (let index = 0; index < count; index += 1) {
      const line = this.#rows.take();
      if (line === undefined) {
        this.#mismatch('the orderbook file ends before the messages do');
        return;
      }
      const row = this.#numbersOf(line);
      if (this.#checked > 0) {
        this.#book.apply({ address: address + index * EVENT_BYTES, count: 1 });
        this.#book.trim(0, row.length / COLUMNS_PER_LEVEL);
      }
      this.#compare(row);
      this.#checked += 1;
    }
  }

  result(): CheckResult {
    if (this.#rows.peek() !== undefined) this.#mismatch('the messages end before the orderbook');
    return this.soFar();
  }

  soFar(): CheckResult {
    return { checked: this.#checked, mismatches: this.#mismatches, first: this.#first };
  }

  #numbersOf(line: string): bigint[] {
    const cells = line.split(',');
    const areNumbers = cells.every((cell) => NUMBER.test(cell));
    if (areNumbers && cells.length % COLUMNS_PER_LEVEL === 0) return cells.map(BigInt);
    const words = 'has no whole numbers, four for a level: it is no orderbook';
    throw new InputError('CORRUPT', `row ${this.#checked} ${words}`);
  }

  #compare(row: readonly bigint[]): void {
    const levels = row.length / COLUMNS_PER_LEVEL;
    const faults = SIDES.flatMap(({ side, column, name }) => {
      const expected = expectedLevels(row, column);
      const seen = this.#book.levels(0, side, levels);
      const deepest = expected.at(-1);
      // Row 0 is all new; later only the last of all levels comes into sight unannounced.
      const news = this.#checked === 0 ? expected : expected.slice(levels - 1);
      if (deepest !== undefined && seen.length + news.length === expected.length) {
        for (const { price, quantity } of news) this.#book.seedLevel(0, side, price, quantity);
        return differs(expected, [...seen, ...news]) ? [name] : [];
      }
      return differs(expected, seen) ? [name] : [];
    });
    if (faults.length > 0) this.#mismatch(`the ${faults.join(' and ')} of row ${this.#checked}`);
  }

  #mismatch(what: string): void {
    this.#mismatches += 1;
    this.#first ??= what;
  }
}

type PricedQuantity = Pick<CheckedLevel, 'price' | 'quantity'>;

function expectedLevels(row: readonly bigint[], column: number): PricedQuantity[] {
  const levels: PricedQuantity[] = [];
  for (let at = column; at + 1 < row.length; at += COLUMNS_PER_LEVEL) {
    const [price = 0n, quantity = 0n] = row.slice(at, at + 2);
    if (price !== NO_LEVEL && price !== -NO_LEVEL) levels.push({ price, quantity });
  }
  return levels;
}

function differs(expected: readonly PricedQuantity[], seen: readonly PricedQuantity[]): boolean {
  return (
    expected.length !== seen.length ||
    expected.some((level, index) => {
      const other = seen[index];
      return level.price !== other?.price || level.quantity !== other.quantity;
    })
  );
}

/**
 * A LOBSTER day against its orderbook file, whose row k is the book after message k. What of a row
 * came into sight is an event before its message (lobster-day.ts); all else must be what the
 * messages made of it.
 */
import type { CheckedLevel, CheckHooks, CheckResult, WindowBook } from './checked-book.ts';
import { type Chunks, PushedLines } from './csv-rows.ts';
import type { EventBlock } from './decoder.ts';
import { EVENT_BYTES, EventFlag, EventOffset, EventSide } from './event.ts';
import type { HistoryKernel } from './kernel/history-kernel.ts';
import { type LobsterDayDecoder, LobsterRowsError, RowSupply } from './lobster-day.ts';

/** An empty level has this for a price, or its negative. */
const NO_LEVEL = 9_999_999_999n;
const COLUMNS_PER_LEVEL = 4;
const NUMBER = /^-?\d{1,20}$/;
/** Columns of price and quantity, within those of a level. */
const SIDES = [
  { side: EventSide.SELL, column: 0, name: 'ask' },
  { side: EventSide.BUY, column: 2, name: 'bid' },
] as const;

export interface LobsterCheckOptions extends CheckHooks {
  readonly kernel: HistoryKernel;
  readonly decoder: LobsterDayDecoder;
  /** One that was joined in the middle. */
  readonly book: WindowBook;
  readonly messages: Chunks;
  /** The orderbook file. */
  readonly rows: Chunks;
}

/**
 * @throws DecodeError where the messages are not valid; LobsterRowsError where the rows are not;
 * ReplayError of a strict book
 */
export async function checkLobster(options: LobsterCheckOptions): Promise<CheckResult> {
  const { decoder } = options;
  const check = new LobsterCheck(options);
  const rows = new RowSupply(decoder, check.readRows(options.rows));
  const onBlock = (block: EventBlock) => check.take(block);
  try {
    for await (const chunk of options.messages) {
      await rows.before(chunk);
      decoder.push(chunk, onBlock);
    }
    await rows.before();
    decoder.end(onBlock);
  } catch (error) {
    if (!isOfLength(error)) {
      options.onFault?.(check.result());
      throw error;
    }
  } finally {
    await rows.close();
  }
  return check.end();
}

/** That one of the files is longer is a mismatch. */
function isOfLength(error: unknown): boolean {
  if (!(error instanceof LobsterRowsError)) return false;
  return error.code === 'MISSING_ROWS' || error.code === 'SURPLUS_ROWS';
}

class LobsterCheck {
  readonly #options: LobsterCheckOptions;
  readonly #lines = new PushedLines();
  #checked = 0;
  #mismatches = 0;
  #first: string | undefined;
  /** Messages without a row. */
  #missing = 0;

  constructor(options: LobsterCheckOptions) {
    this.#options = options;
  }

  /** The rows as they are, which are kept until their messages have come. */
  async *readRows(rows: Chunks): AsyncGenerator<Uint8Array> {
    for await (const chunk of rows) {
      this.#lines.push(chunk);
      yield chunk;
    }
    this.#lines.end();
  }

  take({ address, count }: EventBlock): void {
    const { kernel, book } = this.#options;
    const view = new DataView(kernel.memory.buffer, address, count * EVENT_BYTES);
    let first = 0;
    for (let next = 1; next <= count; next += 1) {
      const flags = view.getUint16((next - 1) * EVENT_BYTES + EventOffset.FLAGS, true);
      const isLast = (flags & EventFlag.LAST) !== 0;
      if (!isLast && next < count) continue;
      book.apply({ address: address + first * EVENT_BYTES, count: next - first });
      first = next;
      if (isLast) this.#compare();
    }
  }

  result(): CheckResult {
    return { checked: this.#checked, mismatches: this.#mismatches, first: this.#first };
  }

  end(): CheckResult {
    const { units } = this.#options.decoder;
    const isShort = this.#missing > 0 || units > BigInt(this.#checked);
    if (isShort) this.#mismatch('the orderbook file ends before the messages do');
    else if (this.#lines.take() !== undefined) {
      this.#mismatch('the messages end before the orderbook');
    }
    return this.result();
  }

  #compare(): void {
    const line = this.#lines.take();
    if (line === undefined) {
      this.#missing += 1;
      return;
    }
    const row = numbersOf(line);
    const levels = row.length / COLUMNS_PER_LEVEL;
    const { book } = this.#options;
    book.trim(0, levels);
    const faults = SIDES.flatMap(({ side, column, name }) => {
      const isSame = areSame(expectedLevels(row, column), book.levels(0, side, levels));
      return isSame ? [] : [name];
    });
    if (faults.length > 0) this.#mismatch(`the ${faults.join(' and ')} of row ${this.#checked}`);
    this.#checked += 1;
  }

  #mismatch(what: string): void {
    this.#mismatches += 1;
    this.#first ??= what;
  }
}

type PricedQuantity = Pick<CheckedLevel, 'price' | 'quantity'>;

/** What is no number, in a row that a lenient decoder has passed, equals no price. */
function numbersOf(line: string): bigint[] {
  return line.split(',').map((cell) => (NUMBER.test(cell) ? BigInt(cell) : -1n));
}

function expectedLevels(row: readonly bigint[], column: number): PricedQuantity[] {
  const levels: PricedQuantity[] = [];
  for (let at = column; at + 1 < row.length; at += COLUMNS_PER_LEVEL) {
    const [price = 0n, quantity = 0n] = row.slice(at, at + 2);
    if (price !== NO_LEVEL && price !== -NO_LEVEL) levels.push({ price, quantity });
  }
  return levels;
}

function areSame(expected: readonly PricedQuantity[], seen: readonly PricedQuantity[]): boolean {
  return (
    expected.length === seen.length &&
    expected.every((level, index) => {
      const other = seen[index];
      return level.price === other?.price && level.quantity === other.quantity;
    })
  );
}

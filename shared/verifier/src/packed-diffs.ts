/** The net changes of an epoch's accounts in columns: STATEMENT.md, section 12. */
import { ColumnReader, ColumnWriter, unzigzagBig, zigzagBig } from '@foldbook/protocol/columns';
import type { AccountDelta } from './account-diffs.ts';
import { assert } from './assert.ts';
import { ByteWriter } from './bytes.ts';
import { type Decoded, decode } from './decoding.ts';
import { ACCOUNT_LIMIT, AMOUNT_LIMIT } from './settlement-record.ts';

const MAGIC = 'FBAD';
const VERSION = 1;
const COLUMNS = 3;
const HEADER_BYTES = 12 + 4 * COLUMNS;
const DEFAULT_DIFFS_MAX = 2 ** 22;

/**
 * A differences file (.fbd), as `netDeltas` gives them.
 * @throws Error for an order, an account or a change that no epoch has
 */
export function packDiffs(deltas: readonly AccountDelta[]): Uint8Array {
  const ids = new ColumnWriter();
  const base = new ColumnWriter();
  const quote = new ColumnWriter();
  let next = 0;
  for (const delta of deltas) {
    const { id } = delta;
    assert(id >= next && id < ACCOUNT_LIMIT, `account ${id} where ${next} or above may come`);
    assert(delta.base !== 0n || delta.quote !== 0n, `account ${id} does not change`);
    assert(isChange(delta.base) && isChange(delta.quote), `account ${id} changes by too much`);
    ids.push(id - next);
    base.pushBig(zigzagBig(delta.base));
    quote.pushBig(zigzagBig(delta.quote));
    next = id + 1;
  }
  const columns = [ids, base, quote].map((column) => column.finish());
  const length = columns.reduce((sum, column) => sum + column.length, HEADER_BYTES);
  const file = new ByteWriter(length).ascii(MAGIC).unsigned(VERSION, 2).unsigned(0, 2);
  file.unsigned(deltas.length, 4);
  for (const column of columns) file.unsigned(column.length, 4);
  for (const column of columns) file.bytes(column, column.length);
  return file.finish();
}

/** @param diffsMax - refuses files of more accounts before it has memory for them */
export function unpackDiffs(
  bytes: Uint8Array,
  diffsMax: number = DEFAULT_DIFFS_MAX,
): Decoded<AccountDelta[]> {
  return decode(bytes, 'DIFFS_FORMAT', 'differences file', (reader) => {
    reader.format(MAGIC, VERSION);
    reader.zero(2);
    const count = reader.unsigned(4);
    if (count > diffsMax) reader.refuse(`${count} accounts; this reader takes ${diffsMax}`, 8);
    const lengths = [reader.unsigned(4), reader.unsigned(4), reader.unsigned(4)] as const;
    const columnOf = (length: number): ColumnReader => {
      const start = reader.offset;
      const refuse = (what: string, offset: number) => reader.refuse(what, start + offset);
      return new ColumnReader(reader.bytes(length), 0, length, refuse);
    };
    const ids = columnOf(lengths[0]);
    const base = columnOf(lengths[1]);
    const quote = columnOf(lengths[2]);
    const change = (column: ColumnReader): bigint => {
      const value = unzigzagBig(column.nextBig());
      return isChange(value) ? value : column.refuse(`a change of ${value}`);
    };
    const deltas: AccountDelta[] = [];
    for (let next = 0; deltas.length < count; ) {
      const id = next + ids.next(ACCOUNT_LIMIT);
      if (id >= ACCOUNT_LIMIT) ids.refuse(`there is no account ${id}`);
      const delta = { id, base: change(base), quote: change(quote) };
      if (delta.base === 0n && delta.quote === 0n) quote.refuse(`account ${id} does not change`);
      deltas.push(delta);
      next = id + 1;
    }
    for (const column of [ids, base, quote]) column.end();
    return deltas;
  });
}

const isChange = (value: bigint) => value > -AMOUNT_LIMIT && value < AMOUNT_LIMIT;

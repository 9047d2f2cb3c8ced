// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * An account table as a job carries it: `u32 accounts`, then three columns (`@foldbook/protocol/
 * columns`), each behind its u32 length: gaps between ids, base, quote. Some 10 bytes an account.
 */
import { ColumnReader, ColumnWriter } from '@foldbook/protocol/columns';
import type { AccountTable } from '@foldbook/stark';

const PREFIX_BYTES = 16;
const ID_LIMIT = 2 ** 24;
const BALANCE_LIMIT = 1n << 63n;
/** What the largest table of a statement holds. */
const MAX_ACCOUNTS = 2 ** 22;

export function packAccounts({ ids, base, quote }: AccountTable): Uint8Array {
  const [gaps, bases, quotes] = [new ColumnWriter(), new ColumnWriter(), new ColumnWriter()];
  let next = 0;
  for (const [row, id] of ids.entries()) {
    gaps.push(id - next);
    next = id + 1;
    bases.pushBig(base[row] ?? 0n);
    quotes.pushBig(quote[row] ?? 0n);
  }
  const columns = [gaps, bases, quotes].map((column) => column.finish());
  const bytes = new Uint8Array(columns.reduce((sum, { length }) => sum + length, PREFIX_BYTES));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, ids.length, true);
  let at = PREFIX_BYTES;
  for (const [index, column] of columns.entries()) {
    view.setUint32(4 + 4 * index, column.length, true);
    bytes.set(column, at);
    at += column.length;
  }
  return bytes;
}

/** The table, or what is wrong with the bytes; ids rise from 0 and 1 on, balances fit. */
export function unpackAccounts(bytes: Uint8Array): AccountTable | Error {
  try {
    return read(bytes);
  } catch (error) {
    if (error instanceof PackingFault) return error;
    throw error;
  }
}

class PackingFault extends Error {}

const refuse = (what: string, offset: number): never => {
  throw new PackingFault(`packed accounts, byte ${offset}: ${what}`);
};

function read(bytes: Uint8Array): AccountTable {
  if (bytes.length < PREFIX_BYTES) return refuse('they end too early', bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [count, ...lengths] = [0, 4, 8, 12].map((at) => view.getUint32(at, true));
  if (count === undefined || count < 2 || count > MAX_ACCOUNTS) {
    return refuse(`${count} accounts are not 2 to ${MAX_ACCOUNTS}`, 0);
  }
  const end = lengths.reduce((sum, length) => sum + length, PREFIX_BYTES);
  if (end !== bytes.length) refuse(`the columns end at ${end}, not ${bytes.length}`, 4);
  let at = PREFIX_BYTES;
  const readers = lengths.map((length) => {
    const reader = new ColumnReader(bytes, at, at + length, refuse);
    at += length;
    return reader;
  });
  const [gaps, bases, quotes] = readers;
  if (gaps === undefined || bases === undefined || quotes === undefined) {
    throw new Error('unreachable: there are three lengths');
  }
  const table = {
    ids: new Uint32Array(count),
    base: new BigUint64Array(count),
    quote: new BigUint64Array(count),
  };
  let next = 0;
  for (let row = 0; row < count; row += 1) {
    const id = next + gaps.next(ID_LIMIT);
    if (id >= ID_LIMIT || (row < 2 && id !== row)) gaps.refuse(`account ${id} at row ${row}`);
    table.ids[row] = id;
    table.base[row] = bases.nextBig(BALANCE_LIMIT);
    table.quote[row] = quotes.nextBig(BALANCE_LIMIT);
    next = id + 1;
  }
  for (const reader of readers) reader.end();
  return table;
}

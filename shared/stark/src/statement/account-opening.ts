/** What a plain tree has for one account: its row, or the rows that leave it no place; SPEC 12. */
import type { AccountTable } from '../trace/account-table.ts';
import { MAX_LOG_ACCOUNTS } from './account-commitment.ts';
import { type AccountRow, type OpenedRow, type PlainTree, rootFromRow } from './plain-tree.ts';

/** A table has two rows at least. */
export const MAX_ACCOUNT_ROWS = 2 ** MAX_LOG_ACCOUNTS;
const HIGHEST_ID = 2 ** 24 - 1;

export interface AccountOpening {
  readonly account: number;
  /** Of the whole table. */
  readonly rows: number;
  /** Of `row`. */
  readonly place: number;
  /** The account's, or, where it has none, the last one with a lower id. */
  readonly row: OpenedRow;
  /** The one behind it, where the account has no row and there is one. */
  readonly next: OpenedRow | undefined;
  /** The first row. */
  readonly supply: OpenedRow;
}

/** Whether an opening has a second row, behind that at `place`. */
export const hasNext = (account: number, rowId: number, place: number, rows: number): boolean =>
  rowId !== account && place + 1 < rows;

/** @param account - an id, of an account that the table has or not */
export function openAccount(tree: PlainTree, account: number): AccountOpening {
  const place = lastUpTo(tree.table, account);
  const rows = tree.table.ids.length;
  const row = tree.open(place);
  const next = hasNext(account, row.id, place, rows) ? tree.open(place + 1) : undefined;
  return { account, rows, place, row, next, supply: tree.open(0) };
}

export type OpeningFault = 'rows' | 'path' | 'supply path';

/**
 * What is wrong with an opening: with the rows that it shows, or with the way of one of them up to
 * `root`. Undefined for one that holds. Every field is in its range, and each row has as many
 * siblings as its place asks for.
 */
export function openingFault(
  { account, rows, place, row, next, supply }: AccountOpening,
  root: Uint8Array,
): OpeningFault | undefined {
  const isEnclosed = row.id < account && (next === undefined || next.id > account);
  const isComplete = (next !== undefined) === hasNext(account, row.id, place, rows);
  const isShown = isComplete && (row.id === account || isEnclosed);
  const isPlaced =
    canBeAt(row.id, place, rows) && (next === undefined || canBeAt(next.id, place + 1, rows));
  if (!isShown || !isPlaced) return 'rows';
  const isAt = (opened: OpenedRow, at: number): boolean =>
    sameBytes(rootFromRow(opened, at, rows), root);
  if (!isAt(row, place) || (next !== undefined && !isAt(next, place + 1))) return 'path';
  return supply.id === 0 && isAt(supply, 0) ? undefined : 'supply path';
}

/** A row and where it stands, from 0 on. */
export interface PlacedRow extends AccountRow {
  readonly place: number;
}

/**
 * Two rows of which no table has both: there are fewer ids from one to the other than places.
 * Undefined where the openings agree. Both hold, under one root, so that at one place they have
 * one row. What they say of an account differs only where rows do not rise.
 */
export function openingsConflict(
  a: AccountOpening,
  b: AccountOpening,
): readonly [PlacedRow, PlacedRow] | undefined {
  const rows = [...rowsOf(a), ...rowsOf(b)].sort((one, other) => one.place - other.place);
  for (const [index, low] of rows.entries()) {
    const high = rows
      .slice(index + 1)
      .find(({ id, place }) => place > low.place && id - low.id < place - low.place);
    if (high !== undefined) return [low, high];
  }
  return undefined;
}

/** Those about the account: that the supply's is at no other place is asked of each opening. */
function rowsOf({ place, row, next }: AccountOpening): readonly PlacedRow[] {
  const own = { ...row, place };
  return next === undefined ? [own] : [own, { ...next, place: place + 1 }];
}

/**
 * Whether rows that rise from 0 and 1 on can have an id there: those before it have lower ones,
 * those behind it higher ones. The root binds ids and places, and says nothing of their order.
 */
function canBeAt(id: number, place: number, rows: number): boolean {
  if (place < 2) return id === place;
  return id >= place && id <= HIGHEST_ID - (rows - 1 - place);
}

/** Place of the last row whose id is not above the account's; the first row's is 0. */
function lastUpTo({ ids }: AccountTable, account: number): number {
  let [low, high] = [0, ids.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((ids[middle] ?? 0) <= account) low = middle;
    else high = middle - 1;
  }
  return low;
}

const sameBytes = (left: Uint8Array, right: Uint8Array): boolean =>
  left.length === right.length && left.every((byte, index) => byte === right[index]);

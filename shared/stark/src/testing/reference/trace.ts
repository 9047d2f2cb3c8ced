/** The cells of a part's tables, from records and accounts. */
import { ACCOUNTS_AFTER, ACCOUNTS_BEFORE } from './air-accounts.ts';
import { RECORDS } from './air-records.ts';
import { at } from './field.ts';
import { invert, residue } from './numbers.ts';
import { logHeightOf } from './statement.ts';
import { columnsOf, LIMB, limbsOf, putLimbs, type TraceTable } from './trace-table.ts';

export interface ReferenceRecord {
  readonly kind: number;
  readonly a: number;
  readonly b: number;
  readonly price: bigint;
  readonly dBase: bigint;
  readonly dQuote: bigint;
}

/** The supply (account 0) holds what is outstanding. */
export interface ReferenceAccount {
  readonly id: number;
  readonly base: bigint;
  readonly quote: bigint;
}

/** The main columns of the three tables, in the order records, accounts after, accounts before. */
export interface Trace {
  readonly records: TraceTable;
  readonly after: TraceTable;
  readonly before: TraceTable;
  readonly accountsAfter: readonly ReferenceAccount[];
}

/** What the records move to an account: sums of limbs, signed. */
interface Movement {
  touches: bigint;
  readonly base: bigint[];
  readonly quote: bigint[];
}

const NOTHING: Movement = { touches: 0n, base: Array(6).fill(0n), quote: Array(6).fill(0n) };

/**
 * The columns that SPEC.md section 8 describes, for records and accounts that are valid; for
 * others they are computed alike as far as they can be, and the constraints refuse them.
 */
export function traceOf(
  records: readonly ReferenceRecord[],
  accounts: readonly ReferenceAccount[],
): Trace {
  const recordTable = columnsOf(RECORDS, logHeightOf(records.length));
  records.forEach((record, row) => {
    putRecord(recordTable, row, record);
  });
  const movements = movementsOf(records);
  const known = new Map(accounts.map((account) => [account.id, account]));
  const ids = [...new Set([...known.keys(), ...movements.keys()])].sort((a, b) => a - b);
  const after = columnsOf(ACCOUNTS_AFTER, accountHeight(ids.length));
  const accountsAfter = ids.map((id, row) => {
    const gap = (ids[row + 1] ?? id + 1) - id - 1;
    return putAccount(after, row, id, known.get(id), movements.get(id) ?? NOTHING, gap);
  });
  const before = columnsOf(ACCOUNTS_BEFORE, accountHeight(accounts.length));
  accounts.forEach((account, row) => {
    putBalances(before, row, account);
  });
  countLookups(recordTable, after);
  return { records: recordTable, after, before, accountsAfter };
}

function accountHeight(count: number): number {
  return Math.max(6, Math.ceil(Math.log2(count)));
}

function putRecord(table: TraceTable, row: number, record: ReferenceRecord): void {
  const { kind, a, b, price, dBase, dQuote } = record;
  table.put(row, kind - 1, 1n);
  table.put(row, 7, BigInt(a));
  table.put(row, 8, BigInt(b));
  putLimbs(table, row, 9, price, 3);
  putAmount(table, row, 12, dBase);
  putAmount(table, row, 20, dQuote);
  if (kind !== 1) return;
  const [p, u, v] = [limbsOf(price, 3), limbsOf(dBase, 5), limbsOf(dQuote, 6)] as const;
  let carry = 0n;
  for (let l = 0; l <= 4; l += 1) {
    for (let i = 0; i <= Math.min(l, 2); i += 1) carry += at(p, i) * at(u, l - i);
    carry = (carry - at(v, l)) / LIMB;
    table.put(row, 28 + l, carry % LIMB);
    const high = carry / LIMB;
    if (l === 1) table.put(row, 33, high);
    if (l === 2) table.putBits(row, [34, 35], high);
    if (l === 3) table.putBits(row, [36, 37], high);
    if (l === 4) table.put(row, 38, high);
  }
  const bits = limbsOf(dQuote, 6)[5] ?? 0n;
  const sum = v.slice(0, 5).reduce((x, y) => x + y, 0n) + (bits & 1n) + ((bits >> 1n) & 1n);
  table.put(row, 39, BigInt(invert(residue(sum + (bits >> 2n)))));
}

/** Five limbs, and three bits of the sixth. */
function putAmount(table: TraceTable, row: number, column: number, amount: bigint): void {
  putLimbs(table, row, column, amount, 5);
  table.putBits(row, [column + 5, column + 6, column + 7], amount >> 60n);
}

function movementsOf(records: readonly ReferenceRecord[]): Map<number, Movement> {
  const movements = new Map<number, Movement>();
  const move = (id: number, sign: bigint, { dBase, dQuote }: ReferenceRecord) => {
    const movement = movements.get(id) ?? { touches: 0n, base: [], quote: [] };
    movements.set(id, movement);
    movement.touches += 1n;
    limbsOf(dBase, 6).forEach((limb, l) => {
      movement.base[l] = (movement.base[l] ?? 0n) + sign * limb;
    });
    limbsOf(dQuote, 6).forEach((limb, l) => {
      movement.quote[l] = (movement.quote[l] ?? 0n) - sign * limb;
    });
  };
  for (const record of records) {
    move(record.a, -1n, record);
    move(record.b, 1n, record);
  }
  return movements;
}

function putBalances(table: TraceTable, row: number, { id, base, quote }: ReferenceAccount): void {
  table.put(row, 0, 1n);
  table.put(row, 1, BigInt(id));
  putAmount(table, row, 2, base);
  putAmount(table, row, 10, quote);
}

function putAccount(
  table: TraceTable,
  row: number,
  id: number,
  known: ReferenceAccount | undefined,
  movement: Movement,
  gap: number,
): ReferenceAccount {
  const sign = id === 0 ? -1n : 1n;
  const before = known ?? { id, base: 0n, quote: 0n };
  const account = {
    id,
    base: before.base + sign * whole(movement.base),
    quote: before.quote + sign * whole(movement.quote),
  };
  putBalances(table, row, account);
  table.put(row, 18, known === undefined ? 1n : 0n);
  table.put(row, 19, id === 1 ? 1n : 0n);
  table.put(row, 20, id === 0 ? 1n : 0n);
  table.put(row, 21, movement.touches);
  putLimbs(table, row, 46, BigInt(id), 2);
  putLimbs(table, row, 48, BigInt(gap), 2);
  const assets = [
    { from: before.base, to: account.base, moved: movement.base },
    { from: before.quote, to: account.quote, moved: movement.quote },
  ];
  assets.forEach(({ from, to, moved }, asset) => {
    putLimbs(table, row, 22 + 6 * asset, from, 6);
    moved.forEach((sum, l) => {
      table.put(row, 34 + 6 * asset + l, sum);
    });
    putCarries(
      table,
      row,
      50 + 35 * asset,
      from,
      to,
      moved.map((sum) => sign * sum),
    );
  });
  return account;
}

function putCarries(
  table: TraceTable,
  row: number,
  column: number,
  from: bigint,
  to: bigint,
  moved: readonly bigint[],
): void {
  let carry = 0n;
  for (let l = 0; l <= 4; l += 1) {
    carry = (at(limbsOf(from, 6), l) + carry + at(moved, l) - at(limbsOf(to, 6), l)) / LIMB;
    const positive = carry + 2n ** 17n;
    const first = column + 7 * l;
    table.put(row, first, positive % LIMB);
    const bits = [1, 2, 3, 4, 5, 6].map((i) => first + i);
    table.putBits(row, bits, positive / LIMB);
  }
}

function whole(limbs: readonly bigint[]): bigint {
  return limbs.reduceRight((sum, limb) => sum * LIMB + limb, 0n);
}

/** The columns `index`, `t` and `m`. */
function countLookups(records: TraceTable, after: TraceTable): void {
  const counts = new Map<number, bigint>();
  const look = (table: TraceTable, column: number) => {
    for (const value of at(table.columns, column)) {
      counts.set(value, (counts.get(value) ?? 0n) + 1n);
    }
  };
  for (let column = 9; column <= 16; column += 1) look(records, column);
  for (let column = 20; column <= 24; column += 1) look(records, column);
  for (let column = 28; column <= 32; column += 1) look(records, column);
  for (let column = 2; column <= 6; column += 1) look(after, column);
  for (let column = 10; column <= 14; column += 1) look(after, column);
  for (let column = 46; column <= 49; column += 1) look(after, column);
  for (let carry = 0; carry < 10; carry += 1) look(after, 50 + 7 * carry);
  for (let row = 0; row < records.height; row += 1) {
    records.put(row, 40, BigInt(row));
    records.put(row, 41, BigInt(Math.min(row, 4095)));
    records.put(row, 42, row < 4096 ? (counts.get(row) ?? 0n) : 0n);
  }
}

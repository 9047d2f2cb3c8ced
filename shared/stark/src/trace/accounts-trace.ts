/** Accounts before and after as cells of their tables. */
import {
  ACCOUNT_COLUMNS,
  ACCOUNT_WITNESS,
  accountsAfterTable,
  accountsBeforeTable,
  CARRY_BIAS,
  CARRY_BITS,
} from '../air/accounts-table.ts';
import { StarkError } from '../kernel/stark-error.ts';
import { MAX_LOG_ACCOUNTS, MIN_LOG_ACCOUNTS } from '../statement/account-commitment.ts';
import { type AccountTable, assertAccounts } from './account-table.ts';
import { joinLimbs, LIMB_COUNT, splitLimbs } from './limbs.ts';
import type { Movements } from './movements.ts';
import { FEE_ACCOUNT, SUPPLY_ACCOUNT } from './settlement-record.ts';
import { heightOf, TableTrace, toElement } from './table-trace.ts';

const SMALLEST_HEIGHT = 2 ** MIN_LOG_ACCOUNTS;
const LARGEST_HEIGHT = 2 ** MAX_LOG_ACCOUNTS;
/** Cells of an asset: five limbs and three bits; five carries of a low part and bits. */
const BALANCE_CELLS = 8;
const CARRY_CELLS = 1 + CARRY_BITS;

const indexOf = (name: string): number => [...ACCOUNT_COLUMNS, ...ACCOUNT_WITNESS].indexOf(name);
const AT = {
  ...{ real: indexOf('real'), id: indexOf('id'), balances: indexOf('B0') },
  ...{ fresh: indexOf('fresh'), fee: indexOf('fee'), supply: indexOf('supply') },
  ...{ touches: indexOf('touches'), before: indexOf('b0'), deltas: indexOf('db0') },
  ...{ id0: indexOf('i0'), gap0: indexOf('g0'), carries: indexOf('Bc0') },
};

export interface AccountsTrace {
  readonly after: TableTrace;
  readonly before: TableTrace;
  readonly accounts: AccountTable;
}

/** @throws StarkError STATEMENT_FALSE for a balance that leaves 0 .. 2^63 - 1, with its account */
export function traceAccounts(accounts: AccountTable, movements: Movements): AccountsTrace {
  assertAccounts(accounts);
  const ids = mergeIds(accounts.ids, movements);
  if (ids.length > LARGEST_HEIGHT) {
    const message = `${ids.length} accounts are more than one table holds, ${LARGEST_HEIGHT}`;
    throw new StarkError('STATEMENT_FALSE', message);
  }
  const after = new TableTrace(accountsAfterTable, heightOf(ids.length, SMALLEST_HEIGHT));
  const balances = {
    base: new BigUint64Array(ids.length),
    quote: new BigUint64Array(ids.length),
  };
  const writer = new AccountWriter(after, movements);
  let old = 0;
  ids.forEach((id, row) => {
    const isFresh = accounts.ids[old] !== id;
    writer.writeId(row, id, ids[row + 1], isFresh);
    const value = (asset: BigUint64Array): bigint => (isFresh ? 0n : (asset[old] ?? 0n));
    balances.base[row] = writer.writeBalance(row, id, 'base', value(accounts.base));
    balances.quote[row] = writer.writeBalance(row, id, 'quote', value(accounts.quote));
    if (!isFresh) old++;
  });
  return { after, before: traceBefore(accounts), accounts: { ids, ...balances } };
}

/** The table that a part begins with, and also that which its commitment is made of. */
export function traceBefore({ ids, base, quote }: AccountTable): TableTrace {
  const trace = new TableTrace(accountsBeforeTable, heightOf(ids.length, SMALLEST_HEIGHT));
  const limbs = new Int32Array(LIMB_COUNT);
  ids.forEach((id, row) => {
    put(trace, AT.real, row, 1);
    put(trace, AT.id, row, id);
    for (const [asset, balances] of [base, quote].entries()) {
      splitLimbs(balances[row] ?? 0n, limbs);
      putBalance(trace, AT.balances + asset * BALANCE_CELLS, row, limbs);
    }
  });
  return trace;
}

function mergeIds(known: Uint32Array, movements: Movements): Uint32Array {
  const old = new Set(known);
  const added = [...movements.accounts()].filter((id) => !old.has(id));
  return Uint32Array.from([...known, ...added]).sort();
}

function put({ cells, height }: TableTrace, column: number, row: number, value: number): void {
  cells[column * height + row] = value;
}

function putBalance(trace: TableTrace, column: number, row: number, limbs: Int32Array): void {
  for (let limb = 0; limb < 5; limb++) put(trace, column + limb, row, limbs[limb] ?? 0);
  const top = limbs[5] ?? 0;
  for (let bit = 0; bit < 3; bit++) put(trace, column + 5 + bit, row, (top >> bit) & 1);
}

class AccountWriter {
  readonly #trace: TableTrace;
  readonly #movements: Movements;
  readonly #old = new Int32Array(LIMB_COUNT);
  readonly #new = new Int32Array(LIMB_COUNT);

  constructor(trace: TableTrace, movements: Movements) {
    this.#trace = trace;
    this.#movements = movements;
  }

  writeId(row: number, id: number, nextId: number | undefined, isFresh: boolean): void {
    const trace = this.#trace;
    put(trace, AT.real, row, 1);
    put(trace, AT.id, row, id);
    put(trace, AT.fresh, row, Number(isFresh));
    put(trace, AT.fee, row, Number(id === FEE_ACCOUNT));
    put(trace, AT.supply, row, Number(id === SUPPLY_ACCOUNT));
    put(trace, AT.touches, row, this.#movements.touches(id));
    const gap = nextId === undefined ? 0 : nextId - id - 1;
    put(trace, AT.id0, row, id & 4095);
    put(trace, AT.id0 + 1, row, id >>> 12);
    put(trace, AT.gap0, row, gap & 4095);
    put(trace, AT.gap0 + 1, row, gap >>> 12);
  }

  /** The balance after. */
  writeBalance(row: number, id: number, asset: 'base' | 'quote', balance: bigint): bigint {
    const place = asset === 'base' ? 0 : 1;
    const sign = id === SUPPLY_ACCOUNT ? -1 : 1;
    splitLimbs(balance, this.#old);
    let carry = 0;
    for (let limb = 0; limb < LIMB_COUNT; limb++) {
      const column = place * LIMB_COUNT + limb;
      const old = this.#old[limb] ?? 0;
      const delta = this.#movements.sum(id, column);
      put(this.#trace, AT.before + column, row, old);
      put(this.#trace, AT.deltas + column, row, toElement(delta));
      const total = old + carry + sign * delta;
      if (limb === LIMB_COUNT - 1) {
        if (total < 0 || total > 7) throw this.#outOfRange(id, asset, balance);
        this.#new[limb] = total;
      } else {
        this.#new[limb] = total & 4095;
        carry = total >> 12;
        this.#putCarry(row, place * 5 + limb, carry);
      }
    }
    putBalance(this.#trace, AT.balances + place * BALANCE_CELLS, row, this.#new);
    return joinLimbs(this.#new);
  }

  #putCarry(row: number, index: number, carry: number): void {
    const cells = carry + CARRY_BIAS;
    if (cells < 0 || cells >= 2 * CARRY_BIAS) throw new Error(`assertion failed: carry ${carry}`);
    const column = AT.carries + index * CARRY_CELLS;
    put(this.#trace, column, row, cells & 4095);
    for (let bit = 0; bit < CARRY_BITS; bit++) {
      put(this.#trace, column + 1 + bit, row, (cells >>> (12 + bit)) & 1);
    }
  }

  #outOfRange(id: number, asset: 'base' | 'quote', balance: bigint): StarkError {
    const first = asset === 'base' ? 0 : LIMB_COUNT;
    let change = 0n;
    for (let limb = LIMB_COUNT - 1; limb >= 0; limb--) {
      change = change * 4096n + BigInt(this.#movements.sum(id, first + limb));
    }
    const value = id === SUPPLY_ACCOUNT ? balance - change : balance + change;
    const message = `account ${id} would have ${asset} ${value}, which is not in 0 to 2^63 - 1`;
    return new StarkError('STATEMENT_FALSE', message);
  }
}

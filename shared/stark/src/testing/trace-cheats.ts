/**
 * Changes of a trace that is honest: for constraints one that breaks no other, and falsehoods that
 * break none, which the lookup sums betray.
 */
import { inverse, PRIME } from '../field/base.ts';
import { type SettlementTrace, traceSettlement } from '../trace/settlement-trace.ts';
import { TableTrace } from '../trace/table-trace.ts';
import { sampleAccounts, sampleRecords } from './sample-part.ts';

const records = sampleRecords();
export const SAMPLE_COUNT = records.length;
/** What is changed, in copies. Rows of accounts: ids 0, 1, 2, 3, 5000 and so on. */
export const SAMPLE_TRACE: SettlementTrace = traceSettlement(records, sampleAccounts());
const ACCOUNTS = SAMPLE_TRACE.accounts.ids.length;
const rowOf = (id: number): number => SAMPLE_TRACE.accounts.ids.indexOf(id);

export class CellEdits {
  readonly trace: TableTrace;
  count = SAMPLE_COUNT;

  constructor(trace: TableTrace) {
    this.trace = trace;
  }

  get(name: string, row: number): number {
    return this.trace.named(name)[row] ?? 0;
  }

  set(name: string, row: number, value: number): void {
    const inField = ((value % PRIME) + PRIME) % PRIME;
    this.trace.named(name)[row] = inField;
  }

  add(name: string, row: number, value: number): void {
    this.set(name, row, this.get(name, row) + value);
  }

  clear(row: number): void {
    for (const name of this.trace.table.columns) this.set(name, row, 0);
  }

  /** All cells but those that only count rows. */
  copy(from: number, to: number): void {
    for (const name of this.trace.table.columns) {
      if (!['index', 't', 'm'].includes(name)) this.set(name, to, this.get(name, from));
    }
  }
}

/** The same trace with cells of its own. */
export function copyOf({ table, height, cells }: TableTrace): TableTrace {
  const copy = new TableTrace(table, height);
  copy.cells.set(cells);
  return copy;
}

/** The tables of a part, each with cells of its own, and what it says its count is. */
export class PartEdits {
  readonly records = new CellEdits(copyOf(SAMPLE_TRACE.records));
  readonly after = new CellEdits(copyOf(SAMPLE_TRACE.after));
  readonly before = new CellEdits(copyOf(SAMPLE_TRACE.before));

  get trace(): SettlementTrace {
    const { records, after, before } = this;
    const { accounts } = SAMPLE_TRACE;
    return { records: records.trace, after: after.trace, before: before.trace, accounts };
  }

  /** Its tables that are not as they were. */
  get touched(): CellEdits[] {
    return (['records', 'after', 'before'] as const)
      .filter((name) => {
        const { cells } = SAMPLE_TRACE[name];
        return this[name].trace.cells.some((cell, index) => cell !== cells[index]);
      })
      .map((name) => this[name]);
  }
}

/** A row of a fee of 0: its cells are 0 but for its kind and accounts. */
const EMPTY = 8;
const OTHERS_DEPOSIT = 2;
const FIRST_TRADE = 3;
/** Of a user with itself: 7 base at 11. */
const OWN_TRADE = 5;
/** Of base. */
const WITHDRAWAL = 9;

/** By the constraint of the records that alone stands against them. */
export const recordCheats: Readonly<Record<string, (cheat: CellEdits) => void>> = {
  'R1 k1': (cheat) => {
    // -1 + 1 + 1 kinds, which make quote of nothing: with v4 and c4 far out of their range.
    for (const [kind, value] of [-1, 1, 1].entries()) cheat.set(`k${kind + 1}`, EMPTY, value);
    cheat.set('vb0', EMPTY, 1);
    cheat.set('c4', EMPTY, -1);
    cheat.set('v4', EMPTY, -4096);
    cheat.set('inv', EMPTY, inverse(PRIME - 4095));
  },
  ...Object.fromEntries(
    [2, 3, 4, 5, 6, 7].map((kind) => [
      `R1 k${kind}`,
      (cheat: CellEdits) => {
        const [one = 0, other = 0] = [2, 3, 4].filter((each) => each !== kind);
        for (let each = 1; each <= 7; each++) cheat.set(`k${each}`, EMPTY, 0);
        cheat.set(`k${kind}`, EMPTY, -1);
        cheat.set(`k${one}`, EMPTY, 1);
        cheat.set(`k${other}`, EMPTY, 1);
      },
    ]),
  ),
  ...Object.fromEntries(
    ['h1 c1 1', 'h2 c2 1', 'h22 c2 2', 'h3 c3 1', 'h32 c3 2', 'h4 c4 1'].map((text) => {
      const [bit = '', low = '', weight] = text.split(' ');
      return [
        `R2 ${bit}`,
        (cheat: CellEdits) => {
          cheat.add(bit, FIRST_TRADE, 2);
          cheat.add(low, FIRST_TRADE, -2 * Number(weight) * 4096);
        },
      ];
    }),
  ),
  ...Object.fromEntries(
    [0, 1, 2, 3, 4].map((limb) => [
      `R7 ${limb}`,
      (cheat: CellEdits) => changeLimb(cheat, FIRST_TRADE, `v${limb}`, 1),
    ]),
  ),
  'R7 5': (cheat) => changeLimb(cheat, FIRST_TRADE, 'vb0', 1 - 2 * cheat.get('vb0', FIRST_TRADE)),
  'R3 bits': (cheat) => cheat.set('ub0', EMPTY, 1),
  'R4 bits': (cheat) => cheat.set('vb0', WITHDRAWAL, 1),
  'R5 p0': (cheat) => cheat.set('p0', EMPTY, 1),
  'R6 bits': (cheat) => cheat.set('ub0', FIRST_TRADE, 1),
  R8: (cheat) => {
    cheat.set('p0', OWN_TRADE, 0);
    cheat.set('v0', OWN_TRADE, 0);
  },
  'R9 a': (cheat) => cheat.set('a', SAMPLE_COUNT, 2),
  'R10 first': (cheat) => {
    for (let row = 0; row < SAMPLE_COUNT; row++) {
      const { index, t } = { index: cheat.get('index', row), t: cheat.get('t', row) };
      cheat.clear(row);
      cheat.set('index', row, index);
      cheat.set('t', row, t);
    }
  },
  'R10 last': (cheat) => {
    for (let row = SAMPLE_COUNT; row < cheat.trace.height; row++) cheat.copy(EMPTY, row);
  },
  'R11 first': (cheat) => {
    for (let row = 0; row < cheat.trace.height; row++) cheat.add('index', row, 5);
    cheat.count += 5;
  },
  'R12 first': (cheat) => {
    for (let row = 0; row < cheat.trace.height; row++) cheat.set('t', row, 4095);
  },
};

/** A limb or bit of a trade's quote, and what R8 has of them. */
function changeLimb(cheat: CellEdits, row: number, name: string, change: number): void {
  const cells = ['v0', 'v1', 'v2', 'v3', 'v4', 'vb0', 'vb1', 'vb2'];
  cheat.add(name, row, change);
  const total = cells.reduce((sum, cell) => (sum + cheat.get(cell, row)) % PRIME, 0);
  cheat.set('inv', row, inverse(total));
}

/** By the constraint of the accounts after that alone stands against them. */
export const accountCheats: Readonly<Record<string, (cheat: CellEdits) => void>> = {
  'A1 real': (cheat) => {
    // A row with nothing in it, and a gap that leads to it.
    cheat.set('real', ACCOUNTS, 2);
    for (const asset of ['B', 'Q']) {
      for (let limb = 0; limb < 5; limb++) cheat.set(`${asset}c${limb}h5`, ACCOUNTS, 1);
    }
    cheat.set('g0', ACCOUNTS - 1, -cheat.get('id', ACCOUNTS - 1) - 1);
  },
  ...Object.fromEntries(
    ['B', 'Q'].flatMap((asset) =>
      [0, 1, 2].map((bit) => [
        `A1 ${asset}b${bit}`,
        (cheat: CellEdits) => {
          cheat.add(`${asset}b${bit}`, 0, 2);
          cheat.add(`${asset.toLowerCase()}5`, 0, 2 * 2 ** bit);
        },
      ]),
    ),
  ),
  'A2 order': (cheat) => {
    const last = ACCOUNTS - 1;
    cheat.copy(last, ACCOUNTS);
    cheat.clear(last);
    cheat.set('g0', last, cheat.get('id', ACCOUNTS) - 1);
  },
  'A3 first supply': (cheat) => {
    cheat.set('supply', 0, 0);
    cheat.set('fee', 1, 0);
    for (const asset of ['b', 'q']) {
      for (let limb = 0; limb <= 5; limb++) {
        cheat.set(`d${asset}${limb}`, 0, -cheat.get(`d${asset}${limb}`, 0));
      }
    }
  },
  'A4 supply': (cheat) => {
    cheat.set('id', 0, 7);
    cheat.set('i0', 0, 7);
    cheat.set('g0', 0, -7);
  },
  'A4 fee': (cheat) => {
    cheat.set('id', 1, 7);
    cheat.set('i0', 1, 7);
    cheat.set('g0', 0, 6);
    cheat.set('g0', 1, -6);
  },
  'A5 limbs': (cheat) => cheat.add('i0', rowOf(3), 1),
  'A5 gap': (cheat) => cheat.add('g0', rowOf(3), 1),
  'A8 B0': (cheat) => cheat.add('db0', rowOf(3), 1),
  'A8 Q5': (cheat) => cheat.add('dq5', rowOf(3), 1),
  'A6 id': (cheat) => {
    cheat.set('id', ACCOUNTS, 7);
    cheat.set('i0', ACCOUNTS, 7);
  },
  ...Object.fromEntries(
    ['b', 'q'].flatMap((asset) =>
      [0, 1, 2, 3, 4, 5].map((limb) => [
        `A7 ${asset}${limb}`,
        (cheat: CellEdits) => {
          cheat.add(`${asset}${limb}`, rowOf(10), 1);
          cheat.add(`d${asset}${limb}`, rowOf(10), -1);
        },
      ]),
    ),
  ),
};

/** Each breaks no constraint. */
export const forgeries: Readonly<Record<string, (edits: PartEdits) => void>> = {
  'a limb below 0 with one more above it': ({ records }) => {
    records.add('u0', 0, -4096);
    records.add('u1', 0, 1);
  },
  'a carry that is no integer': ({ after }) => {
    const row = rowOf(3);
    after.add('Bc0', row, 1);
    after.add('B0', row, -4096);
    after.add('B1', row, 1);
  },
  'a multiplicity of one more': ({ records }) => records.add('m', 5, 1),
  'a withdrawal that is told to be a deposit, its numbers moved by what roles are apart': ({
    records,
  }) => {
    records.set('k6', WITHDRAWAL, 0);
    records.set('k4', WITHDRAWAL, 1);
    records.add('a', WITHDRAWAL, -(2 ** 25));
    records.add('b', WITHDRAWAL, 2 ** 25);
  },
  'a fee of an account that is not in the table': ({ records }) => records.set('b', EMPTY, 4),
  'a movement that reaches no account': ({ after }) => {
    const row = rowOf(5000);
    after.add('db0', row, 1);
    after.add('b0', row, -1);
  },
  'an account that a record names is missing a touch': ({ after }) =>
    after.add('touches', rowOf(2), -1),
  'an account from before that is told to be new': ({ after }) => {
    const row = rowOf(70_000);
    after.set('fresh', row, 1);
    after.set('b0', row, 0);
    after.set('B0', row, 0);
  },
  'an account that is dropped': ({ after }) => {
    const row = rowOf(3);
    const next = row + 1;
    for (let at = row; at < ACCOUNTS; at++) after.copy(at + 1, at);
    after.add('g0', row - 1, after.get('id', next - 1) - 3);
  },
  'an account with another balance before': ({ after }) => {
    after.add('b0', rowOf(70_000), 1);
    after.add('B0', rowOf(70_000), 1);
  },
  'a product with a limb that is no integer': ({ records }) => {
    const part = inverse(4096);
    records.add('c0', OWN_TRADE, -part);
    records.add('v1', OWN_TRADE, -part);
    changeLimb(records, OWN_TRADE, 'v0', 1);
  },
  'a record that is dropped': ({ records }) => {
    records.count -= 1;
    for (let row = EMPTY; row < SAMPLE_COUNT; row++) records.copy(row + 1, row);
  },
  'a record that is there twice': ({ records }) => {
    records.copy(EMPTY, SAMPLE_COUNT);
    records.count += 1;
  },
  'an account that is there twice': ({ after }) => {
    const row = rowOf(5000);
    for (let at = ACCOUNTS; at > row; at--) after.copy(at - 1, at);
    emptyAccount(after, row + 1);
    after.set('g0', row, -1);
    after.set('g1', row, 0);
  },
  'accounts that have changed places': ({ after }) => {
    const row = rowOf(2);
    const spare = after.trace.height - 1;
    after.copy(row, spare);
    after.copy(row + 1, row);
    after.copy(spare, row + 1);
    after.clear(spare);
    fillCarries(after, spare);
    fillGaps(after, row - 1, row + 1);
  },
  'an account above 2^24': ({ records, after }) => {
    const row = rowOf(2 ** 24 - 1);
    after.set('id', row, 2 ** 24);
    after.set('i0', row, 0);
    after.set('i1', row, 4096);
    fillGaps(after, row - 1, row - 1);
    records.set('b', OTHERS_DEPOSIT, 2 ** 24);
  },
  'an account table before that is not the one': ({ before }) => before.add('B0', rowOf(2), 1),
};

/** A new account with nothing, in a row that had another of that id. */
function emptyAccount(after: CellEdits, row: number): void {
  const { id, i0, i1, g0, g1 } = {
    ...{ id: after.get('id', row), i0: after.get('i0', row), i1: after.get('i1', row) },
    ...{ g0: after.get('g0', row), g1: after.get('g1', row) },
  };
  after.clear(row);
  const cells = { real: 1, fresh: 1, id, i0, i1, g0, g1 };
  for (const [name, value] of Object.entries(cells)) after.set(name, row, value);
  fillCarries(after, row);
}

/** Carries of 0. */
function fillCarries(after: CellEdits, row: number): void {
  for (const asset of ['B', 'Q']) {
    for (let limb = 0; limb < 5; limb++) after.set(`${asset}c${limb}h5`, row, 1);
  }
}

/** Gaps as A5 has them, in rows from one to another: limbs of those that are below 0 are not. */
function fillGaps(after: CellEdits, from: number, to: number): void {
  for (let row = from; row <= to; row++) {
    const gap = after.get('id', row + 1) - after.get('id', row) - 1;
    after.set('g0', row, gap < 0 ? gap : gap % 4096);
    after.set('g1', row, gap < 0 ? 0 : Math.floor(gap / 4096));
  }
}

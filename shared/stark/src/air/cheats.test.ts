/**
 * Traces that cheat. For each constraint there is a change that it alone stands against, so that
 * none can be dropped unseen; what no such change was found for is named with the reason. Then
 * traces that satisfy every constraint, and whose sums betray them.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { inverse, PRIME } from '../field/base.ts';
import { add, type Extension, equals, ZERO } from '../field/extension.ts';
import {
  brokenConstraints,
  type Challenges,
  type Lookups,
  lookupsOf,
} from '../testing/air-check.ts';
import {
  randomExtension,
  randomWords,
  sampleAccounts,
  sampleRecords,
} from '../testing/sample-part.ts';
import {
  fillMultiplicities,
  type SettlementTrace,
  traceSettlement,
} from '../trace/settlement-trace.ts';
import type { TableTrace } from '../trace/table-trace.ts';
import { accountsAfterTable } from './accounts-table.ts';
import { recordsTable } from './records-table.ts';

const records = sampleRecords();
const COUNT = records.length;
/** Rows of accounts: the ids are 0, 1, 2, 3, 5000 and so on, or see sampleAccounts. */
const honest = traceSettlement(records, sampleAccounts());
const ACCOUNTS = honest.accounts.ids.length;
const rowOf = (id: number): number => honest.accounts.ids.indexOf(id);

const random = randomWords(11);
const challenges: Challenges = {
  z: randomExtension(random),
  x: randomExtension(random),
  y: randomExtension(random),
  u: randomExtension(random),
  v: randomExtension(random),
};

class Cheat {
  readonly trace: TableTrace;
  count = COUNT;

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

const copyOf = (trace: TableTrace): TableTrace => {
  const copy = Object.create(trace) as TableTrace & { cells: Uint32Array<ArrayBuffer> };
  copy.cells = trace.cells.slice();
  return copy;
};

const columnsOfSums = (name: string): boolean => /^(R1[3456]|A9|A1[01])\b/.test(name);

let recordLookups: Lookups;
let afterLookups: Lookups;
before(() => {
  recordLookups = lookupsOf(honest.records, COUNT, challenges);
  afterLookups = lookupsOf(honest.after, COUNT, challenges);
});

/** Broken constraints of main columns, near the rows that cheats change. */
function broken(cheat: Cheat): string[] {
  const { trace } = cheat;
  const isRecords = trace.table === recordsTable;
  const lookups = isRecords ? recordLookups : afterLookups;
  const { height } = trace;
  const rows = [...Array(Math.min(COUNT + 3, height - 2)).keys(), height - 2, height - 1];
  const names = brokenConstraints(trace, cheat.count, lookups, challenges, new Set(rows));
  return names.filter((name) => !columnsOfSums(name));
}

/** Constraints against which a change of one cell is enough, by a search over cells. */
function brokenByOneCell(trace: TableTrace, rows: readonly number[]): Set<string> {
  const cheat = new Cheat(copyOf(trace));
  const lookups = trace.table === recordsTable ? recordLookups : afterLookups;
  const alone = new Set<string>();
  for (const name of trace.table.columns) {
    for (const row of rows) {
      for (const change of [1, 2, -1]) {
        cheat.add(name, row, change);
        const near = [(row + trace.height - 1) % trace.height, row];
        const names = brokenConstraints(cheat.trace, COUNT, lookups, challenges, near);
        const [first, second] = names.filter((one) => !columnsOfSums(one));
        if (first !== undefined && second === undefined) alone.add(first);
        cheat.add(name, row, -change);
      }
    }
  }
  return alone;
}

/** A row of a fee of 0: its cells are 0 but for its kind and accounts. */
const EMPTY = 8;
const FIRST_TRADE = 3;
/** Of base. */
const WITHDRAWAL = 9;

const recordCheats: Readonly<Record<string, (cheat: Cheat) => void>> = {
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
      (cheat: Cheat) => {
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
        (cheat: Cheat) => {
          cheat.add(bit, FIRST_TRADE, 2);
          cheat.add(low, FIRST_TRADE, -2 * Number(weight) * 4096);
        },
      ];
    }),
  ),
  ...Object.fromEntries(
    [0, 1, 2, 3, 4].map((limb) => [
      `R7 ${limb}`,
      (cheat: Cheat) => changeQuote(cheat, `v${limb}`, 1),
    ]),
  ),
  'R7 5': (cheat) => changeQuote(cheat, 'vb0', 1 - 2 * cheat.get('vb0', FIRST_TRADE)),
  'R10 first': (cheat) => {
    for (let row = 0; row < COUNT; row++) {
      const { index, t } = { index: cheat.get('index', row), t: cheat.get('t', row) };
      cheat.clear(row);
      cheat.set('index', row, index);
      cheat.set('t', row, t);
    }
  },
  'R10 last': (cheat) => {
    for (let row = COUNT; row < cheat.trace.height; row++) cheat.copy(EMPTY, row);
  },
  'R11 first': (cheat) => {
    for (let row = 0; row < cheat.trace.height; row++) cheat.add('index', row, 5);
    cheat.count += 5;
  },
};

function changeQuote(cheat: Cheat, name: string, change: number): void {
  const cells = ['v0', 'v1', 'v2', 'v3', 'v4', 'vb0', 'vb1', 'vb2'];
  cheat.add(name, FIRST_TRADE, change);
  const total = cells.reduce((sum, cell) => sum + cheat.get(cell, FIRST_TRADE), 0);
  cheat.set('inv', FIRST_TRADE, inverse(total));
}

const recordsImplied: Readonly<Record<string, string>> = {
  'R1 on': 'by R10 first, count and last, on is 1 in the first count rows and 0 in the others',
  'R10 order': 'the same',
};

const accountCheats: Readonly<Record<string, (cheat: Cheat) => void>> = {
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
        (cheat: Cheat) => {
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
  'A6 id': (cheat) => {
    cheat.set('id', ACCOUNTS, 7);
    cheat.set('i0', ACCOUNTS, 7);
  },
  ...Object.fromEntries(
    ['b', 'q'].flatMap((asset) =>
      [0, 1, 2, 3, 4, 5].map((limb) => [
        `A7 ${asset}${limb}`,
        (cheat: Cheat) => {
          cheat.add(`${asset}${limb}`, rowOf(10), 1);
          cheat.add(`d${asset}${limb}`, rowOf(10), -1);
        },
      ]),
    ),
  ),
};

const accountsImplied: Readonly<Record<string, string>> = {
  'A1 fee': 'A3 says what fee is in each row',
  'A1 supply': 'A3 says what supply is in each row',
  'A2 first': 'else no row is real, and by A6 and A3 the second row breaks A4',
  'A3 first fee': 'the id of the first row is 0, so A4 fee says that it is not the fee account',
  ...Object.fromEntries(
    ['b', 'q'].flatMap((asset) =>
      [0, 1, 2, 3, 4, 5].map((limb) => [`A6 d${asset}${limb}`, 'in padding, A8 says no more']),
    ),
  ),
};

for (const { trace, cheats, implied, rows } of [
  {
    trace: honest.records,
    cheats: recordCheats,
    implied: recordsImplied,
    rows: [0, 1, 2, 3, 4, 6, EMPTY, COUNT - 1, COUNT, 4094, 4095],
  },
  {
    trace: honest.after,
    cheats: accountCheats,
    implied: accountsImplied,
    rows: [0, 1, 2, 3, 4, ACCOUNTS - 1, ACCOUNTS, 62, 63],
  },
]) {
  const { table } = trace;
  test(`${table.name}: each constraint stands alone against some cheat`, () => {
    const alone = brokenByOneCell(trace, rows);
    for (const [name, change] of Object.entries(cheats)) {
      const cheat = new Cheat(copyOf(trace));
      change(cheat);
      assert.deepEqual(broken(cheat), [name]);
      alone.add(name);
    }
    const names = table.constraints.map(({ name }) => name).filter((name) => !columnsOfSums(name));
    assert.deepEqual(
      names.filter((name) => !alone.has(name)),
      names.filter((name) => name in implied),
    );
    assert.deepEqual(
      [...alone].filter((name) => name in implied),
      [],
    );
  });

  test(`${table.name}: a wrong cell of a lookup column is refused`, () => {
    const lookups = table === recordsTable ? recordLookups : afterLookups;
    const expected = table.constraints.map(({ name }) => name).filter(columnsOfSums);
    const last = expected.at(-1) ?? '';
    lookups.columns.forEach((column, index) => {
      const kept = column[1] ?? ZERO;
      column[1] = add(kept, [0, 0, 0, 1, 0]);
      const names = brokenConstraints(trace, COUNT, lookups, challenges, [0, 1]);
      column[1] = kept;
      const own = expected[index] ?? '';
      assert.deepEqual(names, own === last ? [last] : [own, last]);
    });
  });
}

function sumOf(traces: SettlementTrace): Extension {
  return [traces.records, traces.after, traces.before]
    .map((trace) => lookupsOf(trace, COUNT, challenges).sum)
    .reduce(add);
}

const copyAll = ({ records, after, before, accounts }: SettlementTrace): SettlementTrace => ({
  records: copyOf(records),
  after: copyOf(after),
  before: copyOf(before),
  accounts,
});

test('honest traces satisfy every constraint, and their sums add up to 0', () => {
  for (const trace of [honest.records, honest.after, honest.before]) {
    const lookups = lookupsOf(trace, COUNT, challenges);
    assert.deepEqual(brokenConstraints(trace, COUNT, lookups, challenges), []);
  }
  assert.ok(equals(sumOf(honest), ZERO));
});

/** Each breaks no constraint. */
const forgeries: Readonly<
  Record<string, { change: (traces: { readonly records: Cheat; readonly after: Cheat }) => void }>
> = {
  'a limb below 0 with one more above it': {
    change: ({ records }) => {
      records.add('u0', 0, -4096);
      records.add('u1', 0, 1);
    },
  },
  'a carry that is no integer': {
    change: ({ after }) => {
      const row = rowOf(3);
      after.add('Bc0', row, 1);
      after.add('B0', row, -4096);
      after.add('B1', row, 1);
    },
  },
  'a multiplicity of one more': { change: ({ records }) => records.add('m', 5, 1) },
  'a withdrawal that is told to be a deposit, its numbers moved by what roles are apart': {
    change: ({ records }) => {
      assert.equal(records.get('k6', WITHDRAWAL), 1);
      records.set('k6', WITHDRAWAL, 0);
      records.set('k4', WITHDRAWAL, 1);
      records.add('a', WITHDRAWAL, -(2 ** 25));
      records.add('b', WITHDRAWAL, 2 ** 25);
    },
  },
  'a fee of an account that is not in the table': {
    change: ({ records }) => records.set('b', EMPTY, 4),
  },
  'a movement that reaches no account': {
    change: ({ after }) => {
      const row = rowOf(5000);
      after.add('db0', row, 1);
      after.add('b0', row, -1);
    },
  },
  'an account that a record names is missing a touch': {
    change: ({ after }) => after.add('touches', rowOf(2), -1),
  },
  'an account from before that is told to be new': {
    change: ({ after }) => {
      const row = rowOf(70_000);
      after.set('fresh', row, 1);
      after.set('b0', row, 0);
      after.set('B0', row, 0);
    },
  },
  'an account that is dropped': {
    change: ({ after }) => {
      const row = rowOf(3);
      const next = row + 1;
      for (let at = row; at < ACCOUNTS; at++) after.copy(at + 1, at);
      after.add('g0', row - 1, after.get('id', next - 1) - 3);
    },
  },
  'an account with another balance before': {
    change: ({ after }) => {
      after.add('b0', rowOf(70_000), 1);
      after.add('B0', rowOf(70_000), 1);
    },
  },
};

for (const [name, { change }] of Object.entries(forgeries)) {
  test(`sums betray ${name}`, () => {
    const traces = copyAll(honest);
    change({ records: new Cheat(traces.records), after: new Cheat(traces.after) });
    const touched = [traces.records, traces.after].filter((trace, index) => {
      const original = index === 0 ? honest.records : honest.after;
      return trace.cells.some((cell, at) => cell !== original.cells[at]);
    });
    for (const trace of touched) assert.deepEqual(broken(new Cheat(trace)), []);
    assert.ok(!equals(sumOf(traces), ZERO));
  });
}

test('multiplicities are counted over both tables', () => {
  const traces = copyAll(honest);
  fillMultiplicities(traces.records, traces.after);
  assert.deepEqual(traces.records.named('m'), honest.records.named('m'));
  assert.equal(accountsAfterTable.columns.length, 120);
});

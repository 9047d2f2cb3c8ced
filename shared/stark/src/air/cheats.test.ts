/**
 * Traces that cheat. For each constraint there is a change that it alone stands against, so that
 * none can be dropped unseen; what no such change was found for is named with the reason. Then
 * traces that satisfy every constraint, and whose sums betray them.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { add, type Extension, equals, sub, ZERO } from '../field/extension.ts';
import {
  brokenConstraints,
  type Challenges,
  type Lookups,
  lookupsOf,
} from '../testing/air-check.ts';
import { randomExtension, randomWords } from '../testing/sample-part.ts';
import {
  accountCheats,
  CellEdits,
  copyOf,
  forgeries,
  PartEdits,
  recordCheats,
  SAMPLE_COUNT,
  SAMPLE_TRACE,
} from '../testing/trace-cheats.ts';
import { fillMultiplicities } from '../trace/settlement-trace.ts';
import { heightOf, TableTrace } from '../trace/table-trace.ts';
import { accountsAfterTable } from './accounts-table.ts';
import { recordsTable } from './records-table.ts';

const COUNT = SAMPLE_COUNT;
const honest = SAMPLE_TRACE;
const ACCOUNTS = honest.accounts.ids.length;

const random = randomWords(11);
const challenges: Challenges = {
  z: randomExtension(random),
  x: randomExtension(random),
  y: randomExtension(random),
  u: randomExtension(random),
  v: randomExtension(random),
};

const columnsOfSums = (name: string): boolean => /^(R1[3456]|A9|A1[01])\b/.test(name);

let recordLookups: Lookups;
let afterLookups: Lookups;
before(() => {
  recordLookups = lookupsOf(honest.records, COUNT, challenges);
  afterLookups = lookupsOf(honest.after, COUNT, challenges);
});

/** Broken constraints of main columns, near the rows that cheats change. */
function broken(cheat: CellEdits): string[] {
  const { trace } = cheat;
  const { height, table } = trace;
  if (table.name === 'before') return [];
  const lookups = table === recordsTable ? recordLookups : afterLookups;
  const rows = [...Array(Math.min(COUNT + 3, height - 2)).keys(), height - 2, height - 1];
  const names = brokenConstraints(trace, cheat.count, lookups, challenges, new Set(rows));
  return names.filter((name) => !columnsOfSums(name));
}

/** Constraints against which a change of one cell is enough, by a search over cells. */
function brokenByOneCell(trace: TableTrace, rows: readonly number[]): Set<string> {
  const cheat = new CellEdits(copyOf(trace));
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

const recordsImplied: Readonly<Record<string, string>> = {
  'R1 on': 'by R10 first, count and last, on is 1 in the first count rows and 0 in the others',
  'R10 order': 'the same',
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
    rows: [0, 1, 2, 3, 4, 6, 8, COUNT - 1, COUNT, 4094, 4095],
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
      const cheat = new CellEdits(copyOf(trace));
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

const sumOf = (trace: TableTrace): Extension => lookupsOf(trace, COUNT, challenges).sum;

/** What some rows add to the sums, in a table of their own. */
function sumOfRows(trace: TableTrace, rows: readonly number[]): Extension {
  const part = new TableTrace(trace.table, heightOf(rows.length, 2));
  rows.forEach((row, place) => {
    for (const name of trace.table.columns) part.named(name)[place] = trace.named(name)[row] ?? 0;
  });
  return sumOf(part);
}

/** By how much a table's sum differs from the honest one. */
function sumMoved(changed: TableTrace): Extension {
  const original = honest[changed.table.name];
  const rows = Array.from({ length: changed.height }, (_, row) => row).filter((row) =>
    changed.table.columns.some((_, column) => {
      return changed.column(column)[row] !== original.column(column)[row];
    }),
  );
  return sub(sumOfRows(changed, rows), sumOfRows(original, rows));
}

test('honest traces satisfy every constraint, and their sums add up to 0', () => {
  const tables = [
    [honest.records, recordLookups],
    [honest.after, afterLookups],
    [honest.before, lookupsOf(honest.before, COUNT, challenges)],
  ] as const;
  for (const [trace, lookups] of tables) {
    assert.deepEqual(brokenConstraints(trace, COUNT, lookups, challenges), []);
  }
  assert.ok(equals(tables.map(([, { sum }]) => sum).reduce(add), ZERO));
});

for (const [name, change] of Object.entries(forgeries)) {
  test(`sums betray ${name}`, () => {
    const edits = new PartEdits();
    change(edits);
    for (const touched of edits.touched) assert.deepEqual(broken(touched), []);
    const moved = edits.touched.map(({ trace }) => sumMoved(trace)).reduce(add);
    assert.ok(!equals(moved, ZERO));
  });
}

test('multiplicities are counted over both tables', () => {
  const { trace } = new PartEdits();
  fillMultiplicities(trace.records, trace.after);
  assert.deepEqual(trace.records.named('m'), honest.records.named('m'));
  assert.equal(accountsAfterTable.columns.length, 120);
});

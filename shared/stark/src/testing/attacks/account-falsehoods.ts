/** Falsehoods about accounts: by the constraints of SPEC sections 8.2 and 8.3 against them. */
import type { CellEdits } from '../trace-cheats.ts';
import { ACCOUNT_IDS, ROWS_BEFORE, rowOf } from './forged-trace.ts';
import type { NamedFalsehood } from './record-falsehoods.ts';

const ROWS = ACCOUNT_IDS.length;
const LAST_ROW = 63;
/** Rows of accounts: from before and touched; from before and not touched; new. */
const TOUCHED = rowOf(2);
const UNTOUCHED = rowOf(3);
const NEW = rowOf(10);

/** The gap from a row to an id behind it. */
const setGap = (cells: CellEdits, row: number, next: number) => {
  const gap = next - cells.get('id', row) - 1;
  cells.set('g0', row, gap & 4095);
  cells.set('g1', row, gap >> 12);
};

/** A second row of an account, with nothing in it, behind the first. */
function double(cells: CellEdits, gap: number): void {
  for (let row = ROWS; row > UNTOUCHED; row--) cells.copy(row - 1, row);
  const second = UNTOUCHED + 1;
  cells.set('fresh', second, 1);
  for (const name of cells.trace.table.columns) {
    if (/^[BQbq]b?[0-5]$/.test(name)) cells.set(name, second, 0);
  }
  cells.set('g0', UNTOUCHED, gap);
  cells.set('g1', UNTOUCHED, 0);
}

const shape: readonly NamedFalsehood[] = [
  {
    group: 'A1',
    name: 'a top bit of a balance that is 2, and one that is -1',
    after: (cells) => {
      cells.add('Bb0', TOUCHED, 2);
      cells.add('Bb1', TOUCHED, -1);
    },
  },
  {
    group: 'A1',
    name: 'bits of a carry that are 2 and -1',
    after: (cells) => {
      cells.add('Bc0h0', TOUCHED, 2);
      cells.add('Bc0h1', TOUCHED, -1);
    },
  },
  {
    group: 'A2',
    name: 'an account behind the padding',
    after: (cells) => {
      cells.copy(ROWS - 1, LAST_ROW);
      cells.clear(ROWS - 1);
      setGap(cells, ROWS - 2, ACCOUNT_IDS.at(-1) ?? 0);
    },
  },
  {
    group: 'A2',
    name: 'no supply: padding in the first row',
    after: (cells) => cells.set('real', 0, 0),
    before: (cells) => cells.set('real', 0, 0),
  },
  {
    group: 'A3',
    name: 'a user with the role of the fee account',
    bySums: true,
    after: (cells) => cells.set('fee', TOUCHED, 1),
  },
  {
    group: 'A3',
    name: 'a user with the role of the supply: what it gets is taken from it',
    bySums: true,
    after: (cells) => cells.set('supply', TOUCHED, 1),
  },
  {
    group: 'A3',
    name: 'a fee account that is a user',
    bySums: true,
    after: (cells) => cells.set('fee', 1, 0),
  },
  ...[0, 1].map(
    (row): NamedFalsehood => ({
      group: 'A4',
      name: `the ${row === 0 ? 'supply' : 'fee account'} has another id`,
      bySums: true,
      after: (cells) => cells.set('id', row, 7),
    }),
  ),
];

const ids: readonly NamedFalsehood[] = [
  {
    group: 'A5',
    name: 'an id whose limbs are others',
    after: (cells) => cells.add('i0', NEW, 1),
  },
  {
    group: 'A5',
    name: 'an account twice, the second time new, with a gap of 0',
    after: (cells) => double(cells, 0),
  },
  {
    group: 'A5',
    name: 'an account twice, the second time new, with a gap of -1',
    bySums: true,
    after: (cells) => double(cells, -1),
  },
  {
    group: 'A5',
    name: 'two accounts in the wrong order',
    after: (cells) => {
      cells.copy(UNTOUCHED, LAST_ROW);
      cells.copy(UNTOUCHED + 1, UNTOUCHED);
      cells.copy(LAST_ROW, UNTOUCHED + 1);
      cells.clear(LAST_ROW);
    },
  },
  {
    group: 'A5',
    name: 'an account beyond 2^24',
    bySums: true,
    records: (cells) => cells.set('b', 2, 2 ** 24 + 5),
  },
  {
    group: 'A5',
    name: 'an account beyond 2^24, with limbs that are in range',
    records: (cells) => cells.set('b', 2, 2 ** 24 + 5),
    after: (cells) => {
      const row = cells.trace.named('id').indexOf(2 ** 24 + 5);
      cells.set('i1', row, 0);
    },
  },
];

const padding: readonly NamedFalsehood[] = [
  { group: 'A6', name: 'padding with a balance', after: (c) => c.set('B0', ROWS, 5) },
  {
    group: 'A6',
    name: 'a new account that is padding',
    after: (cells) => {
      const last = ROWS - 1;
      cells.set('real', last, 0);
      cells.set('fresh', last, 0);
    },
  },
  {
    group: 'A6',
    name: 'padding that takes what moves',
    after: (cells) => {
      cells.set('id', ROWS, 2);
      cells.set('i0', ROWS, 2);
      cells.set('touches', ROWS, 1);
      cells.add('touches', TOUCHED, -1);
    },
  },
  ...(['b', 'q'] as const).map(
    (asset): NamedFalsehood => ({
      group: 'A7',
      name: `a new account that begins with some ${asset === 'b' ? 'base' : 'quote'}`,
      after: (cells) => {
        cells.add(`${asset}3`, NEW, 9);
        cells.add(`${asset.toUpperCase()}3`, NEW, 9);
      },
    }),
  ),
];

const balances: readonly NamedFalsehood[] = [
  ...['B0', 'B4', 'Q0', 'Q4'].map(
    (limb): NamedFalsehood => ({
      group: 'A8',
      name: `a balance with one more in ${limb}`,
      after: (cells) => cells.add(limb, rowOf(70_000), 1),
    }),
  ),
  {
    group: 'A8',
    name: 'a supply that does not know of a deposit',
    after: (cells) => {
      const from: Readonly<Record<string, string>> = { B: 'b', Q: 'q' };
      for (const [asset, old] of Object.entries(from)) {
        for (let limb = 0; limb < 5; limb++) {
          cells.set(`${asset}${limb}`, 0, cells.get(`${old}${limb}`, 0));
        }
      }
    },
  },
  {
    group: 'A8',
    name: 'a balance that is p more, with a carry out of its range',
    bySums: true,
    after: (cells) => {
      const row = rowOf(70_000);
      // As for records: p is 1 + 4096^2 x 120.
      cells.add('B0', row, 1);
      cells.add('B2', row, 120);
      cells.add('Bc0', row, 491_520);
      cells.add('Bc1', row, 120);
    },
  },
  {
    group: 'A9',
    name: 'a balance with a limb below 0',
    bySums: true,
    after: (cells) => {
      cells.add('Bc0', UNTOUCHED, 1);
      cells.add('B0', UNTOUCHED, -4096);
      cells.add('B1', UNTOUCHED, 1);
    },
  },
];

/** A movement more, and the balance that follows from it. */
const move = (cells: CellEdits, row: number, change: number) => {
  cells.add('db1', row, change);
  cells.add('B1', row, change);
};

const netting: readonly NamedFalsehood[] = [
  {
    group: 'A10',
    name: 'a movement that no record makes',
    bySums: true,
    after: (cells) => move(cells, UNTOUCHED, 1),
  },
  {
    group: 'A10',
    name: 'what one account gets goes to another',
    bySums: true,
    after: (cells) => {
      move(cells, UNTOUCHED, 1);
      move(cells, TOUCHED, -1);
    },
  },
  {
    group: 'A10',
    name: 'an account is touched once less',
    bySums: true,
    after: (cells) => cells.add('touches', TOUCHED, -1),
  },
  {
    group: 'A10',
    name: 'an account from before is told to be new',
    bySums: true,
    after: (cells) => {
      const row = rowOf(70_000);
      cells.set('fresh', row, 1);
      cells.set('b0', row, 0);
      cells.set('B0', row, 0);
    },
  },
  {
    group: 'A10',
    name: 'a new account is told to be from before',
    bySums: true,
    after: (cells) => cells.set('fresh', NEW, 0),
  },
  {
    group: 'A10',
    name: 'an account has had more',
    bySums: true,
    after: (cells) => {
      cells.add('b0', UNTOUCHED, 1);
      cells.add('B0', UNTOUCHED, 1);
    },
  },
  {
    group: 'A10',
    name: 'an account is dropped',
    bySums: true,
    after: (cells) => {
      for (let row = UNTOUCHED; row < ROWS; row++) cells.copy(row + 1, row);
      setGap(cells, UNTOUCHED - 1, cells.get('id', UNTOUCHED));
    },
  },
];

const before: readonly NamedFalsehood[] = [
  {
    group: 'B1',
    name: 'another balance before',
    bySums: true,
    before: (cells) => cells.add('Q2', ROWS_BEFORE - 1, 1),
  },
  {
    group: 'B1',
    name: 'another account before',
    bySums: true,
    before: (cells) => cells.add('id', ROWS_BEFORE - 1, 1),
  },
  {
    group: 'B1',
    name: 'an account is left out before',
    bySums: true,
    before: (cells) => cells.clear(ROWS_BEFORE - 1),
  },
  {
    group: 'B1',
    name: 'an account is there twice before',
    bySums: true,
    before: (cells) => cells.copy(ROWS_BEFORE - 1, ROWS_BEFORE),
  },
  {
    group: 'B1',
    name: 'an account in the last row before',
    bySums: true,
    before: (cells) => cells.copy(ROWS_BEFORE - 1, LAST_ROW),
  },
];

export const ACCOUNT_FALSEHOODS: readonly NamedFalsehood[] = [
  ...shape,
  ...ids,
  ...padding,
  ...balances,
  ...netting,
  ...before,
];

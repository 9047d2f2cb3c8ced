/** Falsehoods about records: by the constraints of SPEC section 8.1 that stand against them. */
import { inverse } from '../../field/base.ts';
import { type CellEdits, SAMPLE_COUNT as COUNT } from '../trace-cheats.ts';
import type { Falsehood } from './forged-trace.ts';

export interface NamedFalsehood extends Falsehood {
  /** The constraint or attack that it is of. */
  readonly group: string;
  readonly name: string;
  /** Whether lookups betray it, and no constraint of a row. */
  readonly bySums?: true;
  /** Claimed instead of the honest one. */
  readonly count?: number;
}

/** Rows of the sample: see sampleRecords. */
const DEPOSIT = 0;
const OTHER_DEPOSIT = 2;
const TRADE = 4;
const OWN_TRADE = 5;
const FEE = 6;
const REBATE = 7;
const EMPTY = 8;
const WITHDRAWAL = 9;
const QUOTE_DEPOSIT = 11;
const LAST = 4_095;
const PADDING = COUNT + 2;

const QUOTE_CELLS = ['v0', 'v1', 'v2', 'v3', 'v4', 'vb0', 'vb1', 'vb2'];

/** The cell that shows that a trade's quote is not 0. */
function invert(cells: CellEdits, row: number): void {
  const total = QUOTE_CELLS.reduce((sum, name) => sum + cells.get(name, row), 0);
  cells.set('inv', row, total === 0 ? 0 : inverse(total));
}

const toKinds = (cells: CellEdits, row: number, values: Readonly<Record<number, number>>) => {
  for (let kind = 1; kind <= 7; kind++) cells.set(`k${kind}`, row, values[kind] ?? 0);
};

const kinds: readonly NamedFalsehood[] = [
  {
    group: 'R1',
    name: 'a fee that is a deposit, too, and -1 times a withdrawal',
    records: (cells) => toKinds(cells, EMPTY, { 2: 1, 5: 1, 6: -1 }),
  },
  {
    group: 'R1',
    name: 'a deposit that is a trade, too',
    bySums: true,
    records: (cells) => toKinds(cells, OTHER_DEPOSIT, { 1: 1, 4: 1 }),
  },
];

const amounts: readonly NamedFalsehood[] = [
  { group: 'R2', name: 'a top bit that is 2', records: (c) => c.set('ub0', DEPOSIT, 2) },
  {
    group: 'R2',
    name: 'top bits of -2 and 1',
    records: (cells) => {
      cells.set('vb0', FEE, -2);
      cells.set('vb1', FEE, 1);
    },
  },
  {
    group: 'R2',
    name: 'a carry with a bit of 2',
    records: (cells) => {
      cells.add('h2', TRADE, 2);
      cells.add('h22', TRADE, -1);
    },
  },
  { group: 'R3', name: 'a fee that moves base', records: (c) => c.set('u0', FEE, 7) },
  { group: 'R3', name: 'a fee that moves much base', records: (c) => c.set('ub0', FEE, 1) },
  { group: 'R4', name: 'a deposit of base, and of quote', records: (c) => c.set('v3', DEPOSIT, 9) },
  { group: 'R5', name: 'a fee with a price', records: (c) => c.set('p1', FEE, 9) },
  {
    group: 'R6',
    name: 'a trade that gives 2^48 more than it is paid for',
    records: (cells) => cells.set('u4', OWN_TRADE, 1),
  },
  {
    group: 'R6',
    name: 'a trade that gives 2^60 more than it is paid for',
    records: (cells) => cells.set('ub0', OWN_TRADE, 1),
  },
];

const products: readonly NamedFalsehood[] = [
  ...['v0', 'v1', 'v2', 'v3'].map(
    (limb): NamedFalsehood => ({
      group: 'R7',
      name: `a trade that is paid more, by one in ${limb}`,
      records: (cells) => {
        cells.add(limb, OWN_TRADE, 1);
        invert(cells, OWN_TRADE);
      },
    }),
  ),
  // p more: its limbs are 1, 0 and 120, and p - 1 is 4096 x 491520 = 4096 x 4096 x 120.
  {
    group: 'R7',
    name: 'a trade that is paid p more, with a bit of a carry that is 120',
    records: (cells) => payMore(cells, 'h1', 120),
  },
  {
    group: 'R7',
    name: 'a trade that is paid p more, with a carry out of its range',
    bySums: true,
    records: (cells) => payMore(cells, 'c0', 491_520),
  },
  {
    group: 'R8',
    name: 'a trade for nothing',
    records: (cells) => {
      for (const name of ['p0', 'p1', 'p2', 'inv', ...QUOTE_CELLS]) cells.set(name, OWN_TRADE, 0);
      for (const name of ['c0', 'c1', 'c2', 'c3', 'c4']) cells.set(name, OWN_TRADE, 0);
    },
  },
];

/** The quote of a trade of 77, all of whose carries are 0. */
function payMore(cells: CellEdits, carry: string, value: number): void {
  cells.set('v0', OWN_TRADE, 78);
  cells.set('v2', OWN_TRADE, 120);
  cells.set(carry, OWN_TRADE, value);
  cells.set('c1', OWN_TRADE, 120);
  invert(cells, OWN_TRADE);
}

const rows: readonly NamedFalsehood[] = [
  { group: 'R9', name: 'padding that names an account', records: (c) => c.set('a', PADDING, 5) },
  {
    group: 'R10',
    name: 'a record less than there are, to hide the last one',
    count: COUNT - 1,
  },
  { group: 'R10', name: 'a record more than there are', count: COUNT + 1 },
  {
    group: 'R10',
    name: 'a record behind the padding',
    records: (cells) => cells.copy(EMPTY, PADDING),
  },
  {
    group: 'R10',
    name: 'a record in the last row',
    records: (cells) => cells.copy(EMPTY, LAST),
  },
  {
    group: 'R10',
    name: 'padding in the first row',
    records: (cells) => {
      for (let row = COUNT; row > 0; row--) cells.copy(row - 1, row);
      cells.copy(PADDING, 0);
    },
  },
  {
    group: 'R11',
    name: 'rows counted from 5 on, and 5 records more',
    count: COUNT + 5,
    records: (cells) => {
      for (let row = 0; row <= LAST; row++) cells.add('index', row, 5);
    },
  },
  {
    group: 'R11',
    name: 'a row that is counted twice, and a record more',
    count: COUNT - 1,
    records: (cells) => {
      for (let row = 3; row <= LAST; row++) cells.add('index', row, -1);
    },
  },
];

const ranges: readonly NamedFalsehood[] = [
  ...[4_096, -1, 1_000_000].map(
    (value): NamedFalsehood => ({
      group: 'R12',
      name: `a limb of ${value}, and a row of the ranges that says so`,
      records: (cells) => cells.set('u0', OTHER_DEPOSIT, value),
      multiplicities: (cells) => {
        const idle = cells.trace.named('m').indexOf(0);
        cells.set('t', idle, value);
        cells.set('m', idle, 1);
      },
    }),
  ),
  {
    group: 'R13',
    name: 'a limb below 0 with one more above it',
    bySums: true,
    afterAccounts: (cells) => {
      cells.add('u0', DEPOSIT, -4096);
      cells.add('u1', DEPOSIT, 1);
    },
  },
  {
    group: 'R13',
    name: 'a limb of 4,096',
    bySums: true,
    records: (cells) => cells.set('u2', DEPOSIT, 4096),
  },
  {
    group: 'R13',
    name: 'a limb of -1',
    bySums: true,
    records: (cells) => cells.set('u3', DEPOSIT, -1),
  },
  {
    group: 'R14',
    name: 'a multiplicity of one more',
    bySums: true,
    multiplicities: (cells) => cells.add('m', 5, 1),
  },
  {
    group: 'R14',
    name: 'a lookup that is counted at another number',
    bySums: true,
    multiplicities: (cells) => {
      cells.add('m', 0, -1);
      cells.add('m', 1, 1);
    },
  },
];

const netting: readonly NamedFalsehood[] = [
  {
    group: 'R15',
    name: 'buyer and seller change places',
    bySums: true,
    afterAccounts: (cells) => {
      const [a, b] = [cells.get('a', TRADE), cells.get('b', TRADE)];
      cells.set('a', TRADE, b);
      cells.set('b', TRADE, a);
    },
  },
  {
    group: 'R15',
    name: 'a withdrawal that is told to be a deposit, by numbers 2^25 away',
    bySums: true,
    afterAccounts: (cells) => {
      toKinds(cells, WITHDRAWAL, { 4: 1 });
      cells.add('a', WITHDRAWAL, -(2 ** 25));
      cells.add('b', WITHDRAWAL, 2 ** 25);
    },
  },
  ...[24, 25].map(
    (power): NamedFalsehood => ({
      group: 'R15',
      name: `an account that is 2^${power} more`,
      bySums: true,
      afterAccounts: (cells) => cells.add('b', DEPOSIT, 2 ** power),
    }),
  ),
  {
    group: 'R15',
    name: 'the fee account trades',
    bySums: true,
    records: (cells) => cells.set('b', OWN_TRADE, 1),
  },
  {
    group: 'R15',
    name: 'the supply trades',
    bySums: true,
    records: (cells) => cells.set('a', OWN_TRADE, 0),
  },
  {
    group: 'R15',
    name: 'a fee of a user to another',
    bySums: true,
    records: (cells) => cells.set('b', REBATE, 5000),
  },
  {
    group: 'R15',
    name: 'a deposit that a user pays for',
    bySums: true,
    records: (cells) => cells.set('b', QUOTE_DEPOSIT, 2),
  },
  {
    group: 'R15',
    name: 'a record of an account that is in no table',
    bySums: true,
    afterAccounts: (cells) => cells.set('b', EMPTY, 4),
  },
];

/** Records that are not those whose movements the accounts have. */
const dropped: readonly NamedFalsehood[] = [
  {
    group: 'rows dropped and doubled',
    name: 'a record is left out',
    bySums: true,
    count: COUNT - 1,
    afterAccounts: (cells) => {
      for (let row = FEE; row < COUNT; row++) cells.copy(row + 1, row);
    },
  },
  {
    group: 'rows dropped and doubled',
    name: 'a record is told twice',
    bySums: true,
    count: COUNT + 1,
    afterAccounts: (cells) => {
      for (let row = COUNT; row > FEE; row--) cells.copy(row - 1, row);
    },
  },
  {
    group: 'rows dropped and doubled',
    name: 'a record in the place of another',
    bySums: true,
    afterAccounts: (cells) => cells.copy(FEE, REBATE),
  },
];

export const RECORD_FALSEHOODS: readonly NamedFalsehood[] = [
  ...kinds,
  ...amounts,
  ...products,
  ...rows,
  ...ranges,
  ...netting,
  ...dropped,
];

/** Constraints and fractions of the records, as SPEC.md has them. */
import {
  type Challenges,
  type Constants,
  type Fractions,
  fractionConstraint,
  type Row,
  rangePair,
  slice,
  sumConstraint,
  type TableShape,
} from './air.ts';
import type { Calculator } from './arithmetic.ts';
import { at } from './field.ts';

/** SPEC.md section 8.1. */
export const RECORDS: TableShape = {
  committed: 28,
  witness: 15,
  lookups: 11,
  nextColumns: [0, 1, 2, 3, 4, 5, 6, 40, 41],
};

interface Columns<E> {
  /** k[0] is not used, so that k[1] is the column k1. */
  readonly k: readonly E[];
  readonly a: E;
  readonly b: E;
  readonly p: readonly E[];
  readonly u: readonly E[];
  readonly ub: readonly E[];
  readonly v: readonly E[];
  readonly vb: readonly E[];
  readonly c: readonly E[];
  readonly h1: E;
  readonly h2: E;
  readonly h22: E;
  readonly h3: E;
  readonly h32: E;
  readonly h4: E;
  readonly inv: E;
  readonly index: E;
  readonly t: E;
  readonly m: E;
}

function columnsOf<E>(c: Calculator<E>, main: readonly E[]): Columns<E> {
  return {
    k: [c.integer(0), ...slice(main, 0, 7)],
    a: at(main, 7),
    b: at(main, 8),
    p: slice(main, 9, 3),
    u: slice(main, 12, 5),
    ub: slice(main, 17, 3),
    v: slice(main, 20, 5),
    vb: slice(main, 25, 3),
    c: slice(main, 28, 5),
    h1: at(main, 33),
    h2: at(main, 34),
    h22: at(main, 35),
    h3: at(main, 36),
    h32: at(main, 37),
    h4: at(main, 38),
    inv: at(main, 39),
    index: at(main, 40),
    t: at(main, 41),
    m: at(main, 42),
  };
}

export function recordConstraints<E>(c: Calculator<E>, row: Row<E>, constants: Constants<E>): E[] {
  const columns = columnsOf(c, row.main);
  const { k, ub, vb, h1, h2, h22, h3, h32, h4 } = columns;
  const on = c.sum(...k.slice(1));
  const fractions = recordFractions(c, row.main, constants);
  return [
    ...k.slice(1).map((kind) => c.bool(kind)),
    c.bool(on),
    ...[...ub, ...vb, h1, h2, h22, h3, h32, h4].map((bit) => c.bool(bit)),
    ...kindConstraints(c, columns, on),
    ...productConstraints(c, columns),
    ...countConstraints(c, columns, row, on, constants),
    ...fractions.map((pair, j) => fractionConstraint(c, at(row.lookups, j), pair)),
    sumConstraint(c, row, constants),
  ];
}

/** R3 to R6. */
function kindConstraints<E>(c: Calculator<E>, columns: Columns<E>, on: E): E[] {
  const { k, p, u, ub, v, vb } = columns;
  const k1 = at(k, 1);
  const noBase = c.difference(1, k1, at(k, 4), at(k, 6));
  const noQuote = c.difference(1, c.difference(on, at(k, 4), at(k, 6)));
  const noTrade = c.difference(1, k1);
  return [
    ...u.map((limb) => c.product(noBase, limb)),
    c.product(noBase, c.sum(...ub)),
    ...v.map((limb) => c.product(noQuote, limb)),
    c.product(noQuote, c.sum(...vb)),
    ...p.map((limb) => c.product(noTrade, limb)),
    c.product(k1, at(u, 4)),
    c.product(k1, c.sum(...ub)),
  ];
}

/** R7 and R8: p has the limbs 0 .. 2 of a price, u the limbs 0 .. 3 of a trade's base. */
function productConstraints<E>(c: Calculator<E>, columns: Columns<E>): E[] {
  const { p, u, v, vb, c: low, h1, h2, h22, h3, h32, h4, inv } = columns;
  const k1 = at(columns.k, 1);
  const carry = [
    at(low, 0),
    c.sum(at(low, 1), c.product(4096, h1)),
    c.sum(at(low, 2), c.product(4096, c.sum(h2, c.product(2, h22)))),
    c.sum(at(low, 3), c.product(4096, c.sum(h3, c.product(2, h32)))),
    c.sum(at(low, 4), c.product(4096, h4)),
  ];
  const constraints: E[] = [];
  for (let l = 0; l <= 4; l += 1) {
    const terms: E[] = [];
    for (let i = 0; i <= 2; i += 1) {
      const j = l - i;
      if (j >= 0 && j <= 3) terms.push(c.product(at(p, i), at(u, j)));
    }
    if (l > 0) terms.push(at(carry, l - 1));
    const minus = [c.product(k1, at(v, l)), c.product(4096, at(carry, l))];
    constraints.push(c.difference(c.sum(...terms), ...minus));
  }
  const v5 = c.weighted(2, vb);
  const top = c.sum(c.product(at(p, 2), at(u, 3)), at(carry, 4));
  constraints.push(c.difference(top, c.product(k1, v5)));
  const quote = c.sum(...v, ...vb);
  constraints.push(c.product(k1, c.difference(c.product(inv, quote), 1)));
  return constraints;
}

/** R9 to R12. */
function countConstraints<E>(
  c: Calculator<E>,
  columns: Columns<E>,
  row: Row<E>,
  on: E,
  { height, count }: Constants<E>,
): E[] {
  const { a, b, index, t } = columns;
  const { first, last, trans } = row;
  const onNext = c.sum(...slice(row.next, 0, 7).map(known));
  const indexNext = known(row.next[40]);
  const tNext = known(row.next[41]);
  const off = c.difference(1, on);
  const step = c.difference(tNext, t);
  return [
    c.product(off, a),
    c.product(off, b),
    c.product(first, c.difference(on, 1)),
    c.product(trans, onNext, off),
    c.product(trans, c.difference(on, onNext), c.difference(c.sum(index, 1), count)),
    c.product(height - count, last, on),
    c.product(first, index),
    c.product(trans, c.difference(indexNext, index, 1)),
    c.product(first, t),
    c.product(last, c.difference(t, 4095)),
    c.product(trans, step, c.difference(step, 1)),
  ];
}

function known<E>(value: E | undefined): E {
  if (value === undefined) throw new RangeError('a column is not opened in the next row');
  return value;
}

/** R13 to R15: the fractions of each column e. */
export function recordFractions<E>(
  c: Calculator<E>,
  main: readonly E[],
  { z, x, y }: Challenges<E>,
): Fractions<E>[] {
  const { k, a, b, p, u, ub, v, vb, c: low, t, m } = columnsOf(c, main);
  const ranged = [...p, ...u, ...v, ...low];
  const ranges = Array.from({ length: 9 }, (_, j) =>
    rangePair(c, z, at(ranged, 2 * j), at(ranged, 2 * j + 1)),
  );
  const table = [{ numerator: c.difference(0, m), denominator: c.difference(z, t) }];
  const base = c.weighted(y, [...u, c.weighted(2, ub)]);
  const quote = c.weighted(y, [...v, c.weighted(2, vb)]);
  const y6 = c.product(y, y, y, y, y, y);
  const moved = c.difference(base, c.product(y6, quote));
  const touched = c.product(y6, y6, c.sum(...k.slice(1)));
  const role = (fee: E, ...supply: readonly E[]) =>
    c.product(c.generator, c.sum(fee, c.product(2, c.sum(...supply))));
  const keyA = c.sum(a, role(at(k, 2), at(k, 4), at(k, 7)));
  const keyB = c.sum(b, role(at(k, 3), at(k, 5), at(k, 6)));
  const netting = [
    { numerator: c.sum(touched, moved), denominator: c.difference(x, keyB) },
    { numerator: c.difference(touched, moved), denominator: c.difference(x, keyA) },
  ];
  return [...ranges, table, netting];
}

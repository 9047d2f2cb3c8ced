/** Constraints and fractions of the account tables, as SPEC.md has them. */
import {
  type Challenges,
  type Constants,
  type Fractions,
  fingerprint,
  fractionConstraint,
  type Row,
  rangePair,
  slice,
  sumConstraint,
  type TableShape,
} from './air.ts';
import type { Calculator } from './arithmetic.ts';
import { at } from './field.ts';

/** SPEC.md section 8.2. */
export const ACCOUNTS_AFTER: TableShape = {
  committed: 18,
  witness: 102,
  lookups: 13,
  nextColumns: [0, 1, 19, 20],
};

/** SPEC.md section 8.3. */
export const ACCOUNTS_BEFORE: TableShape = {
  committed: 18,
  witness: 0,
  lookups: 0,
  nextColumns: [],
};

interface Carry<E> {
  readonly low: E;
  readonly bits: readonly E[];
}

interface Asset<E> {
  /** Limbs 0 .. 4 of the balance after, and the bits of limb 5. */
  readonly limbs: readonly E[];
  readonly bits: readonly E[];
  /** Six limbs each: the balance before, and what the records move. */
  readonly before: readonly E[];
  readonly moved: readonly E[];
  readonly carries: readonly Carry<E>[];
}

function assetOf<E>(main: readonly E[], asset: 0 | 1): Asset<E> {
  const carries = [0, 1, 2, 3, 4].map((l) => {
    const from = 50 + 35 * asset + 7 * l;
    return { low: at(main, from), bits: slice(main, from + 1, 6) };
  });
  return {
    limbs: slice(main, 2 + 8 * asset, 5),
    bits: slice(main, 7 + 8 * asset, 3),
    before: slice(main, 22 + 6 * asset, 6),
    moved: slice(main, 34 + 6 * asset, 6),
    carries,
  };
}

function columnsOf<E>(main: readonly E[]) {
  return {
    real: at(main, 0),
    id: at(main, 1),
    fresh: at(main, 18),
    fee: at(main, 19),
    supply: at(main, 20),
    touches: at(main, 21),
    idLimbs: slice(main, 46, 2),
    gapLimbs: slice(main, 48, 2),
    assets: [assetOf(main, 0), assetOf(main, 1)] as const,
  };
}

export function accountConstraints<E>(c: Calculator<E>, row: Row<E>, constants: Constants<E>): E[] {
  const { real, fresh, fee, supply, assets } = columnsOf(row.main);
  const bits = assets.flatMap((asset) => asset.bits);
  const carryBits = assets.flatMap((asset) => asset.carries.flatMap((carry) => carry.bits));
  const fractions = accountFractions(c, row.main, constants);
  return [
    ...[real, fresh, fee, supply, ...bits, ...carryBits].map((bit) => c.bool(bit)),
    ...orderConstraints(c, row),
    ...paddingConstraints(c, row.main),
    ...assets.flatMap(({ before }) => before.map((limb) => c.product(fresh, limb))),
    ...assets.flatMap((asset) => balanceConstraints(c, asset, real, supply)),
    ...fractions.map((pair, j) => fractionConstraint(c, at(row.lookups, j), pair)),
    sumConstraint(c, row, constants),
  ];
}

/** A2 to A5. */
function orderConstraints<E>(c: Calculator<E>, { main, next, first, trans }: Row<E>): E[] {
  const { real, id, fee, supply, idLimbs, gapLimbs } = columnsOf(main);
  const [realNext, idNext, feeNext, supplyNext] = [next[0], next[1], next[19], next[20]];
  if (realNext === undefined || idNext === undefined) throw new RangeError('no next row');
  if (feeNext === undefined || supplyNext === undefined) throw new RangeError('no next row');
  return [
    c.product(first, c.difference(real, 1)),
    c.product(trans, realNext, c.difference(1, real)),
    c.product(first, c.difference(supply, 1)),
    c.product(trans, supplyNext),
    c.product(first, fee),
    c.product(trans, c.difference(feeNext, supply)),
    c.product(first, id),
    c.product(fee, c.difference(id, 1)),
    c.difference(id, c.weighted(4096, idLimbs)),
    c.product(trans, realNext, c.difference(idNext, id, 1, c.weighted(4096, gapLimbs))),
  ];
}

/** A6. */
function paddingConstraints<E>(c: Calculator<E>, main: readonly E[]): E[] {
  const { real, id, fresh, touches, assets } = columnsOf(main);
  const padding = c.difference(1, real);
  const zeros = [
    id,
    touches,
    ...assets.flatMap(({ limbs, bits }) => [...limbs, ...bits]),
    ...assets.flatMap(({ before }) => before),
    ...assets.flatMap(({ moved }) => moved),
  ];
  return [...zeros.map((value) => c.product(padding, value)), c.product(fresh, padding)];
}

/** A8 for one asset. */
function balanceConstraints<E>(c: Calculator<E>, asset: Asset<E>, real: E, supply: E): E[] {
  const { limbs, bits, before, moved } = asset;
  const sign = c.difference(1, c.product(2, supply));
  const after = [...limbs, c.weighted(2, bits)];
  const carries = asset.carries.map((carry) =>
    c.difference(c.sum(carry.low, c.product(4096, c.weighted(2, carry.bits))), 2 ** 17),
  );
  return after.map((limb, l) => {
    const carryIn = carries[l - 1] ?? 0;
    const carryOut = carries[l] ?? 0;
    const change = c.difference(c.sum(at(before, l), carryIn), limb, c.product(4096, carryOut));
    return c.sum(c.product(real, change), c.product(sign, at(moved, l)));
  });
}

/** A9 and A10: the fractions of each column e. */
export function accountFractions<E>(
  c: Calculator<E>,
  main: readonly E[],
  { z, x, y, u, v }: Challenges<E>,
): Fractions<E>[] {
  const columns = columnsOf(main);
  const { real, id, fresh, fee, supply, touches, idLimbs, gapLimbs } = columns;
  const [base, quote] = columns.assets;
  const lows = columns.assets.flatMap(({ carries }) => carries.map(({ low }) => low));
  const ranged = [...idLimbs, ...gapLimbs, ...base.limbs, ...quote.limbs, ...lows];
  const ranges = Array.from({ length: 12 }, (_, j) =>
    rangePair(c, z, at(ranged, 2 * j), at(ranged, 2 * j + 1)),
  );
  const moved = c.weighted(y, [...base.moved, ...quote.moved, touches]);
  const key = c.sum(id, c.product(c.generator, c.sum(fee, c.product(2, supply))));
  const before = fingerprint(c, v, id, base.before, quote.before);
  const own = [
    { numerator: c.difference(0, moved), denominator: c.difference(x, key) },
    { numerator: c.difference(real, fresh), denominator: c.difference(u, before) },
  ];
  return [...ranges, own];
}

/** B1. */
export function beforeConstraints<E>(c: Calculator<E>, row: Row<E>, constants: Constants<E>): E[] {
  const denominator = beforeFraction(c, row.main, constants).denominator;
  const step = c.sum(c.difference(row.sumNext, row.sum), constants.share);
  return [c.sum(c.product(step, denominator), at(row.main, 0))];
}

/** -real / (u - W). */
export function beforeFraction<E>(c: Calculator<E>, main: readonly E[], { u, v }: Challenges<E>) {
  const base = [...slice(main, 2, 5), c.weighted(2, slice(main, 7, 3))];
  const quote = [...slice(main, 10, 5), c.weighted(2, slice(main, 15, 3))];
  const id = at(main, 1);
  return {
    numerator: c.difference(0, at(main, 0)),
    denominator: c.difference(u, fingerprint(c, v, id, base, quote)),
  };
}

/** The tables of the accounts after and before a part (SPEC.md, sections 8.2 and 8.3). */
import type { Expression } from './expression.ts';
import { bool, fromBits, pairsOf, powersOf, RANGE, weightedSum } from './records-table.ts';
import { type Table, TableBuilder } from './table.ts';

type Asset = 'B' | 'Q';
const ASSETS: readonly Asset[] = ['B', 'Q'];
const LIMBS = [0, 1, 2, 3, 4, 5];
const LOWER_LIMBS = [0, 1, 2, 3, 4];
/** Bits of a carry above its low 12. */
export const CARRY_BITS = 6;
/** What a carry is less than its cells say, so that it may be negative. */
export const CARRY_BIAS = 2 ** 17;

const limbs = (asset: Asset): string[] => LOWER_LIMBS.map((limb) => `${asset}${limb}`);
const bits = (asset: Asset): string[] => [0, 1, 2].map((bit) => `${asset}b${bit}`);
const before = (asset: Asset): string[] => LIMBS.map((limb) => `${asset.toLowerCase()}${limb}`);
const deltas = (asset: Asset): string[] => LIMBS.map((limb) => `d${asset.toLowerCase()}${limb}`);
const low = (asset: Asset, limb: number): string => `${asset}c${limb}`;
const high = (asset: Asset, limb: number): string[] =>
  Array.from({ length: CARRY_BITS }, (_, bit) => `${asset}c${limb}h${bit}`);
const ofBoth = (names: (asset: Asset) => readonly string[]): string[] => ASSETS.flatMap(names);
const carryLows = ofBoth((asset) => LOWER_LIMBS.map((limb) => low(asset, limb)));
const carryHighs = ofBoth((asset) => LOWER_LIMBS.flatMap((limb) => high(asset, limb)));

export const ACCOUNT_COLUMNS: readonly string[] = [
  ...['real', 'id'],
  ...ofBoth((asset) => [...limbs(asset), ...bits(asset)]),
];
export const ACCOUNT_WITNESS: readonly string[] = [
  ...['fresh', 'fee', 'supply', 'touches'],
  ...ofBoth(before),
  ...ofBoth(deltas),
  ...['i0', 'i1', 'g0', 'g1'],
  ...ofBoth((asset) => LOWER_LIMBS.flatMap((limb) => [low(asset, limb), ...high(asset, limb)])),
];
/** Columns whose cells must be below 4096, in the order of their pairs. */
export const ACCOUNT_RANGES: readonly string[] = [
  ...['i0', 'i1', 'g0', 'g1'],
  ...ofBoth(limbs),
  ...carryLows,
];

/** Both tables: id + sum over l of (v^(l+1) base_l + v^(l+7) quote_l), of limbs of both assets. */
function fingerprint(id: Expression, cells: readonly Expression[]): Expression {
  const powers = powersOf(id.graph.challenge('v'), 12);
  return weightedSum([id, ...cells], powers);
}

class AccountsAfterTable extends TableBuilder {
  readonly #real = this.cell('real');
  readonly #fresh = this.cell('fresh');
  readonly #padding = this.graph.sub(1, this.#real);
  readonly #trans = this.selector('trans');
  readonly #first = this.selector('first');

  constructor() {
    super('after', [
      { tree: 'after', columns: ACCOUNT_COLUMNS },
      { tree: 'witness', columns: ACCOUNT_WITNESS },
    ]);
  }

  build(): Table {
    const booleans = ['real', 'fresh', 'fee', 'supply', ...ofBoth(bits), ...carryHighs];
    this.constrain(
      'A1',
      booleans.map((bit) => [bit, bool(this.cell(bit))] as const),
    );
    this.#constrainRows();
    this.#constrainPadding();
    for (const asset of ASSETS) this.#constrainBalance(asset);
    for (const [a, b] of pairsOf(ACCOUNT_RANGES)) this.rangePair('A9', a, b);
    this.#net();
    return this.sumUp('A11');
  }

  #cells(columns: readonly string[]): Expression[] {
    return columns.map((column) => this.cell(column));
  }

  /** A2 to A5: rows by rising id, the supply and the fee account in front. */
  #constrainRows(): void {
    const [real, trans, first] = [this.#real, this.#trans, this.#first];
    const [fee, supply, id] = [this.cell('fee'), this.cell('supply'), this.cell('id')];
    this.constrain('A2', [
      ['first', first.times(real.minus(1))],
      ['order', trans.times(this.next('real')).times(this.#padding)],
    ]);
    this.constrain('A3', [
      ['first supply', first.times(supply.minus(1))],
      ['no other supply', trans.times(this.next('supply'))],
      ['first fee', first.times(fee)],
      ['second fee', trans.times(this.next('fee').minus(supply))],
    ]);
    this.constrain('A4', [
      ['supply', first.times(id)],
      ['fee', fee.times(id.minus(1))],
    ]);
    const wide = (lower: string, upper: string): Expression =>
      this.cell(lower).plus(this.cell(upper).times(RANGE));
    const gap = this.next('id').minus(id).minus(1).minus(wide('g0', 'g1'));
    this.constrain('A5', [
      ['limbs', id.minus(wide('i0', 'i1'))],
      ['gap', trans.times(this.next('real')).times(gap)],
    ]);
  }

  /** A6 and A7: padding is all zero and new accounts begin with nothing. */
  #constrainPadding(): void {
    const account = ofBoth((asset) => [...limbs(asset), ...bits(asset)]);
    const cleared = ['id', 'touches', ...account, ...ofBoth(before), ...ofBoth(deltas), 'fresh'];
    this.constrain(
      'A6',
      cleared.map((column) => [column, this.#padding.times(this.cell(column))] as const),
    );
    this.constrain(
      'A7',
      ofBoth(before).map((column) => [column, this.#fresh.times(this.cell(column))] as const),
    );
  }

  /** A8: the balance after is that before and what moved, limb by limb with carries. */
  #constrainBalance(asset: Asset): void {
    const supply = this.cell('supply');
    const sign = this.graph.sub(1, supply.plus(supply));
    const zero = this.graph.constant(0);
    const carries = LOWER_LIMBS.map((limb) => {
      const top = fromBits(this.#cells(high(asset, limb)));
      return this.cell(low(asset, limb)).plus(top.times(RANGE)).minus(CARRY_BIAS);
    });
    const after = [...this.#cells(limbs(asset)), fromBits(this.#cells(bits(asset)))];
    const [old, moved] = [this.#cells(before(asset)), this.#cells(deltas(asset))];
    for (const limb of LIMBS) {
      const kept = (old[limb] ?? zero).plus(carries[limb - 1] ?? zero).minus(after[limb] ?? zero);
      const rest = kept.minus((carries[limb] ?? zero).times(RANGE));
      const change = sign.times(moved[limb] ?? zero);
      this.constrain('A8', [[`${asset}${limb}`, this.#real.times(rest).plus(change)]]);
    }
  }

  /** A10: the accounts' side of netting, and the rows that were there before. */
  #net(): void {
    const { graph } = this;
    const supply = this.cell('supply');
    const key = graph.pair(this.cell('id'), this.cell('fee').plus(supply.plus(supply)));
    const account = graph.challenge('x').minus(key);
    const old = this.#cells(ofBoth(before));
    const row = graph.challenge('u').minus(fingerprint(this.cell('id'), old));
    const powers = powersOf(graph.challenge('y'), 12);
    const moved = weightedSum(this.#cells([...ofBoth(deltas), 'touches']), powers);
    const kept = this.#real.minus(this.#fresh);
    this.quotient('A10', kept.times(account).minus(moved.times(row)), account.times(row), 2);
  }
}

class AccountsBeforeTable extends TableBuilder {
  constructor() {
    super('before', [{ tree: 'before', columns: ACCOUNT_COLUMNS }]);
  }

  build(): Table {
    const balances = ASSETS.flatMap((asset) => [
      ...limbs(asset).map((limb) => this.cell(limb)),
      fromBits(bits(asset).map((bit) => this.cell(bit))),
    ]);
    const row = this.graph.challenge('u').minus(fingerprint(this.cell('id'), balances));
    return this.sumOf('B1', this.cell('real').negated(), row);
  }
}

export const accountsAfterTable: Table = new AccountsAfterTable().build();
export const accountsBeforeTable: Table = new AccountsBeforeTable().build();

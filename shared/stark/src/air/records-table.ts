/** The table of the settlement records (SPEC.md, section 8.1). */
import type { Expression } from './expression.ts';
import { type Table, TableBuilder } from './table.ts';

export const KINDS = ['k1', 'k2', 'k3', 'k4', 'k5', 'k6', 'k7'] as const;
const PRICE = ['p0', 'p1', 'p2'] as const;
const BASE = ['u0', 'u1', 'u2', 'u3', 'u4'] as const;
const BASE_BITS = ['ub0', 'ub1', 'ub2'] as const;
const QUOTE = ['v0', 'v1', 'v2', 'v3', 'v4'] as const;
const QUOTE_BITS = ['vb0', 'vb1', 'vb2'] as const;
const CARRIES = ['c0', 'c1', 'c2', 'c3', 'c4'] as const;
const HIGH_BITS = ['h1', 'h2', 'h22', 'h3', 'h32', 'h4'] as const;

export const RECORD_COLUMNS: readonly string[] = [
  ...KINDS,
  ...['a', 'b'],
  ...PRICE,
  ...BASE,
  ...BASE_BITS,
  ...QUOTE,
  ...QUOTE_BITS,
];
export const RECORD_WITNESS: readonly string[] = [
  ...CARRIES,
  ...HIGH_BITS,
  ...['inv', 'index', 't', 'm'],
];
/** Columns whose cells must be below 4096, in the order of their pairs. */
export const RECORD_RANGES: readonly string[] = [...PRICE, ...BASE, ...QUOTE, ...CARRIES];
/** One more than the largest cell of a range. */
export const RANGE = 4096;

export const pairsOf = (columns: readonly string[]): (readonly [string, string])[] =>
  columns.flatMap((first, index) => {
    const second = columns[index + 1];
    return index % 2 === 0 && second !== undefined ? [[first, second] as const] : [];
  });

/** c (c - 1) */
export const bool = (cell: Expression): Expression => cell.times(cell.minus(1));

/** b0 + 2 b1 + 4 b2 + ... */
export const fromBits = (bits: readonly Expression[]): Expression =>
  bits.reduceRight((sum, bit) => sum.plus(sum).plus(bit));

class RecordsTable extends TableBuilder {
  readonly #on = this.graph.total(KINDS.map((kind) => this.cell(kind)));
  readonly #onNext = this.graph.total(KINDS.map((kind) => this.next(kind)));
  readonly #movesBase = this.graph.total(this.#cells(['k1', 'k4', 'k6']));
  readonly #movesQuote = this.#on.minus(this.cell('k4')).minus(this.cell('k6'));
  readonly #base = [...this.#cells(BASE), fromBits(this.#cells(BASE_BITS))];
  readonly #quote = [...this.#cells(QUOTE), fromBits(this.#cells(QUOTE_BITS))];

  constructor() {
    super('records', [
      { tree: 'records', columns: RECORD_COLUMNS },
      { tree: 'witness', columns: RECORD_WITNESS },
    ]);
  }

  build(): Table {
    this.#constrainRecord();
    this.#constrainProduct();
    this.#constrainOrder();
    for (const [a, b] of pairsOf(RECORD_RANGES)) this.rangePair('R13', a, b);
    this.rangeTable('R14', 't', 'm');
    this.#net();
    return this.sumUp('R16');
  }

  #cells(columns: readonly string[]): Expression[] {
    return columns.map((column) => this.cell(column));
  }

  /** R1 to R6: the shape of a record by its kind. */
  #constrainRecord(): void {
    const on = this.#on;
    this.constrain('R1', [
      ...KINDS.map((kind) => [kind, bool(this.cell(kind))] as const),
      ['on', bool(on)],
    ]);
    const bits = [...BASE_BITS, ...QUOTE_BITS, ...HIGH_BITS];
    this.constrain(
      'R2',
      bits.map((bit) => [bit, bool(this.cell(bit))] as const),
    );
    this.#clear('R3', this.graph.sub(1, this.#movesBase), BASE, BASE_BITS);
    this.#clear('R4', this.graph.sub(1, this.#movesQuote), QUOTE, QUOTE_BITS);
    this.#clear('R5', this.graph.sub(1, this.cell('k1')), PRICE, []);
    this.#clear('R6', this.cell('k1'), ['u4'], BASE_BITS);
  }

  /** The columns and the sum of the bits are 0 where the factor is not. */
  #clear(
    group: string,
    factor: Expression,
    columns: readonly string[],
    bits: readonly string[],
  ): void {
    this.constrain(
      group,
      columns.map((column) => [column, factor.times(this.cell(column))] as const),
    );
    if (bits.length === 0) return;
    this.constrain(group, [['bits', factor.times(this.graph.total(this.#cells(bits)))]]);
  }

  /** R7 and R8: a trade moves price x dBase of quote, and not nothing. */
  #constrainProduct(): void {
    const [price, base] = [this.#cells(PRICE), this.#base.slice(0, 4)];
    const trade = this.cell('k1');
    const zero = this.graph.constant(0);
    const carries = this.#carries();
    for (let limb = 0; limb <= 5; limb++) {
      const products = price.flatMap((factor, index) => {
        const other = base[limb - index];
        return other === undefined ? [] : [factor.times(other)];
      });
      const total = this.graph.total([...products, carries[limb - 1] ?? zero]);
      const kept = total.minus(trade.times(this.#quote[limb] ?? zero));
      this.constrain('R7', [[`${limb}`, kept.minus((carries[limb] ?? zero).times(RANGE))]]);
    }
    const cells = this.graph.total(this.#cells([...QUOTE, ...QUOTE_BITS]));
    this.constrain('R8', [['', trade.times(this.cell('inv').times(cells).minus(1))]]);
  }

  #carries(): Expression[] {
    const highs = [[], ['h1'], ['h2', 'h22'], ['h3', 'h32'], ['h4']];
    return highs.map((bits, limb) => {
      const low = this.cell(`c${limb}`);
      return bits.length === 0 ? low : low.plus(fromBits(this.#cells(bits)).times(RANGE));
    });
  }

  /** R9 to R12: padding behind exactly `count` records, rows counted, and the table of ranges. */
  #constrainOrder(): void {
    const [first, last] = [this.selector('first'), this.selector('last')];
    const trans = this.selector('trans');
    const [on, onNext, index, t] = [this.#on, this.#onNext, this.cell('index'), this.cell('t')];
    const count = this.public('count');
    this.#clear('R9', this.graph.sub(1, on), ['a', 'b'], []);
    this.constrain('R10', [
      ['first', first.times(on.minus(1))],
      ['order', trans.times(onNext).times(this.graph.sub(1, on))],
      ['count', trans.times(on.minus(onNext)).times(index.plus(1).minus(count))],
      ['last', this.public('height').minus(count).times(last.times(on))],
    ]);
    const step = this.next('t').minus(t);
    this.constrain('R11', [
      ['first', first.times(index)],
      ['step', trans.times(this.next('index').minus(index).minus(1))],
    ]);
    this.constrain('R12', [
      ['first', first.times(t)],
      ['last', last.times(t.minus(RANGE - 1))],
      ['step', trans.times(step).times(step.minus(1))],
    ]);
  }

  /** R15: (A + D)/(x - KB) + (A - D)/(x - KA), its numerator as A (dA + dB) + D (dA - dB). */
  #net(): void {
    const { graph } = this;
    const roles = (fee: string, supplies: readonly string[]): Expression => {
      const supply = graph.total(this.#cells(supplies));
      return this.cell(fee).plus(supply.plus(supply));
    };
    const x = graph.challenge('x');
    const dA = x.minus(graph.pair(this.cell('a'), roles('k2', ['k4', 'k7'])));
    const dB = x.minus(graph.pair(this.cell('b'), roles('k3', ['k5', 'k6'])));
    const powers = powersOf(graph.challenge('y'), 12);
    const moved = [...this.#base, ...this.#quote.map((limb) => limb.negated())];
    const difference = weightedSum(moved, powers);
    const touched = (powers[12] ?? graph.constant(0)).times(this.#on);
    const numerator = touched.times(dA.plus(dB)).plus(difference.times(dA.minus(dB)));
    this.quotient('R15', numerator, dA.times(dB), 2);
  }
}

/** 1, base, ..., base^highest */
export function powersOf(base: Expression, highest: number): Expression[] {
  const powers = [base.graph.constant(1)];
  for (let power = 1; power <= highest; power++) {
    powers.push((powers[power - 1] ?? base).times(base));
  }
  return powers;
}

/** The sum of power times term. */
export function weightedSum(
  terms: readonly Expression[],
  powers: readonly Expression[],
): Expression {
  return terms
    .map((term, index) => (powers[index] ?? term.graph.constant(0)).times(term))
    .reduce((sum, term) => sum.plus(term));
}

export const recordsTable: Table = new RecordsTable().build();

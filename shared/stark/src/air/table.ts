/**
 * A table: its columns by the tree that commits them, and its constraints in the order in which
 * powers of alpha join them (SPEC.md, section 8).
 */
import { type Expression, Graph, orderOf, type Public, type Selector } from './expression.ts';

export type TableName = 'records' | 'after' | 'before';
/** The trees of the main columns: of the records, of the accounts after and before, the witness. */
export type TreeName = 'records' | 'after' | 'before' | 'witness';

export interface ColumnGroup {
  readonly tree: TreeName;
  readonly columns: readonly string[];
}

export interface Constraint {
  readonly name: string;
  readonly expression: Expression;
}

/**
 * An extension column: e with `e denominator = numerator`. Of lookups of ranges the honest prover
 * knows more: e = 1/(z - a) + 1/(z - b) for two main columns, or -m/(z - t).
 */
export interface LookupColumn {
  readonly numerator: Expression;
  readonly denominator: Expression;
  readonly range?:
    | { readonly kind: 'pair'; readonly columns: readonly [number, number] }
    | { readonly kind: 'table'; readonly t: number; readonly m: number };
  /** Where its term is part of S alone and there is no column e. */
  readonly isInSum: boolean;
}

export interface Table {
  readonly name: TableName;
  readonly groups: readonly ColumnGroup[];
  /** Of all groups, one behind the other: `column` nodes have an index in it. */
  readonly columns: readonly string[];
  /** The columns e and, last, S: `sum` nodes have an index in it. Five base columns each. */
  readonly sums: readonly string[];
  readonly lookups: readonly LookupColumn[];
  readonly constraints: readonly Constraint[];
  /** Columns that a constraint reads in the next row, ascending; columns of `sums` behind them. */
  readonly next: { readonly columns: readonly number[]; readonly sums: readonly number[] };
  /** How many fractions its sum has in a row. */
  readonly fractions: number;
}

type Terms = readonly (readonly [name: string, expression: Expression])[];

/** Writes a table down: columns first, then constraints and lookups in their order. */
export class TableBuilder {
  readonly graph = new Graph();
  readonly name: TableName;
  readonly #groups: readonly ColumnGroup[];
  readonly #columns: readonly string[];
  readonly #indices: ReadonlyMap<string, number>;
  readonly #lookups: LookupColumn[] = [];
  readonly #constraints: Constraint[] = [];
  #fractions = 0;

  constructor(name: TableName, groups: readonly ColumnGroup[]) {
    this.name = name;
    this.#groups = groups;
    this.#columns = groups.flatMap(({ columns }) => columns);
    this.#indices = new Map(this.#columns.map((column, index) => [column, index]));
    if (this.#indices.size !== this.#columns.length) {
      throw new Error(`assertion failed: two columns of ${name} have one name`);
    }
  }

  index(column: string): number {
    const index = this.#indices.get(column);
    if (index === undefined) throw new Error(`assertion failed: ${this.name} has no ${column}`);
    return index;
  }

  cell(column: string): Expression {
    return this.graph.column(this.index(column));
  }

  next(column: string): Expression {
    return this.graph.column(this.index(column), true);
  }

  selector(name: Selector): Expression {
    return this.graph.selector(name);
  }

  public(name: Public): Expression {
    return this.graph.public(name);
  }

  /** Each is to be 0 in every row. */
  constrain(group: string, terms: Terms): void {
    for (const [name, expression] of terms) {
      const full = name === '' ? group : `${group} ${name}`;
      this.#constraints.push({ name: full, expression });
    }
  }

  /** e = 1/(z - a) + 1/(z - b), where (z - a)(z - b) is written with one product of columns. */
  rangePair(group: string, first: string, second: string): void {
    const [a, b] = [this.cell(first), this.cell(second)];
    const z = this.graph.challenge('z');
    const sum = a.plus(b);
    this.#fractions += 2;
    this.#lookup(group, `${first},${second}`, {
      numerator: z.plus(z).minus(sum),
      denominator: z.times(z).minus(z.times(sum)).plus(a.times(b)),
      range: { kind: 'pair', columns: [this.index(first), this.index(second)] },
      isInSum: false,
    });
  }

  /** e = -m/(z - t) */
  rangeTable(group: string, t: string, m: string): void {
    this.#fractions++;
    this.#lookup(group, '', {
      numerator: this.cell(m).negated(),
      denominator: this.graph.challenge('z').minus(this.cell(t)),
      range: { kind: 'table', t: this.index(t), m: this.index(m) },
      isInSum: false,
    });
  }

  /** e = numerator/denominator, the sum of so many fractions. */
  quotient(group: string, numerator: Expression, denominator: Expression, fractions: number): void {
    this.#fractions += fractions;
    this.#lookup(group, '', { numerator, denominator, isInSum: false });
  }

  /** The table with S' = S + (all e) - share. */
  sumUp(group: string): Table {
    const index = this.#lookups.length;
    const added = this.#lookups.map((_, column) => this.graph.sum(column));
    const step = this.graph.sum(index, true).minus(this.graph.sum(index));
    const share = this.graph.challenge('share');
    this.constrain(group, [['', step.minus(this.graph.total(added)).plus(share)]]);
    return this.#table();
  }

  /** The table with S' = S + numerator/denominator - share, its only fraction. */
  sumOf(group: string, numerator: Expression, denominator: Expression): Table {
    this.#fractions++;
    this.#lookups.push({ numerator, denominator, isInSum: true });
    const step = this.graph.sum(0, true).minus(this.graph.sum(0));
    const fraction = step.plus(this.graph.challenge('share'));
    this.constrain(group, [['', fraction.times(denominator).minus(numerator)]]);
    return this.#table();
  }

  #lookup(group: string, name: string, lookup: LookupColumn): void {
    const e = this.graph.sum(this.#lookups.length);
    this.#lookups.push(lookup);
    this.constrain(group, [[name, e.times(lookup.denominator).minus(lookup.numerator)]]);
  }

  #table(): Table {
    const columns = this.#lookups.filter(({ isInSum }) => !isInSum);
    const next = { columns: new Set<number>(), sums: new Set<number>() };
    for (const { node } of orderOf(this.#constraints.map(({ expression }) => expression))) {
      if (node.kind === 'column' && node.next) next.columns.add(node.index);
      if (node.kind === 'sum' && node.next) next.sums.add(node.index);
    }
    const ascending = (indices: Set<number>) => [...indices].sort((a, b) => a - b);
    return {
      name: this.name,
      groups: this.#groups,
      columns: this.#columns,
      sums: [...columns.map((_, index) => `e${index}`), 'S'],
      lookups: this.#lookups,
      constraints: this.#constraints,
      next: { columns: ascending(next.columns), sums: ascending(next.sums) },
      fractions: this.#fractions,
    };
  }
}

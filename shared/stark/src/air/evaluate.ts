/**
 * The constraints of a table at given values, in plain numbers: for the verifier at zeta, where
 * every cell is an element of the extension, and for tests at rows of a trace.
 */

import { PRIME } from '../field/base.ts';
import { add, type Extension, fromBase, mul, sub, ZERO } from '../field/extension.ts';
import type { Challenge, Expression, Node, Public, Selector } from './expression.ts';
import { orderOf } from './expression.ts';

/** What is the same in all rows. */
export interface FixedValues {
  readonly publics: Readonly<Record<Public, number>>;
  readonly challenges: Readonly<Record<Challenge, Extension>>;
  /** By constraint; for the sum of all only. */
  readonly weights?: readonly Extension[];
}

/** The cells at one point: of the columns of a `Table` and its sums, by index. */
export interface RowValues {
  readonly columns: readonly Extension[];
  readonly nextColumns: readonly (Extension | undefined)[];
  readonly sums: readonly Extension[];
  readonly nextSums: readonly (Extension | undefined)[];
  readonly selectors: Readonly<Record<Selector, Extension>>;
}

const X: Extension = [0, 1, 0, 0, 0];
const NO_ROW: RowValues = {
  columns: [],
  nextColumns: [],
  sums: [],
  nextSums: [],
  selectors: { first: ZERO, last: ZERO, trans: ZERO },
};

/** Expressions laid out as one list of operations, each of which reads what is before it. */
export class Evaluator {
  readonly #nodes: readonly Node[];
  /** Of an operation: where the values of its parts are in the list. */
  readonly #args: readonly (readonly number[])[];
  readonly #roots: readonly number[];

  constructor(roots: readonly Expression[]) {
    const order = orderOf(roots);
    const places = new Map(order.map((expression, place) => [expression, place]));
    const placeOf = (expression: Expression): number => defined(places.get(expression));
    this.#nodes = order.map(({ node }) => node);
    this.#args = order.map(({ args }) => args.map(placeOf));
    this.#roots = roots.map(placeOf);
  }

  /** The values of the expressions, in their order. */
  at(fixed: FixedValues, row: RowValues): Extension[] {
    const values: Extension[] = [];
    this.#nodes.forEach((node, place) => {
      const [first, second] = this.#args[place] ?? [];
      const a = first === undefined ? ZERO : defined(values[first]);
      const b = second === undefined ? ZERO : defined(values[second]);
      values.push('args' in node ? operate(node.kind, a, b) : leaf(node, fixed, row));
    });
    return this.#roots.map((root) => defined(values[root]));
  }

  /** The values of expressions that are the same in all rows. */
  fixed(fixed: FixedValues): Extension[] {
    return this.at(fixed, NO_ROW);
  }
}

type Operation = Extract<Node, { args: unknown }>['kind'];
type Leaf = Exclude<Node, { args: unknown }>;

function operate(kind: Operation, a: Extension, b: Extension): Extension {
  switch (kind) {
    case 'add':
      return add(a, b);
    case 'sub':
      return sub(a, b);
    case 'mul':
      return mul(a, b);
    case 'neg':
      return sub(ZERO, a);
    case 'pair':
      return add(a, mul(b, X));
  }
}

function leaf(node: Leaf, fixed: FixedValues, row: RowValues): Extension {
  switch (node.kind) {
    case 'constant':
      return fromBase(node.value);
    case 'column':
      return defined((node.next ? row.nextColumns : row.columns)[node.index]);
    case 'sum':
      return defined((node.next ? row.nextSums : row.sums)[node.index]);
    case 'selector':
      return row.selectors[node.name];
    case 'public':
      return fromBase(fixed.publics[node.name] % PRIME);
    case 'challenge':
      return fixed.challenges[node.name];
    case 'weight':
      return defined(fixed.weights?.[node.index]);
  }
}

function defined<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('assertion failed: a value is missing');
  return value;
}

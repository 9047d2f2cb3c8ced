/**
 * How the kernel computes the sum of all constraints, or any value of a table's rows: as sums of
 * products that are reduced once. Powers of alpha are multiplied into what is the same in all rows
 * first, so that of `alpha^j (z^2 - z (a + b) + a b)` two products of an extension element by a
 * base element are left in a row. Code is generated from a plan; the same plan says which fixed
 * values the code reads, and in which order.
 */
import { type Expression, type Graph, orderOf } from './expression.ts';
import type { Table } from './table.ts';

export type Term =
  /** A fixed element by a cell of the base field (any expression of it). */
  | { readonly kind: 'scaled'; readonly fixed: Expression; readonly cell: Expression }
  /** A sum by a cell of the base field. */
  | { readonly kind: 'times'; readonly cell: Expression; readonly sum: Sum }
  /** An element of the extension by another: a value has no products in it, a factor is fixed. */
  | { readonly kind: 'product'; readonly value: Expression | Sum; readonly sum: Sum | Expression };

export interface Sum {
  readonly terms: readonly Term[];
  /** What is added that is fixed. */
  readonly constant: Expression;
}

/** Sums by their fixed factor and their expression, so that equal ones are the same object. */
type KnownSums = Map<string, Sum>;

class Planner {
  readonly #graph: Graph;
  readonly #known: KnownSums;
  readonly #terms: Term[] = [];
  #constant: Expression;

  constructor(graph: Graph, known: KnownSums) {
    this.#graph = graph;
    this.#known = known;
    this.#constant = graph.constant(0);
  }

  /** factor times expression. @param factor - fixed */
  product(factor: Expression, expression: Expression): Sum {
    const key = `${factor.id} ${expression.id}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const planner = new Planner(this.#graph, this.#known);
    planner.push(factor, expression);
    this.#known.set(key, planner.sum);
    return planner.sum;
  }

  get sum(): Sum {
    return { terms: this.#terms, constant: this.#constant };
  }

  push(factor: Expression, expression: Expression): void {
    const { isFixed, isExtension, node } = expression;
    if (isFixed) this.#constant = this.#constant.plus(factor.times(expression));
    else if (!isExtension) this.#terms.push({ kind: 'scaled', fixed: factor, cell: expression });
    else if (node.kind === 'mul') this.#pushProduct(factor, expression.args);
    else if (node.kind === 'pair') this.#pushPair(factor, expression.args);
    else this.#pushSum(factor, expression);
  }

  /** Products, each by its weight, of which all have the same left factor. */
  pushShared(cell: Expression, products: readonly Weighted[]): void {
    const planner = new Planner(this.#graph, this.#known);
    for (const { weight, expression } of products) planner.push(weight, both(expression.args)[1]);
    this.#terms.push({ kind: 'times', cell, sum: planner.sum });
  }

  #pushPair(factor: Expression, args: readonly Expression[]): void {
    const [first, second] = both(args);
    this.push(factor, first);
    this.push(factor.times(this.#graph.pair(0, 1)), second);
  }

  #pushProduct(factor: Expression, args: readonly Expression[]): void {
    const [left, right] = both(args);
    if (left.isFixed) this.push(factor.times(left), right);
    else if (right.isFixed) this.push(factor.times(right), left);
    else if (!left.isExtension || !right.isExtension) {
      const [cell, other] = left.isExtension ? [right, left] : [left, right];
      this.#terms.push({ kind: 'times', cell, sum: this.product(factor, other) });
    } else {
      const [plain, other] = isPlain(left) ? [left, right] : [right, left];
      const value = isPlain(plain) ? plain : this.product(this.#graph.constant(1), plain);
      this.#terms.push({ kind: 'product', value, sum: this.product(factor, other) });
    }
  }

  /** Columns of the extension are added up before they are multiplied; other parts go singly. */
  #pushSum(factor: Expression, expression: Expression): void {
    let columns = this.#graph.constant(0);
    for (const { part, isNegative } of partsOf(expression)) {
      if (part.node.kind !== 'sum') this.push(isNegative ? factor.negated() : factor, part);
      else columns = isNegative ? columns.minus(part) : columns.plus(part);
    }
    if (!columns.isFixed) this.#terms.push({ kind: 'product', value: columns, sum: factor });
  }
}

interface Part {
  readonly part: Expression;
  readonly isNegative: boolean;
}

/** What an extension element is a sum of. */
function partsOf(expression: Expression, isNegative = false): Part[] {
  const { node, args, isExtension } = expression;
  const isSum = node.kind === 'add' || node.kind === 'sub' || node.kind === 'neg';
  if (!isExtension || !isSum) return [{ part: expression, isNegative }];
  return args.flatMap((arg, index) => {
    const turns = node.kind === 'neg' || (node.kind === 'sub' && index === 1);
    return partsOf(arg, turns ? !isNegative : isNegative);
  });
}

/** Whether an extension element's coordinates are sums of cells and fixed values. */
function isPlain(expression: Expression): boolean {
  const { node, args, isFixed, isExtension } = expression;
  return isFixed || !isExtension || (node.kind !== 'mul' && args.every(isPlain));
}

/** The fixed expressions that some sums need, each once, in the order in which they are met. */
function fixedOf(sums: readonly Sum[]): Expression[] {
  const found = new Set<Expression>();
  const visitCell = (expression: Expression): void => {
    for (const part of orderOf([expression])) {
      if (part.isFixed) continue;
      for (const arg of part.args) if (arg.isFixed) found.add(arg);
    }
    if (expression.isFixed) found.add(expression);
  };
  const visitFactor = (factor: Sum | Expression): void => {
    if ('terms' in factor) visit(factor);
    else visitCell(factor);
  };
  const visit = ({ terms, constant }: Sum): void => {
    for (const term of terms) {
      if (term.kind === 'scaled') found.add(term.fixed);
      visitFactor(term.kind === 'product' ? term.value : term.cell);
      if (term.kind !== 'scaled') visitFactor(term.sum);
    }
    found.add(constant);
  };
  for (const sum of sums) visit(sum);
  return [...found];
}

function both(args: readonly Expression[]): [Expression, Expression] {
  const [first, second] = args;
  if (first === undefined || second === undefined) throw new Error('assertion failed: no parts');
  return [first, second];
}

/** What the kernel's code for a table computes, and the fixed values that it reads. */
export interface ConstraintsPlan {
  readonly sum: Sum;
  readonly fixed: readonly Expression[];
}

export interface LookupsPlan {
  /** By lookup; none for those of ranges, which are looked up. */
  readonly quotients: readonly ({ numerator: Sum; denominator: Sum } | undefined)[];
  readonly fixed: readonly Expression[];
}

function plannerOf({ name, constraints }: Table): Planner {
  const graph = constraints[0]?.expression.graph;
  if (graph === undefined) throw new Error(`assertion failed: ${name} has no constraint`);
  return new Planner(graph, new Map());
}

interface Weighted {
  readonly weight: Expression;
  readonly expression: Expression;
}

/** From so many on, products by one factor are better made as one product of their sum. */
const WORTH_SHARING = 3;

/** Constraints by their left factor, if it is a cell and so is the rest. */
function byFactor({ constraints }: Table): Map<Expression | undefined, Weighted[]> {
  const groups = new Map<Expression | undefined, Weighted[]>();
  constraints.forEach(({ expression }, index) => {
    const isProduct = expression.node.kind === 'mul' && !expression.isExtension;
    const factor = isProduct ? expression.args[0] : undefined;
    const group = groups.get(factor) ?? [];
    groups.set(factor, group);
    group.push({ weight: expression.graph.weight(index), expression });
  });
  return groups;
}

/** The sum of all constraints by their weights. */
export function constraintsPlan(table: Table): ConstraintsPlan {
  const planner = plannerOf(table);
  for (const [factor, parts] of byFactor(table)) {
    if (factor !== undefined && parts.length >= WORTH_SHARING) planner.pushShared(factor, parts);
    else for (const { weight, expression } of parts) planner.push(weight, expression);
  }
  return { sum: planner.sum, fixed: fixedOf([planner.sum]) };
}

export function lookupsPlan(table: Table): LookupsPlan {
  const planner = plannerOf(table);
  const quotients = table.lookups.map(({ numerator, denominator, range }) => {
    if (range !== undefined) return undefined;
    const one = numerator.graph.constant(1);
    return {
      numerator: planner.product(one, numerator),
      denominator: planner.product(one, denominator),
    };
  });
  const sums = quotients.flatMap((quotient) =>
    quotient === undefined ? [] : [quotient.numerator, quotient.denominator],
  );
  return { quotients, fixed: fixedOf(sums) };
}

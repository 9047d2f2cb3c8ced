/**
 * Expressions over the cells of a table: what constraints are written in. They live in a graph
 * that has each of them once, so that equal parts are the same node and are computed once.
 */
import { PRIME } from '../field/base.ts';

export type Selector = 'first' | 'last' | 'trans';
/** What a statement gives a table: its height and how many records there are. */
export type Public = 'height' | 'count';
/** Elements of the extension: the lookups' challenges; `share` is a table's sum over its height. */
export type Challenge = 'z' | 'x' | 'y' | 'u' | 'v' | 'share';

/** `args` are ids of nodes of the same graph, which are smaller than the node's own. */
export type Node =
  | { readonly kind: 'constant'; readonly value: number }
  /** A column of the main trees, in this row or the next. */
  | { readonly kind: 'column'; readonly index: number; readonly next: boolean }
  /** A column of the extension in the lookup tree, in this row or the next. */
  | { readonly kind: 'sum'; readonly index: number; readonly next: boolean }
  | { readonly kind: 'selector'; readonly name: Selector }
  | { readonly kind: 'public'; readonly name: Public }
  | { readonly kind: 'challenge'; readonly name: Challenge }
  /** A constraint's factor in the sum of all: a power of alpha. Constraints do not use it. */
  | { readonly kind: 'weight'; readonly index: number }
  | { readonly kind: 'add' | 'sub' | 'mul'; readonly args: readonly [number, number] }
  | { readonly kind: 'neg'; readonly args: readonly [number] }
  /** The element a + b X of the extension, a and b of the base field. */
  | { readonly kind: 'pair'; readonly args: readonly [number, number] };

export type Operand = Expression | number;

export class Expression {
  readonly graph: Graph;
  readonly id: number;
  readonly node: Node;
  /** In columns and selectors together. */
  readonly degree: number;
  readonly isExtension: boolean;
  /** The same in all rows: made of constants, publics, challenges and weights alone. */
  readonly isFixed: boolean;

  /** For the graph only, which has each node once. */
  constructor(graph: Graph, id: number, node: Node) {
    this.graph = graph;
    this.id = id;
    this.node = node;
    const args = this.args;
    this.isExtension = isExtensionLeaf(node) || args.some((arg) => arg.isExtension);
    this.degree = degreeOf(node, args);
    this.isFixed = args.length > 0 ? args.every((arg) => arg.isFixed) : this.degree === 0;
  }

  get args(): readonly Expression[] {
    return 'args' in this.node ? this.node.args.map((id) => this.graph.at(id)) : [];
  }

  plus(other: Operand): Expression {
    return this.graph.add(this, other);
  }

  minus(other: Operand): Expression {
    return this.graph.sub(this, other);
  }

  times(other: Operand): Expression {
    return this.graph.mul(this, other);
  }

  negated(): Expression {
    return this.graph.neg(this);
  }
}

function isExtensionLeaf({ kind }: Node): boolean {
  return kind === 'sum' || kind === 'challenge' || kind === 'weight' || kind === 'pair';
}

function degreeOf(node: Node, args: readonly Expression[]): number {
  const degrees = args.map(({ degree }) => degree);
  switch (node.kind) {
    case 'column':
    case 'sum':
    case 'selector':
      return 1;
    case 'constant':
    case 'public':
    case 'challenge':
    case 'weight':
      return 0;
    case 'mul':
      return degrees.reduce((sum, degree) => sum + degree, 0);
    case 'add':
    case 'sub':
    case 'neg':
    case 'pair':
      return Math.max(...degrees);
  }
}

/** Makes expressions. Sums with 0 and products with 0 and 1 are simplified, nothing else is. */
export class Graph {
  readonly #nodes: Expression[] = [];
  readonly #known = new Map<string, Expression>();

  at(id: number): Expression {
    const expression = this.#nodes[id];
    if (expression === undefined) throw new Error(`assertion failed: no node ${id}`);
    return expression;
  }

  /** @param value - any integer; it is taken modulo p */
  constant(value: number): Expression {
    return this.#intern({ kind: 'constant', value: ((value % PRIME) + PRIME) % PRIME });
  }

  column(index: number, next = false): Expression {
    return this.#intern({ kind: 'column', index, next });
  }

  sum(index: number, next = false): Expression {
    return this.#intern({ kind: 'sum', index, next });
  }

  selector(name: Selector): Expression {
    return this.#intern({ kind: 'selector', name });
  }

  public(name: Public): Expression {
    return this.#intern({ kind: 'public', name });
  }

  challenge(name: Challenge): Expression {
    return this.#intern({ kind: 'challenge', name });
  }

  weight(index: number): Expression {
    return this.#intern({ kind: 'weight', index });
  }

  /** @param first - of the base field, as the second is */
  pair(first: Operand, second: Operand): Expression {
    const args = [this.#of(first), this.#of(second)] as const;
    if (args.some((arg) => arg.isExtension)) throw new Error('assertion failed: not base elements');
    return this.#intern({ kind: 'pair', args: [args[0].id, args[1].id] });
  }

  add(left: Operand, right: Operand): Expression {
    const [a, b] = [this.#of(left), this.#of(right)];
    if (isConstant(a, 0)) return b;
    if (isConstant(b, 0)) return a;
    return this.#intern({ kind: 'add', args: [a.id, b.id] });
  }

  sub(left: Operand, right: Operand): Expression {
    const [a, b] = [this.#of(left), this.#of(right)];
    if (isConstant(b, 0)) return a;
    if (isConstant(a, 0)) return this.neg(b);
    return this.#intern({ kind: 'sub', args: [a.id, b.id] });
  }

  mul(left: Operand, right: Operand): Expression {
    const [a, b] = [this.#of(left), this.#of(right)];
    if (isConstant(a, 0) || isConstant(b, 1)) return a;
    if (isConstant(b, 0) || isConstant(a, 1)) return b;
    return this.#intern({ kind: 'mul', args: [a.id, b.id] });
  }

  neg(operand: Expression): Expression {
    if (operand.node.kind === 'neg') return this.at(operand.node.args[0]);
    return this.#intern({ kind: 'neg', args: [operand.id] });
  }

  /** 0 for none. */
  total(terms: readonly Operand[]): Expression {
    return terms.reduce<Expression>((sum, term) => this.add(sum, term), this.constant(0));
  }

  #of(operand: Operand): Expression {
    if (typeof operand === 'number') return this.constant(operand);
    if (operand.graph !== this) throw new Error('assertion failed: nodes of two graphs');
    return operand;
  }

  #intern(node: Node): Expression {
    const key = JSON.stringify(node);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const expression = new Expression(this, this.#nodes.length, node);
    this.#nodes.push(expression);
    this.#known.set(key, expression);
    return expression;
  }
}

function isConstant({ node }: Expression, value: number): boolean {
  return node.kind === 'constant' && node.value === value;
}

/** All nodes that some expressions are made of, each behind its parts, in order of first use. */
export function orderOf(roots: readonly Expression[]): Expression[] {
  const seen = new Set<Expression>();
  const visit = (expression: Expression): void => {
    if (seen.has(expression)) return;
    for (const arg of expression.args) visit(arg);
    seen.add(expression);
  };
  for (const root of roots) visit(root);
  return [...seen];
}

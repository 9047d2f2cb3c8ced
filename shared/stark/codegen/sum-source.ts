/**
 * Writes the sums of a plan (src/air/plan.ts) as AssemblyScript, for four rows at a time: cells are
 * v128, elements of the extension five of them. What it writes names `columns` (an array of
 * addresses), `parameters` (fixed values, five words each), `i` (bytes to the rows) and `next`
 * (bytes to the row behind them), and imports assembly/field.ts.
 */
import type { Expression } from '../src/air/expression.ts';
import type { Sum, Term } from '../src/air/plan.ts';

/** Coordinates as text; undefined is 0. */
export type Coordinates = readonly (string | undefined)[];
/** Two factors of each product that is added to a coordinate. */
type Products = (readonly [string, string])[];

const COORDINATES = [0, 1, 2, 3, 4];
/** Products of a coordinate that are added up at a time. */
const CHUNK = 8;
/** What `columns` has in front: addresses of first, last and x over the domain. */
export const SELECTOR_COLUMNS = 3;
/** Bytes of a fixed value. The first one is no expression: its first word is w(k)^-1. */
export const FIXED_BYTES = 20;

export class SumSource {
  readonly #lines: string[] = [];
  readonly #columns: number;
  readonly #fixed: ReadonlyMap<Expression, number>;
  readonly #cells = new Map<Expression, string>();
  readonly #values = new Map<Expression, Coordinates>();
  readonly #sums = new Map<Sum, Coordinates>();
  readonly #doubled = new Map<string, string>();
  #names = 0;

  /** @param columns - how many main columns the table has */
  constructor(columns: number, fixed: readonly Expression[]) {
    this.#columns = columns;
    this.#fixed = new Map(fixed.map((expression, index) => [expression, index + 1]));
  }

  get text(): string {
    return this.#lines.map((line) => `    ${line}\n`).join('');
  }

  line(text: string): void {
    this.#lines.push(text);
  }

  /** The five coordinates of a sum, as locals. */
  sum(sum: Sum): Coordinates {
    const known = this.#sums.get(sum);
    if (known !== undefined) return known;
    const coordinates = this.#writeSum(sum);
    this.#sums.set(sum, coordinates);
    return coordinates;
  }

  #writeSum(sum: Sum): Coordinates {
    const wide = new WideSums(this, this.#name('w'));
    for (const term of sum.terms) wide.add(this.#products(term));
    const results = wide.reduce();
    if (isZero(sum.constant)) return results;
    return COORDINATES.map((index) =>
      this.#define(`add(${results[index]}, ${this.#word(sum.constant, index)})`),
    );
  }

  /** Products of an element by one whose coordinates are at hand. */
  product(left: Coordinates, right: Coordinates): Coordinates {
    const wide = new WideSums(this, this.#name('w'));
    wide.add(this.#multiply(left, right));
    return wide.reduce();
  }

  #products(term: Term): Products[] {
    switch (term.kind) {
      case 'scaled': {
        const cell = this.#cell(term.cell);
        return COORDINATES.map((index) => [[cell, this.#word(term.fixed, index)]]);
      }
      case 'times': {
        const cell = this.#cell(term.cell);
        return this.sum(term.sum).map((coordinate) => [[cell, coordinate ?? '']]);
      }
      case 'product': {
        const { value, sum } = term;
        const left = 'terms' in value ? this.sum(value) : this.#value(value);
        if ('terms' in sum) return this.#multiply(left, this.sum(sum));
        return this.#multiply(
          left,
          COORDINATES.map((index) => this.#word(sum, index)),
        );
      }
    }
  }

  /** X^5 = 2: what goes beyond X^4 comes back doubled. */
  #multiply(left: Coordinates, right: Coordinates): Products[] {
    return COORDINATES.map((target) =>
      left.flatMap((factor, index) => {
        const other = right[(target - index + 5) % 5];
        if (factor === undefined || other === undefined) return [];
        return [[index <= target ? factor : this.#double(factor), other] as const];
      }),
    );
  }

  #double(name: string): string {
    const known = this.#doubled.get(name);
    if (known !== undefined) return known;
    const doubled = this.#define(`double(${name})`);
    this.#doubled.set(name, doubled);
    return doubled;
  }

  #cell(expression: Expression): string {
    if (expression.isFixed) return this.#word(expression, 0);
    const known = this.#cells.get(expression);
    if (known !== undefined) return known;
    const name = this.#define(this.#operation(expression));
    this.#cells.set(expression, name);
    return name;
  }

  #operation({ node, args }: Expression): string {
    const parts = args.map((arg) => this.#cell(arg));
    switch (node.kind) {
      case 'column':
        return this.#load(SELECTOR_COLUMNS + node.index, node.next);
      case 'selector':
        if (node.name === 'first') return this.#load(0, false);
        if (node.name === 'last') return this.#load(1, false);
        return `sub(${this.#load(2, false)}, v128.load32_splat(parameters))`;
      case 'add':
      case 'sub':
      case 'mul':
        return `${node.kind}(${parts.join(', ')})`;
      case 'neg':
        return `sub(i32x4.splat(0), ${parts[0]})`;
      default:
        throw new Error(`assertion failed: ${node.kind} is no cell`);
    }
  }

  #value(expression: Expression): Coordinates {
    const known = this.#values.get(expression);
    if (known !== undefined) return known;
    const value = this.#coordinates(expression);
    this.#values.set(expression, value);
    return value;
  }

  #coordinates(expression: Expression): Coordinates {
    const { node, args, isExtension, isFixed } = expression;
    if (!isExtension) return COORDINATES.map((i) => (i === 0 ? this.#cell(expression) : undefined));
    if (isFixed) return COORDINATES.map((index) => this.#define(this.#word(expression, index)));
    if (node.kind === 'sum') {
      const column = SELECTOR_COLUMNS + this.#columns + 5 * node.index;
      return COORDINATES.map((index) => this.#define(this.#load(column + index, node.next)));
    }
    if (node.kind === 'pair') {
      return COORDINATES.map((index) => {
        const part = args[index];
        return part === undefined || isZero(part) ? undefined : this.#cell(part);
      });
    }
    const { kind } = node;
    if (kind !== 'add' && kind !== 'sub' && kind !== 'neg') {
      throw new Error(`assertion failed: ${kind} is not plain`);
    }
    const [left, right] = args.map((arg) => this.#value(arg));
    return COORDINATES.map((index) => this.#combine(kind, left?.[index], right?.[index]));
  }

  #combine(
    kind: 'add' | 'sub' | 'neg',
    left: string | undefined,
    right: string | undefined,
  ): string | undefined {
    if (kind === 'neg') return left && this.#define(`sub(i32x4.splat(0), ${left})`);
    if (right === undefined) return left;
    if (left !== undefined) return this.#define(`${kind}(${left}, ${right})`);
    return kind === 'add' ? right : this.#define(`sub(i32x4.splat(0), ${right})`);
  }

  /** Rows behind the last one are the first ones again. */
  #load(slot: number, next: boolean): string {
    const address = `load<usize>(columns, ${4 * slot})`;
    const here = `v128.load(${address} + i)`;
    if (!next) return here;
    return `v128.shuffle<i32>(${here}, v128.load32_splat(${address} + next), 1, 2, 3, 4)`;
  }

  #word(expression: Expression, coordinate: number): string {
    const index = this.#fixed.get(expression);
    if (index === undefined) throw new Error('assertion failed: a fixed value is not in the plan');
    return `v128.load32_splat(parameters, ${FIXED_BYTES * index + 4 * coordinate})`;
  }

  #name(letter: string): string {
    return `${letter}${this.#names++}`;
  }

  #define(text: string): string {
    const name = this.#name('t');
    this.line(`const ${name} = ${text};`);
    return name;
  }
}

/**
 * Sums of products of five coordinates, kept wide; see assembly/field.ts for their bounds. What it
 * says there by calls is written out, since the compiler takes minutes for as many inlined ones.
 */
class WideSums {
  readonly #source: SumSource;
  readonly #name: string;
  readonly #waiting: Products[] = COORDINATES.map(() => []);
  /** Of each coordinate: whether it has a sum that is folded. */
  readonly #started = COORDINATES.map(() => false);

  constructor(source: SumSource, name: string) {
    this.#source = source;
    this.#name = name;
  }

  add(products: readonly Products[]): void {
    products.forEach((list, index) => {
      this.#waiting[index]?.push(...list);
    });
    if (this.#waiting.some((list) => list.length >= CHUNK)) this.#flush();
  }

  reduce(): Coordinates {
    this.#flush();
    return COORDINATES.map((index) => {
      if (!this.#started[index]) return 'i32x4.splat(0)';
      const [low, high] = this.#names(index);
      const name = `${this.#name}r${index}`;
      this.#source.line(`const ${name} = reduceWide(${low}, ${high});`);
      return name;
    });
  }

  #names(index: number): [string, string] {
    return [`${this.#name}l${index}`, `${this.#name}h${index}`];
  }

  #flush(): void {
    this.#waiting.forEach((list, index) => {
      while (list.length > 0) {
        const isStarted = this.#started[index] === true;
        this.#addWide(index, list.splice(0, isStarted ? 2 : 4), isStarted);
        this.#started[index] = true;
      }
    });
  }

  #addWide(index: number, products: Products, isStarted: boolean): void {
    const [low, high] = this.#names(index);
    for (const [half, name] of [['low', low] as const, ['high', high] as const]) {
      const terms = products.map(([a, b]) => `i64x2.extmul_${half}_i32x4_u(${a}, ${b})`);
      const total = [...(isStarted ? [name] : []), ...terms].reduce(
        (sum, term) => `i64x2.add(${sum}, ${term})`,
      );
      this.#source.line(`${isStarted ? '' : 'let '}${name} = ${total};`);
      if (isStarted || terms.length > 2) {
        this.#source.line(`${name} = i32x4.min_u(${name}, i32x4.sub(${name}, wideP));`);
      }
    }
  }
}

function isZero({ node }: Expression): boolean {
  return node.kind === 'constant' && node.value === 0;
}

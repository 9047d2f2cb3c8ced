/** Writes the kernel's code for the tables: constraints and columns of lookups. */
import type { Expression } from '../src/air/expression.ts';
import { constraintsPlan, lookupsPlan, type Sum, type Term } from '../src/air/plan.ts';
import type { Table } from '../src/air/table.ts';
import { type Coordinates, SELECTOR_COLUMNS, SumSource } from './sum-source.ts';

const IMPORTS = `import {
  P, add, sub, mul, double, reduceWide,
} from './field';
import { invertExtension } from './inversion';
import { rangePair, rangeTable } from './ranges';
`;

/** Products of a coordinate in one function. */
const PART = 50;
/** What a function has in front of its loops. */
const HEAD = `  const bytes: usize = <usize>n << 2;
  const wideP = v128.splat<u64>((<u64>P) << 32);
`;
const CONSTRAINTS_HEAD = `(
  columns: usize, parameters: usize, target: usize, n: u32,
): void {
${HEAD}`;

const suffix = ({ name }: Table): string => `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;

export function airSource(tables: readonly Table[]): string {
  return [IMPORTS, ...tables.flatMap((table) => [constraints(table), lookups(table)])].join('\n');
}

/** Lines that store coordinates in an extension column. */
function store(source: SumSource, target: string, coordinates: Coordinates): void {
  coordinates.forEach((coordinate, index) => {
    source.line(`v128.store(${target} + ${index} * bytes + i, ${coordinate});`);
  });
}

function accumulate(source: SumSource, coordinates: Coordinates): void {
  coordinates.forEach((coordinate, index) => {
    const place = `target + ${index} * bytes + i`;
    source.line(`v128.store(${place}, add(v128.load(${place}), ${coordinate}));`);
  });
}

const rows = (body: string): string => `  for (let i: usize = 0; i < bytes; i += 16) {
    const next: usize = (i + 16) & (bytes - 1);
${body}  }
`;

/**
 * Functions that add some terms each: the compiler's passes take time by the square of a function's
 * size, and machine code is no better for being in one.
 */
function constraints(table: Table): string {
  const { sum, fixed } = constraintsPlan(table);
  const parts = partsOf(sum).map((part, index) => {
    const source = new SumSource(table.columns.length, fixed);
    const total = source.sum(part);
    if (index === 0) store(source, 'target', total);
    else accumulate(source, total);
    return rows(source.text);
  });
  const name = `constraints${suffix(table)}`;
  const calls = parts.map((_, part) => `  ${name}${part}(columns, parameters, target, n);\n`);
  return [
    ...parts.map((body, part) => `function ${name}${part}${CONSTRAINTS_HEAD}${body}}\n`),
    `export function ${name}${CONSTRAINTS_HEAD}${calls.join('')}}\n`,
  ].join('');
}

/** A sum as several that are added up. */
function partsOf({ terms, constant }: Sum): Sum[] {
  const parts: Term[][] = [[]];
  let size = 0;
  for (const term of terms) {
    const part = parts.at(-1);
    if (size > 0 && size + sizeOf(term) > PART) {
      parts.push([term]);
      size = 0;
    } else part?.push(term);
    size += sizeOf(term);
  }
  const zero = constant.graph.constant(0);
  return parts.map((part, index) => ({ terms: part, constant: index === 0 ? constant : zero }));
}

/** Products that a coordinate of a term is made of. */
function sizeOf(term: Term): number {
  if (term.kind === 'scaled') return 1;
  const factors = term.kind === 'product' ? [term.value, term.sum] : [term.sum];
  const own = term.kind === 'product' ? 5 : 1;
  return factors.reduce((size, factor) => size + ('terms' in factor ? sumSize(factor) : 0), own);
}

const sumSize = ({ terms }: Sum): number => terms.reduce((size, term) => size + sizeOf(term), 0);

function lookups(table: Table): string {
  const { quotients, fixed } = lookupsPlan(table);
  const parts = table.lookups.map(({ range }, index) => {
    const e = `target + ${5 * index} * bytes`;
    const at = (column: number): string =>
      `load<usize>(columns, ${4 * (SELECTOR_COLUMNS + column)})`;
    const quotient = quotients[index];
    if (quotient !== undefined) return divide(table, fixed, quotient, e);
    if (range?.kind === 'pair') {
      const [first, second] = range.columns;
      return `  rangePair(${at(first)}, ${at(second)}, ranges, ${e}, n);\n`;
    }
    if (range === undefined) throw new Error('assertion failed: a lookup of no kind');
    return `  rangeTable(${at(range.t)}, ${at(range.m)}, ranges, ${e}, n);\n`;
  });
  return `export function lookups${suffix(table)}(
  columns: usize, parameters: usize, ranges: usize, target: usize, n: u32, scratch: usize,
): void {
${HEAD}${parts.join('')}}
`;
}

/** e = numerator / denominator. */
function divide(
  table: Table,
  fixed: readonly Expression[],
  { numerator, denominator }: { readonly numerator: Sum; readonly denominator: Sum },
  e: string,
): string {
  const below = new SumSource(table.columns.length, fixed);
  store(below, e, below.sum(denominator));
  const above = new SumSource(table.columns.length, fixed);
  const inverse = [0, 1, 2, 3, 4].map((index) => {
    above.line(`const inverse${index} = v128.load(${e} + ${index} * bytes + i);`);
    return `inverse${index}`;
  });
  store(above, e, above.product(above.sum(numerator), inverse));
  return `${rows(below.text)}  invertExtension(${e}, n, scratch);\n${rows(above.text)}`;
}

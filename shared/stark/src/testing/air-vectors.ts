/**
 * Values of all constraints at a point, for other verifiers: src/testing/vectors/air.json. Made in
 * bigints from the tables' text (air/digest.ts), so by no code that the prover or verifier runs.
 * After a change of the tables made on purpose:
 *
 *     node shared/stark/src/testing/air-vectors.ts
 */
import { writeFileSync } from 'node:fs';
import { airText } from '../air/digest.ts';
import { TABLES } from '../air/tables.ts';
import {
  type BigElement,
  inverse,
  inverseExtension,
  modulo,
  multiply,
  P,
  root,
} from './big-field.ts';
import { randomWords } from './sample-part.ts';

type Words = readonly number[];

export interface AirVector {
  readonly table: string;
  /** log2 of the height. */
  readonly k: number;
  readonly count: number;
  readonly zeta: Words;
  /** z, x, y, u, v, and share = T/n. */
  readonly challenges: Readonly<Record<string, Words>>;
  /** Values of columns and sums at zeta, and at zeta w(k) of those that are read there. */
  readonly here: Readonly<Record<string, Words>>;
  readonly next: Readonly<Record<string, Words>>;
  readonly selectors: Readonly<Record<string, Words>>;
  /** By name, in order. */
  readonly constraints: Readonly<Record<string, Words>>;
}

export const VECTORS = new URL('vectors/air.json', import.meta.url);
const COUNT = 4000;
const HEIGHTS: Readonly<Record<string, number>> = { records: 12, after: 8, before: 6 };

const embed = (value: bigint): BigElement => [modulo(value), 0n, 0n, 0n, 0n];
const plus = (a: BigElement, b: BigElement): bigint[] =>
  a.map((x, index) => modulo(x + (b[index] ?? 0n)));
const minus = (a: BigElement, b: BigElement): bigint[] =>
  a.map((x, index) => modulo(x - (b[index] ?? 0n)));
const words = (element: BigElement): number[] => element.map(Number);
const big = (element: Words): bigint[] => element.map(BigInt);

export function makeAirVectors(): AirVector[] {
  const random = randomWords(2_024);
  const element = (): number[] => Array.from({ length: 5 }, () => random() % Number(P));
  const elements = (names: readonly string[]): Record<string, number[]> =>
    Object.fromEntries(names.map((name) => [name, element()]));
  const sections = airText(TABLES).split('\ntable ').slice(1);
  return sections.map((section) => {
    const [table = '', ...lines] = section.split('\n');
    const listOf = (word: string): string[] => {
      const found = lines.filter((line) => line.startsWith(`${word} `));
      return found.flatMap((line) => line.split(' ').slice(word === 'tree' ? 2 : 1));
    };
    const k = HEIGHTS[table] ?? 0;
    const zeta = element();
    const point = {
      ...{ table, k, count: COUNT, zeta },
      challenges: elements(['z', 'x', 'y', 'u', 'v', 'share']),
      here: elements([...listOf('tree'), ...listOf('sums')]),
      next: elements(listOf('next')),
      selectors: selectors(big(zeta), k),
    };
    return { ...point, constraints: interpret(lines, point) };
  });
}

/** By their definition: 1 in one row of the trace domain, 0 in the others. */
function selectors(zeta: BigElement, k: number): Record<string, number[]> {
  const n = 2n ** BigInt(k);
  const lastPoint = inverse(root(k));
  let vanishing: BigElement = zeta;
  for (let square = 0; square < k; square++) vanishing = multiply(vanishing, vanishing);
  vanishing = minus(vanishing, embed(1n));
  const at = (point: bigint): number[] => {
    const quotient = multiply(vanishing, inverseExtension(minus(zeta, embed(point))));
    return words(multiply(quotient, embed(point * inverse(n))));
  };
  return { first: at(1n), last: at(lastPoint), trans: words(minus(zeta, embed(lastPoint))) };
}

function interpret(
  lines: readonly string[],
  point: Omit<AirVector, 'constraints'>,
): Record<string, number[]> {
  const nodes: BigElement[] = [];
  const results: Record<string, number[]> = {};
  for (const line of lines) {
    const [head = '', operation = '', first = '', second = ''] = line.split(' ');
    const [a, b] = [nodes[Number(first)] ?? [], nodes[Number(second)] ?? []];
    if (head === 'constraint') {
      const name = line.split(' ').slice(2).join(' ');
      results[name] = words(nodes[Number(operation)] ?? []);
    } else if (/^[0-9]+$/.test(head)) nodes.push(operate(operation, first, a, b, point));
  }
  return results;
}

function operate(
  operation: string,
  name: string,
  a: BigElement,
  b: BigElement,
  point: Omit<AirVector, 'constraints'>,
): BigElement {
  switch (operation) {
    case 'constant':
      return embed(BigInt(name));
    case 'column':
      return big(point.here[name] ?? []);
    case 'next':
      return big(point.next[name] ?? []);
    case 'selector':
      return big(point.selectors[name] ?? []);
    case 'challenge':
      return big(point.challenges[name] ?? []);
    case 'public':
      return embed(name === 'count' ? BigInt(point.count) : 2n ** BigInt(point.k));
    case 'add':
      return plus(a, b);
    case 'sub':
      return minus(a, b);
    case 'mul':
      return multiply(a, b);
    case 'neg':
      return minus(embed(0n), a);
    case 'pair':
      return plus(a, multiply(b, [0n, 1n, 0n, 0n, 0n]));
    default:
      throw new Error(`assertion failed: no operation ${operation}`);
  }
}

/** One line for each element. */
export function formatAirVectors(vectors: readonly AirVector[]): string {
  const compact = (list: string): string => list.replace(/\s+/g, '');
  return `${JSON.stringify(vectors, null, 1).replace(/\[[0-9,\s]+\]/g, compact)}\n`;
}

if (import.meta.main) writeFileSync(VECTORS, formatAirVectors(makeAirVectors()));

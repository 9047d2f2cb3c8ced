/**
 * The tables as one text, and its digest (SPEC.md, section 7). The text is in ASCII, each line
 * ends with "\n", words are separated by one space:
 *
 *     foldbook/stark/air/v1
 *     table NAME                      for each table, in the order records, after, before
 *     tree TREE COLUMN ...            for each of its groups of columns
 *     sums NAME ...                   its columns of the extension
 *     next COLUMN ... NAME ...        the columns and sums that are read in the next row
 *     I OPERATION                     the nodes that the constraints are made of, I = 0, 1, 2 ..
 *     constraint I NAME               for each constraint, in order: its node and its name
 *
 * Nodes are numbered in the order in which a walk through the constraints completes them for the
 * first time: parts before the whole, left before right. An operation is `constant VALUE`,
 * `column NAME` or `next NAME` (also of a sum), `selector NAME`, `public NAME`, `challenge NAME`,
 * `add I J`, `sub I J`, `mul I J`, `neg I`, or `pair I J` for I + J X.
 */
import { blake3 } from '@noble/hashes/blake3.js';
import { type Expression, orderOf } from './expression.ts';
import type { Table } from './table.ts';
import { TABLES } from './tables.ts';

export function airText(tables: readonly Table[]): string {
  const lines = tables.flatMap(tableLines);
  return ['foldbook/stark/air/v1', ...lines].map((line) => `${line}\n`).join('');
}

/** The text takes a verifier longer than many a check. */
let known: Uint8Array | undefined;

/** 32 bytes. */
export function airDigest(): Uint8Array {
  known ??= blake3(new TextEncoder().encode(airText(TABLES)));
  return known.slice();
}

function tableLines(table: Table): string[] {
  const next = [
    ...table.next.columns.map((index) => table.columns[index]),
    ...table.next.sums.map((index) => table.sums[index]),
  ];
  const order = orderOf(table.constraints.map(({ expression }) => expression));
  const numbers = new Map(order.map((expression, number) => [expression, number]));
  return [
    `table ${table.name}`,
    ...table.groups.map(({ tree, columns }) => `tree ${tree} ${columns.join(' ')}`),
    `sums ${table.sums.join(' ')}`,
    `next ${next.join(' ')}`,
    ...order.map((expression, number) => `${number} ${operation(table, expression, numbers)}`),
    ...table.constraints.map(
      ({ name, expression }) => `constraint ${numbers.get(expression)} ${name}`,
    ),
  ];
}

function operation(
  table: Table,
  { node, args }: Expression,
  numbers: ReadonlyMap<Expression, number>,
): string {
  switch (node.kind) {
    case 'constant':
      return `constant ${node.value}`;
    case 'column':
      return `${node.next ? 'next' : 'column'} ${table.columns[node.index]}`;
    case 'sum':
      return `${node.next ? 'next' : 'column'} ${table.sums[node.index]}`;
    case 'selector':
    case 'public':
    case 'challenge':
      return `${node.kind} ${node.name}`;
    case 'weight':
      throw new Error('assertion failed: a constraint has a weight');
    case 'add':
    case 'sub':
    case 'mul':
    case 'neg':
    case 'pair':
      return `${node.kind} ${args.map((arg) => numbers.get(arg)).join(' ')}`;
  }
}

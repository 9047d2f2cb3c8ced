/** A proof's bytes. */
import type { Element } from './field.ts';
import { type Schedule, scheduleOf } from './fri.ts';
import { ascii, concat, integerOf, littleEndian, sameBytes } from './hash.ts';
import {
  capNodes,
  columnCount,
  type Layout,
  logSizesOf,
  nextColumnsOf,
  pathLength,
  type TreeLayout,
} from './layout.ts';
import type { TableValues } from './openings.ts';
import { baseBytes, elementBytes, Reader } from './reader.ts';
import { require } from './refusal.ts';
import { logCapOf } from './tree.ts';

/** The opening of one tree: base elements of its rows, largest height first. */
export interface TreeOpening {
  readonly rows: readonly (readonly bigint[])[];
  readonly siblings: readonly Uint8Array[];
}

export interface LayerOpening {
  readonly values: readonly Element[];
  readonly siblings: readonly Uint8Array[];
}

export interface Query {
  readonly trees: readonly TreeOpening[];
  readonly layers: readonly LayerOpening[];
}

/** A proof (SPEC.md section 10). */
export interface Proof {
  /** Records, accounts after, accounts before, witness, lookup, quotient. */
  readonly caps: readonly (readonly Uint8Array[])[];
  readonly sums: readonly Element[];
  readonly values: readonly TableValues[];
  readonly layerCaps: readonly (readonly Uint8Array[])[];
  readonly coefficients: readonly Element[];
  readonly nonce: Uint8Array;
  readonly queries: readonly Query[];
}

export function readProof(bytes: Uint8Array, layout: Layout, queries: number): Proof {
  const reader = new Reader(bytes);
  require(sameBytes(reader.bytes(4), ascii('FBSF')), 'no proof of a part');
  require(integerOf(reader.bytes(2)) === 1, 'unknown version of the proof');
  reader.zeros(2);
  const schedule = scheduleOf(logSizesOf(layout), layout.logBlowup);
  const caps = layout.trees.slice(0, 5).map((tree) => reader.digests(capNodes(tree)));
  const sums = reader.elements(layout.tables.length);
  caps.push(...layout.trees.slice(5).map((tree) => reader.digests(capNodes(tree))));
  const values = layout.tables.map(({ shape }) => {
    const here = reader.elements(columnCount(shape));
    return { here, next: reader.elements(nextColumnsOf(shape).length) };
  });
  const layerCaps = schedule.layers.map(({ logSize, logFold }) =>
    reader.digests(2 ** logCapOf(logSize - logFold)),
  );
  const coefficients = reader.elements(schedule.coefficients);
  const nonce = reader.bytes(8);
  const opened: Query[] = [];
  for (let i = 0; i < queries; i += 1) opened.push(readQuery(reader, layout, schedule));
  reader.end();
  return { caps, sums, values, layerCaps, coefficients, nonce, queries: opened };
}

function readQuery(reader: Reader, layout: Layout, schedule: Schedule): Query {
  const trees = layout.trees.map((tree) => readTreeOpening(reader, tree));
  const layers = schedule.layers.map(({ logSize, logFold }) => {
    const values = reader.elements(2 ** logFold);
    const logLeaves = logSize - logFold;
    return { values, siblings: reader.digests(logLeaves - logCapOf(logLeaves)) };
  });
  return { trees, layers };
}

function readTreeOpening(reader: Reader, tree: TreeLayout): TreeOpening {
  const rows = tree.map(({ columns }) => columns.map(() => reader.base()));
  return { rows, siblings: reader.digests(pathLength(tree)) };
}

export function writeProof(proof: Proof): Uint8Array {
  const { caps, sums, values, layerCaps, coefficients, nonce, queries } = proof;
  return concat(
    ascii('FBSF'),
    littleEndian(1, 2),
    littleEndian(0, 2),
    ...caps.slice(0, 5).flat(),
    elementBytes(sums),
    ...caps.slice(5).flat(),
    ...values.map(valueBytes),
    ...layerCaps.flat(),
    elementBytes(coefficients),
    nonce,
    ...queries.flatMap(({ trees, layers }) => [
      ...trees.flatMap(({ rows, siblings }) => [...rows.map(baseBytes), ...siblings]),
      ...layers.flatMap(({ values, siblings }) => [elementBytes(values), ...siblings]),
    ]),
  );
}

export function valueBytes({ here, next }: TableValues): Uint8Array {
  return elementBytes([...here, ...next]);
}

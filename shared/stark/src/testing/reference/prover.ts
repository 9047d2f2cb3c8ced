/** The slow prover: all rounds. */
import { at, type Element } from './field.ts';
import { concat } from './hash.ts';
import type { Table } from './layout.ts';
import { type Heights, type Layout, layoutOf, logSizesOf, nextColumnsOf } from './layout.ts';
import { invert, type Wide, wide, wideScale } from './numbers.ts';
import { nextPoint, openingsOf, type TableValues, weighOpenings } from './openings.ts';
import { type Query, valueBytes, writeProof } from './proof.ts';
import { combinationOf, commitLayers, grind } from './prover-fri.ts';
import {
  type Column,
  columnOf,
  fractionsOfTables,
  lookupsOf,
  quotientOf,
  valuesAt,
} from './prover-tables.ts';
import { baseBytes, elementBytes } from './reader.ts';
import { type Parameters, pinnedPoint, type Statement, writeStatement } from './statement.ts';
import type { Trace } from './trace.ts';
import { TAG, Transcript } from './transcript.ts';
import { rootOf, Tree } from './tree.ts';
import { drawFive } from './verify.ts';

export interface Claim {
  readonly parameters: Parameters;
  readonly airDigest: Uint8Array;
  readonly count: number;
}

export interface ReferenceProof {
  readonly statement: Uint8Array;
  readonly proof: Uint8Array;
}

/** A slow prover by definition, for tables of the smallest heights (SPEC.md section 5). */
export function proveReference(trace: Trace, claim: Claim): ReferenceProof {
  const tables = [trace.records, trace.after, trace.before];
  const heights = {
    records: trace.records.logHeight,
    after: trace.after.logHeight,
    before: trace.before.logHeight,
  };
  const { parameters } = claim;
  const layout = layoutOf(heights, parameters.logBlowup);
  const columns = tables.map(({ columns: main, logHeight }) =>
    main.map((values) => columnOf(values, logHeight + parameters.logBlowup)),
  );
  const trees = [0, 1, 2, 3].map((index) => commit(layout, columns, index));
  const statement = statementOf(claim, heights, trees, columns);
  const statementBytes = writeStatement(statement);
  const transcript = new Transcript();
  transcript.absorb(TAG.statement, statementBytes);
  for (const { cap } of trees) transcript.absorb(TAG.cap, concat(...cap));
  const sums = proveTables(trace, layout, columns, trees, transcript, statement);
  const zeta = transcript.draw();
  const values = layout.tables.map((table, index) => openAtZeta(table, at(columns, index), zeta));
  transcript.absorb(TAG.values, concat(...values.map(valueBytes)));
  const combinations = combinationsOf(layout, columns, statement, values, zeta, transcript.draw());
  const layers = commitLayers(combinations, parameters.logBlowup, transcript);
  const { coefficients } = layers;
  transcript.absorb(TAG.final, elementBytes(coefficients));
  const nonce = grind(transcript, parameters.grindingBits);
  transcript.absorb(TAG.nonce, nonce);
  const indices = transcript.drawIndices(parameters.queries, at(logSizesOf(layout), 0));
  const queries = indices.map((index) => openAll(trees, layers.open(index), index));
  const caps = trees.map(({ cap }) => cap);
  const layerCaps = layers.caps;
  const proof = writeProof({ caps, sums, values, layerCaps, coefficients, nonce, queries });
  return { statement: statementBytes, proof };
}

function commit(layout: Layout, columns: readonly Column[][], index: number): Tree {
  const groups = at(layout.trees, index);
  return new Tree(
    groups.map(({ logSize, columns: names }) => {
      const cells = names.map(({ table, column }) => at(at(columns, table), column).extended);
      return { logSize, row: (exponent) => baseBytes(cells.map((cell) => at(cell, exponent))) };
    }),
  );
}

function statementOf(
  { parameters, airDigest, count }: Claim,
  heights: Heights,
  trees: readonly Tree[],
  columns: readonly Column[][],
): Statement {
  const commitment = (tree: number, logHeight: number) => {
    const root = rootOf(at(trees, tree).cap);
    const point = pinnedPoint(root, logHeight);
    const pinned = valuesAt(at(columns, tree).slice(0, 18), point);
    return { logHeight, root, pinned };
  };
  const place = { chainId: new Uint8Array(32).fill(7), market: 1, part: 0 };
  const span = { epoch: 0n, firstIndex: 0n, count, logHeight: heights.records };
  return {
    parameters,
    airDigest,
    ...place,
    ...span,
    recordRoot: rootOf(at(trees, 0).cap),
    before: commitment(2, heights.before),
    after: commitment(1, heights.after),
  };
}

/** Steps 3 to 5: appends the lookup and quotient columns and their trees; gives the sums. */
function proveTables(
  trace: Trace,
  layout: Layout,
  columns: readonly Column[][],
  trees: Tree[],
  transcript: Transcript,
  { count }: Statement,
): Element[] {
  const [z, x, y, u, v] = drawFive(transcript).map(wide) as [Wide, Wide, Wide, Wide, Wide];
  const challenges = { z, x, y, u, v };
  const fractions = fractionsOfTables(challenges);
  const logSizeOf = ({ logHeight }: Table) => logHeight + layout.logBlowup;
  const sums = [trace.records, trace.after, trace.before].map((main, index) => {
    const table = at(layout.tables, index);
    const lookups = lookupsOf(main, table, at(fractions, index), logSizeOf(table));
    at(columns, index).push(...lookups.columns);
    return lookups.total;
  });
  trees.push(commit(layout, columns, 4));
  transcript.absorb(TAG.cap, concat(...at(trees, 4).cap));
  transcript.absorb(TAG.sums, elementBytes(sums));
  const alpha = transcript.draw();
  layout.tables.forEach((table, index) => {
    const height = 2 ** table.logHeight;
    const share = wideScale(wide(at(sums, index)), invert(height));
    const constants = { ...challenges, height, count, share };
    const own = at(columns, index);
    own.push(...quotientOf(table, own, constants, alpha, logSizeOf(table)));
  });
  trees.push(commit(layout, columns, 5));
  transcript.absorb(TAG.cap, concat(...at(trees, 5).cap));
  return sums;
}

function openAtZeta(table: Table, columns: readonly Column[], zeta: Element) {
  const next = nextColumnsOf(table.shape).map((column) => at(columns, column));
  return { here: valuesAt(columns, zeta), next: valuesAt(next, nextPoint(zeta, table)) };
}

function combinationsOf(
  layout: Layout,
  columns: readonly Column[][],
  { before, after }: Statement,
  values: readonly TableValues[],
  zeta: Element,
  gamma: Element,
): Map<number, Wide[]> {
  const pinned = [after, before].map(({ root, logHeight, pinned: claimed }, i) => {
    return { table: i + 1, point: pinnedPoint(root, logHeight), values: claimed };
  });
  const logSizes = logSizesOf(layout);
  const openings = logSizes.map((logSize) => openingsOf(layout, logSize, zeta, values, pinned));
  const weighted = weighOpenings(openings, gamma);
  const cells = (table: number, column: number) => at(at(columns, table), column).extended;
  return new Map(
    logSizes.map((logSize, i) => [logSize, combinationOf(at(weighted, i), logSize, cells)]),
  );
}

function openAll(trees: readonly Tree[], layers: Query['layers'], index: number): Query {
  const opened = trees.map((tree) => {
    const { rows, siblings } = tree.open(index);
    return { rows: rows.map(({ row }) => wordsOf(row)), siblings };
  });
  return { trees: opened, layers };
}

function wordsOf(row: Uint8Array): bigint[] {
  const view = new DataView(row.buffer, row.byteOffset, row.length);
  return Array.from({ length: row.length / 4 }, (_, i) => BigInt(view.getUint32(4 * i, true)));
}

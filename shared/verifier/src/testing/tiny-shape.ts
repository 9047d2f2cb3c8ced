/** Circuits of a few wires for tests of folding. */
import { SCALAR_ORDER } from '../field.ts';
import type { FoldShape, ShapeMatrix } from '../fold-shape.ts';

type Row = readonly (readonly [wire: number, coefficient: bigint])[];
type Constraint = readonly [a: Row, b: Row, c: Row];

/** The shape of these constraints; terms of a row are given with wires ascending. */
export function shapeOfRows(
  wires: number,
  publicCount: number,
  constraints: readonly Constraint[],
): FoldShape {
  const used = constraints.flat(2).map(([, coefficient]) => coefficient);
  const values = [...new Set(used)].sort((a, b) => (a < b ? -1 : 1));
  const matrix = (which: 0 | 1 | 2): ShapeMatrix => {
    const rows = constraints.map((constraint) => constraint[which]);
    const starts = [0];
    for (const row of rows) starts.push((starts.at(-1) ?? 0) + row.length);
    return {
      rowStarts: Uint32Array.from(starts),
      columns: Uint32Array.from(rows.flat().map(([wire]) => wire)),
      coefficients: Uint32Array.from(rows.flat().map(([, value]) => values.indexOf(value))),
    };
  };
  const matrices = [matrix(0), matrix(1), matrix(2)] as const;
  return { wires, publicCount, rows: constraints.length, values, matrices };
}

/**
 * Wires 1, x, y, a, b, c: a b = x, a a = c, (c + 2)(b - 1) = y, a form of all six. Whoever knows a
 * and b knows x and y.
 */
export const tinyShape = shapeOfRows(6, 2, [
  [[[3, 1n]], [[4, 1n]], [[1, 1n]]],
  [[[3, 1n]], [[3, 1n]], [[5, 1n]]],
  [
    [
      [0, 2n],
      [5, 1n],
    ],
    [
      [0, SCALAR_ORDER - 1n],
      [4, 1n],
    ],
    [[2, 1n]],
  ],
]);

/** Signals and witness of the tiny shape. */
export function tinyWitness(a: bigint, b: bigint): { x: bigint[]; w: bigint[] } {
  return { x: [a * b, (a * a + 2n) * (b - 1n)], w: [a, b, a * a] };
}

/** Any public signals satisfy it: w w = v of two wires of its own. */
export function openShape(publicCount: number): FoldShape {
  const w = 1 + publicCount;
  return shapeOfRows(publicCount + 3, publicCount, [[[[w, 1n]], [[w, 1n]], [[w + 1, 1n]]]]);
}

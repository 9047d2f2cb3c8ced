// SPDX-License-Identifier: GPL-3.0-or-later
import type { ConstraintSystem } from '@foldbook/circuits';
import type { FoldShape, ShapeMatrix } from '@foldbook/verifier';

/** The shape of a compiled circuit: the same for the same .r1cs, whoever makes it. */
export function shapeOf(system: ConstraintSystem): FoldShape {
  const values = [...new Set(system.coefficients)].sort((a, b) => (a < b ? -1 : 1));
  const places = new Map(values.map((value, index) => [value, index]));
  const place = new Uint32Array(system.coefficients.length);
  system.coefficients.forEach((value, term) => {
    place[term] = places.get(value) ?? 0;
  });
  return {
    wires: system.wireCount,
    publicCount: system.publicCount,
    rows: system.constraintCount,
    values,
    matrices: [matrixOf(system, place, 0), matrixOf(system, place, 1), matrixOf(system, place, 2)],
  };
}

/** `which`: 0, 1, 2 for A, B, C. */
function matrixOf(
  { starts, wires, constraintCount }: ConstraintSystem,
  place: Uint32Array,
  which: number,
): ShapeMatrix {
  const rowStarts = new Uint32Array(constraintCount + 1);
  const columns: number[] = [];
  const coefficients: number[] = [];
  for (let row = 0; row < constraintCount; row++) {
    const combination = 3 * row + which;
    const [start, end] = [starts[combination] ?? 0, starts[combination + 1] ?? 0];
    const terms = Array.from({ length: end - start }, (_, index) => start + index);
    terms.sort((a, b) => (wires[a] ?? 0) - (wires[b] ?? 0));
    for (const term of terms) {
      columns.push(wires[term] ?? 0);
      coefficients.push(place[term] ?? 0);
    }
    rowStarts[row + 1] = columns.length;
  }
  return {
    rowStarts,
    columns: Uint32Array.from(columns),
    coefficients: Uint32Array.from(coefficients),
  };
}

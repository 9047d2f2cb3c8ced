/** The constants of one width in the order and form in which the kernel reads them. */
import { FULL_ROUNDS, inverse, poseidonParameters } from './grain.ts';
import { SCALAR_ORDER } from './orders.ts';

type Vector = readonly bigint[];
type Matrix = readonly Vector[];

/** Partial rounds in a block: the fewest products of limbs by count, near 2 sqrt(width). */
export const BLOCK = 6;

export interface PoseidonTable {
  readonly width: number;
  readonly partialRounds: number;
  readonly block: number;
  /**
   * The matrix and the last one before the partial rounds, by rows; constants of the first half of
   * the full rounds; for each block of partial rounds, per round the constant and the factors of
   * element 0 (elements 1 and on at the block's start, S-box outputs since then), then for each
   * other element a one and its factors of the outputs; constants of the other full rounds.
   */
  readonly numbers: readonly bigint[];
}

const reduce = (value: bigint): bigint => value % SCALAR_ORDER;
const dot = (a: Vector, b: Vector): bigint =>
  reduce(a.reduce((sum, value, index) => sum + value * (b[index] ?? 0n), 0n));
const transpose = (matrix: Matrix): Matrix =>
  (matrix[0] ?? []).map((_, column) => matrix.map((row) => row[column] ?? 0n));
const apply = (matrix: Matrix, vector: Vector): Vector => matrix.map((row) => dot(row, vector));
const product = (a: Matrix, b: Matrix): Matrix => {
  const columns = transpose(b);
  return a.map((row) => apply(columns, row));
};

/** By Gauss and Jordan; these matrices have no zero pivot, which the inverse of zero would tell. */
function inverted(matrix: Matrix): Matrix {
  const size = matrix.length;
  const rows = matrix.map((row, index) => [
    ...row,
    ...Array.from({ length: size }, (_, column) => (column === index ? 1n : 0n)),
  ]);
  for (let pivot = 0; pivot < size; pivot++) {
    const scale = inverse(rows[pivot]?.[pivot] ?? 0n);
    const scaled = (rows[pivot] ?? []).map((value) => reduce(value * scale));
    rows[pivot] = scaled;
    for (let other = 0; other < size; other++) {
      const factor = rows[other]?.[pivot] ?? 0n;
      if (other === pivot || factor === 0n) continue;
      rows[other] = (rows[other] ?? []).map((value, column) =>
        reduce(value + (SCALAR_ORDER - factor) * (scaled[column] ?? 0n)),
      );
    }
  }
  return rows.map((row) => row.slice(size));
}

function power(matrix: Matrix, exponent: number): Matrix {
  let result: Matrix | undefined;
  let square = matrix;
  for (let left = exponent; left > 0; left >>>= 1) {
    if (left % 2 === 1) result = result === undefined ? square : product(result, square);
    if (left > 1) square = product(square, square);
  }
  return result ?? matrix;
}

/** v B^0, v B^1, ... as vectors: each is the matrix times the one before. */
function powersApplied(matrix: Matrix, first: Vector, count: number): Vector[] {
  const vectors = [first];
  while (vectors.length < count) vectors.push(apply(matrix, vectors.at(-1) ?? first));
  return vectors;
}

/**
 * A partial round multiplies by M = [[m, v], [w, B]] after its S-box on element 0. M is
 * [[m, v B^-1], [w, 1]] diag(1, B), and diag(1, B) passes the S-box before it and joins the matrix
 * of the round before. So the k-th round from the end has v B^-k and B^(k-1) w, and diag(1, B^n)
 * stands before the first. An output of d rounds ago reaches element 0 with v B^(d-1) w.
 */
export function poseidonTable(width: number): PoseidonTable {
  const { partialRounds, constants, matrix } = poseidonParameters(width);
  const half = FULL_ROUNDS / 2;
  const inner = matrix.slice(1).map((row) => row.slice(1));
  const v = (matrix[0] ?? []).slice(1);
  const w = matrix.slice(1).map((row) => row[0] ?? 0n);
  const m = matrix[0]?.[0] ?? 0n;
  const byColumns = transpose(inverted(inner));
  const rows = powersApplied(byColumns, apply(byColumns, v), partialRounds).reverse();
  const columns = powersApplied(inner, w, partialRounds).reverse();
  const echoes = columns
    .slice(-BLOCK)
    .map((column) => dot(v, column))
    .reverse();
  const moved = movedConstants(constants.slice(half, half + partialRounds), matrix);
  const before = power(inner, partialRounds);
  const last = [matrix[0] ?? [], ...product(before, matrix.slice(1))];
  const numbers = [...matrix.flat(), ...last.flat(), ...constants.slice(0, half).flat()];
  for (let start = 0; start < partialRounds; start += BLOCK) {
    const here = columns.slice(start, start + BLOCK);
    for (let k = 0; k < here.length; k++) {
      const since = echoes.slice(0, k).reverse();
      numbers.push(moved.first[start + k] ?? 0n, ...(rows[start + k] ?? []), ...since, m);
    }
    for (let i = 0; i < width - 1; i++) numbers.push(1n, ...here.map((column) => column[i] ?? 0n));
  }
  const after = constants.slice(half + partialRounds);
  const [next = [], ...rest] = after;
  const merged = next.map((value, index) => reduce(value + (moved.left[index] ?? 0n)));
  numbers.push(...merged, ...rest.flat());
  return { width, partialRounds, block: BLOCK, numbers };
}

/**
 * Constants of elements that no S-box changes move through the matrix into the next round, so that
 * a partial round adds to element 0 only. `left` falls to the round after the last.
 */
function movedConstants(
  constants: Matrix,
  matrix: Matrix,
): { readonly first: Vector; readonly left: Vector } {
  const first: bigint[] = [];
  let left: Vector = matrix.map(() => 0n);
  for (const row of constants) {
    const sums = row.map((value, index) => reduce(value + (left[index] ?? 0n)));
    first.push(sums[0] ?? 0n);
    left = apply(matrix, [0n, ...sums.slice(1)]);
  }
  return { first, left };
}

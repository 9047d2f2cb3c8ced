/** Vectors over the scalar field: singles one after another, below 0.76 r with limbs of 2^50. */
import { mulR, PRIME_R } from './field-products';
import { addPair, gather, PAIR, scatter, settle, SINGLE, subPair } from './pairs';

const left: usize = memory.data(80, 16);
const right: usize = memory.data(80, 16);
const sum: usize = memory.data(80, 16);
const factor: usize = memory.data(80, 16);

/** target = a + r b; `r`: a single. The target may be a or b. */
export function addScaled(target: usize, a: usize, r: usize, b: usize, count: u32): void {
  gather(factor, r, r);
  for (let i: u32 = 0; i < count; i += 2) {
    const last = min(i + 1, count - 1);
    gather(left, b + SINGLE * i, b + SINGLE * last);
    mulR(left, left, factor);
    gather(right, a + SINGLE * i, a + SINGLE * last);
    addPair(left, left, right);
    settle(left, left, PRIME_R);
    scatter(target + SINGLE * i, target + SINGLE * last, left);
  }
}

/** target = a + b, or a - b, element by element. */
export function addVectors(target: usize, a: usize, b: usize, count: u32, negate: bool): void {
  for (let i: u32 = 0; i < count; i += 2) {
    const last = min(i + 1, count - 1);
    gather(left, a + SINGLE * i, a + SINGLE * last);
    gather(right, b + SINGLE * i, b + SINGLE * last);
    if (negate) subPair(left, left, right);
    else addPair(left, left, right);
    settle(left, left, PRIME_R);
    scatter(target + SINGLE * i, target + SINGLE * last, left);
  }
}

/** target = a b, element by element. */
export function multiplyVectors(target: usize, a: usize, b: usize, count: u32): void {
  for (let i: u32 = 0; i < count; i += 2) {
    const last = min(i + 1, count - 1);
    gather(left, a + SINGLE * i, a + SINGLE * last);
    gather(right, b + SINGLE * i, b + SINGLE * last);
    mulR(left, left, right);
    scatter(target + SINGLE * i, target + SINGLE * last, left);
  }
}

/**
 * target = matrix times vector, compressed rows: row i has the entries from starts[i] to
 * starts[i + 1], each a column (u32) and a coefficient (u32, index among `values`, singles). Two
 * entries of a row go at a time. Columns and indices are the caller's to check.
 */
export function multiplyMatrix(
  target: usize, starts: usize, columns: usize, coefficients: usize, values: usize,
  vector: usize, rows: u32,
): void {
  for (let row: u32 = 0; row < rows; row++) {
    const start = load<u32>(starts + 4 * row);
    const end = load<u32>(starts + 4 * (row + 1));
    memory.fill(sum, 0, PAIR);
    for (let k = start; k < end; k += 2) {
      const hasOther = k + 1 < end;
      const other = hasOther ? k + 1 : k;
      const a = vector + SINGLE * load<u32>(columns + 4 * k);
      const b = vector + SINGLE * load<u32>(columns + 4 * other);
      gather(left, a, hasOther ? b : zero);
      const c = values + SINGLE * load<u32>(coefficients + 4 * k);
      const d = values + SINGLE * load<u32>(coefficients + 4 * other);
      gather(right, c, d);
      mulR(left, left, right);
      addPair(sum, sum, left);
      settle(sum, sum, PRIME_R);
    }
    scatter(low, high, sum);
    gather(left, low, low);
    gather(right, high, high);
    addPair(left, left, right);
    settle(left, left, PRIME_R);
    scatter(low, target + SINGLE * row, left);
  }
}

const zero: usize = memory.data(40, 8);
const low: usize = memory.data(40, 8);
const high: usize = memory.data(40, 8);

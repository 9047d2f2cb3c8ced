/** Columns of n elements into Montgomery form and out of it; n is a multiple of 4. */
import { fromMontgomery, toMontgomery } from './field';

/** target = the column's values in Montgomery form; the given ones may be any u32. */
export function enterColumn(target: usize, column: usize, n: u32): void {
  const bytes: usize = <usize>n << 2;
  for (let i: usize = 0; i < bytes; i += 16) {
    v128.store(target + i, toMontgomery(v128.load(column + i)));
  }
}

/** target = the column's plain values, below p. */
export function leaveColumn(target: usize, column: usize, n: u32): void {
  const bytes: usize = <usize>n << 2;
  for (let i: usize = 0; i < bytes; i += 16) {
    v128.store(target + i, fromMontgomery(v128.load(column + i)));
  }
}

/** The two halves of a quotient (SPEC section 5, step 5). */
import { add, mul, sub } from './field';

/**
 * Of `words` words at `columns` and as many behind them, a and b: half (a + b) in place of a, and
 * halfOfInverse (a - b) in place of b. `words` is a multiple of 4.
 */
export function splitHalves(
  columns: usize, words: u32, half: u32, halfOfInverse: u32,
): void {
  const bytes = <usize>words << 2;
  const byHalf = i32x4.splat(half);
  const byInverse = i32x4.splat(halfOfInverse);
  for (let at = columns; at < columns + bytes; at += 16) {
    const a = v128.load(at);
    const b = v128.load(at + bytes);
    v128.store(at, mul(add(a, b), byHalf));
    v128.store(at + bytes, mul(sub(a, b), byInverse));
  }
}

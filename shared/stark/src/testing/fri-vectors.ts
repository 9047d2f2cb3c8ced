/**
 * Test vectors of SPEC sections 9 and 10, made by plain code.
 * `node shared/stark/src/testing/write-fri-vectors.ts` rewrites the file; tests only read it.
 */
import * as big from './big-field.ts';
import { takeElement, valuesFrom } from './kernel-columns.ts';

export interface FoldVector {
  /** The layer is on D(logSize); the leaf has the values at exponents leaf + i 2^(logSize - s). */
  readonly logSize: number;
  readonly leaf: number;
  readonly beta: readonly number[];
  readonly siblings: readonly (readonly number[])[];
  /** Of the next layer at exponent `leaf`, before a combination joins. */
  readonly folded: readonly number[];
}

export interface ScheduleVector {
  readonly logHeights: readonly number[];
  readonly logBlowup: number;
  /** Log sizes of the committed layers, and of the last. */
  readonly layers: readonly number[];
  readonly last: number;
}

export interface FriVectors {
  readonly folds: readonly FoldVector[];
  readonly schedules: readonly ScheduleVector[];
}

export function makeFriVectors(): FriVectors {
  return {
    folds: [1, 2, 3].flatMap((s) => [fold(9 + s, 77, s), fold(26, 5_000_003, s)]),
    schedules: [
      { logHeights: [16, 12, 6], logBlowup: 2, layers: [18, 15, 14, 11], last: 8 },
      { logHeights: [12, 6, 6], logBlowup: 2, layers: [14, 11], last: 8 },
      { logHeights: [17, 20, 19], logBlowup: 3, layers: [23, 22, 20, 17, 14], last: 11 },
      { logHeights: [6, 6, 6], logBlowup: 3, layers: [], last: 9 },
    ],
  };
}

/** f_i(x^(2^s)) = x^-i 2^-s sum over j of w(s)^(-i j) f(x w(s)^j), summed with powers of beta. */
function fold(logSize: number, leaf: number, s: number): FoldVector {
  const values = valuesFrom(100 * logSize + s);
  const count = 2 ** s;
  const beta = takeElement(values);
  const siblings = Array.from({ length: count }, () => takeElement(values));
  const [x, w] = [big.inverse(big.point(logSize, leaf)), big.inverse(big.root(s))];
  let factor: big.BigElement = [1n, 0n, 0n, 0n, 0n];
  let folded = [0n, 0n, 0n, 0n, 0n];
  for (let i = 0; i < count; i++) {
    const scale = big.modulo(big.power(x, BigInt(i)) * big.inverse(BigInt(count)));
    const part = folded.map((_, k) =>
      siblings.reduce((sum, sibling, j) => {
        return big.modulo(sum + scale * big.power(w, BigInt(i * j)) * (sibling[k] ?? 0n));
      }, 0n),
    );
    const term = big.multiply(factor, part);
    folded = folded.map((sum, k) => big.modulo(sum + (term[k] ?? 0n)));
    factor = big.multiply(factor, beta);
  }
  return {
    ...{ logSize, leaf, beta: beta.map(Number) },
    siblings: siblings.map((sibling) => sibling.map(Number)),
    folded: folded.map(Number),
  };
}

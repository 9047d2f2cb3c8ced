/**
 * Test vectors of SPEC sections 1 and 2, made by plain code.
 * `node shared/stark/src/testing/write-field-vectors.ts` rewrites the file; tests only read it.
 */
import * as big from './big-field.ts';

interface Product<T> {
  readonly a: T;
  readonly b: T;
  readonly product: T;
}

interface Inverse<T> {
  readonly a: T;
  readonly inverse: T;
}

export interface FieldVectors {
  /** w(k) and s(m), for k and m from 0 to 27. */
  readonly roots: readonly number[];
  readonly shifts: readonly number[];
  readonly points: readonly { readonly m: number; readonly e: number; readonly point: number }[];
  readonly products: readonly Product<number>[];
  readonly inverses: readonly Inverse<number>[];
  readonly extensionProducts: readonly Product<readonly number[]>[];
  readonly extensionInverses: readonly Inverse<readonly number[]>[];
  /** A column of height 2^k by its values, its coefficients, and its values on D(k + b) by e. */
  readonly column: {
    readonly k: number;
    readonly b: number;
    readonly values: readonly number[];
    readonly coefficients: readonly number[];
    readonly extended: readonly number[];
  };
}

/** The base elements that products are made of. */
const VALUES = [0n, 1n, 2n, 31n, 1n << 27n, 1n << 30n, 1234567890n, big.P - 2n, big.P - 1n];
/** Elements of the extension, X and the largest words among them. */
const ELEMENTS = [
  [0n, 1n, 0n, 0n, 0n],
  [0n, 0n, 0n, 0n, 1n],
  [1n, 2n, 3n, 4n, 5n],
  [big.P - 1n, big.P - 1n, big.P - 1n, big.P - 1n, big.P - 1n],
  [3n, 1n, 4n, 1n, 5n].map((digit) => big.power(31n, 1000n * digit)),
];
const LOG_SIZES = Array.from({ length: 28 }, (_, k) => k);

export function makeFieldVectors(): FieldVectors {
  const pairs = <T>(list: readonly T[]) =>
    list.flatMap((a, index) => list.slice(index).map((b) => [a, b] as const));
  return {
    roots: LOG_SIZES.map((k) => Number(big.root(k))),
    shifts: LOG_SIZES.map((m) => Number(big.shift(m))),
    points: LOG_SIZES.filter((m) => m % 4 === 0).flatMap((m) =>
      [0, 2 ** (m - 1) - 1, 2 ** m - 1]
        .filter((e) => Number.isInteger(e))
        .map((e) => ({ m, e, point: Number(big.point(m, e)) })),
    ),
    products: pairs(VALUES).map(([a, b]) => ({
      ...{ a: Number(a), b: Number(b) },
      product: Number(big.modulo(a * b)),
    })),
    inverses: VALUES.slice(1).map((a) => ({ a: Number(a), inverse: Number(big.inverse(a)) })),
    extensionProducts: pairs(ELEMENTS).map(([a, b]) => ({
      ...{ a: a.map(Number), b: b.map(Number) },
      product: big.multiply(a, b).map(Number),
    })),
    extensionInverses: ELEMENTS.map((a) => ({
      a: a.map(Number),
      inverse: big.inverseExtension(a).map(Number),
    })),
    column: column(),
  };
}

function column(): FieldVectors['column'] {
  const [k, b] = [6, 2];
  const values = Array.from({ length: 2 ** k }, (_, i) => big.power(BigInt(i + 1), 7n));
  const coefficients = big.interpolate(values);
  const extended = Array.from({ length: 2 ** (k + b) }, (_, e) =>
    Number(big.evaluate(coefficients, big.point(k + b, e))),
  );
  return { k, b, values: values.map(Number), coefficients: coefficients.map(Number), extended };
}

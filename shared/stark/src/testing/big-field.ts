/** The field, its extension and its domains in bigints, straight from SPEC sections 1 and 2. */
export const P = 2013265921n;
export const GENERATOR = 31n;

export type BigElement = readonly bigint[];

export const modulo = (value: bigint): bigint => ((value % P) + P) % P;

export function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = modulo(base);
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}

export const inverse = (value: bigint): bigint => power(value, P - 2n);

/** a b modulo X^5 - 2: the schoolbook product, reduced. */
export function multiply(a: BigElement, b: BigElement): bigint[] {
  const wide = new Array<bigint>(9).fill(0n);
  a.forEach((x, i) => {
    b.forEach((y, j) => {
      wide[i + j] = (wide[i + j] ?? 0n) + x * y;
    });
  });
  return Array.from({ length: 5 }, (_, i) => modulo((wide[i] ?? 0n) + 2n * (wide[i + 5] ?? 0n)));
}

/** a^(p^5 - 2). */
export function inverseExtension(a: BigElement): bigint[] {
  let result: bigint[] = [1n, 0n, 0n, 0n, 0n];
  let square: BigElement = a;
  for (let rest = P ** 5n - 2n; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = multiply(result, square);
    square = multiply(square, square);
  }
  return result;
}

/** w(k). */
export const root = (k: number): bigint => power(GENERATOR, (P - 1n) >> BigInt(k));
/** s(m). */
export const shift = (m: number): bigint => power(GENERATOR, 1n << BigInt(27 - m));
/** The point of D(m) at an exponent. */
export const point = (m: number, exponent: number): bigint =>
  modulo(shift(m) * power(root(m), BigInt(exponent)));

/** Horner's rule. */
export const evaluate = (coefficients: readonly bigint[], x: bigint): bigint =>
  coefficients.reduceRight((sum, coefficient) => modulo(sum * x + coefficient), 0n);

/** Coefficients of the polynomial of lowest degree with these values at w(k)^i, in n^2 steps. */
export function interpolate(values: readonly bigint[]): bigint[] {
  const n = values.length;
  const backwards = inverse(root(Math.log2(n)));
  return values.map((_, j) =>
    modulo(evaluate(values, power(backwards, BigInt(j))) * inverse(BigInt(n))),
  );
}

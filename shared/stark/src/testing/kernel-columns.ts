/** Bigint values in kernel memory and back, for tests: Montgomery form, the storage of cosets. */
import type { Kernel } from '../kernel/kernel.ts';
import { type BigElement, evaluate, inverse, modulo, point } from './big-field.ts';

const R = 2n ** 32n;
const R_INVERSE = inverse(R);

export const toMontgomery = (value: bigint): number => Number(modulo(value * R));

/** Numbers below p that a seed determines. */
export function* valuesFrom(seed: number): Generator<bigint, never> {
  for (let state = BigInt(seed) + 1n; ; ) {
    state = (state * 6364136223846793005n + 1442695040888963407n) & (2n ** 64n - 1n);
    yield modulo(state >> 20n);
  }
}

export const take = <T>(values: Iterator<T, never>, count: number): T[] =>
  Array.from({ length: count }, () => values.next().value);

export const takeElement = (values: Iterator<bigint, never>): BigElement => take(values, 5);

/** Address of a base column. */
export function place(kernel: Kernel, values: readonly bigint[]): number {
  const address = kernel.arena.take(4 * values.length);
  kernel.arena.words(address, values.length).set(values.map(toMontgomery));
  return address;
}

/** Address of an extension column: coordinate after coordinate. */
export function placeElements(kernel: Kernel, elements: readonly BigElement[]): number {
  const coordinates = [0, 1, 2, 3, 4].flatMap((i) => elements.map((one) => one[i] ?? 0n));
  return place(kernel, coordinates);
}

/** Address of a list of addresses. */
export function placePointers(kernel: Kernel, pointers: readonly number[]): number {
  const address = kernel.arena.take(4 * pointers.length);
  kernel.arena.words(address, pointers.length).set(pointers);
  return address;
}

export const readBack = (kernel: Kernel, address: number, count: number): bigint[] =>
  Array.from(kernel.arena.words(address, count), (word) => {
    if (word >= 2013265921) throw new Error(`assertion failed: ${word} is not below p`);
    return modulo(BigInt(word) * R_INVERSE);
  });

export function readElements(kernel: Kernel, address: number, count: number): BigElement[] {
  const words = readBack(kernel, address, 5 * count);
  return Array.from({ length: count }, (_, i) => words.filter((_, j) => j % count === i));
}

/** From the order of exponents to that of the storage. */
export function byCosets<T>(values: readonly T[], logBlowup: number): T[] {
  const cosets = Array.from({ length: 2 ** logBlowup }, (_, c) => c);
  return cosets.flatMap((c) => values.filter((_, e) => e % 2 ** logBlowup === c));
}

/** Values, by exponent, of a polynomial with coefficients in the extension, all over D(m). */
export function evaluateOver(coefficients: readonly BigElement[], m: number): BigElement[] {
  const coordinates = [0, 1, 2, 3, 4].map((i) => coefficients.map((one) => one[i] ?? 0n));
  return Array.from({ length: 2 ** m }, (_, e) => {
    const x = point(m, e);
    return coordinates.map((column) => evaluate(column, x));
  });
}

/** Numbers and scalars that tests of the groups have in common. */
import { writeNumber } from './bytes.ts';
import { Bn254Error } from './kernel.ts';
import { SCALAR_ORDER } from './orders.ts';

/** 32 big-endian bytes each. */
export function numbers(values: readonly bigint[]): Uint8Array {
  const bytes = new Uint8Array(32 * values.length);
  values.forEach((value, index) => {
    writeNumber(bytes, 32 * index, value);
  });
  return bytes;
}

export const together = (parts: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => [...part]));

/** Value mod r, in [0, r). */
export const modulo = (value: bigint): bigint =>
  ((value % SCALAR_ORDER) + SCALAR_ORDER) % SCALAR_ORDER;

export const refusedAs = (code: string) => (error: unknown) =>
  error instanceof Bn254Error && error.code === code;

export const edgeScalars = [
  0n,
  1n,
  2n,
  SCALAR_ORDER - 1n,
  SCALAR_ORDER - 2n,
  1n << 64n,
  (1n << 253n) - 1n,
];
/** Few values, so that points are equal, inverse or infinity often. */
export const smallLogs = [0n, 1n, 2n, 3n, SCALAR_ORDER - 1n, SCALAR_ORDER - 2n];

/** Between the model's bigints and what snarkjs reads. */
import type { Values } from './model.ts';

/** The input with every value as a decimal string. */
export function decimals(input: Readonly<Record<string, Values>>): Record<string, unknown> {
  const convert = (value: Values): unknown =>
    typeof value === 'bigint' ? value.toString() : value.map(convert);
  return Object.fromEntries(Object.entries(input).map(([name, value]) => [name, convert(value)]));
}

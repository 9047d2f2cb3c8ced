/** Powers of a challenge. */
import { type Extension, mul, ONE } from './extension.ts';

/** 1, base, base^2, ...: `count` of them. */
export function powersOf(base: Extension, count: number): Extension[] {
  const powers: Extension[] = [];
  for (let power = ONE; powers.length < count; power = mul(power, base)) powers.push(power);
  return powers;
}

/** Inverses and square roots in the scalar field. */
import { inverse, power, reduce, scalarOrder } from '../builder/field.ts';

const known = new Map<bigint, bigint>([[1n, 1n]]);
const knownLimit = 4096;

/** 1 / value; recent ones are remembered, since constraint systems repeat a few. */
export function fieldInverse(value: bigint): bigint {
  const found = known.get(value);
  if (found !== undefined) return found;
  if (known.size >= knownLimit) known.clear();
  const made = inverse(value);
  known.set(value, made);
  return made;
}

/** r - 1 = 2^28 * oddPart; 5 is not a square. */
const twoAdicity = 28;
const oddPart = (scalarOrder - 1n) >> BigInt(twoAdicity);
const rootOfUnity = power(5n, oddPart);

/** A square root of `value` in [0, r), or undefined when there is none (Tonelli and Shanks). */
export function squareRoot(value: bigint): bigint | undefined {
  if (value === 0n) return 0n;
  // value^((odd + 1) / 2) and value^odd, by one power.
  const half = power(value, (oddPart - 1n) / 2n);
  let root = (half * value) % scalarOrder;
  let error = (half * root) % scalarOrder;
  let step = rootOfUnity;
  let level = twoAdicity;
  while (error !== 1n) {
    let order = 0;
    for (let square = error; square !== 1n; square = (square * square) % scalarOrder) order += 1;
    if (order >= level) return undefined;
    for (let i = 0; i < level - order - 1; i++) step = (step * step) % scalarOrder;
    root = (root * step) % scalarOrder;
    step = (step * step) % scalarOrder;
    error = reduce(error * step);
    level = order;
  }
  return root;
}

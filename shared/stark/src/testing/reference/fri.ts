/** FRI's schedule and fold. */
import {
  add,
  at,
  domainPoint,
  type Element,
  fromBase,
  inverse,
  mod,
  multiply,
  ONE,
  power,
  rootOfUnity,
  scale,
  ZERO,
} from './field.ts';

/** One committed layer: on D(logSize), folded 2^logFold to one. */
export interface Layer {
  readonly logSize: number;
  readonly logFold: number;
}

export interface Schedule {
  readonly layers: readonly Layer[];
  /** The last layer's log size, and the number of coefficients sent for it. */
  readonly lastLogSize: number;
  readonly coefficients: number;
}

/** SPEC.md section 9, by the log sizes of the combinations, largest first. */
export function scheduleOf(logSizes: readonly number[], logBlowup: number): Schedule {
  const lastLogSize = Math.min(...logSizes, 8 + logBlowup);
  const layers: Layer[] = [];
  let logSize = at(logSizes, 0);
  while (logSize > lastLogSize) {
    const current = logSize;
    const coming = logSizes.filter((size) => size < current);
    const steps = [3, current - lastLogSize, ...coming.map((size) => current - size)];
    const logFold = Math.min(...steps);
    layers.push({ logSize, logFold });
    logSize -= logFold;
  }
  return { layers, lastLogSize, coefficients: 2 ** (lastLogSize - logBlowup) };
}

/**
 * sum of beta^i f_i at x^(2^s), where f = sum of X^i f_i(X^(2^s)): the polynomial of degree below
 * 2^s through the leaf's values, at beta. `values[i]` is f at exponent `leaf + i 2^(m - s)`.
 */
export function fold(
  values: readonly Element[],
  { logSize, logFold }: Layer,
  leaf: number,
  beta: Element,
): Element {
  const count = 2 ** logFold;
  const x = domainPoint(logSize, leaf);
  const root = rootOfUnity(logFold);
  const points = values.map((_, i) => mod(x * power(root, BigInt(i))));
  let sum = ZERO;
  for (let i = 0; i < count; i += 1) {
    let numerator = at(values, i);
    let denominator = 1n;
    for (let j = 0; j < count; j += 1) {
      if (j === i) continue;
      numerator = multiply(numerator, add(beta, fromBase(-at(points, j))));
      denominator = mod(denominator * (at(points, i) - at(points, j)));
    }
    sum = add(sum, scale(numerator, at(inverse(fromBase(denominator)), 0)));
  }
  return sum;
}

/** base^0, base^1, ... */
export function* powersOf(base: Element): Generator<Element> {
  let current = ONE;
  for (;;) {
    yield current;
    current = multiply(current, base);
  }
}

/** The field in numbers, for the slow prover. */
import type { Arithmetic } from './arithmetic.ts';
import { at, type Element, mod, P, power, rootOfUnity } from './field.ts';

/** The field in numbers, for the reference prover: BigInt would take it minutes. */
export const MODULUS = Number(P);

/** An element of the extension: five numbers. */
export type Wide = readonly number[];

export function plus(a: number, b: number): number {
  const sum = a + b;
  return sum >= MODULUS ? sum - MODULUS : sum;
}

export function minus(a: number, b: number): number {
  return a >= b ? a - b : a - b + MODULUS;
}

/** a b, from the product's low 32 bits: the quotient's estimate is at most 1 away. */
export function times(a: number, b: number): number {
  const quotient = Math.floor((a * b) / MODULUS);
  const rest = (Math.imul(a, b) - Math.imul(quotient, MODULUS)) | 0;
  if (rest < 0) return rest + MODULUS;
  return rest >= MODULUS ? rest - MODULUS : rest;
}

export function raise(base: number, exponent: bigint): number {
  return Number(power(BigInt(base), exponent));
}

export function invert(value: number): number {
  return raise(value, P - 2n);
}

/** The residue of an integer of any sign. */
export function residue(value: bigint): number {
  return Number(mod(value));
}

export function wide(element: Element): Wide {
  return element.map(Number);
}

export function big(element: Wide): Element {
  return element.map(BigInt);
}

export function wideOf(value: number): Wide {
  return [value, 0, 0, 0, 0];
}

export function widePlus(a: Wide, b: Wide): Wide {
  const [a0 = 0, a1 = 0, a2 = 0, a3 = 0, a4 = 0] = a;
  const [b0 = 0, b1 = 0, b2 = 0, b3 = 0, b4 = 0] = b;
  return [plus(a0, b0), plus(a1, b1), plus(a2, b2), plus(a3, b3), plus(a4, b4)];
}

export function wideMinus(a: Wide, b: Wide): Wide {
  return a.map((value, i) => minus(value, at(b, i)));
}

export function wideTimes(a: Wide, b: Wide): Wide {
  const product = [0, 0, 0, 0, 0];
  for (let i = 0; i < 5; i += 1) {
    const left = a[i] ?? 0;
    if (left === 0) continue;
    for (let j = 0; j < 5; j += 1) {
      const right = b[j] ?? 0;
      if (right === 0) continue;
      const term = times(left, right);
      const place = (i + j) % 5;
      // X^5 is 2.
      product[place] = plus(product[place] ?? 0, i + j < 5 ? term : plus(term, term));
    }
  }
  return product;
}

export function wideScale(a: Wide, factor: number): Wide {
  return a.map((value) => times(value, factor));
}

/** Adds a times factor to the element at five places of a list of numbers. */
export function accumulate(sums: Uint32Array, place: number, a: Wide, factor: number): void {
  for (let i = 0; i < 5; i += 1) {
    sums[place + i] = plus(sums[place + i] ?? 0, times(a[i] ?? 0, factor));
  }
}

export const wideArithmetic: Arithmetic<Wide> = {
  add: widePlus,
  subtract: wideMinus,
  multiply: wideTimes,
  integer: (value) => wideOf(value < 0 ? value + MODULUS : value),
  generator: [0, 1, 0, 0, 0],
};

/** The inverses of all the elements, with one inversion. None may be 0. */
export function invertAll(elements: readonly Wide[], invertOne: (a: Wide) => Wide): Wide[] {
  let product = wideOf(1);
  const before = elements.map((element) => {
    const sofar = product;
    product = wideTimes(product, element);
    return sofar;
  });
  let rest = invertOne(product);
  const inverses = new Array<Wide>(elements.length);
  for (let i = elements.length - 1; i >= 0; i -= 1) {
    inverses[i] = wideTimes(rest, at(before, i));
    rest = wideTimes(rest, at(elements, i));
  }
  return inverses;
}

/** The values at root^0, root^1, ... of a polynomial with 2^k coefficients; root has order 2^k. */
function transform(coefficients: Uint32Array, root: number): Uint32Array {
  const size = coefficients.length;
  const values = new Uint32Array(size);
  let reversed = 0;
  for (let i = 0; i < size; i += 1) {
    values[reversed] = at(coefficients, i);
    let bit = size / 2;
    while (bit >= 1 && (reversed & bit) !== 0) {
      reversed ^= bit;
      bit /= 2;
    }
    reversed |= bit;
  }
  const turns = new Uint32Array(size / 2);
  turns.fill(1, 0, 1);
  for (let i = 1; i < size / 2; i += 1) turns[i] = times(at(turns, i - 1), root);
  for (let half = 1; half < size; half *= 2) {
    const step = size / (2 * half);
    for (let place = 0; place < size; place += 2 * half) {
      for (let i = 0; i < half; i += 1) {
        const even = values[place + i] ?? 0;
        const odd = times(values[place + half + i] ?? 0, turns[i * step] ?? 0);
        values[place + i] = plus(even, odd);
        values[place + half + i] = minus(even, odd);
      }
    }
  }
  return values;
}

/** Coefficients of the polynomial of degree below 2^k with these values at offset w(k)^i. */
export function interpolate(values: Uint32Array, offset: number): Uint32Array {
  const size = values.length;
  const root = Number(rootOfUnity(Math.log2(size)));
  const sums = transform(values, invert(root));
  const step = invert(offset);
  let factor = invert(size);
  return sums.map((sum) => {
    const coefficient = times(sum, factor);
    factor = times(factor, step);
    return coefficient;
  });
}

/** Values at offset w(k)^i of the polynomial, which has at most 2^k coefficients. */
export function extend(coefficients: Uint32Array, offset: number, k: number): Uint32Array {
  const scaled = new Uint32Array(2 ** k);
  let factor = 1;
  coefficients.forEach((coefficient, i) => {
    scaled[i] = times(coefficient, factor);
    factor = times(factor, offset);
  });
  return transform(scaled, Number(rootOfUnity(k)));
}

/** Sums and products over any numbers, so that constraints are written once. */
import * as field from './field.ts';

/**
 * What the constraints need of the extension field: the verifier computes with BigInt, the
 * reference prover with numbers. Constraints are written once, for both.
 */
export interface Arithmetic<E> {
  readonly add: (a: E, b: E) => E;
  readonly subtract: (a: E, b: E) => E;
  readonly multiply: (a: E, b: E) => E;
  /** A small integer, of any sign. */
  readonly integer: (value: number) => E;
  /** X, of which the elements are polynomials. */
  readonly generator: E;
}

export const bigArithmetic: Arithmetic<field.Element> = {
  add: field.add,
  subtract: field.subtract,
  multiply: field.multiply,
  integer: (value) => field.fromBase(BigInt(value)),
  generator: [0n, 1n, 0n, 0n, 0n],
};

/** Sums and products with more than two operands, and integers as they are. */
export class Calculator<E> {
  readonly #field: Arithmetic<E>;

  constructor(field: Arithmetic<E>) {
    this.#field = field;
  }

  integer(value: number): E {
    return this.#field.integer(value);
  }

  get generator(): E {
    return this.#field.generator;
  }

  sum(...terms: readonly (E | number)[]): E {
    let sum = this.#of(terms[0] ?? 0);
    for (let i = 1; i < terms.length; i += 1) sum = this.#field.add(sum, this.#of(terms[i] ?? 0));
    return sum;
  }

  product(...factors: readonly (E | number)[]): E {
    let product = this.#of(factors[0] ?? 1);
    for (let i = 1; i < factors.length; i += 1) {
      product = this.#field.multiply(product, this.#of(factors[i] ?? 1));
    }
    return product;
  }

  /** The first less all others. */
  difference(from: E | number, ...less: readonly (E | number)[]): E {
    return less.reduce<E>((a, b) => this.#field.subtract(a, this.#of(b)), this.#of(from));
  }

  /** c (c - 1). */
  bool(value: E): E {
    return this.product(value, this.difference(value, 1));
  }

  /** items[0] + base items[1] + base^2 items[2] + ... */
  weighted(base: E | number, items: readonly E[]): E {
    return items.reduceRight((sum, item) => this.sum(this.product(sum, base), item));
  }

  #of(value: E | number): E {
    return typeof value === 'number' ? this.#field.integer(value) : value;
  }
}

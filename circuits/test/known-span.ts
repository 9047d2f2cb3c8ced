/** Linear forms whose value is known although their wires are not. */
import { reduce, scalarOrder } from '../builder/field.ts';
import type { Form } from './linear-form.ts';
import { fieldInverse } from './sqrt.ts';

/**
 * The span of the forms that were added, modulo constants and known wires, in reduced echelon form:
 * for each pivot wire, pivot + row is known, and no row has a pivot.
 */
export class KnownSpan {
  readonly #rows = new Map<number, Map<number, bigint>>();
  readonly #isKnown: (wire: number) => boolean;

  constructor(isKnown: (wire: number) => boolean) {
    this.#isKnown = isKnown;
  }

  /** Whether the value of `form` follows. */
  has(form: Form): boolean {
    return this.#reduced(form).size === 0;
  }

  add(form: Form): void {
    const rest = this.#reduced(form);
    const [first] = rest;
    if (first === undefined) return;
    const [pivot, coefficient] = first;
    rest.delete(pivot);
    const inverse = fieldInverse(coefficient);
    for (const [wire, value] of rest) rest.set(wire, (value * inverse) % scalarOrder);
    for (const row of this.#rows.values()) {
      const factor = row.get(pivot);
      if (factor === undefined) continue;
      row.delete(pivot);
      subtract(row, factor, rest);
    }
    this.#rows.set(pivot, rest);
  }

  /** Wires that are known by now, each alone. */
  solved(): number[] {
    return [...this.#rows].flatMap(([pivot, row]) =>
      [...row.keys()].every(this.#isKnown) ? [pivot] : [],
    );
  }

  #reduced(form: Form): Map<number, bigint> {
    const rest = new Map<number, bigint>();
    for (const [wire, value] of form) {
      if (this.#isKnown(wire)) continue;
      const row = this.#rows.get(wire);
      if (row === undefined) subtract(rest, scalarOrder - value, new Map([[wire, 1n]]));
      else subtract(rest, value, row);
    }
    for (const wire of [...rest.keys()]) if (this.#isKnown(wire)) rest.delete(wire);
    return rest;
  }
}

function subtract(from: Map<number, bigint>, factor: bigint, row: Form): void {
  for (const [wire, value] of row) {
    const difference = reduce((from.get(wire) ?? 0n) - factor * value);
    if (difference === 0n) from.delete(wire);
    else from.set(wire, difference);
  }
}

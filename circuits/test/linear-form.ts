/** Linear forms of a constraint system: wire -> coefficient, none of them zero; wire 0 is one. */
import { at, reduce, scalarOrder } from '../builder/field.ts';
import type { ConstraintSystem } from '../builder/r1cs.ts';
import { fieldInverse } from './sqrt.ts';

export type Form = ReadonlyMap<number, bigint>;

/** Linear combination `i` of a system (three a constraint). */
export function formAt({ starts, wires, coefficients }: ConstraintSystem, i: number): Form {
  const form = new Map<number, bigint>();
  for (let term = at(starts, i); term < at(starts, i + 1); term++) {
    add(form, at(wires, term), at(coefficients, term));
  }
  return form;
}

/** left + factor * right. */
export function combine(left: Form, factor: bigint, right: Form): Form {
  const sum = new Map(left);
  for (const [wire, value] of right) add(sum, wire, value * factor);
  return sum;
}

export function scale(form: Form, factor: bigint): Form {
  return combine(new Map(), factor, form);
}

export function isConstant(form: Form): boolean {
  return form.size === 0 || (form.size === 1 && form.has(0));
}

/** The same text for forms that differ by a factor alone, and the form's own factor. */
export function classOf(form: Form): { key: string; factor: bigint } {
  const sorted = [...form].sort(([a], [b]) => a - b);
  const factor = sorted[0]?.[1] ?? 1n;
  const inverse = fieldInverse(factor);
  const key = sorted
    .map(([wire, value]) => `${wire}:${((value * inverse) % scalarOrder).toString(36)}`)
    .join(' ');
  return { key, factor };
}

export function withoutConstant(form: Form): Form {
  const rest = new Map(form);
  rest.delete(0);
  return rest;
}

export function unknownWires(form: Form, isKnown: (wire: number) => boolean): number[] {
  return [...form.keys()].filter((wire) => !isKnown(wire));
}

function add(form: Map<number, bigint>, wire: number, value: bigint): void {
  const sum = reduce((form.get(wire) ?? 0n) + value);
  if (sum === 0n) form.delete(wire);
  else form.set(wire, sum);
}

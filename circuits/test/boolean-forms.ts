/** What follows for the wires of a constraint system from linear forms that can only be 0 or 1. */
import { at, reduce, scalarOrder } from '../builder/field.ts';
import type { ConstraintSystem } from '../builder/r1cs.ts';
import {
  classOf,
  combine,
  type Form,
  formAt,
  scale,
  unknownWires,
  withoutConstant,
} from './linear-form.ts';
import { fieldInverse } from './sqrt.ts';

/** A linear form that some constraint keeps in {0, 1}: L (L - 1) = 0, up to factors. */
interface Atom {
  readonly form: Form;
}

type IsKnown = (wire: number) => boolean;

const mostOneHotWires = 10;

export class BooleanForms {
  readonly #wires = new Set<number>();
  /** Atoms that are no single wire. */
  readonly #forms: Form[] = [];
  /** By class of the form's part without its constant. */
  readonly #atoms = new Map<string, Atom>();
  /** implied[X] = Y where X (1 - Y) = 0, X and Y atoms or negations of atoms; by class of form. */
  readonly #implied = new Map<string, string>();

  constructor(system: ConstraintSystem) {
    const products: [Form, Form][] = [];
    for (let c = 0; c < system.constraintCount; c++) {
      if (at(system.starts, 3 * c + 2) !== at(system.starts, 3 * c + 3)) continue;
      const [a, b] = [formAt(system, 3 * c), formAt(system, 3 * c + 1)];
      const form = booleanForm(a, b);
      if (form === undefined) products.push([a, b]);
      else this.#add(form);
    }
    this.#findImplications(products);
  }

  /** Wires, not known so far, that a rule determines from those that are. */
  determined(rule: 'bits' | 'prefix' | 'one-hot', isKnown: IsKnown): number[] {
    const open = this.#forms.filter((form) => {
      const unknown = unknownWires(form, isKnown);
      return unknown.length > 0 && unknown.every((wire) => this.#wires.has(wire));
    });
    if (rule === 'one-hot') {
      // A form over many rows would tie them all together; it waits until most of it is known.
      const small = open.filter((form) => unknownWires(form, isKnown).length <= mostOneHotWires);
      return this.#oneHots(small, isKnown);
    }
    const holds = (form: Form, unknown: readonly number[]): boolean =>
      rule === 'bits'
        ? isPositional(form, unknown)
        : this.#isPrefix(form, unknown) || this.#isPrefix(negated(form), unknown);
    return open.flatMap((form) => {
      const unknown = unknownWires(form, isKnown);
      return holds(form, unknown) ? unknown : [];
    });
  }

  #add(form: Form): void {
    const bare = withoutConstant(form);
    this.#atoms.set(classOf(bare).key, { form });
    const [wire] = bare.keys();
    if (bare.size > 1 || wire === undefined) {
      this.#forms.push(form);
      return;
    }
    const constant = form.get(0) ?? 0n;
    const value = form.get(wire);
    const isWire = constant === 0n && value === 1n;
    if (isWire || (constant === 1n && value === scalarOrder - 1n)) this.#wires.add(wire);
  }

  #findImplications(products: readonly [Form, Form][]): void {
    const negations = new Map<string, string>();
    for (const { form } of this.#atoms.values()) {
      const [key, negation] = [classOf(form).key, classOf(negated(form)).key];
      negations.set(key, negation);
      negations.set(negation, key);
    }
    for (const [a, b] of products) {
      const [left, right] = [classOf(a).key, classOf(b).key];
      const [notLeft, notRight] = [negations.get(left), negations.get(right)];
      if (notLeft === undefined || notRight === undefined) continue;
      this.#implied.set(left, notRight);
      this.#implied.set(right, notLeft);
    }
  }

  /**
   * form = known - (sum of the unknown): the number of ones among form and unknown is known. Where
   * each of them implies the next there is one way to place so many ones.
   */
  #isPrefix(form: Form, unknown: readonly number[]): boolean {
    if (!unknown.every((wire) => form.get(wire) === scalarOrder - 1n)) return false;
    const members = new Set([classOf(form).key, ...unknown.map((wire) => `${wire}:1`)]);
    const implied = new Set([...members].map((key) => this.#implied.get(key)));
    const heads = [...members].filter((key) => !implied.has(key));
    let key = heads[0];
    if (heads.length !== 1) return false;
    const seen = new Set<string>();
    while (key !== undefined && members.has(key) && !seen.has(key)) {
      seen.add(key);
      key = this.#implied.get(key);
    }
    return seen.size === members.size;
  }

  #oneHots(open: readonly Form[], isKnown: IsKnown): number[] {
    const byWire = new Map<number, Form[]>();
    for (const form of open) {
      for (const wire of unknownWires(form, isKnown)) {
        byWire.set(wire, [...(byWire.get(wire) ?? []), form]);
      }
    }
    const done = new Set<Form>();
    return open.flatMap((first) => {
      if (done.has(first)) return [];
      const forms = new Set([first]);
      const wires = new Set<number>();
      for (const form of forms) {
        done.add(form);
        for (const wire of unknownWires(form, isKnown)) {
          wires.add(wire);
          for (const other of byWire.get(wire) ?? []) forms.add(other);
        }
      }
      if (forms.size > 2 || wires.size > mostOneHotWires) return [];
      return this.#isOneToOne([...forms], [...wires], isKnown) ? [...wires] : [];
    });
  }

  /** Whether the known parts of the forms tell all values of the wires apart, each tried. */
  #isOneToOne(forms: readonly Form[], wires: readonly number[], isKnown: IsKnown): boolean {
    const known = forms.map((form) => new Map([...form].filter(([wire]) => isKnown(wire))));
    const filters = this.#filters(known);
    const seen = new Set<string>();
    for (let flags = 0; flags < 2 ** (wires.length + forms.length); flags++) {
      const flag = (i: number): bigint => BigInt((flags >> i) & 1);
      const values = forms.map((form, j) => {
        const sum = wires.reduce((all, wire, i) => all + (form.get(wire) ?? 0n) * flag(i), 0n);
        return reduce(flag(wires.length + j) - sum);
      });
      if (!filters.every((allows) => allows(values))) continue;
      const key = values.join();
      if (seen.has(key)) return false;
      seen.add(key);
    }
    return true;
  }

  /** What must hold of the values of known parts, because a combination of them is an atom. */
  #filters(known: readonly Form[]): ((values: readonly bigint[]) => boolean)[] {
    const weights = known.map((_, j) => known.map((__, i) => BigInt(i === j ? 1 : 0)));
    const [p, q] = known;
    for (const [wire, value] of q ?? []) {
      const other = p?.get(wire);
      if (wire !== 0 && other !== undefined)
        weights.push([1n, reduce(-other * fieldInverse(value))]);
    }
    return weights.flatMap((weight) => {
      const sum = known.reduce(
        (all, form, j) => combine(all, at(weight, j), form),
        new Map() as Form,
      );
      const weighted = (values: readonly bigint[]): bigint =>
        reduce(values.reduce((all, value, j) => all + value * at(weight, j), 0n));
      const constant = sum.get(0) ?? 0n;
      const bare = withoutConstant(sum);
      if (bare.size === 0) return [(values) => weighted(values) === constant];
      const { key, factor } = classOf(bare);
      const atom = this.#atoms.get(key);
      if (atom === undefined) return [];
      const atomFactor = classOf(withoutConstant(atom.form)).factor;
      const ratio = atomFactor * fieldInverse(factor);
      return [
        (values) => {
          const value = reduce((weighted(values) - constant) * ratio + (atom.form.get(0) ?? 0n));
          return value === 0n || value === 1n;
        },
      ];
    });
  }
}

function negated(form: Form): Form {
  return combine(new Map([[0, 1n]]), -1n, form);
}

/** The form L with L (L - 1) = 0 that a b = 0 says, b a multiple of a but for constants. */
function booleanForm(a: Form, b: Form): Form | undefined {
  const [first] = withoutConstant(a);
  const other = first && b.get(first[0]);
  if (first === undefined || other === undefined) return undefined;
  const ratio = other * fieldInverse(first[1]);
  const rest = combine(b, -ratio, a);
  const gap = rest.get(0);
  if (rest.size !== 1 || gap === undefined) return undefined;
  // a (ratio a + gap) = 0: a is 0 or -gap / ratio.
  return scale(a, reduce(-ratio * fieldInverse(gap)));
}

/**
 * Whether form = known + sum of coefficient * wire, all in {0, 1}, has at most one solution: up to
 * a factor, the coefficients (the form's own 1 with them) are integers of either sign, each larger
 * than the sum of those before, and together below the field's order, so that nothing wraps.
 */
function isPositional(form: Form, unknown: readonly number[]): boolean {
  const coefficients = [1n, ...unknown.map((wire) => form.get(wire) ?? 0n)];
  return coefficients.some((unit) => {
    const inverse = fieldInverse(unit);
    const sizes: bigint[] = [];
    for (const value of coefficients) {
      const positive = (value * inverse) % scalarOrder;
      const size = positive > scalarOrder / 2n ? scalarOrder - positive : positive;
      if (size >> 250n > 0n) return false;
      sizes.push(size);
    }
    sizes.sort((p, q) => (p < q ? -1 : 1));
    let sum = 0n;
    for (const size of sizes) {
      if (size <= sum) return false;
      sum += size;
    }
    return 2n * sum < scalarOrder;
  });
}

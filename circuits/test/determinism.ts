/**
 * Which wires of a constraint system its inputs determine: an under-constrained detector in the
 * manner of Ecne (Wang, "Ecne: Automated Verification of ZK Circuits", 2022) and Picus (Pailoor
 * et al., "Automated Detection of Under-Constrained Circuits in Zero-Knowledge Proofs", PLDI 2023).
 * It reads nothing but the .r1cs. Each rule is a theorem about every solution, so "determined" is
 * said of all witnesses, not of one; where the rules fail, a wire is reported.
 */
import { at, reduce, scalarOrder } from '../builder/field.ts';
import type { ConstraintSystem } from '../builder/r1cs.ts';
import { BooleanForms } from './boolean-forms.ts';
import { KnownSpan } from './known-span.ts';
import { type Form, formAt, isConstant, unknownWires } from './linear-form.ts';
import { fieldInverse } from './sqrt.ts';

export interface Determinism {
  /** Wires that the inputs determine, by the rule that showed it. */
  readonly byRule: Readonly<Record<Rule, number>>;
  /**
   * Hints without effect: each occurs in one constraint alone, known * hint = known, which says no
   * more than "the first is not zero, or the second is". Their value is free where the first is 0.
   */
  readonly hints: readonly number[];
  /** Wires that no rule determines: each may be a hole. */
  readonly undetermined: readonly number[];
}

export type Rule =
  | 'input'
  | 'assigned'
  | 'inverse'
  | 'span'
  | 'bits'
  | 'prefix'
  | 'one-hot'
  | 'is-zero';

/** Analyses `system`, whose inputs, public and private, are taken as given. */
export function analyzeDeterminism(system: ConstraintSystem): Determinism {
  return new Analysis(system).run();
}

class Analysis {
  readonly #system: ConstraintSystem;
  readonly #known: Uint8Array;
  /** Constraints by wire, and how many distinct unknown wires each has. */
  readonly #uses: number[][];
  readonly #unknownCounts: Uint32Array;
  /** The same of its two factors alone, and the constraints in which it came to 0. */
  readonly #factorCounts: Uint32Array;
  readonly #seeds: number[] = [];
  readonly #booleans: BooleanForms;
  readonly #queue: number[] = [];
  readonly #byRule: Record<Rule, number> = {
    input: 0,
    assigned: 0,
    inverse: 0,
    span: 0,
    bits: 0,
    prefix: 0,
    'one-hot': 0,
    'is-zero': 0,
  };

  constructor(system: ConstraintSystem) {
    this.#system = system;
    this.#known = new Uint8Array(system.wireCount);
    this.#uses = Array.from({ length: system.wireCount }, () => []);
    this.#unknownCounts = new Uint32Array(system.constraintCount);
    this.#factorCounts = new Uint32Array(system.constraintCount);
    for (let c = 0; c < system.constraintCount; c++) {
      const factorsEnd = at(system.starts, 3 * c + 2);
      for (let term = at(system.starts, 3 * c); term < at(system.starts, 3 * c + 3); term++) {
        const uses = at(this.#uses, at(system.wires, term));
        if (uses.at(-1) === c) continue;
        uses.push(c);
        this.#unknownCounts[c] = at(this.#unknownCounts, c) + 1;
        if (term < factorsEnd) this.#factorCounts[c] = at(this.#factorCounts, c) + 1;
      }
    }
    this.#booleans = new BooleanForms(system);
  }

  run(): Determinism {
    const { outputCount, publicCount, privateInputCount } = this.#system;
    this.#learn(0, 'input');
    for (let wire = outputCount + 1; wire <= publicCount + privateInputCount; wire++) {
      this.#learn(wire, 'input');
    }
    for (let more = true; more; ) {
      this.#propagate();
      more = this.#learnFromBooleans() || this.#learnZeroTests() || this.#learnSpans();
    }
    const unknown = Array.from(this.#known.keys()).filter((wire) => !this.#isKnown(wire));
    const hints = unknown.filter((wire) => this.#isHint(wire));
    const isHint = new Set(hints);
    return {
      byRule: this.#byRule,
      hints,
      undetermined: unknown.filter((wire) => !isHint.has(wire)),
    };
  }

  readonly #isKnown = (wire: number): boolean => this.#known[wire] === 1;

  #learn(wire: number, rule: Rule): void {
    if (this.#isKnown(wire)) return;
    this.#known[wire] = 1;
    this.#byRule[rule] += 1;
    for (const c of at(this.#uses, wire)) {
      const count = at(this.#unknownCounts, c) - 1;
      this.#unknownCounts[c] = count;
      if (count === 1) this.#queue.push(c);
      if (!this.#isFactor(wire, c)) continue;
      const factors = at(this.#factorCounts, c) - 1;
      this.#factorCounts[c] = factors;
      if (factors === 0) this.#seeds.push(c);
    }
  }

  #isFactor(wire: number, c: number): boolean {
    const { starts, wires } = this.#system;
    return wires.subarray(at(starts, 3 * c), at(starts, 3 * c + 2)).includes(wire);
  }

  /** Constraints with one unknown wire left, until nothing new comes of them. */
  #propagate(): void {
    for (let c = this.#queue.pop(); c !== undefined; c = this.#queue.pop()) {
      if (at(this.#unknownCounts, c) !== 1) continue;
      const [a, b, out] = this.#sides(c);
      const wire = [a, b, out].flatMap((form) => unknownWires(form, this.#isKnown))[0];
      if (wire === undefined) continue;
      const rule = solves(wire, a, b, out) ?? solves(wire, b, a, out);
      if (rule) this.#learn(wire, rule);
    }
  }

  #learnFromBooleans(): boolean {
    let learned = false;
    for (const rule of ['bits', 'prefix', 'one-hot'] as const) {
      for (const wire of this.#booleans.determined(rule, this.#isKnown)) {
        learned ||= !this.#isKnown(wire);
        this.#learn(wire, rule);
      }
    }
    return learned;
  }

  /**
   * known * hint = f(u) and known * g(u) = known', the hint in no other constraint, f and g of one
   * unknown u: where known = 0 the first gives u, elsewhere the second does.
   */
  #learnZeroTests(): boolean {
    let learned = false;
    this.#unknownCounts.forEach((count, c) => {
      if (count !== 2) return;
      const test = this.#zeroTest(c);
      if (test === undefined || this.#isKnown(test.wire)) return;
      if (!at(this.#uses, test.wire).some((other) => this.#excludes(other, test))) return;
      this.#learn(test.wire, 'is-zero');
      learned = true;
    });
    return learned;
  }

  #zeroTest(c: number): { wire: number; factor: Form } | undefined {
    const [a, b, out] = this.#sides(c);
    const inOut = unknownWires(out, this.#isKnown);
    const [wire] = inOut;
    if (wire === undefined || inOut.length !== 1) return undefined;
    for (const [factor, other] of [
      [a, b],
      [b, a],
    ] as const) {
      const [hint, more] = unknownWires(other, this.#isKnown);
      if (hint === undefined || more !== undefined || hint === wire) continue;
      const isAlone = at(this.#uses, hint).length === 1 && other.size === 1;
      if (isAlone && unknownWires(factor, this.#isKnown).length === 0) return { wire, factor };
    }
    return undefined;
  }

  /** Whether c is factor * (linear in the wire alone) = known. */
  #excludes(c: number, { wire, factor }: { wire: number; factor: Form }): boolean {
    if (at(this.#unknownCounts, c) !== 1) return false;
    const [a, b, out] = this.#sides(c);
    if (out.has(wire)) return false;
    return (
      (!a.has(wire) && b.has(wire) && isMultiple(a, factor)) ||
      (!b.has(wire) && a.has(wire) && isMultiple(b, factor))
    );
  }

  /**
   * known * known = form tells the form's value, though not its wires'; forms of known value span
   * others, which are factors of further constraints, and so on until the span holds every wire.
   * The compiler leaves the partial rounds of a hash in this shape: it keeps the late wires of the
   * linear layers and writes the early ones as their combinations.
   */
  #learnSpans(): boolean {
    const seeds = this.#seeds.splice(0).filter((c) => at(this.#unknownCounts, c) > 1);
    if (seeds.length === 0) return false;
    const span = new KnownSpan(this.#isKnown);
    const near = new Set<number>();
    for (const c of seeds) {
      const form = formAt(this.#system, 3 * c + 2);
      span.add(form);
      for (const wire of unknownWires(form, this.#isKnown)) {
        for (const use of at(this.#uses, wire)) near.add(use);
      }
    }
    for (const c of seeds) near.delete(c);
    // Early rounds are combinations of more of the late wires, so they come first.
    const open = [...near].sort((p, q) => at(this.#unknownCounts, q) - at(this.#unknownCounts, p));
    const before = this.#byRule.span;
    for (let index = 0; index < open.length; ) {
      const c = at(open, index);
      const [a, b, out] = this.#sides(c);
      index += 1;
      if (!span.has(a) || !span.has(b)) continue;
      open.splice(index - 1, 1);
      const [wire, more] = unknownWires(out, this.#isKnown);
      if (wire !== undefined && more === undefined) this.#learn(wire, 'span');
      else span.add(out);
      this.#propagate();
      index = 0;
    }
    for (const wire of span.solved()) this.#learn(wire, 'span');
    return this.#byRule.span > before;
  }

  #isHint(wire: number): boolean {
    const [c, more] = at(this.#uses, wire);
    if (c === undefined) return true;
    if (more !== undefined || at(this.#unknownCounts, c) !== 1) return false;
    const [a, b, out] = this.#sides(c);
    return !out.has(wire) && a.has(wire) !== b.has(wire);
  }

  #sides(c: number): [Form, Form, Form] {
    return [0, 1, 2].map((side) => formAt(this.#system, 3 * c + side)) as [Form, Form, Form];
  }
}

/**
 * Why (k u + p) q = m u + n, where u is the one unknown, leaves u one value:
 * - q is a constant and k q != m (u may also stand in C alone: k = 0, m != 0);
 * - m = 0, p = 0 and n is a constant that is not zero: then q is not zero either, and u = n/(k q).
 */
function solves(wire: number, withWire: Form, q: Form, out: Form): Rule | undefined {
  if (q.has(wire)) return undefined;
  const k = withWire.get(wire) ?? 0n;
  const m = out.get(wire) ?? 0n;
  if (k === 0n) return m === 0n ? undefined : 'assigned';
  if (isConstant(q)) return reduce(k * (q.get(0) ?? 0n) - m) === 0n ? undefined : 'assigned';
  const isInverse = m === 0n && withWire.size === 1 && isConstant(out) && out.size === 1;
  return isInverse ? 'inverse' : undefined;
}

/** Whether one form is the other times a constant that is not zero. */
function isMultiple(form: Form, other: Form): boolean {
  const [first] = other;
  if (first === undefined || form.size !== other.size) return false;
  const own = form.get(first[0]);
  if (own === undefined) return false;
  const ratio = (own * fieldInverse(first[1])) % scalarOrder;
  return [...other].every(([wire, value]) => form.get(wire) === (value * ratio) % scalarOrder);
}

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { at, inverse, reduce, scalarOrder } from '../builder/field.ts';
import { type ConstraintSystem, evaluate, parseR1cs, violations } from '../builder/r1cs.ts';
import { type CircuitName, circuitArtifacts } from '../src/index.ts';
import type { Values } from './model.ts';

/** A compiled circuit with the names of its wires. */
export class Circuit {
  readonly name: CircuitName;
  readonly system: ConstraintSystem;
  readonly #wires = new Map<string, number>();
  readonly #names: string[] = [];

  constructor(name: CircuitName) {
    this.name = name;
    const files = circuitArtifacts(name);
    this.system = parseR1cs(fs.readFileSync(files.r1cs));
    for (const line of fs.readFileSync(files.sym, 'utf8').trimEnd().split('\n')) {
      const [, wire, , signal] = line.split(',');
      assert(wire !== undefined && signal !== undefined, `unreadable symbol: ${line}`);
      if (wire === '-1') continue;
      this.#wires.set(signal, Number(wire));
      this.#names[Number(wire)] = signal;
    }
  }

  /** The wire of a signal; undefined where the optimizer put a linear form in its place. */
  wire(signal: string): number | undefined {
    return this.#wires.get(signal);
  }

  nameOf(wire: number): string {
    return this.#names[wire] ?? `wire ${wire}`;
  }

  /** The first signals of a constraint by name, for messages. */
  describe(constraint: number): string {
    const { starts, wires } = this.system;
    const from = at(starts, 3 * constraint);
    const to = Math.min(at(starts, 3 * constraint + 3), from + 6);
    return Array.from(wires.subarray(from, to), (wire) => this.nameOf(wire)).join(', ');
  }

  /** Whether any constraint objects to a whole witness; the first one that does is enough. */
  refuses(witness: readonly bigint[]): boolean {
    const side = (i: number): bigint => evaluate(this.system, i, witness);
    for (let c = 0; c < this.system.constraintCount; c++) {
      if (reduce(side(3 * c) * side(3 * c + 1) - side(3 * c + 2)) !== 0n) return true;
    }
    return false;
  }

  /** The constraints that a whole witness violates. */
  objections(witness: readonly bigint[]): number[] {
    return violations(this.system, witness);
  }
}

/**
 * A witness in the making: signals set by name, in the order in which a circuit computes them.
 * A tampered signal takes the attacker's value instead, and what is computed from it follows.
 */
export class Tape {
  readonly circuit: Circuit;
  readonly #witness: (bigint | undefined)[];
  readonly #tampered: ReadonlyMap<string, bigint>;
  readonly #unused: Set<string>;

  constructor(circuit: Circuit, tampered: ReadonlyMap<string, bigint> = new Map()) {
    this.circuit = circuit;
    this.#witness = new Array<bigint | undefined>(circuit.system.wireCount).fill(undefined);
    this.#witness[0] = 1n;
    this.#tampered = tampered;
    this.#unused = new Set(tampered.keys());
  }

  /** Sets a signal and returns its value, reduced: `value`, or the attacker's. */
  set(signal: string, value: bigint): bigint {
    const tampered = this.#tampered.get(signal);
    if (tampered !== undefined) this.#unused.delete(signal);
    const final = reduce(tampered ?? value);
    const wire = this.circuit.wire(signal);
    if (wire !== undefined) this.#witness[wire] = final;
    return final;
  }

  /** Sets an input and its elements. */
  setInput(signal: string, value: Values): void {
    if (typeof value === 'bigint') {
      this.set(signal, value);
      return;
    }
    value.forEach((part, i) => {
      this.setInput(`${signal}[${i}]`, part);
    });
  }

  /** Num2Bits(width) of circomlib; the bits are hints. Returns them as set. */
  setBits(component: string, value: bigint, width: number): bigint[] {
    const element = this.set(`${component}.in`, value);
    return Array.from({ length: width }, (_, i) =>
      this.set(`${component}.out[${i}]`, (element >> BigInt(i)) & 1n),
    );
  }

  /** The complete witness. Throws when a wire was never set or a tampering never took effect. */
  finish(): bigint[] {
    assert.deepEqual([...this.#unused], [], 'tampered signals that the circuit does not have');
    return this.#witness.map((value, wire) => {
      assert(value !== undefined, `no value for ${this.circuit.nameOf(wire)}`);
      return value;
    });
  }
}

/** value^-1, or 0 where there is none: what the circuits' hints compute. */
export function inverseOrZero(value: bigint): bigint {
  return reduce(value) === 0n ? 0n : inverse(value);
}

/**
 * The wires that can change alone by some small or large amount without any constraint objecting.
 * A sound circuit has none but those that are known to be without effect.
 */
export function loneFreeWires(circuit: Circuit, witness: readonly bigint[]): string[] {
  const { system } = circuit;
  const values = Array.from({ length: 3 * system.constraintCount }, (_, i) =>
    evaluate(system, i, witness),
  );
  const changes = [1n, scalarOrder - 1n, 2n ** 127n - 1n];
  return wireOccurrences(system).flatMap((occurrences, wire) =>
    wire > 0 && changes.some((change) => !isNoticed(occurrences, values, change))
      ? [circuit.nameOf(wire)]
      : [],
  );
}

type Occurrences = ReadonlyMap<number, readonly [bigint, bigint, bigint]>;

/** For every wire, its coefficients in A, B and C of each constraint that has it. */
function wireOccurrences(system: ConstraintSystem): Occurrences[] {
  const { wireCount, constraintCount, starts, wires, coefficients } = system;
  const result = Array.from(
    { length: wireCount },
    () => new Map<number, [bigint, bigint, bigint]>(),
  );
  for (let i = 0; i < 3 * constraintCount; i++) {
    for (let term = at(starts, i); term < at(starts, i + 1); term++) {
      const constraint = Math.floor(i / 3);
      const byConstraint = at(result, at(wires, term));
      const triple = byConstraint.get(constraint) ?? [0n, 0n, 0n];
      triple[i % 3] = at(triple, i % 3) + at(coefficients, term);
      byConstraint.set(constraint, triple);
    }
  }
  return result;
}

function isNoticed(occurrences: Occurrences, values: readonly bigint[], change: bigint): boolean {
  for (const [constraint, [a, b, c]] of occurrences) {
    const left = at(values, 3 * constraint) + a * change;
    const right = at(values, 3 * constraint + 1) + b * change;
    if (reduce(left * right - at(values, 3 * constraint + 2) - c * change) !== 0n) return true;
  }
  return false;
}

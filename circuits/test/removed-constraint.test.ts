/**
 * Whether what is tried against the circuits notices a constraint that is not there: either an
 * attack is accepted that this constraint alone stopped, or the analysis of the rest finds wires
 * that the inputs do not determine any more.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at } from '../builder/field.ts';
import type { ConstraintSystem } from '../builder/r1cs.ts';
import { batchAttacks } from './batch-attacks.ts';
import { analyzeDeterminism } from './determinism.ts';
import { Circuit } from './tape.ts';
import { batchWitness } from './traces.ts';

const SIZE = 15;
/** One of so many constraints of a row and of the sponge; a prime, so that all shapes are met. */
const STRIDE = 131;

function without(system: ConstraintSystem, removed: number): ConstraintSystem {
  const { constraintCount, starts, wires, coefficients } = system;
  const [from, to] = [at(starts, 3 * removed), at(starts, 3 * removed + 3)];
  const kept = Array.from(starts).toSpliced(3 * removed, 3);
  return {
    ...system,
    constraintCount: constraintCount - 1,
    starts: Uint32Array.from(kept, (start) => (start >= to ? start - (to - from) : start)),
    wires: Uint32Array.from(Array.from(wires).toSpliced(from, to - from)),
    coefficients: coefficients.toSpliced(from, to - from),
  };
}

test('a constraint that is removed is noticed', (t) => {
  const circuit = new Circuit('batch-15');
  const { system } = circuit;
  const whole = analyzeDeterminism(system);
  assert.deepEqual(whole.undetermined, []);
  /** Constraints that stop an attack on their own. */
  const sole = new Set<number>();
  for (const { alone, input, tampered } of batchAttacks(SIZE)) {
    if (!alone) continue;
    const found = circuit.objections(batchWitness(circuit, SIZE, input, tampered));
    assert.equal(found.length, 1);
    sole.add(at(found, 0));
  }
  const missed: string[] = [];
  let analyzed = 0;
  for (let c = 0; c < system.constraintCount; c += STRIDE) {
    if (sole.has(c)) continue;
    analyzed += 1;
    const { undetermined, hints } = analyzeDeterminism(without(system, c));
    if (undetermined.length === 0 && hints.length === whole.hints.length) {
      missed.push(`${c}: ${circuit.describe(c)}`);
    }
  }
  assert.deepEqual(missed, []);
  t.diagnostic(`${analyzed} removed one by one; ${sole.size} stop an attack on their own`);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at } from '../builder/field.ts';
import type { ConstraintSystem } from '../builder/r1cs.ts';
import type { CircuitName } from '../src/index.ts';
import { analyzeDeterminism } from './determinism.ts';
import { isKnownHint } from './proof-neg.ts';
import { Circuit } from './tape.ts';

for (const [name, hints] of [
  ['batch-15', 3 * 15],
  ['accounts-4', 4],
] as const) {
  test(`${name}: the inputs determine every wire but the hints without effect`, () => {
    const circuit = new Circuit(name satisfies CircuitName);
    const found = analyzeDeterminism(circuit.system);
    assert.deepEqual(
      found.undetermined.map((wire) => circuit.nameOf(wire)),
      [],
    );
    assert.equal(found.hints.length, hints);
    assert(found.hints.every((wire) => isKnownHint(circuit.nameOf(wire))));
  });
}

test('a system without one of its constraints is told, where a wire hung on it', () => {
  const circuit = new Circuit('batch-15');
  const without = (signal: string): string[] => {
    const { system } = circuit;
    const wire = circuit.wire(signal);
    assert(wire !== undefined, signal);
    // x (x - 1) = 0: the constraint that has this wire alone.
    const constraint = Array.from({ length: system.constraintCount }, (_, c) => c).find((c) => {
      const wires = system.wires.subarray(at(system.starts, 3 * c), at(system.starts, 3 * c + 3));
      return wires.includes(wire) && wires.every((other) => other === wire || other === 0);
    });
    assert(constraint !== undefined, signal);
    const { undetermined } = analyzeDeterminism(dropped(system, constraint));
    return undetermined.map((open) => circuit.nameOf(open));
  };
  const bit = 'main.rows[3].aBits.out[5]';
  const open = without(bit);
  assert(open.includes(bit));
  assert(open.every((name) => name.startsWith('main.rows[3].')));
  assert(without('main.rows[7].is[2]').includes('main.rows[7].is[2]'));
  assert(without('main.prefix.active[6]').includes('main.prefix.active[6]'));
});

test('small systems: what is determined, and what only looks so', () => {
  // Wires: 0 one, 1 output, 2 public input, 3 private input, 4 a further wire.
  const one = { 0: 1n };
  const open = (constraints: readonly Sides[]): readonly number[] =>
    analyzeDeterminism(systemOf(5, constraints)).undetermined;
  const product: Sides = [{ 2: 1n }, { 3: 1n }, { 4: 1n }];
  assert.deepEqual(open([product, [{ 4: 1n }, { 4: 1n }, { 1: 1n }]]), []);
  assert.deepEqual(open([product, [{ 1: 1n }, { 1: 1n }, { 4: 1n }]]), [1], 'a square root');
  assert.deepEqual(open([product, [{ 4: 1n }, { 1: 1n }, { 2: 1n }]]), [], 'a hint, of no effect');
  assert.deepEqual(open([product, [{ 4: 1n }, { 1: 1n }, one]]), [], 'an inverse');
  assert.deepEqual(
    open([
      [{ 2: 1n }, { 4: 1n }, { 3: 1n }],
      [{ 4: 1n }, one, { 1: 1n }],
    ]),
    [1, 4],
    'a quotient that is used, whose divisor may be zero',
  );
  const bit = (wire: number): Sides => [{ [wire]: 1n }, { 0: -1n, [wire]: 1n }, {}];
  const sum = (factor: bigint): Sides => [{ 1: 1n, 4: factor, 2: -1n }, one, {}];
  assert.deepEqual(open([bit(1), bit(4), sum(2n)]), [1, 4], 'two unknown wires in a linear form');
  const substituted = (factor: bigint): Sides => [
    { 2: 1n, 4: -factor },
    { 0: -1n, 2: 1n, 4: -factor },
    {},
  ];
  const copy: Sides = [{ 4: 1n }, { 4: 1n }, { 1: 1n }];
  assert.deepEqual(open([bit(4), substituted(2n), copy]), [], 'two bits of an input');
  assert.deepEqual(open([bit(4), substituted(1n), copy]), [1, 4], 'two bits of the same weight');
});

type Sides = readonly [Terms, Terms, Terms];
type Terms = Readonly<Record<number, bigint>>;

function systemOf(wireCount: number, constraints: readonly Sides[]): ConstraintSystem {
  const sides = constraints.flat().map((terms) => Object.entries(terms));
  const starts = new Uint32Array(sides.length + 1);
  sides.forEach((terms, i) => {
    starts[i + 1] = at(starts, i) + terms.length;
  });
  return {
    wireCount,
    outputCount: 1,
    publicInputCount: 1,
    privateInputCount: 1,
    publicCount: 2,
    constraintCount: constraints.length,
    starts,
    wires: Uint32Array.from(sides.flat().map(([wire]) => Number(wire))),
    coefficients: sides.flat().map(([, value]) => value),
  };
}

/** The system without one constraint. */
function dropped(system: ConstraintSystem, constraint: number): ConstraintSystem {
  const { starts, wires, coefficients } = system;
  const [from, to] = [at(starts, 3 * constraint), at(starts, 3 * constraint + 3)];
  const later = starts.subarray(3 * constraint + 3).map((start) => start - (to - from));
  return {
    ...system,
    constraintCount: system.constraintCount - 1,
    starts: Uint32Array.from([...starts.subarray(0, 3 * constraint), ...later]),
    wires: Uint32Array.from([...wires.subarray(0, from), ...wires.subarray(to)]),
    coefficients: [...coefficients.slice(0, from), ...coefficients.slice(to)],
  };
}

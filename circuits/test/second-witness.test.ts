import assert from 'node:assert/strict';
import { test } from 'node:test';
import { power, scalarOrder } from '../builder/field.ts';
import { analyzeDeterminism } from './determinism.ts';
import { sampleBatch } from './samples.ts';
import { SecondWitness } from './second-witness.ts';
import { squareRoot } from './sqrt.ts';
import { Circuit } from './tape.ts';
import { batchWitness } from './traces.ts';

test('no wire of a batch changes unnoticed, alone or with another', (t) => {
  const circuit = new Circuit('batch-15');
  const search = new SecondWitness(circuit.system, batchWitness(circuit, 15, sampleBatch.input));
  const except = new Set(analyzeDeterminism(circuit.system).hints);
  let seed = 1n;
  const random = (): bigint => {
    seed = (seed * 6364136223846793005n + 1442695040888963407n) % scalarOrder;
    return seed;
  };
  for (const [what, result] of [
    ['alone', search.alone({ stride: 3, except, random })],
    ['in pairs', search.pairs({ stride: 31, except, random })],
  ] as const) {
    assert.deepEqual(
      result.free.map((wire) => circuit.nameOf(wire)),
      [],
      what,
    );
    assert.equal(result.refused, result.tried);
    t.diagnostic(`${result.tried} changes ${what}`);
  }
});

test('the search finds wires that are free, alone and together', () => {
  const options = { stride: 1, except: new Set<number>(), random: () => 5n };
  const circuit = new Circuit('batch-15');
  const witness = batchWitness(circuit, 15, sampleBatch.input);
  const { free } = new SecondWitness(circuit.system, witness).alone(options);
  const names = free.map((wire) => circuit.nameOf(wire));
  assert(names.includes('main.rows[0].aIsUser.inverse'));
  assert(names.every((name) => name.endsWith('.inverse')));

  // (wire 3 + wire 4) * 1 = wire 1
  const system = {
    wireCount: 5,
    outputCount: 1,
    publicInputCount: 1,
    privateInputCount: 1,
    publicCount: 2,
    constraintCount: 1,
    starts: Uint32Array.of(0, 2, 3, 4),
    wires: Uint32Array.of(3, 4, 0, 1),
    coefficients: [1n, 1n, 1n, 1n],
  };
  const search = new SecondWitness(system, [1n, 9n, 0n, 4n, 5n]);
  assert.deepEqual(search.alone(options).free, [2], 'a wire without a constraint');
  const pairs = search.pairs(options);
  assert.deepEqual([pairs.tried, pairs.refused], [6, 0]);
  assert.deepEqual(pairs.free, [1, 3, 4]);
});

test('square roots', () => {
  for (const value of [0n, 1n, 2n, 12345678901234567890n, power(7n, 99n)]) {
    const square = (value * value) % scalarOrder;
    const root = squareRoot(square);
    assert(root === value || root === (scalarOrder - value) % scalarOrder, `${value}`);
  }
  assert.equal(squareRoot(5n), undefined, '5 is not a square');
});

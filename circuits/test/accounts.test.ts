import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wtns } from 'snarkjs';
import { reduce } from '../builder/field.ts';
import { circuitArtifacts } from '../src/index.ts';
import {
  accountsInstance,
  batchInstance,
  type Delta,
  type Instance,
  netDeltas,
  Tree,
} from './model.ts';
import {
  accountsSize,
  batchSize,
  challenge,
  fundedRows,
  place,
  sampleAccounts,
} from './samples.ts';
import { decimals } from './snark.ts';
import { Circuit, loneFreeWires } from './tape.ts';
import { accountsWitness } from './traces.ts';

const circuit = new Circuit('accounts-4');

function check(instance: Instance): bigint[] {
  const witness = accountsWitness(circuit, accountsSize, instance.input);
  assert.deepEqual(
    circuit.objections(witness).map((c) => circuit.describe(c)),
    [],
  );
  assert.deepEqual(witness.slice(1, 9), instance.publicSignals);
  return witness;
}

test('honest updates lead from root to root with the digest and sum of the model', () => {
  for (let slots = 1; slots <= accountsSize; slots++) check(sampleAccounts(slots).instance);
});

test('the compiled calculator makes the same witness as the tests trace', async () => {
  const { instance } = sampleAccounts(3);
  const made: { type: 'mem'; data?: Uint8Array } = { type: 'mem' };
  await wtns.calculate(decimals(instance.input), circuitArtifacts('accounts-4').wasm, made);
  const values = await wtns.exportJson(made);
  assert.deepEqual(values.map(BigInt), accountsWitness(circuit, accountsSize, instance.input));
});

test('every position of a node, and balances to the end of their range and back', () => {
  const tree = new Tree();
  const top = 2n ** 63n - 1n;
  const ids = [0b00_01_10_11, 0b11_10_01_00, 0b10_11_00_01, 2 ** 24 - 1];
  const up = ids.map((id): Delta => ({ id, base: top, quote: 1n }));
  const down = ids.map((id): Delta => ({ id, base: -top, quote: -1n }));
  const empty = tree.root;
  check(accountsInstance(accountsSize, tree, up, place, challenge));
  check(accountsInstance(accountsSize, tree, down, place, challenge));
  assert.equal(tree.root, empty);
});

test('an account may come twice: its delta is split', () => {
  const { tree } = sampleAccounts();
  const deltas = [1n, -2n, 5n].map((base): Delta => ({ id: 5, base, quote: 0n }));
  const [base] = tree.balances(5);
  check(accountsInstance(accountsSize, tree, deltas, place, challenge));
  assert.equal(tree.balances(5)[0], base + 4n);
});

test('the batch sum of an epoch equals its account sum, across account proofs', () => {
  const batch = batchInstance(batchSize, fundedRows, place, challenge);
  const tree = new Tree();
  const deltas = netDeltas(fundedRows);
  const proofs = [deltas.slice(0, 3), deltas.slice(3)].map((part) =>
    accountsInstance(accountsSize, tree, part, place, challenge),
  );
  let sum = 0n;
  for (const proof of proofs) sum += check(proof)[2] ?? 0n;
  assert.equal(reduce(sum), batch.publicSignals[1]);
});

test('no wire is free but the inverse of the supply id, which there is none of', () => {
  const free = loneFreeWires(circuit, check(sampleAccounts(3).instance));
  const expected = [0, 3].map((slot) => `main.updates[${slot}].isSupply.inv`);
  assert.deepEqual(free.sort(), expected);
});

// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openKernel, SCALAR_ORDER } from '@foldbook/bn254';
import { readKernelCode } from '@foldbook/bn254/node';
import { decodeVerifyingKey, verifyGroth16 } from '@foldbook/verifier';
import { buildBn128 } from 'ffjavascript';
import { ProverError } from '../prover-error.ts';
import { CubeCircuit, type CubeWitness, witnessBytes, zkeyOf } from '../testing/cube-circuit.ts';
import { drawScalar, Groth16Prover } from './groth16-prover.ts';
import { ProvingKey } from './proving-key.ts';

const curve = await buildBn128(true);
after(() => curve.terminate());
const kernel = await openKernel(await readKernelCode());
const circuit = new CubeCircuit(curve);
const prover = new Groth16Prover(kernel, new ProvingKey(kernel, circuit.zkey()));
const decoded = decodeVerifyingKey(circuit.verifyingKey());
assert(decoded.ok);
const verifyingKey = decoded.value;

const holds = (proof: Uint8Array, z: bigint): boolean => verifyGroth16(verifyingKey, proof, [z]).ok;
const refusedAs = (code: string, text: RegExp) => (error: unknown) =>
  error instanceof ProverError && error.code === code && text.test(error.message);

test('with known randomness a proof is the one that the logarithms give', () => {
  for (const x of [0n, 1n, 5n, SCALAR_ORDER - 1n, SCALAR_ORDER - 2n ** 40n, SCALAR_ORDER / 3n]) {
    for (const [r, s] of [
      [0n, 5n],
      [1n, 2n],
      [SCALAR_ORDER - 1n, SCALAR_ORDER / 7n],
    ] as const) {
      const witness = CubeCircuit.witness(x);
      const proof = prover.prove(witnessBytes(witness), { blinding: { r, s } });
      assert.deepEqual(Buffer.from(proof), Buffer.from(circuit.proof(witness, r, s)), `${x} ${r}`);
      assert(holds(proof, witness[1]));
      assert(!holds(proof, witness[1] + 1n));
    }
  }
});

test('a witness that violates a constraint never gives a proof that holds', () => {
  const [, z, x, y] = CubeCircuit.witness(9n);
  const wrong: CubeWitness[] = [
    [1n, z + 1n, x, y],
    [1n, z, x + 1n, y],
    [1n, z, x, y + 1n],
    [1n, 0n, x, 0n],
    [1n, z, 0n, 0n],
    [1n, z, SCALAR_ORDER - x, y],
  ];
  for (const witness of wrong) {
    assert(!holds(prover.prove(witnessBytes(witness)), witness[1]), `${witness}`);
  }
});

test('what is no witness of the circuit is refused, and nothing stays taken', () => {
  const taken = kernel.heap.takenBytes;
  const good = CubeCircuit.witness(3n);
  const refused: readonly (readonly [readonly bigint[], RegExp])[] = [
    [good.slice(1), /3 wires/],
    [[...good, 0n], /5 wires/],
    [[2n, ...good.slice(1)], /first wire/],
    [[1n << 8n, ...good.slice(1)], /first wire/],
    [good.with(3, SCALAR_ORDER), /element 3/],
  ];
  for (const [witness, text] of refused) {
    assert.throws(() => prover.prove(witnessBytes(witness)), refusedAs('WITNESS', text));
  }
  assert.equal(kernel.heap.takenBytes, taken);
});

test('two proofs of one statement have nothing in common', () => {
  const [first, second] = [0, 1].map(() => prover.prove(witnessBytes(CubeCircuit.witness(3n))));
  assert(first !== undefined && second !== undefined);
  for (let at = 0; at < first.length; at += 32) {
    assert.notDeepEqual(first.subarray(at, at + 32), second.subarray(at, at + 32));
  }
  assert(holds(first, 27n) && holds(second, 27n));
});

test('drawn scalars reach up to the order', () => {
  const drawn = Array.from({ length: 2000 }, drawScalar);
  assert(drawn.every((value) => value >= 0n && value < SCALAR_ORDER));
  // Each eighth of the range is missed with a probability of 10^-116.
  const eighths = new Set(drawn.map((value) => (value * 8n) / SCALAR_ORDER));
  assert.equal(eighths.size, 8);
});

test('a proving key with a changed point, or another form, is refused', () => {
  const sections = circuit.sections();
  const load = (changed: readonly Uint8Array[]) => () => new ProvingKey(kernel, zkeyOf(changed));
  // Points: A, B, B in G2, C, H. A byte changed takes one off the curve or its coordinate above p.
  for (const id of [5, 6, 7, 8, 9]) {
    const bytes = sections[id - 1] ?? new Uint8Array();
    for (let at = 0; at < bytes.length; at += 13) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 0x41;
      const expected = refusedAs('PROVING_KEY', /curve|twist|not below p/);
      assert.throws(load(sections.with(id - 1, changed)), expected, `section ${id}, byte ${at}`);
    }
  }
  // Every section one byte shorter or longer. The last may be of any length.
  sections.slice(0, -1).forEach((bytes, index) => {
    for (const changed of [bytes.subarray(1), Buffer.concat([bytes, Buffer.alloc(1)])]) {
      const expected = refusedAs('PROVING_KEY', /has|no power|not of/);
      assert.throws(load(sections.with(index, changed)), expected, `section ${index + 1}`);
    }
  });
  assert.throws(load(sections.slice(1)), refusedAs('PROVING_KEY', /has not 10 sections/));
});

test('a proving key of other sizes, another curve or protocol, or cut short, is refused', () => {
  const sections = circuit.sections();
  const refuses = (id: number, offset: number, value: number, text: RegExp) => {
    const changed = Buffer.from(sections[id - 1] ?? []);
    changed.writeUInt32LE(value, offset);
    const file = zkeyOf(sections.with(id - 1, changed));
    assert.throws(() => new ProvingKey(kernel, file), refusedAs('PROVING_KEY', text));
  };
  refuses(1, 0, 2, /not of Groth16/);
  refuses(2, 4, 1, /not of BN254/);
  refuses(2, 72, 5, /section 5/);
  refuses(2, 76, 4, /wires are public/);
  refuses(2, 76, 0, /section 3/);
  refuses(2, 80, 3, /no power of two/);
  refuses(2, 80, 0, /no power of two/);
  refuses(2, 80, 2 ** 28, /no power of two/);
  refuses(4, 0, 2 ** 31, /section 4/);
  refuses(4, 4, 2, /outside/);
  refuses(4, 8, 4, /outside/);
  refuses(4, 12, 4, /outside/);
  refuses(4, 4 + 40, 2 ** 31, /not below r/);
  const file = circuit.zkey();
  for (let length = 0; length < file.length; length += 7) {
    const cut = file.subarray(0, length);
    assert.throws(() => new ProvingKey(kernel, cut), refusedAs('PROVING_KEY', /no .zkey|ends/));
  }
  const longer = Buffer.concat([file, Buffer.alloc(1)]);
  assert.throws(() => new ProvingKey(kernel, longer), refusedAs('PROVING_KEY', /follows/));
  const twice = Buffer.from(file);
  twice.writeUInt32LE(2, 12);
  assert.throws(() => new ProvingKey(kernel, twice), refusedAs('PROVING_KEY', /not expected/));
});

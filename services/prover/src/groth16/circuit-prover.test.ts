// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type CircuitName, circuitArtifacts, pinnedDigests } from '@foldbook/circuits';
import { decodeVerifyingKey, verifyGroth16 } from '@foldbook/verifier';
import { buildBn128 } from 'ffjavascript';
import { groth16, wtns, zKey } from 'snarkjs';
import { proofParts } from '../groth16-bytes.ts';
import type { CircuitInput, ProofJob } from '../proof-job.ts';
import { ProofPool } from '../proof-pool.ts';
import { ProverError } from '../prover-error.ts';
import { sampleJob } from '../testing/statements.ts';
import { CircuitProver } from './circuit-prover.ts';
import { WitnessMaker } from './witness-maker.ts';

// snarkjs verifies with a thread for each core, which it shares under a global name.
after(async () => {
  await (await buildBn128()).terminate();
});

const filesOf = (name: CircuitName) => {
  const { wasm, zkey } = circuitArtifacts(name);
  return { wasmFile: wasm, zkeyFile: zkey, zkeyDigest: pinnedDigests()[name].zkey };
};
const refusedAs = (code: string, text: RegExp) => (error: unknown) =>
  error instanceof ProverError && error.code === code && text.test(error.message);
const changed = (job: ProofJob, input: CircuitInput): ProofJob => ({
  ...job,
  input: { ...job.input, ...input },
});

for (const [name, count] of [
  ['batch-15', 11],
  ['accounts-4', 3],
] as const) {
  test(`${name}: snarkjs and the verifier take a proof, for no other signal`, async () => {
    const prover = await CircuitProver.open(filesOf(name));
    const job = sampleJob(name, count);
    const { vk, zkey } = circuitArtifacts(name);
    const key = decodeVerifyingKey(await readFile(vk));
    assert(key.ok);
    const exported = await zKey.exportVerificationKey(zkey);
    const proofs = new Set<string>();
    for (let round = 0; round < 2; round++) {
      const { proof, publicSignals } = prover.prove(job);
      proofs.add(Buffer.from(proof).toString('hex'));
      assert.deepEqual(publicSignals, job.publicSignals);
      assert.equal(await groth16.verify(exported, publicSignals, proofParts(proof)), true);
      const signals = publicSignals.map(BigInt);
      assert.deepEqual(verifyGroth16(key.value, proof, signals), { ok: true });
      for (const [index, value] of round === 0 ? signals.entries() : []) {
        const other = signals.with(index, value + 1n);
        assert.equal(verifyGroth16(key.value, proof, other).ok, false, `signal ${index}`);
      }
    }
    assert.equal(proofs.size, 2);
  });
}

test('a witness is what snarkjs computes, again and again, also after a refused one', async () => {
  const { wasm } = circuitArtifacts('batch-15');
  const bytes = await readFile(wasm);
  const maker = await WitnessMaker.compile(bytes);
  for (const count of [15, 1, 7]) {
    const job = sampleJob('batch-15', count);
    const theirs: { type: 'mem'; data?: Uint8Array } = { type: 'mem' };
    await wtns.calculate(job.input, { type: 'mem', data: bytes }, theirs);
    const ours = maker.make(job.input);
    // Its file has a header before the wires.
    const wires = Buffer.from(theirs.data ?? []).subarray(-ours.length);
    assert.deepEqual(Buffer.from(ours), wires);
    const wrong = { ...job.input, count: '3' };
    if (count !== 3) assert.throws(() => maker.make(wrong), refusedAs('WITNESS', /assertion/));
  }
});

test("inputs that are not the circuit's are refused", async () => {
  const { wasm } = circuitArtifacts('batch-15');
  const maker = await WitnessMaker.compile(await readFile(wasm));
  const { input } = sampleJob('batch-15', 2);
  const { x: _, ...without } = input;
  const order = '21888242871839275222246405745257275088548364400416034343698204186575808495617';
  const refused: readonly (readonly [CircuitInput, RegExp])[] = [
    [without, /values are given/],
    [{ ...input, other: '1' }, /no such input/],
    [{ ...input, kind: ['1'] }, /kind has 1 values, the circuit takes 15/],
    ...['-1', order, 'x', '', '0x1', '1'.repeat(80)].map(
      (text) => [{ ...input, x: text }, /no number in/] as const,
    ),
  ];
  for (const [wrong, text] of refused) {
    assert.throws(() => maker.make(wrong), refusedAs('WITNESS', text));
  }
  assert.equal(maker.make(input)[0], 1);
});

test('a job that plans other signals than its input has is refused', async () => {
  const prover = await CircuitProver.open(filesOf('batch-15'));
  const job = sampleJob('batch-15', 2);
  const planned = { ...job, publicSignals: job.publicSignals.with(1, '7') };
  assert.throws(() => prover.prove(planned), /public signal 1 is/);
  const longer = { ...job, publicSignals: [...job.publicSignals, '0'] };
  assert.throws(() => prover.prove(longer), /planned/);
  assert.throws(() => prover.prove(changed(job, { y: '5' })), /public signal 1 is/);
});

test('a proving key that is not the pinned one is refused, whatever was changed', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'foldbook-key-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const files = filesOf('batch-15');
  const zkey = await readFile(files.zkeyFile);
  const zkeyFile = join(dir, 'damaged.zkey');
  zkey[zkey.length >> 1] = (zkey[zkey.length >> 1] ?? 0) ^ 1;
  await writeFile(zkeyFile, zkey);
  const opening = CircuitProver.open({ ...files, zkeyFile });
  await assert.rejects(opening, refusedAs('PROVING_KEY', /SHA-256/));
});

test('a pool proves by our prover or by the reference', async () => {
  const { vk } = circuitArtifacts('batch-15');
  const key = decodeVerifyingKey(await readFile(vk));
  assert(key.ok);
  for (const prover of ['kernel', 'snarkjs'] as const) {
    const pool = new ProofPool(1, prover);
    const job = sampleJob('batch-15', 4);
    const { proof, publicSignals, proveMs } = await pool.make(job);
    assert(verifyGroth16(key.value, proof, publicSignals.map(BigInt)).ok, prover);
    assert(proveMs > 0);
    await pool.close();
  }
});

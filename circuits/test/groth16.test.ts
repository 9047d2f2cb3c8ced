import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { after, test } from 'node:test';
import { decodeVerifyingKey, verifyGroth16 } from '@foldbook/verifier';
import { buildBn128 } from 'ffjavascript';
import { type Groth16Proof, groth16, zKey } from 'snarkjs';
import { type CircuitName, circuitArtifacts } from '../src/index.ts';
import type { Instance } from './model.ts';
import { sampleAccounts, sampleBatch } from './samples.ts';
import { decimals } from './snark.ts';

const singleThread = { singleThread: true };

// snarkjs verifies with a thread for each core, which it shares under a global name.
after(async () => {
  await (await buildBn128()).terminate();
});

async function proveAndVerify(name: CircuitName, instance: Instance): Promise<void> {
  const { wasm, zkey, vk } = circuitArtifacts(name);
  const input = decimals(instance.input);
  const { proof, publicSignals } = await groth16.fullProve(
    input,
    wasm,
    zkey,
    undefined,
    singleThread,
    singleThread,
  );
  assert.deepEqual(publicSignals.map(BigInt), instance.publicSignals);
  const key = await zKey.exportVerificationKey(zkey);
  assert.equal(await groth16.verify(key, publicSignals, proof), true);
  const ownKey = decodeVerifyingKey(fs.readFileSync(vk));
  assert(ownKey.ok, 'the verifier cannot read the key');
  const verify = (signals: readonly bigint[]): boolean =>
    verifyGroth16(ownKey.value, proofBytes(proof), signals).ok;
  assert.equal(verify(instance.publicSignals), true);
  for (const [i, value] of instance.publicSignals.entries()) {
    const changed = instance.publicSignals.with(i, value + 1n);
    assert.equal(verify(changed), false, `signal ${i} changed`);
    assert.equal(await groth16.verify(key, changed.map(String), proof), false);
  }
}

/** A, B and C as the verifier reads them: big-endian, the imaginary parts of B first. */
function proofBytes({ pi_a, pi_b, pi_c }: Groth16Proof): Uint8Array {
  const [b0 = [], b1 = []] = pi_b;
  const order = [pi_a[0], pi_a[1], b0[1], b0[0], b1[1], b1[0], pi_c[0], pi_c[1]];
  return Buffer.from(order.map((value = '') => hex(value)).join(''), 'hex');
}

test('snarkjs and the verifier take a batch proof, for no other public signal', async () => {
  await proveAndVerify('batch-15', sampleBatch);
});

test('snarkjs and the verifier take an account proof, for no other public signal', async () => {
  await proveAndVerify('accounts-4', sampleAccounts(3).instance);
});

test('the compiled calculator stops at a dishonest input', async (t) => {
  // snarkjs also prints where it stopped.
  t.mock.method(console, 'error', () => undefined);
  t.mock.method(console, 'log', () => undefined);
  const { wasm, zkey } = circuitArtifacts('batch-15');
  const input = decimals({ ...sampleBatch.input, count: 9n });
  await assert.rejects(
    groth16.fullProve(input, wasm, zkey, undefined, singleThread, singleThread),
    /Assert Failed/,
  );
});

test('the canonical verifying keys are those of the proving keys, marked insecure', async () => {
  for (const name of ['batch-15', 'accounts-4'] as const) {
    const { zkey, vk, vkDigest } = circuitArtifacts(name);
    const bytes = fs.readFileSync(vk);
    const digest = createHash('sha256').update('foldbook/vk/v1\n').update(bytes).digest('hex');
    assert.equal(digest, vkDigest);
    const exported = await zKey.exportVerificationKey(zkey);
    assert.deepEqual(bytes, canonicalBytes(exported as ExportedKey, true));
  }
});

/** snarkjs's own form of a key: decimal coordinates; pairs in G2 have the real part first. */
interface ExportedKey {
  readonly nPublic: number;
  readonly vk_alpha_1: readonly string[];
  readonly vk_beta_2: readonly (readonly string[])[];
  readonly vk_gamma_2: readonly (readonly string[])[];
  readonly vk_delta_2: readonly (readonly string[])[];
  readonly IC: readonly (readonly string[])[];
}

function canonicalBytes(key: ExportedKey, insecure: boolean): Buffer {
  const g1 = (point: readonly string[]): string => point.slice(0, 2).map(hex).join('');
  const g2 = (point: readonly (readonly string[])[]): string =>
    point
      .slice(0, 2)
      .map(([real = '', imaginary = '']) => hex(imaginary) + hex(real))
      .join('');
  const head = Buffer.from([70, 66, 86, 75, 1, 0, insecure ? 1 : 0, key.nPublic]);
  const points =
    g1(key.vk_alpha_1) +
    g2(key.vk_beta_2) +
    g2(key.vk_gamma_2) +
    g2(key.vk_delta_2) +
    key.IC.map(g1).join('');
  return Buffer.concat([head, Buffer.from(points, 'hex')]);
}

function hex(decimal: string): string {
  return BigInt(decimal).toString(16).padStart(64, '0');
}

import { bn254 } from '@noble/curves/bn254.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { at } from '../assert.ts';
import { bytesToHex, utf8ToBytes } from '../bytes.ts';
import { encodeG1, encodeG2, G1, type G1Point, G2 } from '../curve-points.ts';
import { fromBigEndian, inverse, reduce } from '../field.ts';
import type { TrustedKey } from '../pinned-keys.ts';
import type { CircuitRole } from '../poseidon.ts';
import { ACCOUNTS_SIGNALS, BATCH_SIGNALS } from '../statement.ts';
import { encodeVerifyingKey, verifyingKeyDigest } from '../verifying-key.ts';

/**
 * A Groth16 key whose trapdoor is known, so that it "proves" any statement about any circuit,
 * false ones included: what the verifier checks beyond Groth16 can be tested without a circuit.
 */
export interface TrapdoorKey {
  /** Canonical verifying key. */
  readonly bytes: Uint8Array;
  readonly trusted: TrustedKey;
  /** A proof (256 bytes) that holds for these public signals, true or not. */
  prove(signals: readonly bigint[]): Uint8Array;
}

/** The same key for the same arguments, made once. */
export function createTrapdoorKey(
  role: CircuitRole,
  size: number,
  seed = 'trapdoor',
  signals = role === 'batch' ? BATCH_SIGNALS : ACCOUNTS_SIGNALS,
): TrapdoorKey {
  const name = `${role}/${size}/${seed}/${signals}`;
  const key = keys.get(name) ?? makeKey(role, size, seed, signals);
  keys.set(name, key);
  return key;
}

const keys = new Map<string, TrapdoorKey>();

function makeKey(role: CircuitRole, size: number, seed: string, signals: number): TrapdoorKey {
  const draw = scalars(`${seed}/${role}-${size}`);
  const [alpha, beta, gamma, delta] = [draw(), draw(), draw(), draw()];
  const ic = Array.from({ length: signals + 1 }, () => draw());
  const [first, ...others] = ic.map((scalar) => G1.BASE.multiply(scalar));
  const points: [G1Point, ...G1Point[]] = [first ?? G1.BASE, ...others];
  const bytes = encodeVerifyingKey({
    insecure: true,
    alpha1: G1.BASE.multiply(alpha),
    beta2: G2.BASE.multiply(beta),
    gamma2: G2.BASE.multiply(gamma),
    delta2: G2.BASE.multiply(delta),
    ic: points,
  });
  const digest = bytesToHex(verifyingKeyDigest(bytes));
  const prove = (values: readonly bigint[]): Uint8Array => {
    const [a, b] = [draw(), draw()];
    const inputs = values.reduce((sum, value, i) => sum + value * at(ic, i + 1), at(ic, 0));
    const c = reduce((a * b - alpha * beta - inputs * gamma) * inverse(delta));
    const proof = new Uint8Array(256);
    proof.set(encodeG1(G1.BASE.multiply(a)), 0);
    proof.set(encodeG2(G2.BASE.multiply(b)), 64);
    proof.set(encodeG1(G1.BASE.multiply(c)), 192);
    return proof;
  };
  const circuit = `trapdoor-${role}-${size}`;
  return { bytes, trusted: { circuit, role, size, digest, insecure: true }, prove };
}

/** Scalars in [1, r), the same ones for the same seed. */
function scalars(seed: string): () => bigint {
  let counter = 0;
  return () => {
    counter += 1;
    const hash = sha512(utf8ToBytes(`${seed}/${counter}`));
    return (fromBigEndian(hash) % (bn254.fields.Fr.ORDER - 1n)) + 1n;
  };
}

import { bn254 } from '@noble/curves/bn254.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { at } from '../assert.ts';
import { bytesToHex, concatBytes, utf8ToBytes } from '../bytes.ts';
import { fromBigEndian, inverse, reduce } from '../field.ts';
import type { TrustedKey } from '../pinned-keys.ts';
import type { CircuitRole } from '../poseidon.ts';
import { ACCOUNTS_SIGNALS, BATCH_SIGNALS } from '../statement.ts';
import { encodeVerifyingKey, verifyingKeyDigest } from '../verifying-key.ts';
import {
  encodeCompressedG1,
  encodeCompressedG2,
  encodeG1,
  encodeG2,
  G1,
  G2,
} from './reference-points.ts';

/**
 * A Groth16 key whose trapdoor is known, so that it "proves" any statement about any circuit,
 * false ones included: what the verifier checks beyond Groth16 can be tested without a circuit.
 */
export interface TrapdoorKey {
  /** Canonical verifying key. */
  readonly bytes: Uint8Array;
  readonly trusted: TrustedKey;
  /** A compressed proof (128 bytes) that holds for these public signals, true or not. */
  prove(signals: readonly bigint[]): Uint8Array;
  /** The same, of 256 bytes. */
  proveUncompressed(signals: readonly bigint[]): Uint8Array;
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
  const icPoints = ic.map((scalar) => encodeG1(G1.BASE.multiply(scalar)));
  const bytes = encodeVerifyingKey({
    insecure: true,
    alpha1: encodeG1(G1.BASE.multiply(alpha)),
    beta2: encodeG2(G2.BASE.multiply(beta)),
    gamma2: encodeG2(G2.BASE.multiply(gamma)),
    delta2: encodeG2(G2.BASE.multiply(delta)),
    ic: [at(icPoints, 0), ...icPoints.slice(1)],
  });
  const digest = bytesToHex(verifyingKeyDigest(bytes));
  const points = (values: readonly bigint[]) => {
    const [a, b] = [draw(), draw()];
    const inputs = values.reduce((sum, value, i) => sum + value * at(ic, i + 1), at(ic, 0));
    const c = reduce((a * b - alpha * beta - inputs * gamma) * inverse(delta));
    return { a: G1.BASE.multiply(a), b: G2.BASE.multiply(b), c: G1.BASE.multiply(c) };
  };
  const prove = (values: readonly bigint[]): Uint8Array => {
    const { a, b, c } = points(values);
    return concatBytes(encodeCompressedG1(a), encodeCompressedG2(b), encodeCompressedG1(c));
  };
  const proveUncompressed = (values: readonly bigint[]): Uint8Array => {
    const { a, b, c } = points(values);
    return concatBytes(encodeG1(a), encodeG2(b), encodeG1(c));
  };
  const circuit = `trapdoor-${role}-${size}`;
  const trusted = { circuit, role, size, digest, insecure: true };
  return { bytes, trusted, prove, proveUncompressed };
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

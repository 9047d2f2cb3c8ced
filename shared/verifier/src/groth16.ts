import { g1, g2 } from '@foldbook/bn254/ready';
import { concatBytes } from './bytes.ts';
import {
  COMPRESSED_G1_BYTES,
  COMPRESSED_G2_BYTES,
  compressG1,
  compressG2,
  negateG1,
  readCompressedG1,
  readCompressedG2,
  readG1,
  readG2,
} from './curve-points.ts';
import { type ByteReader, type Decoded, decode } from './decoding.ts';
import { SCALAR_ORDER } from './field.ts';
import { holdTogether, releaseProofs } from './groth16-equation.ts';
import { ACCEPTED, type Refused, refused, type Verdict } from './reason-codes.ts';
import type { VerifyingKey } from './verifying-key.ts';

/** A (64 bytes), B (128), C (64), big-endian, B in EIP-197 order. */
export const PROOF_BYTES = 256;
/** The same as an epoch keeps it: A (32), B (64), C (32). */
export const COMPRESSED_PROOF_BYTES = 2 * COMPRESSED_G1_BYTES + COMPRESSED_G2_BYTES;

/** Points as bytes, checked: see PROOF_BYTES. */
export interface Proof {
  readonly a: Uint8Array;
  readonly b: Uint8Array;
  readonly c: Uint8Array;
}

/** Every point on its curve and of prime order, none at infinity. */
function readProof(reader: ByteReader): Proof {
  return { a: readG1(reader, 'A'), b: readG2(reader, 'B'), c: readG1(reader, 'C') };
}

/** The same of a compressed proof. */
export function decodeCompressedProof(bytes: Uint8Array): Decoded<Proof> {
  return decode(bytes, 'PROOF_FORMAT', 'proof', (reader) => ({
    a: readCompressedG1(reader, 'A'),
    b: readCompressedG2(reader, 'B'),
    c: readCompressedG1(reader, 'C'),
  }));
}

/** A proof's 256 bytes as the 128 that an epoch keeps. */
export function compressProof(proof: Uint8Array): Decoded<Uint8Array> {
  return decode(proof, 'PROOF_FORMAT', 'proof', (reader) => {
    const { a, b, c } = readProof(reader);
    return concatBytes(compressG1(a), compressG2(b), compressG1(c));
  });
}

/** Whether the signals are as many as the key's, and canonical. */
export function checkSignals(key: VerifyingKey, signals: readonly bigint[]): Verdict {
  if (signals.length !== key.ic.length - 1) {
    const expected = key.ic.length - 1;
    return refused('SIGNAL_COUNT', `${signals.length} public signals, the key is for ${expected}`);
  }
  const wild = signals.findIndex((signal) => signal < 0n || signal >= SCALAR_ORDER);
  if (wild === -1) return ACCEPTED;
  return refused('SIGNAL_RANGE', `public signal ${wild} is not below the field's order`);
}

export const doesNotHold = (): Refused =>
  refused('GROTH16_REFUSED', 'the proof does not hold for its public signals');

/**
 * Whether `proof` (256 bytes) holds for these public signals. Whether the key is one to be trusted
 * is the caller's question. About 6 ms.
 */
export function verifyGroth16(
  key: VerifyingKey,
  proof: Uint8Array,
  signals: readonly bigint[],
): Verdict {
  const sound = checkSignals(key, signals);
  if (!sound.ok) return sound;
  const decoded = decode(proof, 'PROOF_FORMAT', 'proof', readProof);
  if (!decoded.ok) return refused(decoded.error.code, decoded.error.message);
  return proves(key, decoded.value, signals) ? ACCEPTED : doesNotHold();
}

/** Whether a decoded proof holds; signals are as checkSignals wants them. */
export function proves(key: VerifyingKey, { a, b, c }: Proof, signals: readonly bigint[]): boolean {
  const points = {
    minusA: g1.fromBytes(negateG1(a)),
    b: g2.fromBytes(b),
    c: g1.fromBytes(c),
  };
  try {
    return holdTogether(points, [{ key, signals }]);
  } finally {
    releaseProofs(points);
  }
}

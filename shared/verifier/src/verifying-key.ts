import { ByteWriter, domainHash } from './bytes.ts';
import {
  encodeG1,
  encodeG2,
  G1_BYTES,
  type G1Point,
  G2_BYTES,
  type G2Point,
  readG1,
  readG2,
} from './curve-points.ts';
import { type ByteReader, type Decoded, decode } from './decoding.ts';

/** A Groth16 verifying key whose points have been checked. */
export interface VerifyingKey {
  /** Made with a known trapdoor, for development: its proofs prove nothing to a stranger. */
  readonly insecure: boolean;
  readonly alpha1: G1Point;
  readonly beta2: G2Point;
  readonly gamma2: G2Point;
  readonly delta2: G2Point;
  /** One point more than there are public signals. */
  readonly ic: readonly [G1Point, ...G1Point[]];
}

const INSECURE_FLAG = 1;

export function encodeVerifyingKey(key: VerifyingKey): Uint8Array {
  const writer = new ByteWriter(8 + G1_BYTES + 3 * G2_BYTES + G1_BYTES * key.ic.length);
  writer.ascii('FBVK').unsigned(1, 2);
  writer.unsigned(key.insecure ? INSECURE_FLAG : 0, 1).unsigned(key.ic.length - 1, 1);
  writer.bytes(encodeG1(key.alpha1), G1_BYTES);
  for (const point of [key.beta2, key.gamma2, key.delta2]) {
    writer.bytes(encodeG2(point), G2_BYTES);
  }
  for (const point of key.ic) writer.bytes(encodeG1(point), G1_BYTES);
  return writer.finish();
}

/** Checks every point: on its curve, of prime order, not infinity; and that gamma is not delta. */
export function decodeVerifyingKey(bytes: Uint8Array): Decoded<VerifyingKey> {
  return decode(bytes, 'KEY_FORMAT', 'verifying key', readKey);
}

function readKey(reader: ByteReader): VerifyingKey {
  reader.format('FBVK', 1);
  const flagsOffset = reader.offset;
  const flags = reader.unsigned(1);
  if (flags > INSECURE_FLAG) reader.refuse(`unknown flags ${flags}`, flagsOffset);
  const publicCount = reader.unsigned(1);
  const alpha1 = readG1(reader, 'alpha');
  const beta2 = readG2(reader, 'beta');
  const gamma2 = readG2(reader, 'gamma');
  const deltaOffset = reader.offset;
  const delta2 = readG2(reader, 'delta');
  // With gamma = delta a prover may trade public signals for witness values.
  if (gamma2.equals(delta2)) reader.refuse('gamma and delta are the same point', deltaOffset);
  const ic: [G1Point, ...G1Point[]] = [readG1(reader, 'IC[0]')];
  for (let i = 1; i <= publicCount; i++) ic.push(readG1(reader, `IC[${i}]`));
  return { insecure: flags === INSECURE_FLAG, alpha1, beta2, gamma2, delta2, ic };
}

/** The digest by which keys are pinned and filed: over the canonical bytes, flags included. */
export function verifyingKeyDigest(bytes: Uint8Array): Uint8Array {
  return domainHash('foldbook/vk/v1\n', bytes);
}

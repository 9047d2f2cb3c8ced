import { ByteWriter, domainHash, sameBytes } from './bytes.ts';
import { G1_BYTES, G2_BYTES, readG1, readG2 } from './curve-points.ts';
import { type ByteReader, type Decoded, decode } from './decoding.ts';

/** A Groth16 verifying key whose points have been checked: bytes as its file has them. */
export interface VerifyingKey {
  /** Made with a known trapdoor, for development: its proofs prove nothing to a stranger. */
  readonly insecure: boolean;
  readonly alpha1: Uint8Array;
  readonly beta2: Uint8Array;
  readonly gamma2: Uint8Array;
  readonly delta2: Uint8Array;
  /** One point more than there are public signals. */
  readonly ic: readonly [Uint8Array, ...Uint8Array[]];
}

const INSECURE_FLAG = 1;

export function encodeVerifyingKey(key: VerifyingKey): Uint8Array {
  const writer = new ByteWriter(8 + G1_BYTES + 3 * G2_BYTES + G1_BYTES * key.ic.length);
  writer.ascii('FBVK').unsigned(1, 2);
  writer.unsigned(key.insecure ? INSECURE_FLAG : 0, 1).unsigned(key.ic.length - 1, 1);
  writer.bytes(key.alpha1, G1_BYTES);
  for (const point of [key.beta2, key.gamma2, key.delta2]) {
    writer.bytes(point, G2_BYTES);
  }
  for (const point of key.ic) writer.bytes(point, G1_BYTES);
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
  if (sameBytes(gamma2, delta2)) reader.refuse('gamma and delta are the same point', deltaOffset);
  const ic: [Uint8Array, ...Uint8Array[]] = [readG1(reader, 'IC[0]')];
  for (let i = 1; i <= publicCount; i++) ic.push(readG1(reader, `IC[${i}]`));
  return { insecure: flags === INSECURE_FLAG, alpha1, beta2, gamma2, delta2, ic };
}

/** The digest by which keys are pinned and filed: over the canonical bytes, flags included. */
export function verifyingKeyDigest(bytes: Uint8Array): Uint8Array {
  return domainHash('foldbook/vk/v1\n', bytes);
}

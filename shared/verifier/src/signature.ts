import { ed25519 } from '@noble/curves/ed25519.js';
import { concatBytes, utf8ToBytes } from './bytes.ts';

export const SIGNATURE_BYTES = 64;
const POINT_BYTES = 32;

const domain = utf8ToBytes('foldbook/epoch-header/v2\n');

/** Ed25519 signature (64 bytes) of an epoch header by the operator's 32-byte secret key. */
export function signHeader(header: Uint8Array, secretKey: Uint8Array): Uint8Array {
  return ed25519.sign(concatBytes(domain, header), secretKey);
}

/** The 32-byte public key of an operator's secret key. */
export function publicKeyOf(secretKey: Uint8Array): Uint8Array {
  return ed25519.getPublicKey(secretKey);
}

/** Whether the operator signed these header bytes. */
export function headerIsSigned(
  header: Uint8Array,
  signature: Uint8Array,
  operatorKey: Uint8Array,
): boolean {
  return isSignedBy(concatBytes(domain, header), signature, operatorKey);
}

/**
 * Whether a message is signed by a key. Encodings that are not canonical are refused, and so are a
 * key and an R outside the subgroup of the base point. RFC 8032 lets verifiers multiply the
 * equation by 8 or not, which differs for such points alone: without them all agree.
 */
export function isSignedBy(message: Uint8Array, signature: Uint8Array, key: Uint8Array): boolean {
  try {
    const points = [key, signature.subarray(0, POINT_BYTES)];
    if (!points.every((point) => ed25519.Point.fromBytes(point).isTorsionFree())) return false;
    return ed25519.verify(signature, message, key, { zip215: false });
  } catch {
    return false; // bytes that are no signature or no key at all
  }
}

/**
 * Whether every verifier agrees on what this key signed. Who has seen to that may check signatures
 * with an implementation that does not multiply by 8 (OpenSSL's), and comes to the same answers.
 */
export function isSoundKey(key: Uint8Array): boolean {
  try {
    const point = ed25519.Point.fromBytes(key);
    return point.isTorsionFree() && !point.is0();
  } catch {
    return false;
  }
}

import { ed25519 } from '@noble/curves/ed25519.js';
import { concatBytes, utf8ToBytes } from './bytes.ts';

export const SIGNATURE_BYTES = 64;

const domain = utf8ToBytes('foldbook/epoch-header/v1\n');

/** Ed25519 signature (64 bytes) of an epoch header by the operator's 32-byte secret key. */
export function signHeader(header: Uint8Array, secretKey: Uint8Array): Uint8Array {
  return ed25519.sign(concatBytes(domain, header), secretKey);
}

/** The 32-byte public key of an operator's secret key. */
export function publicKeyOf(secretKey: Uint8Array): Uint8Array {
  return ed25519.getPublicKey(secretKey);
}

/**
 * Whether the operator signed these header bytes. Strict (RFC 8032): encodings that are not
 * canonical and keys of small order are refused, so all verifiers agree.
 */
export function headerIsSigned(
  header: Uint8Array,
  signature: Uint8Array,
  operatorKey: Uint8Array,
): boolean {
  try {
    return ed25519.verify(signature, concatBytes(domain, header), operatorKey, { zip215: false });
  } catch {
    return false; // bytes that are no signature or no key at all
  }
}

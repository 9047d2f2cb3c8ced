import {
  certificateMessage,
  decodeCertificate,
  decodeReceipt,
  type Receipt,
  receiptMessage,
} from '@foldbook/protocol/receipt';
import { bytesToHex, sameBytes } from './bytes.ts';
import type { OperatorKeys } from './operator-keys.ts';
import { type Refused, refused } from './reason-codes.ts';
import { isSignedBy } from './signature.ts';

/** Reads a receipt and checks its signature, by the key that it names. */
export function checkReceipt(
  bytes: Uint8Array,
): { readonly ok: true; readonly receipt: Receipt } | Refused {
  const decoded = decodeReceipt(bytes);
  if (!decoded.ok) {
    return refused('RECEIPT_FORMAT', `byte ${decoded.offset}: ${decoded.detail}`);
  }
  const receipt = decoded.value;
  if (isSignedBy(receiptMessage(receipt.bytes), receipt.signature, receipt.publicKey)) {
    return { ok: true, receipt };
  }
  const key = bytesToHex(receipt.publicKey);
  return refused('RECEIPT_SIGNATURE', `it is not signed by the key that it names, ${key}`);
}

/** The operators' keys that certify a key with one of these. */
export function certifiersFor(
  key: Uint8Array,
  certificates: readonly Uint8Array[],
): readonly Uint8Array[] {
  return certificates.flatMap((bytes) => {
    const decoded = decodeCertificate(bytes);
    if (!decoded.ok || !sameBytes(decoded.value.nodeKey, key)) return [];
    const { operatorKey, signature } = decoded.value;
    return isSignedBy(certificateMessage(bytes), signature, operatorKey) ? [operatorKey] : [];
  });
}

/** Who certified a key for a chain's operator. */
export interface Certifier {
  /** The latest of the operator's keys that did. */
  readonly operatorKey: Uint8Array;
  /** The epoch from which on another key followed; undefined for the last key. */
  readonly endEpoch: bigint | undefined;
}

/**
 * Which of an operator's keys certifies a key. What a key certified holds without doubt for epochs
 * before its end, also for those before its beginning: a new key may take the nodes over early.
 * For later epochs it is the word of a key that may have been changed because it was stolen.
 */
export function chainCertifier(
  key: Uint8Array,
  { terms }: OperatorKeys,
  certificates: readonly Uint8Array[],
): Certifier | undefined {
  const certifiers = certifiersFor(key, certificates);
  const index = terms.findLastIndex((term) =>
    certifiers.some((certifier) => sameBytes(certifier, term.key)),
  );
  const operatorKey = terms[index]?.key;
  return operatorKey && { operatorKey, endEpoch: terms[index + 1]?.firstEpoch };
}

/** Whether one of the certificates is this operator's, of this key. */
export function isCertified(
  key: Uint8Array,
  operatorKey: Uint8Array,
  certificates: readonly Uint8Array[],
): boolean {
  return certifiersFor(key, certificates).some((certifier) => sameBytes(certifier, operatorKey));
}

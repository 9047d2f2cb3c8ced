import {
  certificateMessage,
  decodeCertificate,
  decodeReceipt,
  type Receipt,
  receiptMessage,
} from '@foldbook/protocol/receipt';
import { bytesToHex, sameBytes } from './bytes.ts';
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

/** The operator who certifies a key with one of these; undefined where none is good. */
export function certifierOf(
  key: Uint8Array,
  certificates: readonly Uint8Array[],
): Uint8Array | undefined {
  for (const bytes of certificates) {
    const decoded = decodeCertificate(bytes);
    if (!decoded.ok || !sameBytes(decoded.value.nodeKey, key)) continue;
    const { operatorKey, signature } = decoded.value;
    if (isSignedBy(certificateMessage(bytes), signature, operatorKey)) return operatorKey;
  }
  return undefined;
}

/** Whether one of the certificates is this operator's, of this key. */
export function isCertified(
  key: Uint8Array,
  operatorKey: Uint8Array,
  certificates: readonly Uint8Array[],
): boolean {
  return certificates.some((certificate) => {
    const certifier = certifierOf(key, [certificate]);
    return certifier !== undefined && sameBytes(certifier, operatorKey);
  });
}

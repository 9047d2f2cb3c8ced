/**
 * The operator's word that a node's key is the operator's own: what is signed with that key counts
 * against the operator. 144 bytes. This file and what it imports run in browsers, too.
 *
 * ```
 * +0 "FBNK"  +4 version u16  +6 zero u16  +8 timeNs i64  +16 nodeKey  +48 operatorKey
 * +80 signature by the operator's key
 * ```
 */
import { type Decoded, refuse } from './result.ts';

export const CERTIFICATE_BYTES = 144;
export const CERTIFICATE_SIGNED_BYTES = 80;
export const CERTIFICATE_DOMAIN = 'foldbook/node-key/v1\n';
const VERSION = 1;
/** "FBNK", little-endian. */
const MAGIC = 0x4b4e4246;
const KEY_BYTES = 32;
const Offset = { VERSION: 4, RESERVED: 6, TIME_NS: 8, NODE_KEY: 16, OPERATOR_KEY: 48 } as const;

export interface CertificateFields {
  /** When it was made, nanoseconds since 1970; for people. */
  readonly timeNs: bigint;
  /** Ed25519, 32 bytes each. */
  readonly nodeKey: Uint8Array;
  readonly operatorKey: Uint8Array;
}

export interface KeyCertificate extends CertificateFields {
  readonly signature: Uint8Array;
  readonly bytes: Uint8Array;
}

/** A certificate that is not signed yet. */
export function encodeCertificate(fields: CertificateFields): Uint8Array {
  const bytes = new Uint8Array(CERTIFICATE_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint16(Offset.VERSION, VERSION, true);
  view.setBigInt64(Offset.TIME_NS, fields.timeNs, true);
  bytes.set(fields.nodeKey, Offset.NODE_KEY);
  bytes.set(fields.operatorKey, Offset.OPERATOR_KEY);
  return bytes;
}

/** The bytes that the operator's signature is over. */
export function certificateMessage(certificate: Uint8Array): Uint8Array {
  const domain = new TextEncoder().encode(CERTIFICATE_DOMAIN);
  const message = new Uint8Array(domain.byteLength + CERTIFICATE_SIGNED_BYTES);
  message.set(domain);
  message.set(certificate.subarray(0, CERTIFICATE_SIGNED_BYTES), domain.byteLength);
  return message;
}

/** Reads and checks everything but the signature. Never throws. */
export function decodeCertificate(given: Uint8Array): Decoded<KeyCertificate> {
  if (given.byteLength !== CERTIFICATE_BYTES) {
    const name = given.byteLength < CERTIFICATE_BYTES ? 'TRUNCATED' : 'TRAILING_BYTES';
    return refuse(name, given.byteLength, `a certificate has ${CERTIFICATE_BYTES} bytes`);
  }
  const bytes = new Uint8Array(given);
  const view = new DataView(bytes.buffer);
  if (view.getUint32(0, true) !== MAGIC) {
    return refuse('MALFORMED', 0, 'it does not begin with "FBNK"');
  }
  const version = view.getUint16(Offset.VERSION, true);
  if (version !== VERSION) {
    return refuse('UNSUPPORTED_VERSION', Offset.VERSION, `version ${version}`);
  }
  if (view.getUint16(Offset.RESERVED, true) !== 0) {
    return refuse('RESERVED_NOT_ZERO', Offset.RESERVED, 'bytes kept for later');
  }
  const key = (offset: number) => bytes.subarray(offset, offset + KEY_BYTES);
  const fields = {
    timeNs: view.getBigInt64(Offset.TIME_NS, true),
    nodeKey: key(Offset.NODE_KEY),
    operatorKey: key(Offset.OPERATOR_KEY),
  };
  const signature = bytes.subarray(CERTIFICATE_SIGNED_BYTES);
  return { ok: true, value: { ...fields, signature, bytes } };
}

import { ByteWriter } from './bytes.ts';
import type { ByteReader } from './decoding.ts';
import { HASH_BYTES } from './header.ts';
import { BackEnd, compareKinds, type ProofKind, ROLE_CODES } from './proof-system.ts';

/** A key that a chain accepts, by its digest (32 bytes) alone. */
export interface AcceptedKey extends ProofKind {
  readonly digest: Uint8Array;
}

const KEY_BYTES = 4 + HASH_BYTES;
const KEYS_MAX = 32;

/** The list in bytes, as the genesis and the challenge have it; its order is the caller's. */
export function encodeAcceptedKeys(keys: readonly AcceptedKey[]): Uint8Array {
  const writer = new ByteWriter(1 + KEY_BYTES * keys.length).unsigned(keys.length, 1);
  for (const { role, backEnd, size, digest } of keys) {
    writer.unsigned(ROLE_CODES[role], 1).unsigned(backEnd, 1).unsigned(size, 2);
    writer.bytes(digest, HASH_BYTES);
  }
  return writer.finish();
}

/** Ascending, each kind once, and of each role one that Groth16 proves. */
export function readAcceptedKeys(reader: ByteReader): AcceptedKey[] {
  const start = reader.offset;
  const count = reader.unsigned(1);
  if (count > KEYS_MAX) reader.refuse(`${count} keys; ${KEYS_MAX} are the most`, start);
  const keys: AcceptedKey[] = [];
  for (let index = 0; index < count; index++) {
    const offset = reader.offset;
    const key = readKey(reader);
    const last = keys.at(-1);
    if (last !== undefined && compareKinds(last, key) >= 0) {
      reader.refuse(`key ${index} is not behind the one before it by role, size, back end`, offset);
    }
    keys.push(key);
  }
  for (const role of ['batch', 'accounts'] as const) {
    if (!keys.some((key) => key.role === role && key.backEnd === BackEnd.GROTH16)) {
      reader.refuse(`no Groth16 key for ${role} proofs is listed`, start);
    }
  }
  return keys;
}

function readKey(reader: ByteReader): AcceptedKey {
  const start = reader.offset;
  const roleCode = reader.unsigned(1);
  if (roleCode !== ROLE_CODES.batch && roleCode !== ROLE_CODES.accounts) {
    reader.refuse(`role ${roleCode} is neither 1 (batch) nor 2 (accounts)`, start);
  }
  const backEnd = reader.unsigned(1);
  if (backEnd !== BackEnd.GROTH16 && backEnd !== BackEnd.FOLDING) {
    reader.refuse(`back end ${backEnd} is not known; use a newer verifier`, start + 1);
  }
  const size = reader.unsigned(2);
  if (size === 0) reader.refuse('a circuit of no rows', start + 2);
  const role = roleCode === ROLE_CODES.batch ? 'batch' : 'accounts';
  return { role, backEnd, size, digest: reader.bytes(HASH_BYTES) };
}

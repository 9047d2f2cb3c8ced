/**
 * Changes of the operator's key, as `operator-keys.fbk` and what stands alone hold them
 * (circuits/STATEMENT.md, section 6). Each is signed by the key before, and by the new one.
 */
import { ed25519 } from '@noble/curves/ed25519.js';
import { assert } from './assert.ts';
import { ByteWriter, concatBytes, utf8ToBytes } from './bytes.ts';
import { type ByteReader, type Decoded, decode } from './decoding.ts';
import { HASH_BYTES } from './header.ts';
import { isSignedBy, publicKeyOf, SIGNATURE_BYTES } from './signature.ts';

export interface KeyChange {
  /** The first epoch whose header the new key signs; below 2^64. */
  readonly firstEpoch: bigint;
  /** Ed25519, 32 bytes. */
  readonly newKey: Uint8Array;
  /** By the key before. */
  readonly signature: Uint8Array;
  /** By the new key: nobody is made an operator who did not agree. */
  readonly consent: Uint8Array;
}

export const KEY_CHANGES_MAX = 64;
export const KEY_CHANGES_FILE = 'operator-keys.fbk';
const VERSION = 1;
const DOMAIN = 'foldbook/key-change/v1\n';
const CHANGE_BYTES = 8 + HASH_BYTES + 2 * SIGNATURE_BYTES;

/** What both keys sign. */
export interface KeyChangeSubject extends Pick<KeyChange, 'firstEpoch' | 'newKey'> {
  readonly chainId: Uint8Array;
  readonly oldKey: Uint8Array;
}

function messageOf({ chainId, firstEpoch, oldKey, newKey }: KeyChangeSubject): Uint8Array {
  const parts = new ByteWriter(8 + 3 * HASH_BYTES)
    .bytes(chainId, HASH_BYTES)
    .unsigned(firstEpoch, 8)
    .bytes(oldKey, HASH_BYTES)
    .bytes(newKey, HASH_BYTES);
  return concatBytes(utf8ToBytes(DOMAIN), parts.finish());
}

/** Signs a change of a chain's key with both secret keys (32 bytes each). */
export function signKeyChange(
  { chainId, firstEpoch }: Pick<KeyChangeSubject, 'chainId' | 'firstEpoch'>,
  oldSecret: Uint8Array,
  newSecret: Uint8Array,
): KeyChange {
  const [oldKey, newKey] = [publicKeyOf(oldSecret), publicKeyOf(newSecret)];
  const message = messageOf({ chainId, firstEpoch, oldKey, newKey });
  const sign = (secret: Uint8Array) => ed25519.sign(message, secret);
  return { firstEpoch, newKey, signature: sign(oldSecret), consent: sign(newSecret) };
}

/** Which of the two signatures does not hold; undefined where both do. */
export function badSignature(
  chainId: Uint8Array,
  oldKey: Uint8Array,
  { firstEpoch, newKey, signature, consent }: KeyChange,
): 'old' | 'new' | undefined {
  const message = messageOf({ chainId, firstEpoch, oldKey, newKey });
  if (!isSignedBy(message, signature, oldKey)) return 'old';
  return isSignedBy(message, consent, newKey) ? undefined : 'new';
}

/** How many bytes `encodeKeyList` gives. */
const listBytes = (changes: readonly KeyChange[]) => 4 + changes.length * CHANGE_BYTES;

/** The list as a part of another file: its count, and the changes in their order. */
export function encodeKeyList(changes: readonly KeyChange[]): Uint8Array {
  const writer = new ByteWriter(listBytes(changes));
  assert(changes.length <= KEY_CHANGES_MAX, `${changes.length} changes of the key`);
  writer.unsigned(changes.length, 4);
  for (const { firstEpoch, newKey, signature, consent } of changes) {
    writer.unsigned(firstEpoch, 8).bytes(newKey, HASH_BYTES);
    writer.bytes(signature, SIGNATURE_BYTES).bytes(consent, SIGNATURE_BYTES);
  }
  return writer.finish();
}

export function readKeyList(reader: ByteReader): KeyChange[] {
  const start = reader.offset;
  const count = reader.unsigned(4);
  if (count > KEY_CHANGES_MAX) {
    reader.refuse(`${count} changes of the key; ${KEY_CHANGES_MAX} are the most`, start);
  }
  return Array.from({ length: count }, () => ({
    firstEpoch: reader.unsigned64(),
    newKey: reader.bytes(HASH_BYTES),
    signature: reader.bytes(SIGNATURE_BYTES),
    consent: reader.bytes(SIGNATURE_BYTES),
  }));
}

/** The file of a store: at least one change, since a chain without has no such file. */
export function encodeKeyChanges(changes: readonly KeyChange[]): Uint8Array {
  const list = encodeKeyList(changes);
  const writer = new ByteWriter(8 + list.length).ascii('FBKC').unsigned(VERSION, 2);
  return writer.unsigned(0, 2).bytes(list, list.length).finish();
}

/** Reads the form alone; `operatorKeys` checks what it says. Never throws. */
export function decodeKeyChanges(bytes: Uint8Array): Decoded<readonly KeyChange[]> {
  return decode(bytes, 'KEY_CHANGES_FORMAT', 'key changes', (reader) => {
    reader.format('FBKC', VERSION);
    reader.zero(2);
    const start = reader.offset;
    const changes = readKeyList(reader);
    if (changes.length === 0) reader.refuse('no change: a chain without has no such file', start);
    return changes;
  });
}

/** SPEC section 4 and the nonce of section 9, written down as they are read there. */
import { blake3 } from '@noble/hashes/blake3.js';
import { KEYS } from '../commit/keys.ts';
import { concat, PRIME, u64Bytes } from './plain-tree.ts';

const hash = (bytes: Uint8Array): Uint8Array => blake3(bytes, { key: KEYS.TRANSCRIPT });
const behind = (state: Uint8Array, byte: number): Uint8Array =>
  concat([state, Uint8Array.of(byte)]);

function xofWords(state: Uint8Array, byte: number, count: number): number[] {
  const output = blake3(behind(state, byte), { key: KEYS.TRANSCRIPT, dkLen: 4 * count });
  const view = new DataView(output.buffer);
  return Array.from({ length: count }, (_, index) => view.getUint32(4 * index, true));
}

export const startState = (): Uint8Array => hash(new TextEncoder().encode('foldbook/stark/v1'));

export const absorbed = (state: Uint8Array, tag: number, bytes: Uint8Array): Uint8Array =>
  hash(concat([state, Uint8Array.of(tag), u64Bytes(BigInt(bytes.length)), bytes]));

export const nextState = (state: Uint8Array): Uint8Array => hash(behind(state, 254));

/** A hundred words are enough: of each, one in sixteen is passed over. */
export const drawnElement = (state: Uint8Array): number[] =>
  xofWords(state, 255, 100)
    .map((word) => word % 2 ** 31)
    .filter((word) => word < PRIME)
    .slice(0, 5);

export const drawnIndices = (state: Uint8Array, count: number, logSize: number): number[] =>
  xofWords(state, 253, count).map((word) => word % 2 ** logSize);

/** The least nonce, found one by one. */
export function leastNonce(state: Uint8Array, bits: number): bigint {
  for (let nonce = 0n; ; nonce++) {
    const digest = blake3(concat([state, u64Bytes(nonce)]), { key: KEYS.GRIND });
    if (new DataView(digest.buffer).getUint32(0, true) % 2 ** bits === 0) return nonce;
  }
}

/** Keyed BLAKE3, and bytes of integers. */
import { blake3 } from '@noble/hashes/blake3.js';

/** The keys of SPEC.md section 1: each is the hash of its text. */
export const LEAF = keyOf('foldbook/stark/leaf/v1');
export const NODE = keyOf('foldbook/stark/node/v1');
export const TRANSCRIPT = keyOf('foldbook/stark/transcript/v1');
export const GRIND = keyOf('foldbook/stark/grind/v1');
export const POINT = keyOf('foldbook/stark/account-point/v1');
export const COMMITMENT = keyOf('foldbook/stark/account-commitment/v1');

export const DIGEST_BYTES = 32;

export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

function keyOf(text: string): Uint8Array {
  return blake3(ascii(text));
}

export function concat(...pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.length;
  }
  return whole;
}

export function hash(key: Uint8Array, ...pieces: readonly Uint8Array[]): Uint8Array {
  return blake3(concat(...pieces), { key });
}

/** The words of four bytes of the keyed hash's extended output, without end. */
export function* words(key: Uint8Array, input: Uint8Array): Generator<number> {
  const reader = blake3.create({ key }).update(input);
  for (;;) yield integerOf(reader.xof(4));
}

/** A little-endian integer of up to 6 bytes. */
export function integerOf(bytes: Uint8Array): number {
  return bytes.reduceRight((value, byte) => value * 256 + byte, 0);
}

export function littleEndian(value: number | bigint, sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  let left = BigInt(value);
  for (let i = 0; i < sizeBytes; i += 1) {
    bytes[i] = Number(left & 255n);
    left >>= 8n;
  }
  return bytes;
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

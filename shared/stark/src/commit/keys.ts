/** The keys of SPEC section 1: BLAKE3 of a text each. */
import { blake3 } from '@noble/hashes/blake3.js';

const keyOf = (name: string): Uint8Array =>
  blake3(new TextEncoder().encode(`foldbook/stark/${name}/v1`));

export const KEYS = {
  LEAF: keyOf('leaf'),
  NODE: keyOf('node'),
  TRANSCRIPT: keyOf('transcript'),
  GRIND: keyOf('grind'),
  POINT: keyOf('account-point'),
  COMMITMENT: keyOf('account-commitment'),
} as const;

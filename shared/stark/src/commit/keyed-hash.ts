/**
 * Keyed BLAKE3 of words, for messages of at most one chunk (1,024 bytes): what a verifier does some
 * ten thousand times for a proof. Rows and digests are words here, and no hasher is made for each
 * of them, so that a node takes a fifth of the time that it takes with @noble/hashes, which does
 * what is longer or rarer.
 */
export const INITIAL_WORDS: readonly number[] = [
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
];
/** Word i of the next round's message is the word of this round's at PERMUTATION[i]. */
export const PERMUTATION: readonly number[] = [
  2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8,
];

export const DIGEST_WORDS = 8;
const BLOCK_WORDS = 16;
const CHUNK_WORDS = 256;
const ROUNDS = 7;
const CHUNK_START = 1;
const CHUNK_END = 2;
const ROOT = 8;
const KEYED = 16;

/** Where a round's words stand in the message, round after round. */
const ORDER = new Uint8Array(ROUNDS * BLOCK_WORDS);
for (let i = 0; i < BLOCK_WORDS; i++) ORDER[i] = i;
for (let i = BLOCK_WORDS; i < ORDER.length; i++) {
  const before = i - BLOCK_WORDS - (i % BLOCK_WORDS);
  ORDER[i] = ORDER[before + (PERMUTATION[i % BLOCK_WORDS] ?? 0)] ?? 0;
}

const INITIAL = Int32Array.from(INITIAL_WORDS);
/** Of the hash that is being made: what is overwritten by the next one. */
const chaining = new Uint32Array(DIGEST_WORDS);
const state = new Int32Array(16);
const block = new Int32Array(BLOCK_WORDS);

/** Mixes four words of the state with two of the message, those at ORDER[at] and ORDER[at + 1]. */
function mix(a: number, b: number, c: number, d: number, at: number): void {
  let va = state[a] ?? 0;
  let vb = state[b] ?? 0;
  let vc = state[c] ?? 0;
  let vd = state[d] ?? 0;
  va = (va + vb + (block[ORDER[at] ?? 0] ?? 0)) | 0;
  vd ^= va;
  vd = (vd << 16) | (vd >>> 16);
  vc = (vc + vd) | 0;
  vb ^= vc;
  vb = (vb << 20) | (vb >>> 12);
  va = (va + vb + (block[ORDER[at + 1] ?? 0] ?? 0)) | 0;
  vd ^= va;
  vd = (vd << 24) | (vd >>> 8);
  vc = (vc + vd) | 0;
  vb ^= vc;
  vb = (vb << 25) | (vb >>> 7);
  state[a] = va;
  state[b] = vb;
  state[c] = vc;
  state[d] = vd;
}

/** Takes a block of so many words of the message, from `start` on, into the chaining value. */
function compress(message: Uint32Array, start: number, words: number, flags: number): void {
  for (let i = 0; i < words; i++) block[i] = message[start + i] ?? 0;
  for (let i = words; i < BLOCK_WORDS; i++) block[i] = 0;
  for (let i = 0; i < 8; i++) state[i] = chaining[i] ?? 0;
  for (let i = 0; i < 4; i++) state[8 + i] = INITIAL[i] ?? 0;
  state[12] = 0;
  state[13] = 0;
  state[14] = 4 * words;
  state[15] = flags;
  for (let at = 0; at < ROUNDS * BLOCK_WORDS; at += BLOCK_WORDS) {
    mix(0, 4, 8, 12, at);
    mix(1, 5, 9, 13, at + 2);
    mix(2, 6, 10, 14, at + 4);
    mix(3, 7, 11, 15, at + 6);
    mix(0, 5, 10, 15, at + 8);
    mix(1, 6, 11, 12, at + 10);
    mix(2, 7, 8, 13, at + 12);
    mix(3, 4, 9, 14, at + 14);
  }
  for (let i = 0; i < 8; i++) chaining[i] = (state[i] ?? 0) ^ (state[8 + i] ?? 0);
}

/**
 * Writes the hash of a message of 1 to 256 words into `digest`, which may be a part of the message.
 * @param key - eight words
 */
export function hashWords(key: Uint32Array, message: Uint32Array, digest: Uint32Array): void {
  const count = message.length;
  if (count < 1 || count > CHUNK_WORDS || digest.length !== DIGEST_WORDS) {
    throw new Error(`assertion failed: ${count} words are hashed into ${digest.length}`);
  }
  chaining.set(key);
  for (let start = 0; start < count; start += BLOCK_WORDS) {
    const words = Math.min(count - start, BLOCK_WORDS);
    let flags = KEYED;
    if (start === 0) flags |= CHUNK_START;
    if (start + words === count) flags |= CHUNK_END | ROOT;
    compress(message, start, words, flags);
  }
  digest.set(chaining);
}

/** Words of so many bytes, a multiple of 4, little-endian. */
export function wordsOf(bytes: Uint8Array): Uint32Array {
  const words = new Uint32Array(bytes.length / 4);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let i = 0; i < words.length; i++) words[i] = view.getUint32(4 * i, true);
  return words;
}

/** The same words as bytes, little-endian. */
export function bytesOf(words: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(4 * words.length);
  const view = new DataView(bytes.buffer);
  words.forEach((word, index) => {
    view.setUint32(4 * index, word, true);
  });
  return bytes;
}

/** Work that a prover shows before it learns which rows are opened (SPEC section 9). */
import { blake3 } from '@noble/hashes/blake3.js';
import { KEYS } from './commit/keys.ts';
import type { Kernel } from './kernel/kernel.ts';
import { StarkError } from './kernel/stark-error.ts';

/** What the kernel can search for. */
export const MAX_GRINDING_BITS = 31;
/** Nonces between two looks at whether the search is still wanted: some milliseconds of work. */
const SLICE = 2 ** 16;
const STATE_BYTES = 32;

/** A nonce as u64: what is hashed behind the transcript's state, absorbed, and sent. */
export function nonceBytes(nonce: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, nonce, true);
  return bytes;
}

/** Whether a nonce shows the work. */
export function isGround(state: Uint8Array, bits: number, nonce: bigint): boolean {
  assertBits(bits);
  const hasher = blake3.create({ key: KEYS.GRIND });
  const hash = hasher.update(state).update(nonceBytes(nonce)).digest();
  return new DataView(hash.buffer).getUint32(0, true) % 2 ** bits === 0;
}

/**
 * The least nonce from `first` on that shows the work: about 2^bits are tried.
 * @param isCancelled - asked every few milliseconds
 * @param first - a multiple of 65,536
 * @throws StarkError CANCELLED
 */
export function grindNonce(
  { arena, exports }: Kernel,
  state: Uint8Array,
  bits: number,
  isCancelled: () => boolean,
  first = 0,
): bigint {
  assertBits(bits);
  if (first % SLICE !== 0) throw new Error(`assertion failed: a search from ${first} on`);
  if (state.length !== STATE_BYTES) throw new Error('assertion failed: a state has 32 bytes');
  const { mark } = arena;
  const address = arena.take(STATE_BYTES);
  new Uint8Array(exports.memory.buffer, address, STATE_BYTES).set(state);
  try {
    for (let from = first; ; from += SLICE) {
      if (isCancelled()) throw new StarkError('CANCELLED', 'the search for a nonce was cancelled');
      const [high, low] = [Math.floor(from / 2 ** 32), from % 2 ** 32];
      const found = exports.grind(address, bits, high, low, SLICE);
      if (found >= 0) return BigInt(from + found);
    }
  } finally {
    arena.release(mark);
  }
}

function assertBits(bits: number): void {
  if (bits >= 0 && bits <= MAX_GRINDING_BITS) return;
  throw new Error(`assertion failed: ${bits} bits of work`);
}

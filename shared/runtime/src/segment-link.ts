/**
 * Links of a chain over records: link(n) = SHA-256(link(n-1) || n as u64 || digest(n) || subject),
 * starting from 32 zero bytes, where the digest is SHA-256 of the payload unless the writer's user
 * gave one (a market's chain head, which it has computed already). Whoever holds one link can tell
 * whether a record at or before it was changed.
 */
import { hash } from 'node:crypto';

export const LINK_BYTES = 32;
const SUBJECT_AT = 2 * LINK_BYTES + 8;

export const FIRST_LINK: Uint8Array = new Uint8Array(LINK_BYTES);

export function payloadDigest(payload: Uint8Array): Uint8Array {
  return hash('sha256', payload, 'buffer');
}

/** Computes links; it keeps its memory from one to the next. */
export class Linker {
  #input: Buffer = Buffer.alloc(SUBJECT_AT + 64);

  /**
   * @param before link of the record before, 32 bytes
   * @param digest of the record's payload, 32 bytes
   * @param subject in UTF-8
   */
  next(before: Uint8Array, sequence: number, digest: Uint8Array, subject: Uint8Array): Uint8Array {
    const sizeBytes = SUBJECT_AT + subject.byteLength;
    if (this.#input.byteLength < sizeBytes) this.#input = Buffer.alloc(sizeBytes);
    this.#input.set(before, 0);
    this.#input.writeBigUInt64LE(BigInt(sequence), LINK_BYTES);
    this.#input.set(digest, LINK_BYTES + 8);
    this.#input.set(subject, SUBJECT_AT);
    return hash('sha256', this.#input.subarray(0, sizeBytes), 'buffer');
  }
}

export const isSameLink = (left: Uint8Array, right: Uint8Array) =>
  Buffer.compare(left, right) === 0;

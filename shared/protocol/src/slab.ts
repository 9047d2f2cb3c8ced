/**
 * Memory for many small things that live about as long as their neighbours. An array of more than
 * 64 bytes costs V8 an allocation outside its heap, one or two microseconds with its collection; a
 * piece of a larger one is a view, a tenth of that. A piece keeps its whole chunk from collection,
 * so what is kept for long has a slab of its own kind.
 */
const CHUNK_BYTES = 16 * 1024;
/** Anything longer has memory of its own. */
const LONGEST_BYTES = 4 * 1024;
/** Pieces start at multiples of this: a cache line. */
const ALIGNMENT_BYTES = 64;

export class Slab {
  #chunk: ArrayBuffer | undefined;
  #used = 0;

  /** All zero, and the caller's alone. */
  take(sizeBytes: number): Uint8Array {
    if (sizeBytes > LONGEST_BYTES) return new Uint8Array(sizeBytes);
    if (this.#chunk === undefined || this.#used + sizeBytes > CHUNK_BYTES) {
      this.#chunk = new ArrayBuffer(CHUNK_BYTES);
      this.#used = 0;
    }
    const piece = new Uint8Array(this.#chunk, this.#used, sizeBytes);
    this.#used += Math.ceil(sizeBytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
    return piece;
  }

  /** A copy of `bytes` from `start` up to `end`. */
  copy(bytes: Uint8Array, start = 0, end = bytes.byteLength): Uint8Array {
    const piece = this.take(end - start);
    piece.set(start === 0 && end === bytes.byteLength ? bytes : bytes.subarray(start, end));
    return piece;
  }
}

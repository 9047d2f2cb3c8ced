/** Copies slots between a ring and plain memory, around the ring's end. */
import assert from 'node:assert/strict';
import { SLOT_BYTES, WORD_BYTES } from './ring-descriptor.ts';

const SLOT_WORDS = SLOT_BYTES / WORD_BYTES;
/** From here on a block copy beats the loop, though it makes a view: measured, Node 24, x86-64. */
const BLOCK_COPY_SLOTS = 8;

export class SlotCopier {
  readonly #bytes: Uint8Array;
  readonly #words: Int32Array;
  readonly #mask: number;
  /** The words of the memory that was last copied from or to: callers reuse one buffer. */
  #otherBuffer: ArrayBufferLike | undefined;
  #otherWords: Int32Array = new Int32Array(0);

  constructor(slots: Uint8Array, capacity: number) {
    const { buffer, byteOffset } = slots;
    this.#bytes = slots;
    this.#words = new Int32Array(buffer, byteOffset, capacity * SLOT_WORDS);
    this.#mask = capacity - 1;
  }

  copyIn(source: Uint8Array, offsetSlots: number, position: number, count: number): void {
    const from = offsetSlots * SLOT_BYTES;
    assert(source.byteLength >= from + count * SLOT_BYTES, 'the source is shorter than its slots');
    const slot = position & this.#mask;
    const first = Math.min(count, this.#mask + 1 - slot);
    if (count < BLOCK_COPY_SLOTS && first === count && this.#aligns(source)) {
      const start = (source.byteOffset + from) / WORD_BYTES;
      copyWords(this.#otherWords, start, this.#words, slot * SLOT_WORDS, count);
      return;
    }
    const middle = from + first * SLOT_BYTES;
    this.#bytes.set(source.subarray(from, middle), slot * SLOT_BYTES);
    if (first < count) this.#bytes.set(source.subarray(middle, from + count * SLOT_BYTES), 0);
  }

  copyOut(position: number, count: number, into: Uint8Array): void {
    assert(into.byteLength >= count * SLOT_BYTES, 'the target is shorter than the slots asked for');
    const slot = position & this.#mask;
    const first = Math.min(count, this.#mask + 1 - slot);
    if (count < BLOCK_COPY_SLOTS && first === count && this.#aligns(into)) {
      const start = into.byteOffset / WORD_BYTES;
      copyWords(this.#words, slot * SLOT_WORDS, this.#otherWords, start, count);
      return;
    }
    const from = slot * SLOT_BYTES;
    into.set(this.#bytes.subarray(from, from + first * SLOT_BYTES), 0);
    if (first < count) {
      into.set(this.#bytes.subarray(0, (count - first) * SLOT_BYTES), first * SLOT_BYTES);
    }
  }

  #aligns(other: Uint8Array): boolean {
    if (other.byteOffset % WORD_BYTES !== 0) return false;
    if (other.buffer !== this.#otherBuffer) {
      this.#otherBuffer = other.buffer;
      const wholeWords = Math.floor(other.buffer.byteLength / WORD_BYTES);
      this.#otherWords = new Int32Array(other.buffer, 0, wholeWords);
    }
    return true;
  }
}

function copyWords(
  from: Int32Array,
  fromWord: number,
  to: Int32Array,
  toWord: number,
  slots: number,
): void {
  const words = slots * SLOT_WORDS;
  // A word out of bounds reads as undefined and would be written as 0; callers check the lengths.
  for (let i = 0; i < words; i += 1) to[toWord + i] = from[fromWord + i] ?? 0;
}

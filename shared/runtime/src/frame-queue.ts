/** Frames that wait for room in a ring: one piece of memory, however small they are. */
import type { RingProducer } from './ring.ts';
import { SLOT_BYTES } from './ring-descriptor.ts';
import { FRAME_HEADER_BYTES, FrameOffset } from './shared-memory-layout.ts';

const FIRST_BYTES = 64 * 1_024;

export class FrameQueue {
  readonly #maxBytes: number;
  #memory = Buffer.alloc(0);
  /** Byte offsets of the oldest frame, and behind the newest. */
  #head = 0;
  #tail = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Of the frames that wait. */
  get sizeBytes(): number {
    return this.#tail - this.#head;
  }

  /** Copies a frame of so many slots from the beginning of `frame`; false if it is too much. */
  push(frame: Uint8Array, slots: number): boolean {
    const frameBytes = slots * SLOT_BYTES;
    if (this.sizeBytes + frameBytes > this.#maxBytes) return false;
    if (this.#tail + frameBytes > this.#memory.byteLength) this.#makeRoom(frameBytes);
    this.#memory.set(frame.subarray(0, frameBytes), this.#tail);
    this.#tail += frameBytes;
    return true;
  }

  /** Offers the ring as many whole frames as it has room for; returns how many. */
  moveTo(ring: RingProducer): number {
    const roomBytes = Math.min(ring.free() * SLOT_BYTES, this.sizeBytes);
    let frames = 0;
    let end = this.#head;
    while (end < this.#tail) {
      const next = end + this.#frameBytes(end);
      if (next - this.#head > roomBytes) break;
      end = next;
      frames += 1;
    }
    ring.offerSome(this.#memory, this.#head / SLOT_BYTES, (end - this.#head) / SLOT_BYTES);
    this.#head = end;
    if (this.#head === this.#tail) this.#rewind();
    return frames;
  }

  #frameBytes(at: number): number {
    const bodyBytes = this.#memory.readUInt32LE(at + FrameOffset.BODY);
    return Math.ceil((FRAME_HEADER_BYTES + bodyBytes) / SLOT_BYTES) * SLOT_BYTES;
  }

  /** What was needed once, for a reader that stood still, is given back. */
  #rewind(): void {
    this.#head = 0;
    this.#tail = 0;
    if (this.#memory.byteLength > FIRST_BYTES) this.#memory = Buffer.alloc(0);
  }

  #makeRoom(moreBytes: number): void {
    const wantedBytes = this.sizeBytes + moreBytes;
    // Moved to the front where at least half is free, so that each byte is moved once or twice.
    const fits = wantedBytes * 2 <= this.#memory.byteLength;
    const doubled = Math.max(FIRST_BYTES, 2 ** Math.ceil(Math.log2(wantedBytes * 2)));
    const memory = fits ? this.#memory : Buffer.alloc(doubled);
    this.#memory.copy(memory, 0, this.#head, this.#tail);
    this.#memory = memory;
    this.#tail -= this.#head;
    this.#head = 0;
  }
}

/**
 * The buffers that output batches gather records in. A batch holds one only while it has something
 * to send, so what a market keeps for an account that was told something once is a few numbers.
 */
import assert from 'node:assert/strict';
import { Slab } from '@foldbook/protocol';

const SMALLEST_BYTES = 4 * 1024;
/** Kept for the next batches; what is given back beyond that is let go. */
const MAX_IDLE_BYTES = 16 * 1024 * 1024;

export class BatchBuffers {
  /** What batches send lies here. */
  readonly sent = new Slab();
  readonly #largestBytes: number;
  /** By their length: 4 KiB, 8 KiB and so on, and the largest. */
  readonly #idle = new Map<number, Uint8Array[]>();
  #idleBytes = 0;
  #lentBytes = 0;

  constructor(largestBytes: number) {
    this.#largestBytes = largestBytes;
  }

  /** Held for reuse, by nobody at present. */
  get idleBytes(): number {
    return this.#idleBytes;
  }

  /** Held by batches. */
  get lentBytes(): number {
    return this.#lentBytes;
  }

  /** At least so long; what an earlier batch wrote may stand in it. */
  take(neededBytes: number): Uint8Array {
    assert(neededBytes <= this.#largestBytes, 'a batch is cut before it outgrows its limit');
    let sizeBytes = SMALLEST_BYTES;
    while (sizeBytes < neededBytes) sizeBytes *= 2;
    sizeBytes = Math.min(sizeBytes, this.#largestBytes);
    this.#lentBytes += sizeBytes;
    const kept = this.#idle.get(sizeBytes)?.pop();
    if (kept === undefined) return new Uint8Array(sizeBytes);
    this.#idleBytes -= sizeBytes;
    return kept;
  }

  /** The caller doesn't touch it any more. */
  give(buffer: Uint8Array): void {
    const sizeBytes = buffer.byteLength;
    this.#lentBytes -= sizeBytes;
    if (this.#idleBytes + sizeBytes > MAX_IDLE_BYTES) return;
    this.#idleBytes += sizeBytes;
    const kept = this.#idle.get(sizeBytes);
    if (kept === undefined) this.#idle.set(sizeBytes, [buffer]);
    else kept.push(buffer);
  }
}

/**
 * The kernel's event ring, read from another thread: see assembly/events.ts. One reader only. Every
 * record that is published was written before; the reader says how far it is once a poll.
 */
import { RECORD_BYTES } from '@foldbook/protocol';

/** Where it lies in the kernel's memory; may be sent to another thread. */
export interface SharedEvents {
  readonly buffer: SharedArrayBuffer;
  readonly countersAddress: number;
  readonly eventsAddress: number;
  /** Records; a power of two. */
  readonly capacity: number;
}

/** Takes `count` records that lie one after the other from byte `offset` of `ring` on. */
export type EventHandler = (ring: Uint8Array, offset: number, count: number) => void;

const PUBLISHED = 0;
/** On a cache line of its own, as the two counters have two writers. */
const CONSUMED = 128 / Int32Array.BYTES_PER_ELEMENT;

export class EventRingReader {
  readonly #counters: Int32Array;
  readonly #ring: Uint8Array;
  readonly #capacity: number;
  /** Records taken so far; wraps around at 2^32, like the counters. */
  #taken: number;

  constructor({ buffer, countersAddress, eventsAddress, capacity }: SharedEvents) {
    this.#counters = new Int32Array(buffer, countersAddress, CONSUMED + 1);
    this.#ring = new Uint8Array(buffer, eventsAddress, capacity * RECORD_BYTES);
    this.#capacity = capacity;
    this.#taken = Atomics.load(this.#counters, CONSUMED);
  }

  /** Hands over what is published, in two parts where it goes around the end; returns how many. */
  poll(handler: EventHandler): number {
    const count = (Atomics.load(this.#counters, PUBLISHED) - this.#taken) >>> 0;
    if (count === 0) return 0;
    const first = (this.#taken >>> 0) % this.#capacity;
    const beforeEnd = Math.min(count, this.#capacity - first);
    handler(this.#ring, first * RECORD_BYTES, beforeEnd);
    if (beforeEnd < count) handler(this.#ring, 0, count - beforeEnd);
    this.#taken = (this.#taken + count) | 0;
    Atomics.store(this.#counters, CONSUMED, this.#taken);
    return count;
  }
}

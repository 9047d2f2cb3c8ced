/**
 * A ring between two threads, or two processes; ring-descriptor.ts has the layout. The producer
 * writes slots and makes them visible in batches; the consumer reads them in place or copies, and
 * releases them. Neither ever waits for the other, except that a thread's consumer may park.
 *
 * Each side keeps its own position to itself and takes the other's for a claim: one that can't be
 * is not followed, and `isDamaged` says so from then on.
 */
import assert from 'node:assert/strict';
import {
  isCapacity,
  MAX_CAPACITY,
  RING_MAGIC,
  RingOffset,
  ringBytes,
  SLOT_BYTES,
  WORD_BYTES,
} from './ring-descriptor.ts';
import { SlotCopier } from './slot-copier.ts';

const PRODUCER = RingOffset.PRODUCER / WORD_BYTES;
const CONSUMER = RingOffset.CONSUMER / WORD_BYTES;
const PARKED = RingOffset.PARKED / WORD_BYTES;
const CLOSED = RingOffset.CLOSED / WORD_BYTES;

/**
 * @param capacity slots, a power of two from 2 to 2^24
 * @param firstPosition where both positions start, so that a test needn't move 2^32 records
 */
export function createRing(capacity: number, firstPosition = 0): SharedArrayBuffer {
  assert(
    isCapacity(capacity),
    `a ring has 2 to ${MAX_CAPACITY} slots, a power of two: ${capacity}`,
  );
  const buffer = new SharedArrayBuffer(ringBytes(capacity));
  layRing({ buffer, offset: 0, capacity }, firstPosition);
  return buffer;
}

/** Where a ring lies in memory that holds more than it. */
export interface RingPlace {
  readonly buffer: ArrayBufferLike;
  /** Bytes; of whole pairs of cache lines. */
  readonly offset: number;
  readonly capacity: number;
}

/** Makes a ring in memory that is all zero. */
export function layRing({ buffer, offset, capacity }: RingPlace, firstPosition = 0): void {
  assert(isCapacity(capacity) && offset % 128 === 0, 'no ring can lie there');
  const words = new Int32Array(buffer, offset, ringBytes(capacity) / WORD_BYTES);
  words[RingOffset.CAPACITY / WORD_BYTES] = capacity;
  words[PRODUCER] = firstPosition | 0;
  words[CONSUMER] = firstPosition | 0;
  Atomics.store(words, RingOffset.MAGIC / WORD_BYTES, RING_MAGIC);
}

/** A ring that fills its buffer says itself how large it is; elsewhere the caller knows. */
function openRing(ring: SharedArrayBuffer | RingPlace): {
  words: Int32Array;
  bytes: Uint8Array;
  capacity: number;
} {
  const isPlace = !(ring instanceof SharedArrayBuffer);
  const { buffer, offset } = isPlace ? ring : { buffer: ring, offset: 0 };
  const words = new Int32Array(buffer, offset);
  const magic = Atomics.load(words, RingOffset.MAGIC / WORD_BYTES);
  assert.equal(magic, RING_MAGIC, 'the buffer is no ring');
  const written = words[RingOffset.CAPACITY / WORD_BYTES] ?? 0;
  const capacity = isPlace ? ring.capacity : written;
  const sizeBytes = ringBytes(capacity);
  const fits = isPlace ? words.byteLength >= sizeBytes : words.byteLength === sizeBytes;
  assert(isCapacity(capacity) && written === capacity && fits, 'the ring is damaged');
  return { words, bytes: new Uint8Array(buffer, offset, sizeBytes), capacity };
}

/** The writing side. One in the world for each ring. */
export class RingProducer {
  readonly capacity: number;
  readonly #words: Int32Array;
  readonly #copier: SlotCopier;
  /** Next slot to write; ahead of the published position by what is not yet visible. */
  #position: number;
  #published: number;
  /** The consumer's position when last looked at: it only grows, so this errs to the safe side. */
  #consumerSeen: number;
  #isDamaged = false;

  constructor(ring: SharedArrayBuffer | RingPlace) {
    const { words, bytes, capacity } = openRing(ring);
    this.capacity = capacity;
    this.#words = words;
    this.#copier = new SlotCopier(bytes.subarray(RingOffset.SLOTS), capacity);
    this.#published = Atomics.load(words, PRODUCER);
    this.#position = this.#published;
    this.#consumerSeen = Atomics.load(words, CONSUMER);
  }

  /** True once the consumer's position was one that it can't have. */
  get isDamaged(): boolean {
    return this.#isDamaged;
  }

  /** Slots that can be offered now. */
  free(): number {
    const consumer = Atomics.load(this.#words, CONSUMER);
    const unread = (this.#position - consumer) | 0;
    // Read are those published, and once read they stay so.
    const wasUnread = (this.#position - this.#consumerSeen) | 0;
    const unpublished = (this.#position - this.#published) | 0;
    if (unread >= unpublished && unread <= wasUnread) this.#consumerSeen = consumer;
    else this.#isDamaged = true;
    return this.#freeSeen();
  }

  /** Slots that were offered and not released yet. */
  used(): number {
    return this.capacity - this.free();
  }

  /**
   * Copies `count` slots from the beginning of `source`, or none if there is no room for all; not
   * visible before `publish`.
   */
  offer(source: Uint8Array, count: number): boolean {
    // The words only where they are needed: an assertion's text is made whether it is read or not.
    if (count > this.capacity) {
      assert.fail(`${count} slots never fit in a ring of ${this.capacity}`);
    }
    if (this.#freeSeen() < count && this.free() < count) return false;
    this.#append(source, 0, count);
    return true;
  }

  /**
   * Copies as many of `count` slots as there is room for, from slot `offsetSlots` of `source` on;
   * returns how many. Not visible before `publish`.
   */
  offerSome(source: Uint8Array, offsetSlots: number, count: number): number {
    let room = this.#freeSeen();
    if (room < count) room = this.free();
    const taken = Math.min(room, count);
    if (taken > 0) this.#append(source, offsetSlots, taken);
    return taken;
  }

  /** Makes everything offered visible with one store, and wakes a parked consumer. */
  publish(): void {
    if (this.#published === this.#position) return;
    this.#published = this.#position;
    Atomics.store(this.#words, PRODUCER, this.#position);
    this.#wake();
  }

  /** Publishes what was offered and tells the consumer that no more will come. */
  close(): void {
    this.publish();
    Atomics.store(this.#words, CLOSED, 1);
    this.#wake();
  }

  #freeSeen(): number {
    return this.capacity - ((this.#position - this.#consumerSeen) | 0);
  }

  #append(source: Uint8Array, offsetSlots: number, count: number): void {
    this.#copier.copyIn(source, offsetSlots, this.#position, count);
    this.#position = (this.#position + count) | 0;
  }

  #wake(): void {
    // Both sides' accesses are sequentially consistent: either this sees the consumer parked, or
    // the consumer, which looks again after saying so, sees what was stored before.
    if (Atomics.load(this.#words, PARKED) === 0) return;
    Atomics.store(this.#words, PARKED, 0);
    Atomics.notify(this.#words, PARKED);
  }
}

/** Slots as they lie in the ring. */
export interface SlotView {
  /** The ring's memory. */
  readonly bytes: Uint8Array;
  /** Byte offset in `bytes` of the unreleased slot with this index, 0 the oldest. */
  offsetOf(index: number): number;
}

/** The reading side. One in the world for each ring. */
export class RingConsumer {
  readonly capacity: number;
  readonly #words: Int32Array;
  readonly #copier: SlotCopier;
  readonly #view: SlotView;
  #position: number;
  #producerSeen: number;
  #isDamaged = false;

  constructor(ring: SharedArrayBuffer | RingPlace) {
    const { words, bytes, capacity } = openRing(ring);
    this.capacity = capacity;
    this.#words = words;
    this.#copier = new SlotCopier(bytes.subarray(RingOffset.SLOTS), capacity);
    this.#position = Atomics.load(words, CONSUMER);
    this.#producerSeen = Atomics.load(words, PRODUCER);
    const mask = capacity - 1;
    this.#view = {
      bytes,
      offsetOf: (index) => RingOffset.SLOTS + ((this.#position + index) & mask) * SLOT_BYTES,
    };
  }

  /** True once the producer's position was one that it can't have. */
  get isDamaged(): boolean {
    return this.#isDamaged;
  }

  /** Unreleased slots: at least so many, and 0 only if there is none. Ends where a publish did. */
  available(): number {
    const seen = (this.#producerSeen - this.#position) | 0;
    return seen > 0 ? seen : this.#refresh();
  }

  /**
   * Copies up to `maxCount` slots, from the oldest unreleased on, to the beginning of `into`;
   * returns how many. They stay until released, and are read again otherwise.
   */
  read(into: Uint8Array, maxCount: number): number {
    let ready = (this.#producerSeen - this.#position) | 0;
    if (ready < maxCount) ready = this.#refresh();
    const count = Math.min(ready, maxCount);
    if (count > 0) this.#copier.copyOut(this.#position, count, into);
    return count;
  }

  /** The unreleased slots in place, of which `available` says how many there are. */
  view(): SlotView {
    return this.#view;
  }

  /** Gives the oldest `count` slots back to the producer. */
  release(count: number): void {
    const ready = (this.#producerSeen - this.#position) | 0;
    if (count < 0 || count > ready) assert.fail(`released ${count} of ${ready} slots`);
    this.#position = (this.#position + count) | 0;
    Atomics.store(this.#words, CONSUMER, this.#position);
  }

  /** True once the producer has closed; slots may still be waiting. */
  isClosed(): boolean {
    return Atomics.load(this.#words, CLOSED) === 1;
  }

  /**
   * Blocks the thread until there are slots, the ring is closed, or the time is over; returns
   * whether there are slots. Not on a thread whose event loop has other work, nor between
   * processes: `Atomics.wait` takes no memory of the kind.
   */
  waitForWork(timeoutMs: number): boolean {
    if (this.available() > 0) return true;
    const endMs = performance.now() + timeoutMs;
    for (let leftMs = timeoutMs; leftMs > 0; leftMs = endMs - performance.now()) {
      Atomics.store(this.#words, PARKED, 1);
      if (this.#refresh() > 0 || this.isClosed()) break;
      // A producer that looks late wakes it for slots that it has read already.
      Atomics.wait(this.#words, PARKED, 1, leftMs);
      if (this.#refresh() > 0) break;
    }
    Atomics.store(this.#words, PARKED, 0);
    return this.#refresh() > 0;
  }

  #refresh(): number {
    const producer = Atomics.load(this.#words, PRODUCER);
    const ready = (producer - this.#position) | 0;
    const wasReady = (this.#producerSeen - this.#position) | 0;
    if (ready >= wasReady && ready <= this.capacity) this.#producerSeen = producer;
    else this.#isDamaged = true;
    return (this.#producerSeen - this.#position) | 0;
  }
}

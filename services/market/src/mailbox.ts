/** What waits for one market on its host: whole groups and queries, oldest first. */
import assert from 'node:assert/strict';
import { RECORD_BYTES, viewOf } from '@foldbook/protocol';
import type { RingConsumer } from '@foldbook/runtime';

const FIRST_RECORDS = 64;
/** A mailbox that was larger once is small again when it is empty: there may be a thousand. */
const KEPT_RECORDS = 4_096;

export class Mailbox {
  #bytes = new Uint8Array(FIRST_RECORDS * RECORD_BYTES);
  #view = viewOf(this.#bytes);
  /** Records before these are done with, and those up to here wait. */
  #head = 0;
  #tail = 0;

  get isEmpty(): boolean {
    return this.#head === this.#tail;
  }

  /** The memory; valid until the next `take` or `drop`. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  get view(): DataView {
    return this.#view;
  }

  /** Where in the memory the oldest record stands, in records. */
  get head(): number {
    return this.#head;
  }

  /** Takes a message of `count` records out of a ring, in which they are. */
  take(ring: RingConsumer, count: number): void {
    this.#reserve(count);
    const from = this.#tail * RECORD_BYTES;
    const taken = ring.read(this.#bytes.subarray(from, from + count * RECORD_BYTES), count);
    assert.equal(taken, count, 'a message is published whole');
    ring.release(count);
    this.#tail += count;
  }

  /** The oldest `count` records are done with. */
  drop(count: number): void {
    if (count > this.#tail - this.#head) assert.fail(`dropped ${count} of fewer records`);
    this.#head += count;
    if (!this.isEmpty) return;
    this.#head = 0;
    this.#tail = 0;
    if (this.#bytes.byteLength > KEPT_RECORDS * RECORD_BYTES) this.#resize(FIRST_RECORDS);
  }

  #reserve(more: number): void {
    const waiting = this.#tail - this.#head;
    const capacity = this.#bytes.byteLength / RECORD_BYTES;
    if (this.#tail + more <= capacity) return;
    // Moving what waits is paid for by what was done with since it moved last.
    if ((waiting + more) * 2 <= capacity) {
      const from = this.#head * RECORD_BYTES;
      this.#bytes.copyWithin(0, from, this.#tail * RECORD_BYTES);
      this.#head = 0;
      this.#tail = waiting;
    } else {
      this.#resize(2 ** Math.ceil(Math.log2((waiting + more) * 2)));
    }
  }

  #resize(capacity: number): void {
    const from = this.#head * RECORD_BYTES;
    const waiting = this.#bytes.subarray(from, this.#tail * RECORD_BYTES);
    this.#bytes = new Uint8Array(capacity * RECORD_BYTES);
    this.#bytes.set(waiting);
    this.#view = viewOf(this.#bytes);
    this.#tail -= this.#head;
    this.#head = 0;
  }
}

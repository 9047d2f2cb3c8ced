/** The way of events out of a host: into its ring, with patience where that is full. */
import { RECORD_BYTES, viewOf } from '@foldbook/protocol';
import type { RingProducer } from '@foldbook/runtime';

/** Waits until the event ring may have room; false when the thread is told to stop. */
export type WaitForRoom = () => boolean;

export class RingOutput {
  readonly #ring: RingProducer;
  readonly #waitForRoom: WaitForRoom;
  readonly #record = new Uint8Array(RECORD_BYTES);
  readonly #recordView = viewOf(this.#record);

  constructor(ring: RingProducer, waitForRoom: WaitForRoom) {
    this.#ring = ring;
    this.#waitForRoom = waitForRoom;
  }

  /** A record of zeros, to be filled in and sent before the next one. */
  blank(): DataView {
    this.#record.fill(0);
    return this.#recordView;
  }

  sendBlank(): void {
    this.send(this.#record, 0, 1);
  }

  /**
   * Copies `count` records from record `from` of a block on; a full ring holds the host back
   * (nothing is dropped).
   */
  send(block: Uint8Array, from: number, count: number): void {
    let done = 0;
    while (done < count) {
      done += this.#ring.offerSome(block, from + done, count - done);
      if (done === count) return;
      this.#ring.publish();
      if (!this.#waitForRoom()) return;
    }
  }

  publish(): void {
    this.#ring.publish();
  }
}

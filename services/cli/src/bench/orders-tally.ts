/** What a reader of events does in `bench orders`: looks at each, and notes when it came. */
import { EventKind, EventOffset, RECORD_BYTES } from '@foldbook/protocol';
import type { Expected } from './orders-messages.ts';

const WORD_SHIFT = 2;
const RECORD_WORDS = RECORD_BYTES >> WORD_SHIFT;
const KIND_MASK = 0xff;
const SEQUENCE = EventOffset.SEQUENCE >> WORD_SHIFT;
const ORDER_ID = EventOffset.ORDER_ID >> WORD_SHIFT;
const QUANTITY = EventOffset.QUANTITY >> WORD_SHIFT;

export class OrdersTally {
  events = 0;
  trades = 0;
  /** Over every event, in their order. */
  checksum = 0;
  /** When the events came that `add` is given, ns since the start of the run. */
  nowNs = 0;
  readonly #firstSequence: number;
  readonly #periodNs: number;
  /** Of each message: nanoseconds from when it was to come to its first event. */
  readonly #latencies: Float64Array | undefined;
  #lastSequence = 0;
  #words: Int32Array = new Int32Array(0);

  /**
   * @param firstSequence - of the first message's command; what comes before does not count
   * @param periodNs - between two messages of a paced run
   * @param latencies - of a paced run: where they go, one for each message
   */
  constructor(firstSequence: number, periodNs = 0, latencies?: Float64Array) {
    this.#firstSequence = firstSequence;
    this.#periodNs = periodNs;
    this.#latencies = latencies;
  }

  readonly add = (ring: Uint8Array, offset: number, count: number): void => {
    if (this.#words.buffer !== ring.buffer || this.#words.byteOffset !== ring.byteOffset) {
      const length = ring.byteLength >> WORD_SHIFT;
      this.#words = new Int32Array(ring.buffer, ring.byteOffset, length);
    }
    const words = this.#words;
    const first = offset >> WORD_SHIFT;
    let { events, trades, checksum } = this;
    for (let at = first; at < first + count * RECORD_WORDS; at += RECORD_WORDS) {
      const sequence = words[at + SEQUENCE] ?? 0;
      if (sequence < this.#firstSequence) continue;
      if (sequence !== this.#lastSequence) this.#note(sequence);
      const head = words[at] ?? 0;
      const order = words[at + ORDER_ID] ?? 0;
      checksum =
        (Math.imul(checksum, 31) + head + sequence + order + (words[at + QUANTITY] ?? 0)) | 0;
      events += 1;
      if ((head & KIND_MASK) === EventKind.TRADE) trades += 1;
    }
    this.events = events;
    this.trades = trades;
    this.checksum = checksum;
  };

  isAs(expected: Expected): boolean {
    const { events, trades, checksum } = expected;
    return this.events === events && this.trades === trades && this.checksum === checksum;
  }

  #note(sequence: number): void {
    this.#lastSequence = sequence;
    if (this.#latencies === undefined) return;
    const index = sequence - this.#firstSequence;
    this.#latencies[index] = this.nowNs - (index + 1) * this.#periodNs;
  }
}

/**
 * Blocks that are cut where the feed's book is whole, however the bytes came. A decoder ends a
 * block where its input ends for now, so blocks differ between a mapped file and a packed one: what
 * depends on them (where a strategy is asked, what ticks are learned from) would differ as well.
 */
import type { EventBlock } from '../decoder.ts';
import { EVENT_BYTES, EventFlag, EventOffset } from '../event.ts';
import type { HistoryKernel } from '../kernel/history-kernel.ts';

const MOST_EVENTS = 4_096;

export class WholeBlocks {
  readonly #memory: WebAssembly.Memory;
  readonly #address: number;
  readonly #most: number;
  readonly #onBlock: (block: EventBlock) => void;
  #count = 0;

  /** A message of more than `most` events is cut after so many. */
  constructor(kernel: HistoryKernel, onBlock: (block: EventBlock) => void, most = MOST_EVENTS) {
    this.#memory = kernel.memory;
    this.#address = kernel.reserve(most * EVENT_BYTES).address;
    this.#most = most;
    this.#onBlock = onBlock;
  }

  push({ address, count }: EventBlock): void {
    for (let taken = 0; taken < count; ) {
      const part = Math.min(count - taken, this.#most - this.#count);
      this.#copy(address + taken * EVENT_BYTES, this.#end, part);
      this.#count += part;
      taken += part;
      if (this.#count === this.#most) this.#handOver(this.#wholeEvents() || this.#count);
    }
  }

  /** Hands over what is there: nothing follows, or something else does. */
  flush(): void {
    if (this.#count > 0) this.#handOver(this.#count);
  }

  get #end(): number {
    return this.#address + this.#count * EVENT_BYTES;
  }

  #handOver(count: number): void {
    const left = this.#count - count;
    // Whatever becomes of the block, it is not handed over again.
    this.#count = 0;
    this.#onBlock({ address: this.#address, count });
    this.#copy(this.#address + count * EVENT_BYTES, this.#address, left);
    this.#count = left;
  }

  /** Up to the last one after which the book is whole. */
  #wholeEvents(): number {
    const view = new DataView(this.#memory.buffer);
    for (let count = this.#count; count > 0; count -= 1) {
      const at = this.#address + (count - 1) * EVENT_BYTES;
      if ((view.getUint16(at + EventOffset.FLAGS, true) & EventFlag.LAST) !== 0) return count;
    }
    return 0;
  }

  #copy(from: number, to: number, events: number): void {
    new Uint8Array(this.#memory.buffer).copyWithin(to, from, from + events * EVENT_BYTES);
  }
}

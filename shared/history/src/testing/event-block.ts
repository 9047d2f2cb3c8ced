/** Events in a kernel's memory, for tests: where a decoder would have written them. */
import type { EventBlock } from '../decoder.ts';
import { Action, EVENT_BYTES, EventSide, type MarketEvent, writeEvent } from '../event.ts';
import type { HistoryKernel } from '../kernel/history-kernel.ts';

const MOST_EVENTS = 4_096;

export class EventWriter {
  readonly #address: number;
  readonly #view: DataView;

  constructor(kernel: HistoryKernel) {
    this.#address = kernel.reserve(MOST_EVENTS * EVENT_BYTES).address;
    this.#view = new DataView(kernel.memory.buffer, this.#address, MOST_EVENTS * EVENT_BYTES);
  }

  /** Valid until the next one. */
  block(events: readonly MarketEvent[]): EventBlock {
    for (const [index, event] of events.entries())
      writeEvent(this.#view, index * EVENT_BYTES, event);
    return { address: this.#address, count: events.length };
  }
}

/** An event, where most fields are as good as any. */
export function marketEvent(fields: Partial<MarketEvent>): MarketEvent {
  return {
    orderId: 1n,
    price: 100n,
    quantity: 10n,
    timeNs: 0n,
    instrument: 0,
    action: Action.ADD,
    side: EventSide.BUY,
    flags: 0,
    sequence: 0n,
    ...fields,
  };
}

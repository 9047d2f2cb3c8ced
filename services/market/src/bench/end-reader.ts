/** Reads a host's event ring for its measurement: the ends of groups, and what tells of moves. */
import { EventKind, EventOffset, viewOf } from '@foldbook/protocol';
import type { RingConsumer } from '@foldbook/runtime';
import { ControlKind, ControlOffset, GroupTimeOffset } from '../ring-message.ts';

const MOST_AT_ONCE = 4_096;

export interface EndListener {
  /** @param doneNs - when its events were written, of the host's monotonic clock */
  ended(market: number, doneNs: number): void;
  moved(market: number, kind: 'left' | 'come'): void;
}

export class EndReader {
  readonly #ring: RingConsumer;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(ring: RingConsumer) {
    this.#ring = ring;
    this.#bytes = ring.view().bytes;
    this.#view = viewOf(this.#bytes);
  }

  /** Takes what is in the ring; returns how many records. */
  read(listener: EndListener): number {
    const ring = this.#ring;
    const count = Math.min(ring.available(), MOST_AT_ONCE);
    const slots = ring.view();
    for (let index = 0; index < count; index += 1) {
      const at = slots.offsetOf(index);
      const kind = this.#bytes[at];
      if (kind === EventKind.GROUP_END) {
        const market = this.#view.getUint32(at + EventOffset.ACCOUNT, true);
        listener.ended(market, this.#view.getFloat64(at + GroupTimeOffset.DONE_NS, true));
      } else if (kind === ControlKind.MOVED_OUT || kind === ControlKind.MOVED_IN) {
        const market = this.#view.getUint32(at + ControlOffset.MARKET, true);
        listener.moved(market, kind === ControlKind.MOVED_OUT ? 'left' : 'come');
      }
    }
    if (count > 0) ring.release(count);
    return count;
  }
}

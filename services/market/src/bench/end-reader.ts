/** Reads a host's event ring for its measurement: the ends of groups, and what tells of moves. */
import { EventKind, EventOffset, viewOf } from '@foldbook/protocol';
import type { RingConsumer } from '@foldbook/runtime';
import type { MoveEnd } from '../dispatcher.ts';
import { ControlKind, ControlOffset, GroupTimeOffset } from '../ring-message.ts';

const MOST_AT_ONCE = 4_096;

const MOVE_ENDS = new Map<number, MoveEnd>([
  [ControlKind.MOVED_OUT, 'left'],
  [ControlKind.MOVED_IN, 'come'],
  [ControlKind.MOVE_OFF, 'off'],
]);

export interface EndListener {
  /** @param doneNs - when its events were written, of the host's monotonic clock */
  ended(market: number, doneNs: number): void;
  moved(market: number, end: MoveEnd): void;
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
      } else {
        const end = kind === undefined ? undefined : MOVE_ENDS.get(kind);
        if (end === undefined) continue;
        listener.moved(this.#view.getUint32(at + ControlOffset.MARKET, true), end);
      }
    }
    if (count > 0) ring.release(count);
    return count;
  }
}

/** Hands events on as slowly as they came, or so many times as fast. */
import { setTimeout as delay } from 'node:timers/promises';
import {
  EVENT_BYTES,
  type EventBlock,
  EventFlag,
  EventOffset,
  type HistoryKernel,
} from '@foldbook/history';

const BLOCK_EVENTS = 4_096;
/** A timer takes no more than 24 days. */
const LONGEST_MS = 3_600_000;

export class Pacer {
  readonly #speed: number;
  readonly #room: { readonly address: number; readonly bytes: Uint8Array };
  #kept: Uint8Array[] = [];
  /** Of the first event that is not of a snapshot: those have the times of their making. */
  #firstNs: bigint | undefined;
  #startMs = 0;

  constructor(kernel: HistoryKernel, speed: number) {
    this.#speed = speed;
    this.#room = kernel.reserve(BLOCK_EVENTS * EVENT_BYTES);
  }

  /** A decoder's block is gone before its time has come. */
  readonly keep = ({ address, count }: EventBlock): void => {
    const { buffer } = this.#room.bytes;
    this.#kept.push(new Uint8Array(buffer, address, count * EVENT_BYTES).slice());
  };

  /** What was kept, each event when it is due; ends at once when the signal aborts. */
  async play(signal: AbortSignal, apply: (block: EventBlock) => void): Promise<void> {
    const kept = this.#kept;
    this.#kept = [];
    for (const bytes of kept) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      for (let from = 0; from < bytes.length; ) {
        await this.#until(this.#dueMs(view, from), signal);
        if (signal.aborted) return;
        const nowMs = performance.now();
        let to = from + EVENT_BYTES;
        while (to < bytes.length && this.#dueMs(view, to) <= nowMs) to += EVENT_BYTES;
        this.#room.bytes.set(bytes.subarray(from, to));
        apply({ address: this.#room.address, count: (to - from) / EVENT_BYTES });
        from = to;
      }
    }
  }

  async #until(dueMs: number, signal: AbortSignal): Promise<void> {
    for (;;) {
      const waitMs = dueMs - performance.now();
      if (waitMs <= 0 || signal.aborted) return;
      await delay(Math.min(waitMs, LONGEST_MS), undefined, { signal }).catch(() => undefined);
    }
  }

  #dueMs(view: DataView, at: number): number {
    const isOld = (view.getUint16(at + EventOffset.FLAGS, true) & EventFlag.SNAPSHOT) !== 0;
    if (isOld) return 0;
    const timeNs = view.getBigUint64(at + EventOffset.TIME_NS, true);
    if (this.#firstNs === undefined) {
      this.#firstNs = timeNs;
      this.#startMs = performance.now();
    }
    return this.#startMs + Number(timeNs - this.#firstNs) / 1e6 / this.#speed;
  }
}

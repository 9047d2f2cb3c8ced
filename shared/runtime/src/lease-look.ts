/** When to look at a lease's key again: after a hint of its store, or after a while. */
import type { LeaseStore } from './lease-store.ts';
import { cancelTimer, type Timer, type Timers } from './timers.ts';

/** After a hint the change may not be readable yet: it looks again soon, then ever later. */
const SOON = 3;
const LATER_BY = 4;
const NS_PER_MS = 1e6;

export class LeaseLook {
  readonly #timers: Timers;
  readonly #pollMs: number;
  readonly #signal: AbortSignal | undefined;
  readonly #stopHints: () => void;
  readonly #hint = () => {
    this.#soon = SOON;
    this.#isHinted = true;
    this.#wake?.();
  };
  readonly #abort = () => this.#wake?.();
  #soon = 0;
  #isHinted = false;
  #wake: (() => void) | undefined;

  /** @param pollMs the longest between two looks */
  constructor(
    parts: { readonly store: LeaseStore; readonly timers: Timers },
    key: string,
    pollMs: number,
    signal: AbortSignal | undefined,
  ) {
    this.#timers = parts.timers;
    this.#pollMs = pollMs;
    this.#signal = signal;
    this.#stopHints = parts.store.onChange(key, this.#hint);
    signal?.addEventListener('abort', this.#abort);
  }

  /**
   * Resolves when it is time to look again: at the latest after `mostMs`, or when `isDue`, which is
   * asked every `lookMs`, says so.
   */
  async wait(
    mostMs: number,
    look?: { readonly lookMs: number; readonly isDue: () => boolean },
  ): Promise<void> {
    let leftMs = Math.min(mostMs, this.#pollMs / LATER_BY ** this.#soon);
    this.#soon = Math.max(0, this.#soon - 1);
    while (leftMs > 0 && !this.#isHinted && this.#signal?.aborted !== true) {
      if (look?.isDue()) break;
      const stepMs = Math.min(leftMs, look?.lookMs ?? leftMs);
      await this.#pause(stepMs);
      leftMs -= stepMs;
    }
    this.#isHinted = false;
  }

  /** Waits so long whatever is hinted, as what this side wrote itself is; a signal ends it. */
  async rest(ms: number): Promise<void> {
    const untilNs = this.#timers.monotonicNs() + ms * NS_PER_MS;
    while (this.#signal?.aborted !== true) {
      const leftMs = (untilNs - this.#timers.monotonicNs()) / NS_PER_MS;
      if (leftMs <= 0) break;
      await this.#pause(leftMs);
    }
    this.#isHinted = false;
  }

  close(): void {
    this.#stopHints();
    this.#signal?.removeEventListener('abort', this.#abort);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      let timer: Timer | undefined;
      this.#wake = () => {
        cancelTimer(timer);
        this.#wake = undefined;
        resolve();
      };
      timer = this.#timers.after(ms, this.#wake);
    });
  }
}

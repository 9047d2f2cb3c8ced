/** Tells when something is waited for and nothing comes. */
import { cancelTimer, type Timer, type Timers } from '@foldbook/runtime';

export interface SilenceWatchParts {
  readonly timers: Timers;
  readonly afterMs: number;
  readonly isAwaited: () => boolean;
  readonly onSilence: () => void;
}

export class SilenceWatch {
  readonly #parts: SilenceWatchParts;
  /** Runs while something is waited for. */
  #timer: Timer | undefined;
  #hasHeard = false;

  constructor(parts: SilenceWatchParts) {
    this.#parts = parts;
  }

  /** Something is waited for from now on. */
  begin(): void {
    if (this.#timer !== undefined) return;
    this.#hasHeard = true;
    this.#timer = this.#parts.timers.every(this.#parts.afterMs, () => this.#look());
    this.#timer.unref();
  }

  heard(): void {
    this.#hasHeard = true;
  }

  end(): void {
    cancelTimer(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    if (!this.#parts.isAwaited()) this.end();
    else if (!this.#hasHeard) this.#parts.onSilence();
    this.#hasHeard = false;
  }
}

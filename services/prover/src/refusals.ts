// SPDX-License-Identifier: GPL-3.0-or-later

/** What was refused is asked for again within seconds: this long after the last time it is over. */
const LASTING_MS = 30_000;

/** Jobs that are left to others: why, as long as that goes on. */
export class Refusals {
  readonly #onNew: (reason: string) => void;
  readonly #nowMs: () => number;
  #last: { readonly reason: string; readonly atMs: number } | undefined;

  /** @param onNew - told of each reason that is not the one before */
  constructor(onNew: (reason: string) => void, nowMs: () => number = () => performance.now()) {
    this.#onNew = onNew;
    this.#nowMs = nowMs;
  }

  add(reason: string): void {
    const isNew = this.current() !== reason;
    this.#last = { reason, atMs: this.#nowMs() };
    if (isNew) this.#onNew(reason);
  }

  /** Null where nothing was refused lately. */
  current(): string | null {
    if (this.#last === undefined) return null;
    return this.#nowMs() - this.#last.atMs < LASTING_MS ? this.#last.reason : null;
  }
}

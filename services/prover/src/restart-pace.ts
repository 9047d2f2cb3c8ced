// SPDX-License-Identifier: GPL-3.0-or-later

const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;

/**
 * When processes that end by themselves may be started again: after a second, and ever less
 * often as long as none of them gets ready, since then the same is likely to happen again.
 */
export class RestartPace {
  #unready = 0;
  #notBeforeMs = Number.NEGATIVE_INFINITY;

  ready(): void {
    this.#unready = 0;
  }

  ended(nowMs: number): void {
    this.#notBeforeMs = nowMs + Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#unready);
    this.#unready += 1;
  }

  mayStart(nowMs: number): boolean {
    return nowMs >= this.#notBeforeMs;
  }
}

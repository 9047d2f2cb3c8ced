/** Time that passes when a test says so. */
import type { Timer, Timers } from '../timers.ts';

const NS_PER_MS = 1e6;

interface Call {
  readonly atMs: number;
  readonly run: () => void;
}

export class ManualTimers implements Timers {
  #nowMs = 0;
  #calls: Call[] = [];

  /** What follows from all that was called; promises settle in it, too. */
  static async settle(): Promise<void> {
    for (let turn = 0; turn < 3; turn += 1) {
      await new Promise<void>((resolve) => void setImmediate(resolve));
    }
  }

  nowNs(): bigint {
    return BigInt(Math.round(this.#nowMs * NS_PER_MS));
  }

  readonly monotonicNs = () => this.#nowMs * NS_PER_MS;

  after(delayMs: number, run: () => void): Timer {
    const call = { atMs: this.#nowMs + delayMs, run };
    this.#calls.push(call);
    const cancel = () => {
      this.#calls = this.#calls.filter((other) => other !== call);
    };
    return { unref: () => undefined, [Symbol.dispose]: cancel };
  }

  every(periodMs: number, run: () => void): Timer {
    let timer: Timer;
    const again = () => {
      timer = this.after(periodMs, again);
      run();
    };
    timer = this.after(periodMs, again);
    return { unref: () => undefined, [Symbol.dispose]: () => timer[Symbol.dispose]() };
  }

  nextTurn(run: () => void): Timer {
    return this.after(0, run);
  }

  /** Lets so much time pass, making the calls that fall due at their times. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.#nowMs + byMs;
    await ManualTimers.settle();
    for (;;) {
      const next = this.#calls.reduce<Call | undefined>(
        (first, call) => (first === undefined || call.atMs < first.atMs ? call : first),
        undefined,
      );
      if (next === undefined || next.atMs > untilMs) break;
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      this.#calls = this.#calls.filter((call) => call !== next);
      next.run();
      await ManualTimers.settle();
    }
    this.#nowMs = untilMs;
  }

  /** Time passes, but nothing is called: as for a process that is stopped. */
  stopFor(ms: number): void {
    this.#nowMs += ms;
  }
}

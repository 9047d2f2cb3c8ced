/** A process of the simulated world: it dies, stands still, and has a clock of its own. */
import type { Dice } from '@foldbook/engine';
import type { Timer, Timers } from '@foldbook/runtime';
import type { Owner, Scheduler, SimEvent } from './scheduler.ts';

const NS_PER_MS = 1e6;
/** When the world begins: November 2023. */
const ORIGIN_NS = 1_700_000_000_000_000_000n;

export interface ClockFault {
  /** Of the machine's wall clock, from the world's. */
  readonly offsetNs: number;
  /** How much faster than the world's it goes. */
  readonly driftPpm: number;
}

export interface ProcessParts {
  readonly name: string;
  readonly scheduler: Scheduler;
  readonly dice: Dice;
  readonly clock: ClockFault;
  /** A turn of its event loop takes up to so long. */
  readonly turnNs: number;
}

export class SimProcess implements Owner {
  readonly name: string;
  readonly timers: Timers;
  readonly scheduler: Scheduler;
  isAlive = true;
  pausedUntilNs = 0;

  constructor(parts: ProcessParts) {
    this.name = parts.name;
    this.scheduler = parts.scheduler;
    this.timers = new SimTimers(this, parts);
  }

  /** Nothing of it happens any more, and nobody is told. */
  die(): void {
    this.isAlive = false;
  }

  /** It stands still, as under a debugger; what comes for it waits. */
  pause(forNs: number): void {
    this.pausedUntilNs = Math.max(this.pausedUntilNs, this.scheduler.nowNs + Math.round(forNs));
  }

  /** Something that it does after so long. */
  in(delayNs: number, label: string, run: () => void): SimEvent {
    return this.scheduler.in(delayNs, label, run, this);
  }
}

class SimTimers implements Timers {
  readonly #process: SimProcess;
  readonly #parts: ProcessParts;
  readonly monotonicNs = () => this.#parts.scheduler.nowNs * (1 + this.#parts.clock.driftPpm / 1e6);

  constructor(process: SimProcess, parts: ProcessParts) {
    this.#process = process;
    this.#parts = parts;
  }

  nowNs(): bigint {
    return ORIGIN_NS + BigInt(Math.floor(this.monotonicNs() + this.#parts.clock.offsetNs));
  }

  after(delayMs: number, run: () => void): Timer {
    const event = this.#process.in(this.#delayNs(delayMs), 'timer', run);
    return timerOf(() => event);
  }

  every(periodMs: number, run: () => void): Timer {
    let next: SimEvent;
    const arm = () => {
      next = this.#process.in(this.#delayNs(periodMs), 'timer', () => {
        arm();
        run();
      });
    };
    arm();
    return timerOf(() => next);
  }

  nextTurn(run: () => void): Timer {
    const delayNs = 1_000 + this.#parts.dice.below(this.#parts.turnNs);
    const event = this.#process.in(delayNs, 'turn', run);
    return timerOf(() => event);
  }

  /** Event loops are late, never early. */
  #delayNs(delayMs: number): number {
    const { clock, dice, turnNs } = this.#parts;
    return (Math.max(1, delayMs) * NS_PER_MS) / (1 + clock.driftPpm / 1e6) + dice.below(turnNs);
  }
}

function timerOf(next: () => SimEvent): Timer {
  const cancel = () => {
    next().isCancelled = true;
  };
  return { unref: () => undefined, [Symbol.dispose]: cancel };
}

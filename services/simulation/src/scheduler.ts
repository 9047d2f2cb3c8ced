/**
 * Virtual time. Whatever happens in a simulated world is an event of this scheduler, one at a time:
 * the earliest first, and among those of the same moment the one that the seed chooses. After each
 * the promises that it resolved run out, so that nothing depends on the machine's own event loop.
 */
import type { Dice } from '@foldbook/engine';
import { type EventHeap, newEventHeap } from './event-heap.ts';

/** Who an event belongs to: it does not happen once that has died, and waits while it stands. */
export interface Owner {
  readonly name: string;
  readonly isAlive: boolean;
  /** Virtual time until which it is kept from running; in the past when it is not. */
  readonly pausedUntilNs: number;
}

export interface SimEvent {
  atNs: number;
  /** Decides between events of one moment. */
  tie: number;
  readonly owner: Owner | undefined;
  readonly label: string;
  readonly run: () => void;
  isCancelled: boolean;
}

/** Told of each event before it happens. */
export type OnEvent = (atNs: number, owner: string, label: string) => void;
/** Told what an event threw: a defect of what runs in the world. */
export type OnThrown = (error: unknown, event: SimEvent) => void;

const TIES = 2 ** 32;

export class Scheduler {
  readonly #dice: Dice;
  readonly #heap: EventHeap<SimEvent> = newEventHeap();
  readonly #onEvent: OnEvent;
  readonly #onThrown: OnThrown;
  #nowNs = 0;
  #events = 0;
  /** Orders what waited for the end of a pause as it came. */
  #deferred = 0;

  constructor(dice: Dice, onEvent: OnEvent, onThrown: OnThrown) {
    this.#dice = dice;
    this.#onEvent = onEvent;
    this.#onThrown = onThrown;
  }

  /** Nanoseconds since the world began. */
  get nowNs(): number {
    return this.#nowNs;
  }

  /** Events so far. */
  get events(): number {
    return this.#events;
  }

  in(delayNs: number, label: string, run: () => void, owner?: Owner): SimEvent {
    const atNs = this.#nowNs + Math.max(0, Math.round(delayNs));
    const tie = this.#dice.below(TIES);
    const event = { atNs, tie, owner, label, run, isCancelled: false };
    this.#heap.push(event);
    return event;
  }

  /** Lets events happen until `isDone`, the time limit, or nothing is left to happen. */
  async run(isDone: () => boolean, untilNs: number): Promise<'done' | 'late'> {
    while (!isDone()) {
      const event = this.#heap.peek();
      if (event === undefined || event.atNs > untilNs) return 'late';
      this.#heap.pop();
      if (event.isCancelled || event.owner?.isAlive === false) continue;
      const { owner } = event;
      if (owner !== undefined && owner.pausedUntilNs > event.atNs) {
        event.atNs = owner.pausedUntilNs;
        this.#deferred += 1;
        event.tie = this.#deferred - TIES;
        this.#heap.push(event);
        continue;
      }
      this.#nowNs = event.atNs;
      this.#events += 1;
      this.#onEvent(event.atNs, owner?.name ?? 'world', event.label);
      try {
        event.run();
      } catch (error) {
        this.#onThrown(error, event);
      }
      await promisesRunOut();
    }
    return 'done';
  }
}

/** The simulator's own wait, not the simulated world's: all microtasks have run when it ends. */
const promisesRunOut = () => new Promise<void>((resolve) => setImmediate(resolve));

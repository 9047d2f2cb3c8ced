// SPDX-License-Identifier: GPL-3.0-or-later
/** Whose job a worker takes next, among all markets and epochs of a process. */
import type { ProofQueue } from './proof-queue.ts';
import { ProverError } from './prover-error.ts';
import { nextEpoch, type Standing } from './router/job-order.ts';

/** What waits until it may be at work. */
export interface Turns {
  /** @throws ProverError CLOSED */
  enter(): Promise<void>;
  leave(): void;
}

export interface EpochPlace {
  readonly market: string;
  readonly epoch: number;
}

/** What the order is by; `MarketRouting` knows it. */
export interface Urgency {
  nowMs(): number;
  /** Undefined: nothing is known of the market. */
  standing(market: string, workers: number): Standing | undefined;
}

export interface JobTurnsOptions {
  /** Jobs that may be at work at a time; `look` has to be called when they are more than before. */
  readonly places: () => number;
  /** Without it who asks first is served first. */
  readonly urgency?: Urgency | undefined;
}

/** Of a market that nobody knows: it goes behind those that have deadlines to keep. */
const UNKNOWN: Standing = { deadlineMs: Number.MAX_SAFE_INTEGER, restMs: 0 };

/**
 * Gives workers to jobs, one at a time. What waits here is a promise each: jobs, whose inputs are
 * large, are built when it is their turn.
 */
export class JobTurns {
  readonly #options: JobTurnsOptions;
  /** Epochs with jobs that wait, in the order in which they began to. */
  readonly #waiting = new Set<EpochTurns>();
  #busy = 0;
  #turn = 0;
  #isClosed = false;

  constructor(options: JobTurnsOptions) {
    this.#options = options;
  }

  /** Jobs at work. */
  get busy(): number {
    return this.#busy;
  }

  /** Jobs that wait for their turn. */
  get waiting(): number {
    return [...this.#waiting].reduce((sum, { waiting }) => sum + waiting, 0);
  }

  /** Turns for the jobs of an epoch, so many at a time. */
  of(place: EpochPlace, workers = Number.POSITIVE_INFINITY): EpochTurns {
    const turns: EpochTurns = new EpochTurns(place, workers, {
      busy: () => this.#busy,
      asked: () => {
        if (this.#isClosed) turns.close();
        else this.#waiting.add(turns);
        this.look();
      },
      left: () => {
        this.#busy -= 1;
        this.look();
      },
      closed: () => void this.#waiting.delete(turns),
    });
    return turns;
  }

  /** Lets as many begin as there are places. */
  look(): void {
    while (this.#busy < this.#options.places()) {
      const next = this.#next();
      if (next === undefined) return;
      this.#turn += 1;
      this.#busy += 1;
      next.begin();
      if (next.waiting === 0) this.#waiting.delete(next);
    }
  }

  /** Who waits and who asks from now on is rejected. */
  close(): void {
    this.#isClosed = true;
    for (const turns of [...this.#waiting]) turns.close();
  }

  #next(): EpochTurns | undefined {
    const firsts = new Map<string, EpochTurns>();
    for (const turns of this.#waiting) {
      if (!turns.isReady) continue;
      const { market, epoch } = turns.place;
      const first = firsts.get(market);
      if (first === undefined || epoch < first.place.epoch) firsts.set(market, turns);
    }
    const { places, urgency } = this.#options;
    const workers = Math.max(1, places());
    const open = [...firsts].map(([market, turns]) => {
      return { market, turns, ...(urgency?.standing(market, workers) ?? UNKNOWN) };
    });
    return nextEpoch(open, workers, urgency?.nowMs() ?? 0, this.#turn + 1)?.turns;
  }
}

interface Owner {
  readonly busy: () => number;
  readonly asked: () => void;
  readonly left: () => void;
  readonly closed: () => void;
}

/** An epoch's part in the order. */
export class EpochTurns implements Turns {
  readonly place: EpochPlace;
  readonly #workers: number;
  readonly #owner: Owner;
  readonly #entrants: PromiseWithResolvers<void>[] = [];
  #running = 0;
  #isClosed = false;

  constructor(place: EpochPlace, workers: number, owner: Owner) {
    this.place = place;
    this.#workers = workers;
    this.#owner = owner;
  }

  /** Jobs at work, other epochs' included. */
  get busy(): number {
    return this.#owner.busy();
  }

  get waiting(): number {
    return this.#entrants.length;
  }

  get isReady(): boolean {
    return this.#entrants.length > 0 && this.#running < this.#workers;
  }

  enter(): Promise<void> {
    if (this.#isClosed) return Promise.reject(this.#ended());
    const entrant = Promise.withResolvers<void>();
    this.#entrants.push(entrant);
    this.#owner.asked();
    return entrant.promise;
  }

  leave(): void {
    this.#running -= 1;
    this.#owner.left();
  }

  /** Its turn: the job that waits longest begins. */
  begin(): void {
    this.#running += 1;
    this.#entrants.shift()?.resolve();
  }

  /** What waits is rejected, and what asks from now on. */
  close(): void {
    this.#isClosed = true;
    for (const entrant of this.#entrants.splice(0)) entrant.reject(this.#ended());
    this.#owner.closed();
  }

  #ended(): ProverError {
    const { market, epoch } = this.place;
    return new ProverError('CLOSED', `market ${market}, epoch ${epoch}: the prover ends`);
  }
}

/** Turns at the workers behind a queue. */
export function queueTurns(queue: ProofQueue, urgency?: Urgency): JobTurns {
  const turns = new JobTurns({ places: () => queue.places(), urgency });
  queue.onPlaces(() => turns.look());
  return turns;
}

/** Processes that die one after the other while clients trade, and how soon it goes on. */
import { setTimeout as delay } from 'node:timers/promises';
import { Dice } from '@foldbook/engine';
import { logStream } from '@foldbook/protocol';
import { systemClock } from '@foldbook/runtime';
import { type Judgement, Venue, type VenueOptions } from './venue.ts';

/** Whose processes are killed. */
export type Victims = 'market' | 'broker' | 'any';

export interface Kill9Options extends VenueOptions {
  readonly runs: number;
  readonly victims: Victims;
  readonly seed: number;
}

export interface Kill9Result extends Omit<Judgement, 'history'> {
  /** Processes that nobody killed, and that ended as the partition was another's. */
  readonly handovers: number;
  /** From the kill of who served until the next one's barrier, ms. */
  readonly barrierMs: readonly number[];
  /** What each server that was killed led, and how soon an order was accepted, ms. */
  readonly brokers: readonly { readonly led: readonly string[]; readonly ms: number }[];
  /** Times until an order was accepted, ms, by who was killed. */
  readonly resumeMs: Readonly<Record<Victim, readonly number[]>>;
}

/** `leader`: the server that leads the log's stream; `follower`: another one. */
export const VICTIMS = ['serving', 'waiting', 'leader', 'follower'] as const;
export type Victim = (typeof VICTIMS)[number];

const LEAST_MS = 50;
const MOST_MS = 500;
const RESUME_WITHIN_MS = 60_000;
/** Of market processes, how often the one that waits is meant. */
const WAITING_ONE_IN = 4;

export function runKill9(options: Kill9Options): Promise<Kill9Result> {
  return Venue.with(options, (venue) => new Kill9Run(options, venue).run());
}

class Kill9Run {
  readonly #options: Kill9Options;
  readonly #venue: Venue;
  readonly #dice: Dice;
  readonly #resumeMs: Record<Victim, number[]> = {
    serving: [],
    waiting: [],
    leader: [],
    follower: [],
  };
  readonly #barrierMs: number[] = [];
  readonly #brokers: { led: string[]; ms: number }[] = [];
  #killedMarkets = 0;

  constructor(options: Kill9Options, venue: Venue) {
    this.#options = options;
    this.#venue = venue;
    this.#dice = new Dice(options.seed);
  }

  async run(): Promise<Kill9Result> {
    const { runs, output, signal } = this.#options;
    for (let run = 0; run < runs; run += 1) {
      output.progress('kills', run, runs);
      const pauseMs = LEAST_MS + this.#dice.below(MOST_MS - LEAST_MS);
      await delay(pauseMs, undefined, { signal });
      await this.#killOne();
      await this.#venue.pair.complete();
    }
    output.endProgress();
    const { started } = this.#venue.pair;
    const { history: _, ...judgement } = await this.#venue.judge();
    const handovers = started - 2 - this.#killedMarkets;
    const brokers = this.#brokers;
    const times = { barrierMs: this.#barrierMs, brokers, resumeMs: this.#resumeMs };
    return { ...judgement, handovers, ...times };
  }

  /** A market or a server of the brokers; of several servers each second time the log's leader. */
  async #killOne(): Promise<void> {
    const { victims, servers } = this.#options;
    const isAny = victims === 'any';
    if (isAny ? this.#dice.oneIn(2) : victims === 'market') {
      await this.#killMarket(isAny && this.#dice.oneIn(WAITING_ONE_IN));
      return;
    }
    const leader = await this.#venue.cluster.leaderOf(logStream(0));
    const isLeader = leader !== undefined && (servers === 1 || this.#dice.oneIn(2));
    const other = ((leader ?? 0) + 1 + this.#dice.below(Math.max(1, servers - 1))) % servers;
    await this.#killBroker(isLeader ? leader : other, isLeader ? 'leader' : 'follower');
  }

  async #killMarket(isWaiting: boolean): Promise<void> {
    const { pair, prober, failures } = this.#venue;
    const { serving, waiting } = await pair.roles();
    const { term } = await pair.owner();
    const victim = isWaiting ? waiting : serving;
    const killedNs = systemClock.nowNs();
    victim.signal('SIGKILL');
    this.#killedMarkets += 1;
    const { ms, logSequence } = await prober.resumed(RESUME_WITHIN_MS);
    this.#resumeMs[isWaiting ? 'waiting' : 'serving'].push(ms);
    await victim.exited;
    if (isWaiting) return;
    const after = await pair.owner();
    this.#barrierMs.push(Number(after.timeNs - killedNs) / 1e6);
    if (after.term > term) return;
    failures.push(`${victim.node} was dead, and record ${logSequence} is of its term`);
  }

  async #killBroker(server: number, victim: Victim): Promise<void> {
    const { cluster, prober } = this.#venue;
    const { servers, signal } = this.#options;
    const led = await cluster.leadBy(server);
    await cluster.kill(server);
    // One alone has to be there again before anything goes on.
    const isAlone = servers === 1;
    const started = isAlone ? cluster.start(server) : undefined;
    const [{ ms }] = await Promise.all([prober.resumed(RESUME_WITHIN_MS), started]);
    this.#resumeMs[victim].push(ms);
    this.#brokers.push({ led, ms });
    if (!isAlone) await cluster.start(server);
    await cluster.current(signal);
  }
}

/** Processes that die one after the other while clients trade, and what is left of it all. */
import { setTimeout as delay } from 'node:timers/promises';
import { BookMirror, OperatorClient } from '@foldbook/client';
import { Dice } from '@foldbook/engine';
import { logStream, Side } from '@foldbook/protocol';
import { connectNats, type NatsTransport } from '@foldbook/runtime';
import { LocalCluster } from '../local-cluster.ts';
import type { Output } from '../output.ts';
import { History } from './history.ts';
import { ACCOUNTS, KillLoad, MARKET, PROBER } from './kill9-load.ts';
import { MarketPair } from './market-pair.ts';
import { Prober, type Resumed } from './prober.ts';

/** Whose processes are killed. */
export type Victims = 'market' | 'broker' | 'any';

export interface Kill9Options {
  readonly folder: string;
  readonly runs: number;
  readonly servers: number;
  readonly victims: Victims;
  readonly seed: number;
  readonly isApart: boolean;
  readonly leaseMs: number;
  readonly output: Output;
  readonly signal: AbortSignal;
}

export interface Kill9Result {
  readonly accepted: number;
  /** In the log. */
  readonly commands: number;
  readonly trades: number;
  readonly terms: number;
  /** Processes that nobody killed, and that ended as the partition was another's. */
  readonly handovers: number;
  /** Times until an order was accepted, ms, by who was killed. */
  readonly resumeMs: Readonly<Record<Victim, readonly number[]>>;
  readonly failures: readonly string[];
}

/** `leader`: the server that leads the log's stream; `follower`: another one. */
export const VICTIMS = ['serving', 'waiting', 'leader', 'follower'] as const;
export type Victim = (typeof VICTIMS)[number];

const LEAST_MS = 50;
const MOST_MS = 500;
const RESUME_WITHIN_MS = 60_000;
/** Of market processes, how often the one that waits is meant. */
const WAITING_ONE_IN = 4;

export async function runKill9(options: Kill9Options): Promise<Kill9Result> {
  const { folder, servers } = options;
  const cluster = await LocalCluster.start({ dir: folder, servers });
  const closers: (() => Promise<void>)[] = [() => cluster.stop()];
  try {
    const connect = async (to: string | readonly string[]) => {
      const transport = await connectNats({ servers: to, name: 'foldbook-kill9' });
      closers.unshift(() => transport.close());
      return transport;
    };
    const transport = await connect(cluster.servers);
    const { isApart, leaseMs, signal } = options;
    const pair = await MarketPair.start({
      ...{ cluster, dir: folder, leaseMs, isApart, transport, signal },
    });
    closers.unshift(() => pair.stop());
    const lines = await Promise.all(cluster.servers.map((server) => connect(server)));
    return await new Kill9Run(options, { cluster, pair, transport, lines }).run();
  } finally {
    for (const close of closers) await close();
  }
}

interface Surroundings {
  readonly cluster: LocalCluster;
  readonly pair: MarketPair;
  readonly transport: NatsTransport;
  /** To each server. */
  readonly lines: readonly NatsTransport[];
}

class Kill9Run {
  readonly #options: Kill9Options;
  readonly #world: Surroundings;
  readonly #dice: Dice;
  readonly #prober: Prober;
  readonly #resumeMs = { serving: [], waiting: [], leader: [], follower: [] } as Record<
    Victim,
    number[]
  >;
  readonly #failures: string[] = [];
  #killed = 0;

  constructor(options: Kill9Options, world: Surroundings) {
    this.#options = options;
    this.#world = world;
    this.#dice = new Dice(options.seed);
    this.#prober = new Prober(world.lines, MARKET, PROBER);
  }

  async run(): Promise<Kill9Result> {
    const { transport } = this.#world;
    const { runs, output, signal } = this.#options;
    const operator = new OperatorClient(transport, MARKET);
    const load = await KillLoad.open(transport, operator);
    const mirror = new BookMirror(transport, MARKET, () => undefined);
    await mirror.open();
    load.start();
    for (let run = 0; run < runs; run += 1) {
      output.progress('kills', run, runs);
      const pauseMs = LEAST_MS + this.#dice.below(MOST_MS - LEAST_MS);
      await delay(pauseMs, undefined, { signal });
      await this.#killOne();
    }
    output.endProgress();
    this.#failures.push(...(await load.end()));
    await this.#compareMirror(mirror);
    return this.#judge(load, mirror, operator);
  }

  async #killOne(): Promise<void> {
    const { victims } = this.#options;
    const isMarket = victims === 'any' ? this.#dice.oneIn(2) : victims === 'market';
    if (isMarket) await this.#killMarket(victims === 'any' && this.#dice.oneIn(WAITING_ONE_IN));
    else await this.#killBroker(this.#dice.below(this.#options.servers));
    await this.#world.pair.complete();
  }

  async #killMarket(isWaiting: boolean): Promise<void> {
    const { pair } = this.#world;
    const { serving, waiting } = await pair.roles();
    const { term } = await pair.owner();
    const victim = isWaiting ? waiting : serving;
    victim.signal('SIGKILL');
    this.#killed += 1;
    const { ms, logSequence } = await this.#prober.resumed(RESUME_WITHIN_MS);
    this.#resumeMs[isWaiting ? 'waiting' : 'serving'].push(ms);
    await victim.exited;
    const after = await pair.owner();
    const hasChanged = after.term !== term;
    if (!isWaiting && !hasChanged) {
      this.#failures.push(`${victim.node} was dead, and record ${logSequence} is of its term`);
    }
  }

  async #killBroker(server: number): Promise<void> {
    const { cluster } = this.#world;
    const isLeader = (await cluster.leaderOf(logStream(0))) === server;
    const resumed: Promise<Resumed> = cluster
      .kill(server)
      .then(async () => {
        // One alone has to be there again before anything goes on.
        if (this.#options.servers === 1) await cluster.start(server);
        return undefined;
      })
      .then(() => this.#prober.resumed(RESUME_WITHIN_MS));
    const { ms } = await resumed;
    this.#resumeMs[isLeader ? 'leader' : 'follower'].push(ms);
    if (this.#options.servers > 1) await cluster.start(server);
    await cluster.current(this.#options.signal);
  }

  async #compareMirror(mirror: BookMirror): Promise<void> {
    try {
      await mirror.compareWithEngine();
    } catch (error) {
      this.#failures.push(`the mirror: ${error instanceof Error ? error.message : error}`);
    }
    const { mismatches } = mirror.counters;
    if (mismatches > 0) this.#failures.push(`${mismatches} checksums of market data differed`);
  }

  /** Everything has to be written before it is read: the markets end first. */
  async #judge(load: KillLoad, mirror: BookMirror, operator: OperatorClient): Promise<Kill9Result> {
    const { pair, transport } = this.#world;
    const { output, signal } = this.#options;
    const { sequence } = await operator.info();
    mirror.close();
    await pair.stop();
    const history = await History.read({
      ...{ transport, partition: 0, accounts: ACCOUNTS, signal },
      onProgress: (done, total) => output.progress('records read', done, total),
    });
    output.endProgress();
    const market = history.market(MARKET);
    for (const [account, told] of load.accepted) history.checkAccepted(MARKET, account, told);
    history.checkClaims(MARKET, this.#prober.claims);
    if (market.sequence < sequence) history.tell(`the log ends before sequence ${sequence}`);
    if (market.sequence !== history.commands) {
      history.tell(`${history.commands} commands are in the log, not ${market.sequence}`);
    }
    for (const side of [Side.BUY, Side.SELL]) {
      const own = market.engine.depth(side, Number.MAX_SAFE_INTEGER).map(levelWords).join();
      const told = mirror.levels(side).map(levelWords).join();
      if (own !== told) history.tell(`side ${side} of the mirror is ${told}; the log gives ${own}`);
    }
    this.#prober.close();
    const accepted = [...load.accepted.values()].reduce((sum, { size }) => sum + size, 0);
    const { commands } = history;
    return {
      ...{ accepted, commands, trades: market.trades },
      terms: history.barriers.length,
      handovers: pair.started - 2 - this.#killed,
      resumeMs: this.#resumeMs,
      failures: [...this.#failures, ...history.violations],
    };
  }
}

const levelWords = (level: { price: bigint; quantity: bigint }) =>
  `${level.quantity}@${level.price}`;

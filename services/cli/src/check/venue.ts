/**
 * A cluster of brokers, two market services and clients that trade, for checks that disturb them;
 * and the judgement of what is left when it is over.
 */
import { BookMirror, OperatorClient } from '@foldbook/client';
import type { Balances } from '@foldbook/engine';
import { Side } from '@foldbook/protocol';
import { connectNats, type NatsTransport } from '@foldbook/runtime';
import { type ClusterHost, LocalCluster } from '../local-cluster.ts';
import type { Output } from '../output.ts';
import { History } from './history.ts';
import { ACCOUNTS, KillLoad, MARKET, PROBER } from './kill9-load.ts';
import { MarketPair } from './market-pair.ts';
import { Prober } from './prober.ts';

export interface VenueOptions {
  /** For logs and stores. */
  readonly folder: string;
  /** Servers, and copies of each stream. */
  readonly servers: number;
  readonly leaseMs: number;
  /** Whether the market services are as on two hosts. */
  readonly isApart: boolean;
  /** Hosts of the servers, and of the two market services; without, all is on this one. */
  readonly hosts?: {
    readonly servers: readonly ClusterHost[];
    readonly markets: readonly ClusterHost[];
  };
  /** Of the accounts that trade; without, as many as are answered. */
  readonly ordersPerSec?: number | undefined;
  readonly output: Output;
  readonly signal: AbortSignal;
}

export interface Judgement {
  /** Orders that clients were told were accepted. */
  readonly accepted: number;
  /** In the log. */
  readonly commands: number;
  readonly trades: number;
  readonly terms: number;
  /** What an acknowledgement survives, as the market tells it. */
  readonly durability: string;
  readonly failures: readonly string[];
  readonly history: History;
}

export class Venue {
  readonly cluster: LocalCluster;
  readonly pair: MarketPair;
  /** To any of the servers. */
  readonly transport: NatsTransport;
  readonly prober: Prober;
  readonly mirror: BookMirror;
  /** What went wrong so far. */
  readonly failures: string[] = [];
  readonly #options: VenueOptions;
  readonly #operator: OperatorClient;
  readonly #load: KillLoad;

  private constructor(
    options: VenueOptions,
    parts: {
      readonly cluster: LocalCluster;
      readonly pair: MarketPair;
      readonly transport: NatsTransport;
      readonly lines: readonly NatsTransport[];
      readonly operator: OperatorClient;
      readonly load: KillLoad;
    },
  ) {
    this.#options = options;
    this.cluster = parts.cluster;
    this.pair = parts.pair;
    this.transport = parts.transport;
    this.#operator = parts.operator;
    this.#load = parts.load;
    this.prober = new Prober(parts.lines, MARKET, PROBER);
    this.mirror = new BookMirror(parts.transport, MARKET, () => undefined);
  }

  /** Starts it all, hands it over, and ends it all. */
  static async with<T>(options: VenueOptions, use: (venue: Venue) => Promise<T>): Promise<T> {
    const { folder, servers, hosts } = options;
    const closers: (() => Promise<void>)[] = [];
    try {
      const placed = hosts === undefined ? {} : { hosts: hosts.servers };
      const cluster = await LocalCluster.start({ dir: folder, servers, ...placed });
      closers.unshift(() => cluster.stop());
      const connect = async (to: string | readonly string[]) => {
        const transport = await connectNats({ servers: to, name: 'foldbook-check' });
        closers.unshift(() => transport.close());
        return transport;
      };
      const transport = await connect(cluster.servers);
      const within = hosts?.markets.map((host) => host.within);
      const pair = await MarketPair.start({ ...options, within, cluster, dir: folder, transport });
      closers.unshift(() => pair.stop());
      const lines = await Promise.all(cluster.servers.map((server) => connect(server)));
      const operator = new OperatorClient(transport, MARKET);
      const load = await KillLoad.open(transport, operator, options.ordersPerSec);
      const venue = new Venue(options, { cluster, pair, transport, lines, operator, load });
      await venue.mirror.open();
      await cluster.current(options.signal);
      load.start();
      return await use(venue);
    } finally {
      for (const close of closers) await close();
    }
  }

  /**
   * Lets the clients finish, ends the markets, so that all is written, and reads everything back.
   */
  async judge(): Promise<Judgement> {
    const { output, signal } = this.#options;
    this.failures.push(...(await this.#load.end()));
    await this.#compareMirror();
    const { sequence, durability } = await this.#operator.info();
    this.mirror.close();
    this.prober.close();
    await this.pair.stop();
    const { transport } = this;
    const history = await History.read({
      ...{ transport, partition: 0, accounts: ACCOUNTS, signal },
      onProgress: (done, total) => output.progress('records read', done, total),
    });
    output.endProgress();
    this.#compare(history, sequence);
    const told = [...this.#load.accepted.values()];
    return {
      accepted: told.reduce((sum, { size }) => sum + size, 0),
      commands: history.commands,
      trades: history.market(MARKET).trades,
      terms: history.barriers.length,
      durability,
      failures: [...this.failures, ...history.violations],
      history,
    };
  }

  #compare(history: History, sequence: number): void {
    const market = history.market(MARKET);
    for (const [account, told] of this.#load.accepted) {
      history.checkAccepted(MARKET, account, told);
    }
    for (const [account, told] of this.#load.balances) {
      const own = balanceWords(market.engine.balance(account));
      const other = balanceWords(told);
      if (own !== other) history.tell(`account ${account} was told ${other}; the log gives ${own}`);
    }
    history.checkClaims(MARKET, this.prober.claims);
    if (market.sequence < sequence) history.tell(`the log ends before sequence ${sequence}`);
    if (market.sequence !== history.commands) {
      history.tell(`${history.commands} commands are in the log, not ${market.sequence}`);
    }
    for (const side of [Side.BUY, Side.SELL]) {
      const own = market.engine.depth(side, Number.MAX_SAFE_INTEGER).map(levelWords).join();
      const told = this.mirror.levels(side).map(levelWords).join();
      if (own !== told) history.tell(`side ${side} of the mirror is ${told}; the log gives ${own}`);
    }
  }

  async #compareMirror(): Promise<void> {
    try {
      await this.mirror.compareWithEngine();
    } catch (error) {
      this.failures.push(`the mirror: ${error instanceof Error ? error.message : error}`);
    }
    const { mismatches } = this.mirror.counters;
    if (mismatches > 0) this.failures.push(`${mismatches} checksums of market data differed`);
  }
}

const balanceWords = ({ baseAvailable, baseHeld, quoteAvailable, quoteHeld }: Balances) =>
  `${baseAvailable} + ${baseHeld} base, ${quoteAvailable} + ${quoteHeld} quote`;

const levelWords = (level: { readonly price: bigint; readonly quantity: bigint }) =>
  `${level.quantity}@${level.price}`;

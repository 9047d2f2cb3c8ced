/**
 * A market service on a real broker, with two accounts that trade all the time, for tests that
 * break something between or beside them; and the judgement of what is left in the streams.
 */
import { OperatorClient } from '@foldbook/client';
import { connectNats, type NatsTransport } from '@foldbook/runtime';
import { History } from '../check/history.ts';
import { ACCOUNTS, KillLoad, MARKET } from '../check/kill9-load.ts';
import { MarketProcess } from '../check/market-process.ts';
import { until } from './until.ts';

export interface DisturbedMarketOptions {
  /** For the market's log. */
  readonly dir: string;
  /** Of the broker itself. */
  readonly url: string;
  /** The broker as the market reaches it; else `url`. */
  readonly marketUrl?: string;
  /** The broker as traders reach it; else `url`. */
  readonly clientUrl?: string;
  /** Fields of the market's configuration. */
  readonly config?: Record<string, unknown>;
}

export class DisturbedMarket {
  readonly process: MarketProcess;
  /** Straight to the broker. */
  readonly transport: NatsTransport;
  readonly load: KillLoad;
  readonly operator: OperatorClient;
  readonly #clients: NatsTransport;

  private constructor(parts: {
    readonly process: MarketProcess;
    readonly transport: NatsTransport;
    readonly clients: NatsTransport;
    readonly operator: OperatorClient;
    readonly load: KillLoad;
  }) {
    this.process = parts.process;
    this.transport = parts.transport;
    this.#clients = parts.clients;
    this.operator = parts.operator;
    this.load = parts.load;
  }

  /** Resolves when the market serves and its traders trade. */
  static async start(options: DisturbedMarketOptions): Promise<DisturbedMarket> {
    const { dir, url, marketUrl = url, clientUrl = url, config = {} } = options;
    const broker = { kind: 'nats', servers: marketUrl };
    // Traders that try all the time while it is away must not be shut out for that.
    const market = { broker, breakerRefusals: 1_000_000, ...config };
    const process = new MarketProcess({ node: 'disturbed', config: market, dir });
    const transports: NatsTransport[] = [];
    try {
      await process.ready;
      const connect = async (servers: string, name: string) => {
        const transport = await connectNats({ servers, name });
        transports.push(transport);
        return transport;
      };
      const transport = await connect(url, 'test');
      const clients = await connect(clientUrl, 'traders');
      const operator = new OperatorClient(transport, MARKET);
      const load = await KillLoad.open(clients, operator);
      load.start();
      const started = new DisturbedMarket({ process, transport, clients, operator, load });
      await started.tradesOn();
      return started;
    } catch (error) {
      process.signal('SIGKILL');
      for (const transport of transports) await transport.close();
      throw error;
    }
  }

  /** Orders that traders were told were accepted. */
  get accepted(): number {
    return [...this.load.accepted.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** Resolves when orders are accepted that nobody had placed when it was called. */
  async tradesOn(): Promise<void> {
    // Each trader has a few on their way.
    const enough = this.accepted + 100;
    await until(() => this.accepted >= enough);
  }

  /** Resolves once the market's log has such a line. */
  async says(words: RegExp): Promise<void> {
    await until(() => {
      if (words.test(this.process.log())) return true;
      if (this.process.hasEnded) throw new Error(`no ${words} in:\n${this.process.log()}`);
      return false;
    });
  }

  /** Ends it all in order; answers what is wrong with what clients were told and what is stored. */
  async judge(): Promise<string[]> {
    const failures = await this.load.end();
    await this.process.stop();
    const { signal } = new AbortController();
    const history = await History.read({
      ...{ transport: this.transport, partition: 0, accounts: ACCOUNTS, signal },
    });
    for (const [account, told] of this.load.accepted) {
      history.checkAccepted(MARKET, account, told);
    }
    return [...failures, ...history.violations];
  }

  async close(): Promise<void> {
    this.process.signal('SIGKILL');
    await this.process.exited;
    await this.#clients.close();
    await this.transport.close();
  }
}

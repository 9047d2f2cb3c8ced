/** Sends everything four times, with failovers in between, and reads back what came of it. */
import { setTimeout as delay } from 'node:timers/promises';
import { OperatorClient } from '@foldbook/client';
import { Dice } from '@foldbook/engine';
import { Asset, logStream, Side } from '@foldbook/protocol';
import { connectNats, JetStreamReader, type NatsTransport } from '@foldbook/runtime';
import { LocalCluster } from '../local-cluster.ts';
import { History } from './history.ts';
import {
  FIRST_ACCOUNT,
  IdempotentLoad,
  MARKET,
  messagesOf,
  PER_SESSION,
} from './idempotent-load.ts';
import { MarketPair } from './market-pair.ts';
import { OnceEngine } from './once-engine.ts';
import type { VenueOptions } from './venue.ts';

export interface IdempotentOptions extends Omit<VenueOptions, 'isApart'> {
  /** A multiple of 1,000. */
  readonly commands: number;
  readonly seed: number;
}

export interface IdempotentResult {
  /** Commands in the log, copies included. */
  readonly logged: number;
  /** Answers held against the first one. */
  readonly compared: number;
  readonly trades: number;
  readonly failovers: number;
  /** What an acknowledgement survives, as the market tells it. */
  readonly durability: string;
  readonly failures: readonly string[];
}

/** Times that each command is sent: at once twice, after the window, after a failover. */
export const TIMES = 4;
/**
 * Sent in one go: with all its copies less than the results that a market keeps (131,072), since
 * what comes later than that is answered UNKNOWN_EXPIRED.
 */
const WAVE_SESSIONS = 20;
/** The broker remembers message ids of the market's streams for two seconds. */
const WINDOW_MS = 2_500;
const FUNDS = 1_000_000_000n;

export async function runIdempotent(options: IdempotentOptions): Promise<IdempotentResult> {
  const { folder, servers } = options;
  const closers: (() => Promise<void>)[] = [];
  try {
    const cluster = await LocalCluster.start({ dir: folder, servers });
    closers.unshift(() => cluster.stop());
    const transport = await connectNats({ servers: cluster.servers, name: 'foldbook-check' });
    closers.unshift(() => transport.close());
    const parts = { cluster, dir: folder, transport, isApart: false };
    const pair = await MarketPair.start({ ...options, ...parts });
    closers.unshift(() => pair.stop());
    return await new IdempotentRun(options, pair, transport).run();
  } finally {
    for (const close of closers) await close();
  }
}

class IdempotentRun {
  readonly #options: IdempotentOptions;
  readonly #pair: MarketPair;
  readonly #transport: NatsTransport;
  readonly #load: IdempotentLoad;
  readonly #dice: Dice;
  readonly #accounts: readonly number[];
  #failovers = 0;

  constructor(options: IdempotentOptions, pair: MarketPair, transport: NatsTransport) {
    this.#options = options;
    this.#pair = pair;
    this.#transport = transport;
    this.#load = new IdempotentLoad(transport);
    this.#dice = new Dice(options.seed);
    const count = Math.min(WAVE_SESSIONS, options.commands / PER_SESSION);
    this.#accounts = Array.from({ length: count }, (_, index) => FIRST_ACCOUNT + index);
  }

  async run(): Promise<IdempotentResult> {
    const { commands, output } = this.#options;
    const operator = new OperatorClient(this.#transport, MARKET);
    await operator.createMarket(0, 0);
    for (const account of this.#accounts) {
      for (const asset of [Asset.BASE, Asset.QUOTE]) await operator.deposit(account, asset, FUNDS);
    }
    const waves = Math.ceil(commands / PER_SESSION / this.#accounts.length);
    for (let wave = 0; wave < waves; wave += 1) {
      output.progress('commands', wave * this.#accounts.length * PER_SESSION, commands);
      const left = commands / PER_SESSION - wave * this.#accounts.length;
      await this.#wave(wave, this.#accounts.slice(0, left));
    }
    output.endProgress();
    const { durability } = await operator.info();
    await this.#pair.stop();
    return { ...(await this.#judge()), durability };
  }

  async #wave(session: number, accounts: readonly number[]): Promise<void> {
    const load = this.#load;
    const sessions = accounts.map((account) => messagesOf(this.#dice, account, session));
    await Promise.all(sessions.map((messages) => load.sendTwice(messages)));
    await delay(WINDOW_MS, undefined, { signal: this.#options.signal });
    const window = 'after the window';
    await Promise.all(sessions.map((messages) => load.sendAgain(messages, window)));
    const { serving } = await this.#pair.roles();
    serving.signal('SIGKILL');
    this.#failovers += 1;
    const failover = 'after a failover';
    await Promise.all(sessions.map((messages) => load.sendAgain(messages, failover)));
    await serving.exited;
    await this.#pair.complete();
  }

  async #judge(): Promise<Omit<IdempotentResult, 'durability'>> {
    const { output, signal, commands } = this.#options;
    const history = await History.read({
      ...{ transport: this.#transport, partition: 0, accounts: this.#accounts, signal },
      onProgress: (done, total) => output.progress('records read', done, total),
    });
    output.endProgress();
    const once = new OnceEngine();
    const reader = new JetStreamReader(this.#transport, logStream(0), signal);
    for await (const message of reader.messages({ fromSequence: 1, follow: false })) {
      once.take(message);
    }
    this.#compare(history, once);
    if (once.left < commands * (TIMES - 1)) {
      history.tell(`${once.left} copies are in the log, not ${TIMES - 1} of each of ${commands}`);
    }
    return {
      logged: history.commands,
      compared: this.#load.compared,
      trades: history.market(MARKET).trades,
      failovers: this.#failovers,
      failures: [...this.#load.violations, ...history.violations],
    };
  }

  /** The market is in all as if every command had been sent once. */
  #compare(history: History, { engine, trades }: OnceEngine): void {
    const market = history.market(MARKET);
    if (market.trades !== trades)
      history.tell(`${market.trades} trades, and ${trades} without copies`);
    for (const account of this.#accounts) {
      for (const [id, times] of market.acceptedOf(account)) {
        if (times > 1) history.tell(`order ${id} of ${account} was accepted ${times} times`);
      }
      const [own, other] = [market.engine, engine].map((each) =>
        balanceWords(each.balance(account)),
      );
      if (own !== other) history.tell(`account ${account} has ${own}, and ${other} without copies`);
    }
    for (const side of [Side.BUY, Side.SELL]) {
      const [own, other] = [market.engine, engine].map((each) =>
        each.depth(side, Number.MAX_SAFE_INTEGER).map(levelWords).join(),
      );
      if (own !== other)
        history.tell(`side ${side} of the book is ${own}, and ${other} without copies`);
    }
  }
}

const balanceWords = (balance: object) => Object.values(balance).join(' ');

const levelWords = (level: { price: bigint; quantity: bigint; orders: number }) =>
  `${level.quantity}@${level.price}/${level.orders}`;

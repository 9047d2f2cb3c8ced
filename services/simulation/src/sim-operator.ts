/** The operator: creates the markets, brings money in, and changes a rule now and then. */
import { ClientError, OperatorClient } from '@foldbook/client';
import { Asset, MarketState } from '@foldbook/protocol';
import { pause } from '@foldbook/runtime';
import type { SimProcess } from './sim-process.ts';
import type { SimTransport } from './sim-transport.ts';
import type { World } from './world.ts';

const FUNDS = 1_000_000n;
const BASE = 10_000n;
const RETRY_MS = 40;

export class SimOperator {
  readonly #world: World;
  readonly #process: SimProcess;
  readonly line: SimTransport;
  readonly #clients: ReadonlyMap<string, OperatorClient>;
  #open = 0;
  #created = 0;

  constructor(world: World) {
    this.#world = world;
    this.#process = world.newProcess('operator', 'operator');
    const line = world.broker.connect(this.#process);
    this.line = line;
    line.onAnswered = (subject, payload, answer) => world.answered(subject, payload, answer);
    const { timers } = this.#process;
    this.#clients = new Map(
      world.options.markets.map((name) => [name, new OperatorClient(line, name, 0, timers)]),
    );
  }

  get process(): SimProcess {
    return this.#process;
  }

  /** Questions without an answer. */
  get isIdle(): boolean {
    return this.#open === 0;
  }

  /** All markets are there, and all traders have money. */
  get isReady(): boolean {
    return this.#created === this.#clients.size;
  }

  start(): void {
    for (const [name, client] of this.#clients)
      void this.#guarded(() => this.#create(name, client));
  }

  /** Lets everybody trade again, until it is said that they may. */
  async reopen(): Promise<void> {
    await this.#guarded(async () => {
      for (const client of this.#clients.values()) {
        await this.#insist(() => client.setState(MarketState.OPEN));
      }
    });
  }

  async #create(name: string, client: OperatorClient): Promise<void> {
    const { accounts, feesPpm } = this.#world.options;
    await this.#insist(async () => {
      if (this.#world.reference.market(name)?.events.has(1) === true) return;
      await client.createMarket(feesPpm[0], feesPpm[1]);
    });
    for (const account of accounts) {
      await this.#insist(() => client.deposit(account, Asset.QUOTE, FUNDS));
      await this.#insist(() => client.deposit(account, Asset.BASE, BASE));
    }
    this.#created += 1;
    this.#actSoon(name, client);
  }

  #actSoon(name: string, client: OperatorClient): void {
    const { dice, options } = this.#world;
    this.#process.in(dice.below(options.operatorNs), 'operator acts', () => {
      if (this.#world.isQuiet) return;
      void this.#guarded(() => this.#act(client)).then(() => this.#actSoon(name, client));
    });
  }

  async #act(client: OperatorClient): Promise<void> {
    const { dice, options } = this.#world;
    const account = options.accounts[dice.below(options.accounts.length)] ?? 2;
    const amount = BigInt(1 + dice.below(1_000));
    switch (dice.below(9)) {
      case 0:
        await client.deposit(account, dice.below(2) === 0 ? Asset.BASE : Asset.QUOTE, amount);
        break;
      case 1:
        await client.withdraw(account, dice.below(2) === 0 ? Asset.BASE : Asset.QUOTE, amount);
        break;
      case 2:
        await client.setFees(dice.below(2), 100 + dice.below(400), 500 + dice.below(400));
        break;
      case 3:
        await client.setTier(account, dice.below(2));
        break;
      case 4:
        await client.closeEpoch();
        break;
      case 5:
        await client.collectFees(account, amount);
        break;
      case 6:
        await client.setState(dice.pick([MarketState.HALTED, MarketState.CANCEL_ONLY]));
        await this.#insist(() => client.setState(MarketState.OPEN));
        break;
      case 7:
        await client.purge(account);
        break;
      default:
        await client.info();
    }
  }

  /** Until there is an answer; what one that was lost said yes to is then done twice. */
  async #insist(act: () => Promise<unknown>): Promise<void> {
    for (;;) {
      try {
        await act();
        return;
      } catch (error) {
        if (!(error instanceof ClientError)) throw error;
        if (error.message.includes('MARKET_EXISTS')) return;
        await pause(this.#process.timers, RETRY_MS);
      }
    }
  }

  async #guarded(act: () => Promise<void>): Promise<void> {
    this.#open += 1;
    try {
      await act();
    } catch (error) {
      if (!(error instanceof ClientError)) {
        this.#world.violation(`the operator's client threw: ${error}`);
      }
    } finally {
      this.#open -= 1;
    }
  }
}

/** A trader: the SDK's client, asked at random for everything that it can do. */
import { ClientError, OrderClient, type OrderDraft } from '@foldbook/client';
import {
  type MarketEvent,
  OrderFlag,
  OrderType,
  SelfTrade,
  Side,
  TimeInForce,
} from '@foldbook/protocol';
import { pause } from '@foldbook/runtime';
import type { SimProcess } from './sim-process.ts';
import type { SimTransport } from './sim-transport.ts';
import type { World } from './world.ts';

const RETRY_MS = 50;
const MIDDLE = 1_000;
const NAMES = 12;
/** With more it waits: at the rate that an account may have, all must be answered in the end. */
const MOST_UNANSWERED = 1_000;

/** What one life of a trader heard. */
export interface Heard {
  readonly process: string;
  readonly market: string;
  readonly account: number;
  /** Sequence of the market when its feed was open: it hears at least all that came behind. */
  readonly fromSequence: number;
  readonly events: MarketEvent[];
  client: OrderClient;
  /** Its process died: it need not have heard all. */
  isOver: boolean;
}

export class SimTrader {
  readonly name: string;
  readonly account: number;
  readonly market: string;
  readonly #world: World;
  readonly #lives: Heard[] = [];
  #process: SimProcess;
  #line: SimTransport | undefined;
  #client: OrderClient | undefined;
  #starts = 0;

  constructor(world: World, account: number, market: string) {
    this.#world = world;
    this.account = account;
    this.market = market;
    this.name = `trader${account}-${market}`;
    this.#process = this.#newProcess();
  }

  get lives(): readonly Heard[] {
    return this.#lives;
  }

  get process(): SimProcess {
    return this.#process;
  }

  get line(): SimTransport | undefined {
    return this.#line;
  }

  /** Its client is open, and has an answer to everything. */
  get isIdle(): boolean {
    return this.#client !== undefined && this.#client.unanswered === 0;
  }

  start(): void {
    const { broker } = this.#world;
    if (!broker.isUp) {
      this.#startSoon();
      return;
    }
    this.#line = broker.connect(this.#process);
    this.#line.onAnswered = (subject, payload, answer) =>
      this.#world.answered(subject, payload, answer);
    this.#open(this.#process, this.#line).catch((error: unknown) =>
      this.#world.violation(`${this.name} could not be opened: ${error}`),
    );
  }

  crash(): void {
    const { coverage, broker } = this.#world;
    if (this.#line === undefined) return;
    coverage.add('trader crashes');
    this.#process.die();
    broker.forget(this.#line);
    this.#client = undefined;
    this.#line = undefined;
    const life = this.#lives.at(-1);
    if (life !== undefined) life.isOver = true;
    this.#process = this.#newProcess();
    this.#startSoon();
  }

  #startSoon(): void {
    const { scheduler, dice } = this.#world;
    scheduler.in(dice.below(100e6), `${this.name} is started`, () => this.start());
  }

  /** Asks for something that is answered, so that a report missing before it is missed. */
  async probe(): Promise<void> {
    await this.#client?.cancelAll();
  }

  #newProcess(): SimProcess {
    this.#starts += 1;
    return this.#world.newProcess(`${this.name}.${this.#starts}`, this.name);
  }

  async #open(process: SimProcess, line: SimTransport): Promise<void> {
    const { options } = this.#world;
    const { market, account } = this;
    const { timers } = process;
    for (;;) {
      try {
        const client = await OrderClient.open({
          ...{ transport: line, timers, market, account },
          reports: { kind: 'durable', transport: line },
          resendAfterMs: options.resendAfterMs,
          askAfterMs: options.askAfterMs,
          onListenerError: (error) => this.#world.violation(`a listener threw: ${error}`),
        });
        this.#opened(process, client);
        return;
      } catch (error) {
        if (!(error instanceof ClientError)) throw error;
        await pause(timers, RETRY_MS);
      }
    }
  }

  #opened(process: SimProcess, client: OrderClient): void {
    const { market, account } = this;
    const fromSequence = this.#world.reference.market(market)?.sequence ?? 0;
    const events: MarketEvent[] = [];
    const { name } = process;
    const life = { process: name, market, account, fromSequence, events, client, isOver: false };
    client.onEvent((event) => events.push(event));
    this.#client = client;
    this.#lives.push(life);
    this.#actSoon(process, client);
  }

  #actSoon(process: SimProcess, client: OrderClient): void {
    const { dice, options } = this.#world;
    process.in(dice.below(options.traderNs), `${this.name} acts`, () => {
      if (this.#world.isQuiet) return;
      for (let more = dice.below(4); more >= 0; more -= 1) {
        if (client.unanswered < MOST_UNANSWERED) this.#act(client);
      }
      this.#actSoon(process, client);
    });
  }

  #act(client: OrderClient): void {
    const { dice, coverage } = this.#world;
    coverage.add('commands sent');
    this.#request(client).catch((error: unknown) => {
      // Nothing that happens here may end a client, or leave it not knowing.
      this.#world.violation(`${this.name}: ${error}`);
    });
    if (!dice.oneIn(20)) return;
    const question = this.#question(client);
    question.catch((error: unknown) => {
      if (!(error instanceof ClientError)) this.#world.violation(`${this.name}: ${error}`);
    });
  }

  #question(client: OrderClient): Promise<unknown> {
    const { dice } = this.#world;
    if (dice.oneIn(3)) return this.#checkBalance(client);
    return dice.oneIn(2) ? client.openOrders() : this.#checkOutcome(client);
  }

  /** Of a request near the last one that was answered: before it, itself, or on its way. */
  async #checkOutcome(client: OrderClient): Promise<void> {
    const { dice } = this.#world;
    const answered = this.#lives.at(-1)?.events.findLast((event) => 'requestId' in event);
    if (answered === undefined || !('requestId' in answered)) return;
    const requestId = answered.requestId + BigInt(dice.below(6) - 2);
    const { market, account } = this;
    const outcome = await client.outcome(requestId);
    this.#world.outcomeTold({ market, account, session: client.session, requestId, outcome });
  }

  async #checkBalance(client: OrderClient): Promise<void> {
    const balance = await client.balance();
    this.#world.compareBalance(this.market, balance);
  }

  #request(client: OrderClient): Promise<unknown> {
    const { dice } = this.#world;
    const clientOrderId = BigInt(1 + dice.below(NAMES));
    switch (dice.below(16)) {
      case 0:
      case 1:
        return client.cancel(clientOrderId);
      case 2:
        return client.replace(clientOrderId, { price: this.#price(), quantity: this.#quantity() });
      case 3:
        return client.amend(clientOrderId, BigInt(dice.below(9)) - 5n);
      case 4:
        return client.quote({
          ...{ clientOrderId, side: this.#side() },
          ...{ price: this.#price(), quantity: this.#quantity() },
        });
      case 5:
        if (dice.oneIn(8)) return client.fence();
        return dice.oneIn(4) ? client.cancelAll() : client.cancelAfter(dice.below(3));
      default:
        return client.place({ ...this.#order(), clientOrderId });
    }
  }

  #order(): OrderDraft {
    const { dice } = this.#world;
    const draft = { side: this.#side(), price: this.#price(), quantity: this.#quantity() };
    switch (dice.below(8)) {
      case 0:
        return { ...draft, timeInForce: TimeInForce.IOC };
      case 1:
        return { ...draft, timeInForce: TimeInForce.FOK };
      case 2:
        return { ...draft, timeInForce: TimeInForce.POST_ONLY, flags: OrderFlag.POST_ONLY };
      case 3:
        return { ...draft, orderType: OrderType.STOP_LIMIT, stopPrice: this.#price() };
      case 4:
        return { ...draft, displayQuantity: 1n, selfTrade: SelfTrade.EXPIRE_TAKER };
      default:
        return draft;
    }
  }

  #side(): Side {
    return this.#world.dice.below(2) === 0 ? Side.BUY : Side.SELL;
  }

  #price(): bigint {
    return BigInt(MIDDLE - 10 + this.#world.dice.below(20));
  }

  #quantity(): bigint {
    return BigInt(1 + this.#world.dice.below(30));
  }
}

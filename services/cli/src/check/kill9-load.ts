/** Two accounts that trade with each other all the time, and what they must find in the end. */
import { setTimeout as delay } from 'node:timers/promises';
import { type OperatorClient, OrderClient } from '@foldbook/client';
import { Asset, type Balance, type MarketEvent, Side } from '@foldbook/protocol';
import type { Transport } from '@foldbook/runtime';

export const MARKET = 'KILL';
const PRICE = 100n;
const FUNDS = 1_000_000_000n;
const SELLER = 7;
const BUYER = 8;
/** Trades with nobody. */
export const PROBER = 9;
export const ACCOUNTS = [SELLER, BUYER, PROBER] as const;
/** Orders that a side has on their way, at most. */
export const IN_FLIGHT = 8;
const SIDES = 2;
const MS_PER_SEC = 1_000;
const REPORTED_WITHIN_MS = 10_000;
const LOOK_MS = 50;

/** What became of one account's orders. */
interface Told {
  readonly client: OrderClient;
  readonly account: number;
  /** Client order ids. */
  readonly accepted: Set<bigint>;
  readonly fills: Set<string>;
  /** Fills that were told twice. */
  repeated: number;
  lastSequence: number;
  /** Events that came after one with a higher market sequence. */
  backwards: number;
}

export class KillLoad {
  readonly #sides: readonly [seller: Told, buyer: Told];
  readonly #prober: OrderClient;
  /** As the market told them in the end, by account. */
  readonly balances = new Map<number, Balance>();
  readonly #failures: string[] = [];
  /** Between two orders of a lane, ms. */
  readonly #everyMs: number;
  #isEnding = false;
  #placing: Promise<unknown> = Promise.resolve();

  private constructor(
    sides: readonly [Told, Told],
    prober: OrderClient,
    ordersPerSec: number | undefined,
  ) {
    this.#sides = sides;
    this.#prober = prober;
    this.#everyMs =
      ordersPerSec === undefined ? 0 : (SIDES * IN_FLIGHT * MS_PER_SEC) / ordersPerSec;
  }

  /** @param ordersPerSec - of all accounts; as fast as answers come if it is not given */
  static async open(
    transport: Transport,
    operator: OperatorClient,
    ordersPerSec?: number,
  ): Promise<KillLoad> {
    await operator.createMarket(0, 0);
    for (const account of ACCOUNTS) {
      for (const asset of [Asset.BASE, Asset.QUOTE]) await operator.deposit(account, asset, FUNDS);
    }
    const connect = (account: number) => {
      const reports = { kind: 'durable', transport } as const;
      return OrderClient.open({ transport, reports, market: MARKET, account });
    };
    const sides = [await followed(connect(SELLER)), await followed(connect(BUYER))] as const;
    return new KillLoad(sides, await connect(PROBER), ordersPerSec);
  }

  start(): void {
    const [seller, buyer] = this.#sides;
    const lanes: Promise<void>[] = [];
    for (let lane = 0; lane < IN_FLIGHT; lane += 1) {
      lanes.push(this.#place(seller, Side.SELL), this.#place(buyer, Side.BUY));
    }
    this.#placing = Promise.all(lanes).catch((error: unknown) => {
      this.#failures.push(`a client could not go on: ${error}`);
    });
  }

  /** Client order ids of the orders that were accepted so far, by account. */
  get accepted(): ReadonlyMap<number, ReadonlySet<bigint>> {
    return new Map(this.#sides.map(({ account, accepted }) => [account, accepted]));
  }

  /** Waits for what is on its way, and says what is wrong. The market has to be there. */
  async end(): Promise<string[]> {
    this.#isEnding = true;
    await this.#placing;
    const wrong = this.#failures;
    const expect = (isRight: boolean, words: string) => {
      if (!isRight) wrong.push(words);
    };
    let base = 0n;
    let quote = 0n;
    for (const side of this.#sides) {
      const { client, accepted, fills, repeated, backwards } = side;
      const open = await openInTheEnd(side);
      expect(
        open + fills.size === accepted.size,
        `${accepted.size} accepted: ${open} open, ${fills.size} done`,
      );
      expect(repeated === 0, `${repeated} fills were told twice`);
      expect(backwards === 0, `${backwards} events came out of order`);
      expect(client.gaps === 0, `${client.gaps} gaps in reports`);
    }
    const [seller, buyer] = this.#sides;
    expect(seller.fills.size === buyer.fills.size, 'both sides of all trades were told');
    for (const client of [seller.client, buyer.client, this.#prober]) {
      const balance = await client.balance();
      this.balances.set(client.account, balance);
      base += balance.baseAvailable + balance.baseHeld;
      quote += balance.quoteAvailable + balance.quoteHeld;
    }
    const all = FUNDS * BigInt(ACCOUNTS.length);
    expect(base === all && quote === all, `balances add to ${base} and ${quote}, not ${all}`);
    for (const client of [seller.client, buyer.client, this.#prober]) await client.close();
    return wrong;
  }

  async #place(side: Told, of: Side): Promise<void> {
    for (let dueMs = performance.now(); !this.#isEnding; dueMs += this.#everyMs) {
      const earlyMs = dueMs - performance.now();
      if (earlyMs > 0) await delay(earlyMs);
      const answer = await side.client.place({ side: of, price: PRICE, quantity: 1n });
      if (answer.type !== 'accepted') throw new Error(`an order was ${answer.type}`);
      const { clientOrderId } = answer;
      if (side.accepted.has(clientOrderId)) this.#failures.push(`${clientOrderId}: told twice`);
      side.accepted.add(clientOrderId);
    }
  }
}

/** What the engine has and the reports say; these come behind it, in their own time. */
async function openInTheEnd({ client, accepted, fills }: Told): Promise<number> {
  const lateMs = performance.now() + REPORTED_WITHIN_MS;
  for (;;) {
    const open = (await client.openOrders()).length;
    const isTold = open + fills.size === accepted.size;
    if (isTold || performance.now() > lateMs) return open;
    await delay(LOOK_MS);
  }
}

async function followed(opening: Promise<OrderClient>): Promise<Told> {
  const client = await opening;
  const told: Told = {
    client,
    account: client.account,
    ...{ repeated: 0, lastSequence: 0, backwards: 0 },
    accepted: new Set(),
    fills: new Set(),
  };
  client.onEvent((event: MarketEvent) => {
    const sequence = Number(event.sequence);
    if (sequence < told.lastSequence) told.backwards += 1;
    told.lastSequence = sequence;
    if (event.type !== 'fill') return;
    // Orders have one lot, so that each is filled once.
    const name = String(event.orderId);
    if (told.fills.has(name)) told.repeated += 1;
    told.fills.add(name);
  });
  return told;
}

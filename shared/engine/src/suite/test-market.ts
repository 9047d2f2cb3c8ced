/** A market under test: commands by short calls, events as short lines (see event-words.ts). */
import { CommandKind, RECORD_BYTES, Side, TimeInForce } from '@foldbook/protocol';
import { type CommandFields, commandRecord } from '../command-record.ts';
import { eventsOf, snapshotOf } from '../compare-engines.ts';
import type { Engine, EngineOptions } from '../engine.ts';
import { describeEvents } from '../event-words.ts';
import type { MakeEngine, RestoreEngine } from './make-engine.ts';

type Amount = number | bigint;

/** What an order may have besides side, name, price and quantity. */
export interface OrderOptions {
  readonly orderType?: number;
  readonly timeInForce?: number;
  readonly flags?: number;
  readonly selfTrade?: number;
  readonly displayQuantity?: Amount;
  readonly stopPrice?: Amount;
  readonly expireTime?: number;
  readonly session?: number;
}

/** When the first command comes: a whole second. */
export const START_SECONDS = 1_700_000_000;
const NS_PER_SECOND = 1_000_000_000n;

export class TestMarket {
  readonly engine: Engine;
  #requestId = 0n;
  #timeNs = BigInt(START_SECONDS) * NS_PER_SECOND;

  /** Creates the market at once, unless no rates are given. */
  constructor(engine: Engine, rates?: { readonly maker: number; readonly taker: number }) {
    this.engine = engine;
    if (rates !== undefined) this.create(rates.maker, rates.taker);
  }

  /** Stamp of the commands that follow. */
  get timeNs(): bigint {
    return this.#timeNs;
  }

  set timeNs(timeNs: bigint) {
    this.#timeNs = timeNs;
  }

  /** Sets the stamp to so many seconds after the start. */
  goTo(seconds: number): void {
    this.#timeNs = BigInt(Math.round((START_SECONDS + seconds) * 1_000)) * 1_000_000n;
  }

  create(makerFeePpm: number, takerFeePpm: number, more: CommandFields = {}): string[] {
    return this.send({ kind: CommandKind.CREATE_MARKET, makerFeePpm, takerFeePpm, ...more });
  }

  deposit(account: number, asset: number, amount: Amount): string[] {
    return this.send({ kind: CommandKind.DEPOSIT, account, asset, amount });
  }

  withdraw(account: number, asset: number, amount: Amount): string[] {
    return this.send({ kind: CommandKind.WITHDRAW, account, asset, amount });
  }

  collectFees(account: number, amount: Amount): string[] {
    return this.send({ kind: CommandKind.COLLECT_FEES, account, amount });
  }

  /** Gives accounts so much of both assets. */
  fund(amount: Amount, ...accounts: number[]): void {
    for (const account of accounts) {
      this.deposit(account, 0, amount);
      this.deposit(account, 1, amount);
    }
  }

  buy(account: number, id: Amount, price: Amount, quantity: Amount, options: OrderOptions = {}) {
    return this.#place(account, Side.BUY, id, price, quantity, options);
  }

  sell(account: number, id: Amount, price: Amount, quantity: Amount, options: OrderOptions = {}) {
    return this.#place(account, Side.SELL, id, price, quantity, options);
  }

  replace(
    account: number,
    id: Amount,
    price: Amount,
    quantity: Amount,
    options: OrderOptions = {},
  ): string[] {
    const order = { account, clientOrderId: id, price, quantity, ...options };
    return this.send({ kind: CommandKind.REPLACE, ...order });
  }

  amend(account: number, id: Amount, change: Amount): string[] {
    return this.send({ kind: CommandKind.AMEND, account, clientOrderId: id, quantity: change });
  }

  quote(
    account: number,
    id: Amount,
    side: Side,
    price: Amount,
    quantity: Amount,
    options: OrderOptions = {},
  ): string[] {
    const order = { account, clientOrderId: id, side, price, quantity, ...options };
    return this.send({ kind: CommandKind.QUOTE, ...order });
  }

  cancel(account: number, id: Amount): string[] {
    return this.send({ kind: CommandKind.CANCEL, account, clientOrderId: id });
  }

  cancelOrder(account: number, orderId: Amount): string[] {
    return this.send({ kind: CommandKind.CANCEL_ORDER, account, orderId });
  }

  cancelAll(account: number, side: number): string[] {
    return this.send({ kind: CommandKind.CANCEL_ALL, account, side });
  }

  cancelAfter(account: number, timeout: number): string[] {
    return this.send({ kind: CommandKind.CANCEL_AFTER, account, timeout });
  }

  purge(account: number, side: number): string[] {
    return this.send({ kind: CommandKind.PURGE, account, side });
  }

  configure(limits: CommandFields): string[] {
    return this.send({ kind: CommandKind.CONFIGURE, ...limits });
  }

  setState(state: number): string[] {
    return this.send({ kind: CommandKind.SET_STATE, state });
  }

  setFees(tier: number, makerFeePpm: number, takerFeePpm: number): string[] {
    return this.send({ kind: CommandKind.SET_FEES, tier, makerFeePpm, takerFeePpm });
  }

  setTier(account: number, tier: number): string[] {
    return this.send({ kind: CommandKind.SET_TIER, account, tier });
  }

  clock(): string[] {
    return this.send({ kind: CommandKind.CLOCK, requestId: 0 });
  }

  closeEpoch(): string[] {
    return this.send({ kind: CommandKind.CLOSE_EPOCH, requestId: 0 });
  }

  /** The command's events as lines; a session and a fresh request id are filled in. */
  send(fields: CommandFields): string[] {
    return describeEvents(this.raw(this.record(fields)));
  }

  record(fields: CommandFields): Uint8Array {
    this.#requestId += 1n;
    return commandRecord({ session: 1, requestId: this.#requestId, ...fields });
  }

  /** Applies records as they are, and gives the events as they are. */
  raw(records: Uint8Array, timeNs = this.#timeNs): Uint8Array {
    this.#timeNs = timeNs;
    const count = records.byteLength / RECORD_BYTES;
    return eventsOf(this.engine, { records, count, timeNs });
  }

  /** "base available+held quote available+held". */
  balance(account: number): string {
    const balance = this.engine.balance(account);
    const base = `${balance.baseAvailable}+${balance.baseHeld}`;
    return `base ${base} quote ${balance.quoteAvailable}+${balance.quoteHeld}`;
  }

  /** "quantity@price/orders ...", best first. */
  depth(side: Side, maxLevels = 100): string {
    const levels = this.engine.depth(side, maxLevels);
    return levels.map(({ price, quantity, orders }) => `${quantity}@${price}/${orders}`).join(' ');
  }

  openOrders(account: number, after = 0n, limit = 1_000): string[] {
    return describeEvents(this.engine.openOrdersOf(account, after, limit));
  }

  snapshot(): Uint8Array {
    return snapshotOf(this.engine);
  }

  /** A second market that goes on from here. */
  restored(restore: RestoreEngine): TestMarket {
    const market = new TestMarket(restore([this.snapshot()]));
    market.#requestId = this.#requestId;
    market.#timeNs = this.#timeNs;
    return market;
  }

  #place(
    account: number,
    side: Side,
    id: Amount,
    price: Amount,
    quantity: Amount,
    options: OrderOptions,
  ): string[] {
    const order = { account, side, clientOrderId: id, price, quantity, ...options };
    return this.send({ kind: CommandKind.NEW, ...order });
  }
}

/** Money that no test uses up. */
const RICH = 1_000_000_000_000n;

/** A market without fees, in which accounts 2 to 5 are rich. */
export function freeMarket(makeEngine: MakeEngine, options: EngineOptions = {}): TestMarket {
  const market = new TestMarket(makeEngine(options), { maker: 0, taker: 0 });
  market.fund(RICH, 2, 3, 4, 5);
  return market;
}

/** Lets the last price be `price`: accounts 2 and 3 trade a lot, under names 900 and 901. */
export function tradeAt(market: TestMarket, price: Amount): string[] {
  market.sell(2, 900, price, 1);
  return market.buy(3, 901, price, 1, { timeInForce: TimeInForce.IOC });
}

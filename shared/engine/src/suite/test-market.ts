/** A market under test: commands by short calls, events as short lines. */
import {
  Asset,
  CancelReason,
  type Command,
  CommandKind,
  Liquidity,
  type MarketEvent,
  RECORD_BYTES,
  readEvent,
  resultName,
  Side,
  TimeInForce,
  viewOf,
  writeCommand,
} from '@foldbook/protocol';
import type { Engine } from '../engine.ts';

export interface OrderOptions {
  readonly timeInForce?: TimeInForce;
  readonly session?: number;
}

type Amount = number | bigint;

const START_NS = 1_700_000_000_000_000_000n;

export class TestMarket {
  readonly engine: Engine;
  #requestId = 0n;
  #timeNs = START_NS;

  /** Creates the market at once, unless no rates are given. */
  constructor(engine: Engine, rates?: { readonly maker: number; readonly taker: number }) {
    this.engine = engine;
    if (rates !== undefined) this.create(rates.maker, rates.taker);
  }

  get timeNs(): bigint {
    return this.#timeNs;
  }

  create(makerFeePpm: number, takerFeePpm: number): string[] {
    return this.send({ kind: CommandKind.CREATE_MARKET, makerFeePpm, takerFeePpm });
  }

  deposit(account: number, asset: Asset, amount: Amount): string[] {
    return this.send({ kind: CommandKind.DEPOSIT, account, asset, amount: BigInt(amount) });
  }

  withdraw(account: number, asset: Asset, amount: Amount): string[] {
    return this.send({ kind: CommandKind.WITHDRAW, account, asset, amount: BigInt(amount) });
  }

  /** Gives accounts so much of both assets. */
  fund(amount: Amount, ...accounts: number[]): void {
    for (const account of accounts) {
      this.deposit(account, Asset.BASE, amount);
      this.deposit(account, Asset.QUOTE, amount);
    }
  }

  buy(account: number, id: Amount, price: Amount, quantity: Amount, options: OrderOptions = {}) {
    return this.#place(account, Side.BUY, id, price, quantity, options);
  }

  sell(account: number, id: Amount, price: Amount, quantity: Amount, options: OrderOptions = {}) {
    return this.#place(account, Side.SELL, id, price, quantity, options);
  }

  cancel(account: number, id: Amount): string[] {
    return this.send({ kind: CommandKind.CANCEL, clientOrderId: BigInt(id) }, account);
  }

  replace(
    account: number,
    id: Amount,
    price: Amount,
    quantity: Amount,
    options: OrderOptions = {},
  ) {
    return this.send(
      {
        kind: CommandKind.REPLACE,
        clientOrderId: BigInt(id),
        price: BigInt(price),
        quantity: BigInt(quantity),
        timeInForce: options.timeInForce ?? TimeInForce.GTC,
      },
      account,
    );
  }

  closeEpoch(): string[] {
    return this.send({ kind: CommandKind.CLOSE_EPOCH, requestId: 0n });
  }

  /** The command's events as lines; a session and a fresh request id are filled in. */
  send(command: Unsent, account = 0): string[] {
    return this.events(command, account).map(describeEvent);
  }

  /** The command's events as objects. */
  events(command: Unsent, account = 0): MarketEvent[] {
    return this.raw(this.record(command, account));
  }

  record(command: Unsent, account = 0): Uint8Array {
    this.#requestId += 1n;
    const record = new Uint8Array(RECORD_BYTES);
    const full = { session: 1, requestId: this.#requestId, ...command } as Command;
    writeCommand(viewOf(record), 0, full, account);
    return record;
  }

  /** Applies records as they are. */
  raw(records: Uint8Array, timeNs = this.#timeNs + 1n): MarketEvent[] {
    this.#timeNs = timeNs;
    const events: MarketEvent[] = [];
    this.engine.apply(records, records.byteLength / RECORD_BYTES, timeNs, (block, count) => {
      const view = viewOf(block);
      for (let index = 0; index < count; index += 1) {
        const event = readEvent(view, index * RECORD_BYTES);
        if (event === undefined) throw new Error(`event of kind ${block[index * RECORD_BYTES]}`);
        events.push(event);
      }
    });
    return events;
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

  #place(
    account: number,
    side: Side,
    id: Amount,
    price: Amount,
    quantity: Amount,
    { timeInForce = TimeInForce.GTC, session = 1 }: OrderOptions,
  ): string[] {
    return this.send(
      {
        kind: CommandKind.NEW,
        clientOrderId: BigInt(id),
        side,
        timeInForce,
        price: BigInt(price),
        quantity: BigInt(quantity),
        session,
      },
      account,
    );
  }
}

/** A command whose session and request id may be left to the harness. */
type Unsent = Command extends infer Each
  ? Each extends Command
    ? Omit<Each, 'session' | 'requestId'> & { session?: number; requestId?: bigint }
    : never
  : never;

const sideName = (side: Side) => (side === Side.BUY ? 'buy' : 'sell');
const assetName = (asset: Asset) => (asset === Asset.BASE ? 'base' : 'quote');
const liquidityName = (liquidity: Liquidity) => (liquidity === Liquidity.TAKER ? 'taker' : 'maker');
const TIME_IN_FORCE_NAMES = ['gtc', 'ioc', 'post'];

interface OrderState {
  readonly account: number;
  readonly clientOrderId: bigint;
  readonly side: Side;
  readonly price: bigint;
  readonly quantity: bigint;
}

const orderName = ({ account, clientOrderId, side, price, quantity }: OrderState) =>
  `${account}/${clientOrderId} ${sideName(side)} ${quantity}@${price}`;

function describeEvent(event: MarketEvent): string {
  switch (event.type) {
    case 'accepted':
    case 'replaced':
      return `${event.type} ${orderName(event)} ${TIME_IN_FORCE_NAMES[event.timeInForce]}`;
    case 'cancelled': {
      const reason = event.reason === CancelReason.REQUESTED ? 'requested' : 'ioc';
      return `cancelled ${orderName(event)} ${reason}`;
    }
    case 'rejected':
      return `rejected ${resultName(event.code)}`;
    case 'trade': {
      const maker = `${event.makerAccount}/${event.makerClientOrderId}`;
      const taker = `${event.takerAccount} ${sideName(event.takerSide)}s`;
      return `trade ${taker} ${event.quantity}@${event.price} from ${maker}`;
    }
    case 'fee': {
      const order = `${event.account}/${event.clientOrderId}`;
      const what = event.rebate ? 'rebate' : 'fee';
      return `${liquidityName(event.liquidity)} ${what} ${order} ${event.amount}`;
    }
    case 'delta':
      return `level ${sideName(event.side)} ${event.quantity}@${event.price}/${event.orders}`;
    case 'funds': {
      const what = event.command === CommandKind.DEPOSIT ? 'deposit' : 'withdrawal';
      const asset = assetName(event.asset);
      return `${what} ${event.account} ${asset} ${event.amount}: ${event.available}+${event.held}`;
    }
    case 'epoch': {
      const records = `${event.recordCount} from ${event.recordFirst}`;
      return `epoch ${event.epoch} records ${records} sequence ${event.sequenceFirst}`;
    }
    case 'market-created':
      return `created ${event.makerFeePpm} ${event.takerFeePpm}`;
    case 'fill':
    case 'balance':
      throw new Error(`an engine does not write ${event.type} events`);
    default: {
      const unknown: never = event;
      throw new Error(`no such event ${String(unknown)}`);
    }
  }
}

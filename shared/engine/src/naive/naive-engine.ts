/**
 * The naive twin: the rules of a market in the plainest TypeScript there is. It is the oracle that
 * the kernel is compared with, so it prefers being obvious to being fast.
 */
import assert from 'node:assert/strict';
import {
  Account,
  Asset,
  CancelReason,
  CommandKind,
  EventKind,
  isAdminKind,
  isOrderKind,
  Liquidity,
  MAX_ACCOUNT,
  MAX_AMOUNT,
  MAX_FEE_PPM,
  MAX_PRICE,
  MAX_QUANTITY,
  NOTIONAL_LIMIT,
  RECORD_BYTES,
  ResultCode,
  Side,
  TimeInForce,
  viewOf,
} from '@foldbook/protocol';
import {
  assertGroup,
  type Balances,
  type DepthLevel,
  type Engine,
  type EngineCapacity,
  type EngineOptions,
  type EventSink,
  engineCapacity,
} from '../engine.ts';
import { Book, type Level, type Order } from './book.ts';
import { type CommandRecord, readCommandRecord } from './command.ts';
import { EventWriter } from './event-writer.ts';
import { chargeOn, type FeeRates, holdPerLot } from './fees.ts';
import { Ledger } from './ledger.ts';
import { Sessions } from './sessions.ts';
import { HashTag, StateHash } from './state-hash.ts';

/** Why a command has no effect; undefined when it had one. */
type Refusal = ResultCode | undefined;

const opposite = (side: Side): Side => (side === Side.BUY ? Side.SELL : Side.BUY);
const heldAsset = (side: Side): Asset => (side === Side.BUY ? Asset.QUOTE : Asset.BASE);
const isClient = (account: number) => account >= Account.FIRST_CLIENT && account <= MAX_ACCOUNT;

export class NaiveEngine implements Engine {
  readonly #capacity: EngineCapacity;
  readonly #book = new Book();
  readonly #ledger = new Ledger();
  readonly #sessions: Sessions;
  readonly #events = new EventWriter();
  /** Undefined until the market is created. */
  #rates: FeeRates | undefined;
  #sequence = 0n;
  #timeNs = 0n;
  #epoch = 0n;
  #epochRecordFirst = 0n;
  #epochRecordCount = 0n;
  #epochSequenceFirst = 1n;

  constructor(options: EngineOptions) {
    this.#capacity = engineCapacity(options);
    this.#sessions = new Sessions(this.#capacity.sessionCapacity);
  }

  get sequence(): bigint {
    return this.#sequence;
  }

  apply(commands: Uint8Array, count: number, timeNs: bigint, sink: EventSink): void {
    assertGroup(commands, count, timeNs);
    this.#events.open(sink);
    if (timeNs > this.#timeNs) this.#timeNs = timeNs;
    const view = viewOf(commands);
    for (let index = 0; index < count; index += 1) {
      const command = readCommandRecord(view, index * RECORD_BYTES);
      this.#sequence += 1n;
      const refusal = this.#admit(command) ?? this.#perform(command);
      if (refusal !== undefined) this.#events.rejected(this.#sequence, command, refusal);
    }
    this.#events.close();
  }

  balance(account: number): Balances {
    return this.#ledger.balances(account);
  }

  openRecords(): number {
    return Number(this.#epochRecordCount);
  }

  depth(side: Side, maxLevels: number): DepthLevel[] {
    return this.#book.depth(side, maxLevels);
  }

  openOrders(): number {
    return this.#book.size;
  }

  stateHash(): bigint {
    const hash = new StateHash();
    hash.add(HashTag.MARKET, [
      this.#rates === undefined ? 0n : 1n,
      BigInt.asUintN(32, this.#rates?.makerPpm ?? 0n),
      BigInt.asUintN(32, this.#rates?.takerPpm ?? 0n),
      this.#sequence,
      this.#timeNs,
      this.#epoch,
      this.#epochRecordFirst,
      this.#epochRecordCount,
      this.#epochSequenceFirst,
    ]);
    for (const order of this.#book.orders()) {
      const { account, clientOrderId, orderId, side, price, quantity } = order;
      const words = [BigInt(account), clientOrderId, orderId, BigInt(side), price, quantity];
      hash.add(HashTag.ORDER, words);
    }
    for (const account of this.#ledger.accounts()) {
      const { baseAvailable, baseHeld, quoteAvailable, quoteHeld } = this.#ledger.balances(account);
      const totals = [baseAvailable, baseHeld, quoteAvailable, quoteHeld];
      if (totals.some((total) => total !== 0n)) {
        hash.add(HashTag.ACCOUNT, [BigInt(account), ...totals]);
      }
    }
    for (const { account, session, requestId } of this.#sessions.all()) {
      hash.add(HashTag.SESSION, [BigInt(account), BigInt(session), requestId]);
    }
    return hash.value;
  }

  /** What every command is asked first. Past this point its request id is used up. */
  #admit(command: CommandRecord): Refusal {
    const { kind, account, session, requestId } = command;
    const isOrder = isOrderKind(kind);
    if (!isOrder && !isAdminKind(kind)) return ResultCode.UNKNOWN_COMMAND;
    if (this.#rates === undefined && kind !== CommandKind.CREATE_MARKET) {
      return ResultCode.MARKET_NOT_CREATED;
    }
    // An account that no client owns has no session; request ids of account 0 are the operator's.
    if (isOrder && !isClient(account)) return ResultCode.INVALID_ACCOUNT;
    if (kind === CommandKind.CLOSE_EPOCH && requestId === 0n) return undefined;
    return this.#sessions.admit(isOrder ? account : 0, session, requestId);
  }

  #perform(command: CommandRecord): Refusal {
    switch (command.kind) {
      case CommandKind.NEW:
        return this.#placeNew(command);
      case CommandKind.CANCEL:
        return this.#cancel(command);
      case CommandKind.REPLACE:
        return this.#replace(command);
      case CommandKind.DEPOSIT:
      case CommandKind.WITHDRAW:
        return this.#moveFunds(command);
      case CommandKind.CREATE_MARKET:
        return this.#createMarket(command);
      case CommandKind.CLOSE_EPOCH:
        return this.#closeEpoch();
      default:
        assert.fail(`command kind ${command.kind} was admitted`);
    }
  }

  #createMarket(command: CommandRecord): Refusal {
    const { makerFeePpm, takerFeePpm } = command;
    if (this.#rates !== undefined) return ResultCode.MARKET_ALREADY_CREATED;
    if (Math.abs(makerFeePpm) > MAX_FEE_PPM || Math.abs(takerFeePpm) > MAX_FEE_PPM) {
      return ResultCode.INVALID_FEES;
    }
    if (makerFeePpm + takerFeePpm < 0) return ResultCode.INVALID_FEES;
    this.#rates = { makerPpm: BigInt(makerFeePpm), takerPpm: BigInt(takerFeePpm) };
    this.#events.created(this.#sequence, command);
    return undefined;
  }

  /** An epoch ends with its mark, whose hash is of the state in which the next one begins. */
  #closeEpoch(): Refusal {
    const closed = {
      epoch: this.#epoch,
      recordFirst: this.#epochRecordFirst,
      recordCount: this.#epochRecordCount,
      sequenceFirst: this.#epochSequenceFirst,
      timeNs: this.#timeNs,
    };
    this.#epoch += 1n;
    this.#epochRecordFirst += this.#epochRecordCount;
    this.#epochRecordCount = 0n;
    this.#epochSequenceFirst = this.#sequence + 1n;
    this.#events.epoch(this.#sequence, { ...closed, stateHash: this.stateHash() });
    return undefined;
  }

  #moveFunds(command: CommandRecord): Refusal {
    const { account, asset, quantity: amount } = command;
    if (!isClient(account)) return ResultCode.INVALID_ACCOUNT;
    if (asset !== Asset.BASE && asset !== Asset.QUOTE) return ResultCode.INVALID_ASSET;
    if (amount < 1n || amount > MAX_AMOUNT) return ResultCode.INVALID_QUANTITY;
    if (command.kind === CommandKind.DEPOSIT) {
      if (this.#ledger.outstanding(asset) + amount > MAX_AMOUNT) return ResultCode.BALANCE_LIMIT;
      this.#ledger.deposit(account, asset, amount);
    } else {
      if (this.#ledger.available(account, asset) < amount) return ResultCode.INSUFFICIENT_FUNDS;
      this.#ledger.withdraw(account, asset, amount);
    }
    this.#epochRecordCount += 1n;
    const available = this.#ledger.available(account, asset);
    this.#events.funds(this.#sequence, command, available, this.#ledger.held(account, asset));
    return undefined;
  }

  #placeNew(command: CommandRecord): Refusal {
    const { account, clientOrderId, side, price, quantity } = command;
    if (side !== Side.BUY && side !== Side.SELL) return ResultCode.INVALID_SIDE;
    const invalid = this.#checkOrderFields(command);
    if (invalid !== undefined) return invalid;
    const order: Order = { orderId: this.#sequence, clientOrderId, account, side, price, quantity };
    if (this.#notional(order) >= NOTIONAL_LIMIT) return ResultCode.NOTIONAL_TOO_LARGE;
    if (this.#book.find(account, clientOrderId)) return ResultCode.DUPLICATE_ORDER_ID;
    const refusal = this.#checkPlacing(order, command.timeInForce, undefined);
    if (refusal !== undefined) return refusal;

    this.#events.placed(EventKind.ACCEPTED, this.#sequence, order, command);
    this.#place(order, command.timeInForce);
    return undefined;
  }

  #cancel(command: CommandRecord): Refusal {
    const order = this.#book.find(command.account, command.clientOrderId);
    if (order === undefined) return ResultCode.UNKNOWN_ORDER;
    this.#events.cancelled(this.#sequence, order, CancelReason.REQUESTED, command);
    this.#takeOff(order);
    return undefined;
  }

  #replace(command: CommandRecord): Refusal {
    const { account, clientOrderId, price, quantity } = command;
    const invalid = this.#checkOrderFields(command);
    if (invalid !== undefined) return invalid;
    const old = this.#book.find(account, clientOrderId);
    if (old === undefined) return ResultCode.UNKNOWN_ORDER;
    const order: Order = { ...old, orderId: this.#sequence, price, quantity };
    if (this.#notional(order) >= NOTIONAL_LIMIT) return ResultCode.NOTIONAL_TOO_LARGE;
    const refusal = this.#checkPlacing(order, command.timeInForce, old);
    if (refusal !== undefined) return refusal;

    this.#events.placed(EventKind.REPLACED, this.#sequence, order, command);
    this.#takeOff(old);
    this.#place(order, command.timeInForce);
    return undefined;
  }

  #checkOrderFields({ timeInForce, price, quantity }: CommandRecord): Refusal {
    if (timeInForce > TimeInForce.POST_ONLY) return ResultCode.INVALID_TIME_IN_FORCE;
    if (price < 1n || price > MAX_PRICE) return ResultCode.INVALID_PRICE;
    if (quantity < 1n || quantity > MAX_QUANTITY) return ResultCode.INVALID_QUANTITY;
    return undefined;
  }

  /** Crossing, funds and room for an order that takes the place of `old`, if there is one. */
  #checkPlacing(order: Order, timeInForce: number, old: Order | undefined): Refusal {
    if (timeInForce === TimeInForce.POST_ONLY && this.#crossed(order) !== undefined) {
      return ResultCode.WOULD_CROSS;
    }
    const released = old === undefined ? 0n : this.#hold(old);
    const available = this.#ledger.available(order.account, heldAsset(order.side));
    if (available + released < this.#hold(order)) return ResultCode.INSUFFICIENT_FUNDS;
    if (timeInForce !== TimeInForce.IOC && !this.#hasRoom(order, old)) return ResultCode.CAPACITY;
    return undefined;
  }

  /** Whether the order could rest, judged before it trades, when it may yet not need the room. */
  #hasRoom(order: Order, old: Order | undefined): boolean {
    const { orderCapacity, levelCapacity } = this.#capacity;
    if (old === undefined && this.#book.size >= orderCapacity) return false;
    if (this.#book.level(order.side, order.price) !== undefined) return true;
    const isLevelFreed = old && this.#book.level(old.side, old.price)?.orders.size === 1;
    return this.#book.levelCount(order.side) - (isLevelFreed ? 1 : 0) < levelCapacity;
  }

  /** Quote units that an order may move, with the fee where it comes on top. */
  #notional({ side, price, quantity }: Order): bigint {
    assert(this.#rates !== undefined);
    return (side === Side.BUY ? holdPerLot(price, this.#rates) : price) * quantity;
  }

  /** What an order keeps from other use while it is open. */
  #hold(order: Order): bigint {
    return order.side === Side.BUY ? this.#notional(order) : order.quantity;
  }

  /** The best opposite level, if the order would trade with it. */
  #crossed({ side, price }: Order): Level | undefined {
    const level = this.#book.best(opposite(side));
    if (level === undefined) return undefined;
    const crosses = side === Side.BUY ? level.price <= price : level.price >= price;
    return crosses ? level : undefined;
  }

  /** Removes an open order, frees what it held and tells the level's new total. */
  #takeOff(order: Order): void {
    this.#ledger.release(order.account, heldAsset(order.side), this.#hold(order));
    this.#book.remove(order);
    this.#tellLevel(order.side, order.price);
  }

  /** Trades, then books the rest or cancels it. */
  #place(order: Order, timeInForce: number): void {
    this.#ledger.hold(order.account, heldAsset(order.side), this.#hold(order));
    while (order.quantity > 0n) {
      const level = this.#crossed(order);
      if (level === undefined) break;
      for (const maker of level.orders.values()) {
        this.#match(order, maker, level);
        if (order.quantity === 0n) break;
      }
      this.#tellLevel(opposite(order.side), level.price);
    }
    if (order.quantity === 0n) return;
    if (timeInForce === TimeInForce.IOC) {
      this.#events.cancelled(this.#sequence, order, CancelReason.IMMEDIATE_OR_CANCEL);
      this.#ledger.release(order.account, heldAsset(order.side), this.#hold(order));
      return;
    }
    this.#book.add(order);
    this.#tellLevel(order.side, order.price);
  }

  #match(taker: Order, maker: Order, level: Level): void {
    const quantity = taker.quantity < maker.quantity ? taker.quantity : maker.quantity;
    this.#events.trade(taker, maker, quantity);
    this.#epochRecordCount += 1n;
    this.#settle(taker, maker, quantity);
    taker.quantity -= quantity;
    if (quantity === maker.quantity) {
      this.#book.remove(maker);
    } else {
      maker.quantity -= quantity;
      level.quantity -= quantity;
    }
  }

  #settle(taker: Order, maker: Order, quantity: bigint): void {
    assert(this.#rates !== undefined);
    const [buyer, seller] = taker.side === Side.BUY ? [taker, maker] : [maker, taker];
    const quoteAmount = maker.price * quantity;
    this.#ledger.release(seller.account, Asset.BASE, quantity);
    this.#ledger.release(buyer.account, Asset.QUOTE, this.#hold({ ...buyer, quantity }));
    this.#ledger.move(seller.account, buyer.account, Asset.BASE, quantity);
    this.#ledger.move(buyer.account, seller.account, Asset.QUOTE, quoteAmount);

    const takerCharge = chargeOn(quoteAmount, this.#rates.takerPpm);
    const makerCharge = chargeOn(quoteAmount, this.#rates.makerPpm);
    // A rebate comes out of the other side's fee, which is therefore taken first.
    if (takerCharge.rebate) {
      this.#ledger.charge(maker.account, makerCharge);
      this.#ledger.charge(taker.account, takerCharge);
    } else {
      this.#ledger.charge(taker.account, takerCharge);
      this.#ledger.charge(maker.account, makerCharge);
    }
    const charges = [
      { order: taker, liquidity: Liquidity.TAKER, charge: takerCharge },
      { order: maker, liquidity: Liquidity.MAKER, charge: makerCharge },
    ];
    for (const { order, liquidity, charge } of charges) {
      if (charge.amount === 0n) continue;
      this.#events.fee(this.#sequence, order, liquidity, charge);
      this.#epochRecordCount += 1n;
    }
  }

  #tellLevel(side: Side, price: bigint): void {
    const level = this.#book.level(side, price);
    const orders = level?.orders.size ?? 0;
    this.#events.delta(this.#sequence, side, price, level?.quantity ?? 0n, orders);
  }
}

export function createNaiveEngine(options: EngineOptions = {}): Engine {
  return new NaiveEngine(options);
}

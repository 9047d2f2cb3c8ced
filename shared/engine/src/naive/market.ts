/** All that a market is, and the few steps that every other part is made of. */
import assert from 'node:assert/strict';
import {
  type CancelReason,
  DeltaOffset,
  EventKind,
  FEE_TIERS,
  type ResultCode,
  Side,
} from '@foldbook/protocol';
import type { EngineCapacity } from '../engine.ts';
import { Book } from './book.ts';
import type { CommandRecord, Limits } from './command.ts';
import { EventWriter } from './event-writer.ts';
import { type FeeRates, holdPerLot } from './fees.ts';
import { Ledger } from './ledger.ts';
import { OpenOrders } from './open-orders.ts';
import { heldAsset, isWaitingStop, type Order, type OrderTerms, openLots } from './order.ts';
import { Sessions } from './sessions.ts';

/** Why a command has no effect; undefined when it had one. */
export type Refusal = ResultCode | undefined;

export interface Epoch {
  readonly number: bigint;
  readonly recordFirst: bigint;
  readonly recordCount: bigint;
  readonly sequenceFirst: bigint;
}

/** What CREATE_MARKET settles for good. */
export interface Creation {
  readonly baseSymbol: bigint;
  readonly quoteSymbol: bigint;
  readonly priceDecimals: number;
  readonly quantityDecimals: number;
  readonly maxFeePpm: number;
}

const NO_LIMITS: Limits = {
  minPrice: 0n,
  maxPrice: 0n,
  maxQuantity: 0n,
  bandPpm: 0,
  maxOpenOrders: 0,
};

export class Market {
  readonly capacity: EngineCapacity;
  readonly events = new EventWriter();
  readonly ledger = new Ledger();
  readonly sessions: Sessions;
  readonly orders = new OpenOrders();
  readonly books: { readonly [S in Side]: Book } = {
    [Side.BUY]: new Book('highest-first', (order) => order.price),
    [Side.SELL]: new Book('lowest-first', (order) => order.price),
  };
  /** Stops that wait: those first that the last price reaches first. */
  readonly stopBooks: { readonly [S in Side]: Book } = {
    [Side.BUY]: new Book('lowest-first', (order) => order.stopPrice),
    [Side.SELL]: new Book('highest-first', (order) => order.stopPrice),
  };
  sequence = 0n;
  timeNs = 0n;
  /** Undefined until the market is created. */
  creation: Creation | undefined;
  /** A `MarketState`. */
  state = 0;
  lastPrice = 0n;
  /** Counts the times that an order took its place at the end of a queue. */
  arrivals = 0n;
  limits: Limits = NO_LIMITS;
  tiers: FeeRates[] = Array.from({ length: FEE_TIERS }, () => ({ makerPpm: 0, takerPpm: 0 }));
  epoch: Epoch = { number: 0n, recordFirst: 0n, recordCount: 0n, sequenceFirst: 1n };

  constructor(capacity: EngineCapacity) {
    this.capacity = capacity;
    this.sessions = new Sessions(capacity);
  }

  ratesOf(account: number): FeeRates {
    const rates = this.tiers[this.ledger.of(account).tier];
    assert(rates !== undefined);
    return rates;
  }

  /** One more settlement record of the epoch. */
  countRecord(): void {
    this.epoch = { ...this.epoch, recordCount: this.epoch.recordCount + 1n };
  }

  /** What so many lots of an order hold. */
  holdOf({ side, price }: OrderTerms, lots: bigint): bigint {
    if (side === Side.SELL) return lots;
    return holdPerLot(price, this.creation?.maxFeePpm ?? 0) * lots;
  }

  hold(order: Order): void {
    const amount = this.holdOf(order, openLots(order));
    this.ledger.hold(order.account, heldAsset(order.side), amount);
  }

  /** Frees what so many lots of an order hold. */
  release(order: Order, lots: bigint): void {
    this.ledger.release(order.account, heldAsset(order.side), this.holdOf(order, lots));
  }

  bookOf(order: Order): Book {
    return (isWaitingStop(order) ? this.stopBooks : this.books)[order.side];
  }

  /** Puts an order at the end of its queue; its hold stays what it is. */
  enqueue(order: Order): void {
    this.arrivals += 1n;
    order.priority = this.arrivals;
    this.bookOf(order).add(order);
    this.orders.add(order);
    if (!isWaitingStop(order)) this.tellLevel(order.side, order.price);
  }

  /** Takes an order out of its queue; neither its hold nor its level is told about it. */
  dequeue(order: Order): void {
    this.bookOf(order).remove(order);
    this.orders.remove(order);
  }

  /** An open order leaves: its hold is freed, its level is told. */
  takeOff(order: Order): void {
    this.release(order, openLots(order));
    this.dequeue(order);
    if (!isWaitingStop(order)) this.tellLevel(order.side, order.price);
  }

  /** `command` is who asked for it, where somebody did. */
  cancel(order: Order, reason: CancelReason, command?: CommandRecord): void {
    this.tellCancelled(order, reason, command);
    this.takeOff(order);
  }

  tellCancelled(order: Order, reason: CancelReason, command?: CommandRecord): void {
    const fields = this.events.order(EventKind.CANCELLED, order, reason);
    if (command !== undefined) this.events.request(fields, command);
  }

  /** In place: hidden lots go first; what they held is freed. */
  reduce(order: Order, lots: bigint): void {
    const ofHidden = lots < order.hidden ? lots : order.hidden;
    const displayed = order.displayed - (lots - ofHidden);
    this.bookOf(order).setLots(order, displayed, order.hidden - ofHidden);
    this.release(order, lots);
  }

  tellLevel(side: Side, price: bigint): void {
    const level = this.books[side].level(price);
    this.events
      .event(EventKind.BOOK_DELTA, { side })
      .u64(DeltaOffset.PRICE, price)
      .u64(DeltaOffset.QUANTITY, level?.displayed ?? 0n)
      .u64(DeltaOffset.ORDERS, BigInt(level?.orders.size ?? 0));
  }
}

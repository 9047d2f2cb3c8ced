/** Checks of one ORDER with its TERMS, and of all orders together. */
import {
  MAX_PRICE,
  MAX_QUANTITY,
  OrderFlag,
  OrderType,
  PPM,
  SelfTrade,
  Side,
  TimeInForce,
} from '@foldbook/protocol';
import type { EngineCapacity } from '../engine.ts';
import { OrderOffset } from './layout.ts';
import type { SnapshotHeader } from './market-records.ts';
import type { SnapshotCursor } from './snapshot-cursor.ts';

const { GTC, IOC, POST_ONLY, FOK, GTT } = TimeInForce;

export interface SnapshotOrder {
  readonly side: number;
  readonly type: number;
  readonly timeInForce: number;
  readonly selfTrade: number;
  readonly flags: number;
  readonly orderId: bigint;
  readonly clientOrderId: bigint;
  readonly price: bigint;
  readonly displayed: bigint;
  readonly hidden: bigint;
  readonly priority: bigint;
  readonly expireTime: number;
}

export interface SnapshotTerms {
  readonly displaySize: bigint;
  readonly stopPrice: bigint;
}

export function readOrder({ view }: SnapshotCursor): SnapshotOrder {
  return {
    side: view.getUint8(OrderOffset.SIDE),
    type: view.getUint8(OrderOffset.TYPE),
    timeInForce: view.getUint8(OrderOffset.TIME_IN_FORCE),
    selfTrade: view.getUint8(OrderOffset.SELF_TRADE),
    flags: view.getUint8(OrderOffset.FLAGS),
    orderId: view.getBigUint64(OrderOffset.ORDER_ID, true),
    clientOrderId: view.getBigUint64(OrderOffset.CLIENT_ORDER_ID, true),
    price: view.getBigUint64(OrderOffset.PRICE, true),
    displayed: view.getBigUint64(OrderOffset.DISPLAYED, true),
    hidden: view.getBigUint64(OrderOffset.HIDDEN, true),
    priority: view.getBigUint64(OrderOffset.PRIORITY, true),
    expireTime: view.getUint32(OrderOffset.EXPIRE_TIME, true),
  };
}

/** What is wrong with an order that rests or waits; undefined if nothing is. */
export function whatIsWrong(order: SnapshotOrder, terms: SnapshotTerms): string | undefined {
  const { side, type, timeInForce, selfTrade, flags, price, displayed, hidden } = order;
  const { displaySize, stopPrice } = terms;
  if (side > Side.SELL) return `its side is ${side}`;
  const isStop = type === OrderType.STOP || type === OrderType.STOP_LIMIT;
  if (!isStop && type !== OrderType.LIMIT) return `its type is ${type}`;
  if (!timesInForce(type).includes(timeInForce)) return `its time in force is ${timeInForce}`;
  if (selfTrade > SelfTrade.DECREMENT) return `its self-trade mode is ${selfTrade}`;
  if (!areFlagsPossible(isStop, timeInForce, flags)) return `its flags are ${flags}`;
  if (price < 1n || price > MAX_PRICE) return `its price is ${price}`;
  const lots = displayed + hidden;
  if (displayed < 1n || lots > MAX_QUANTITY) return `it shows ${displayed} and hides ${hidden}`;
  const mostDisplayed = displaySize === 0n ? lots : displaySize;
  if (displayed > mostDisplayed || (displaySize === 0n && hidden !== 0n)) {
    return `it shows ${displayed} and hides ${hidden}, its display size is ${displaySize}`;
  }
  if (displaySize >= MAX_QUANTITY || (isStop && displaySize !== 0n)) {
    return `its display size is ${displaySize}`;
  }
  const isStopPriceRight = isStop ? stopPrice >= 1n && stopPrice <= MAX_PRICE : stopPrice === 0n;
  if (!isStopPriceRight) return `its stop price is ${stopPrice}`;
  const isExpireTimeRight = (timeInForce === GTT) === (order.expireTime !== 0);
  return isExpireTimeRight ? undefined : `its expire time is ${order.expireTime}`;
}

function timesInForce(type: number): readonly number[] {
  if (type === OrderType.LIMIT) return [GTC, POST_ONLY, GTT];
  return type === OrderType.STOP ? [IOC, FOK] : [GTC, GTT, IOC, FOK];
}

function areFlagsPossible(isStop: boolean, timeInForce: number, flags: number): boolean {
  if ((flags & ~(OrderFlag.POST_ONLY | OrderFlag.SLIDE)) !== 0) return false;
  if (isStop) return flags === 0;
  const isPostOnly = timeInForce === POST_ONLY || (flags & OrderFlag.POST_ONLY) !== 0;
  return (flags & OrderFlag.SLIDE) === 0 || isPostOnly;
}

/** What so many lots at a price hold: of the quote asset for a purchase, of the base for a sale. */
export function heldBy(
  { side, price, displayed, hidden }: SnapshotOrder,
  maxFeePpm: number,
): bigint {
  const lots = displayed + hidden;
  if (side === Side.SELL) return lots;
  return lots * (price + (BigInt(maxFeePpm) * price + PPM - 1n) / PPM);
}

/** A sequence of numbers that must all be different, kept small for millions of them. */
class DistinctNumbers {
  #numbers = new BigUint64Array(1_024);
  #count = 0;

  add(value: bigint): void {
    if (this.#count === this.#numbers.length) {
      const wider = new BigUint64Array(this.#count * 2);
      wider.set(this.#numbers);
      this.#numbers = wider;
    }
    this.#numbers[this.#count] = value;
    this.#count += 1;
  }

  /** One that comes twice; undefined if none does. */
  duplicate(): bigint | undefined {
    const sorted = this.#numbers.subarray(0, this.#count).sort();
    for (let index = 1; index < sorted.length; index += 1) {
      if (sorted[index] === sorted[index - 1]) return sorted[index];
    }
    return undefined;
  }
}

/** The four books together: what no single order can show. */
export class SnapshotBooks {
  readonly #ids = new DistinctNumbers();
  readonly #priorities = new DistinctNumbers();
  /** Prices of levels: bids, offers, buy stops, sell stops. */
  readonly #levels = [new Set<number>(), new Set<number>(), new Set<number>(), new Set<number>()];
  #bestBid = 0n;
  #bestOffer = MAX_PRICE + 1n;
  #count = 0;

  add(order: SnapshotOrder, { stopPrice }: SnapshotTerms): void {
    const { side, price } = order;
    const isStop = stopPrice !== 0n;
    this.#ids.add(order.orderId);
    this.#priorities.add(order.priority);
    this.#count += 1;
    const book = side + (isStop ? 2 : 0);
    this.#levels[book]?.add(Number(isStop ? stopPrice : price));
    if (!isStop && side === Side.BUY && price > this.#bestBid) this.#bestBid = price;
    if (!isStop && side === Side.SELL && price < this.#bestOffer) this.#bestOffer = price;
  }

  check(cursor: SnapshotCursor, header: SnapshotHeader): void {
    this.#checkCapacity(cursor, header.capacity);
    const id = this.#ids.duplicate();
    if (id !== undefined) cursor.fail('SNAPSHOT_INVALID', `two orders have the id ${id}`);
    const priority = this.#priorities.duplicate();
    if (priority !== undefined) {
      cursor.fail('SNAPSHOT_INVALID', `two orders have the priority ${priority}`);
    }
    if (this.#bestBid >= this.#bestOffer) {
      const prices = `a bid of ${this.#bestBid} and an offer of ${this.#bestOffer}`;
      cursor.fail('SNAPSHOT_INVALID', `the book is crossed, with ${prices}`);
    }
  }

  #checkCapacity(cursor: SnapshotCursor, { orderCapacity, levelCapacity }: EngineCapacity): void {
    if (this.#count > orderCapacity) {
      const orders = `${this.#count} open orders`;
      cursor.fail(
        'SNAPSHOT_CAPACITY',
        `it has ${orders}, the market has room for ${orderCapacity}`,
      );
    }
    const most = Math.max(...this.#levels.map(({ size }) => size));
    if (most > levelCapacity) {
      const levels = `${most} price levels on a side`;
      cursor.fail(
        'SNAPSHOT_CAPACITY',
        `it has ${levels}, the market has room for ${levelCapacity}`,
      );
    }
  }
}

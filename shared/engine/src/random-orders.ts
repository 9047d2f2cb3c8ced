/**
 * What the orders of a random flow say: sensible ones around a price that wanders, and nonsense.
 */
import {
  CommandKind,
  MAX_ACCOUNT,
  MAX_AMOUNT,
  MAX_PRICE,
  MAX_QUANTITY,
  OrderFlag,
  OrderType,
  SelfTrade,
  Side,
  TimeInForce,
} from '@foldbook/protocol';
import type { CommandFields } from './command-record.ts';
import type { Dice } from './dice.ts';

/** How orders lie around the middle, and how often they meet. */
export interface OrderRange {
  readonly accounts: readonly number[];
  /** Ticks that orders are away from the middle, at most. */
  readonly spread: number;
  /** Client order ids of an account: the fewer, the more often they meet. */
  readonly names: number;
}

export interface RecentOrder {
  readonly orderId: number;
  readonly account: number;
  readonly clientOrderId: number;
}

const NS_PER_SECOND = 1_000_000_000n;
const REMEMBERED = 100;
const PLAIN = { orderType: 0, timeInForce: 0, flags: 0, stopPrice: 0, expireTime: 0 } as const;
const WIDER = [
  0n,
  1n,
  MAX_PRICE,
  MAX_PRICE + 1n,
  MAX_QUANTITY,
  MAX_QUANTITY + 1n,
  MAX_AMOUNT,
  MAX_AMOUNT + 1n,
  2n ** 64n - 1n,
] as const;

export class RandomOrders {
  readonly #dice: Dice;
  readonly #range: OrderRange;
  /** Ticks; moves over the whole domain in the course of a long flow. */
  #center = 10_000;
  /** Orders that may still be open. */
  readonly #recentOrders: RecentOrder[] = [];

  constructor(dice: Dice, range: OrderRange) {
    this.#dice = dice;
    this.#range = range;
  }

  /** Between two commands: mostly a few ticks, at times anywhere. */
  wander(): void {
    const dice = this.#dice;
    if (dice.oneIn(4_000)) this.#jump();
    if (dice.oneIn(4)) this.#center = this.#price(this.#center + dice.below(7) - 3);
  }

  /** Prices around the middle, from the lower to the higher. */
  around(): { low: number; high: number } {
    const { spread } = this.#range;
    return { low: this.#price(this.#center - spread), high: this.#price(this.#center + spread) };
  }

  #jump(): void {
    const anywhere = 1 + this.#dice.below(2 ** (6 + this.#dice.below(30)));
    this.#center = this.#dice.pick([anywhere, anywhere, 3, Number(MAX_PRICE) - 3]);
  }

  #price(price: number): number {
    return Math.min(Math.max(1, price), Number(MAX_PRICE));
  }

  /** Buyers a little below the middle, sellers a little above it; now and then across it. */
  priceOf(side: number): number {
    const away = this.#dice.below(2 * this.#range.spread);
    const across = this.#dice.oneIn(3) ? this.#range.spread + 5 : 2;
    return this.#price(this.#center + (side === Side.BUY ? across - away : away - across));
  }

  name(): number {
    return this.#dice.below(this.#range.names);
  }

  /** Mostly one that was placed not long ago. */
  anOrder(): RecentOrder {
    const anyName = {
      orderId: 1,
      account: this.#dice.pick(this.#range.accounts),
      clientOrderId: this.name(),
    };
    if (this.#dice.oneIn(4)) return anyName;
    return this.#recentOrders[this.#dice.below(this.#recentOrders.length)] ?? anyName;
  }

  description(timeNs: bigint): CommandFields {
    const dice = this.#dice;
    const side = dice.below(2);
    const orderType = dice.pick([0, 0, 0, 0, 0, 0, 1, 2, 3, 3]);
    const timeInForce = this.#timeInForce(orderType);
    const quantity = 1 + dice.below(dice.oneIn(10) ? 400 : 50);
    const isResting = orderType === OrderType.LIMIT && isRestingTime(timeInForce);
    const displayQuantity = isResting && dice.oneIn(5) ? dice.below(quantity) : 0;
    return {
      side,
      orderType,
      timeInForce,
      flags: this.#flags(orderType, timeInForce),
      selfTrade: dice.oneIn(2) ? SelfTrade.NONE : dice.below(5),
      price: this.priceOf(side),
      quantity,
      displayQuantity,
      stopPrice: orderType >= OrderType.STOP ? this.#stopPrice(side) : 0,
      expireTime: timeInForce === TimeInForce.GTT ? this.#expireTime(timeNs) : 0,
    };
  }

  #timeInForce(orderType: number): number {
    const { GTC, IOC, POST_ONLY, FOK, GTT } = TimeInForce;
    if (orderType === OrderType.LIMIT) {
      return this.#dice.pick([GTC, GTC, GTC, GTC, IOC, POST_ONLY, FOK, GTT]);
    }
    if (orderType === OrderType.STOP_LIMIT) return this.#dice.pick([GTC, GTC, GTT, IOC, FOK]);
    return this.#dice.pick([IOC, FOK]);
  }

  #flags(orderType: number, timeInForce: number): number {
    if (orderType !== OrderType.LIMIT || !isRestingTime(timeInForce)) return 0;
    const isPostOnly = timeInForce === TimeInForce.POST_ONLY;
    const flag = isPostOnly || this.#dice.oneIn(5) ? OrderFlag.POST_ONLY : 0;
    return flag !== 0 && this.#dice.oneIn(2) ? flag | OrderFlag.SLIDE : flag;
  }

  /** Mostly where the price is not yet. */
  #stopPrice(side: number): number {
    const away = this.#dice.below(this.#range.spread) - 4;
    return this.#price(this.#center + (side === Side.BUY ? away : -away));
  }

  #expireTime(timeNs: bigint): number {
    return Number(timeNs / NS_PER_SECOND) + this.#dice.below(20);
  }

  /** The order that the present command may place. */
  remember(orderId: number, account: number, clientOrderId: number): void {
    this.#recentOrders.push({ orderId, account, clientOrderId });
    if (this.#recentOrders.length > REMEMBERED) this.#recentOrders.shift();
  }

  nonsense(): CommandFields {
    const dice = this.#dice;
    const wide = dice.pick(WIDER);
    switch (dice.below(14)) {
      case 0:
        return { side: dice.below(256) };
      case 1:
        return { orderType: dice.below(256) };
      case 2:
        return { timeInForce: dice.below(256) };
      case 3:
        return { flags: dice.below(16) };
      case 4:
        return { selfTrade: dice.below(256) };
      case 5:
        return { account: dice.pick([0, 1, MAX_ACCOUNT + 1, 2 ** 32 - 1]) };
      case 6:
        return { price: wide };
      case 7:
        return { quantity: wide };
      case 8:
        return { ...PLAIN, price: MAX_PRICE, quantity: dice.pick([2n ** 28n, MAX_QUANTITY]) };
      case 9:
        return { clientOrderId: wide };
      case 10:
        return { displayQuantity: wide };
      case 11:
        return { stopPrice: wide };
      case 12:
        return { expireTime: dice.below(2 ** 32) };
      default:
        return {
          kind: dice.pick([CommandKind.CREATE_MARKET, CommandKind.SET_FEES, dice.below(256)]),
        };
    }
  }
}

function isRestingTime(timeInForce: number): boolean {
  const { GTC, GTT, POST_ONLY } = TimeInForce;
  return [GTC, GTT, POST_ONLY].includes(timeInForce as typeof GTC);
}

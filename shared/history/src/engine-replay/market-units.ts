/** What a price of 1 and a quantity of 1 are in a market of the engine, in the feed's units. */
import { MAX_PRICE, MAX_QUANTITY } from '@foldbook/protocol';
import { Action, type MarketEvent } from '../event.ts';

export interface MarketUnits {
  /** The feed's price units of one tick. */
  readonly tick: bigint;
  /** The feed's quantity units of one lot. */
  readonly lot: bigint;
}

/** From so many different values on, what divides them all is taken for what divides the next. */
export const ENOUGH_VALUES = 16;
/**
 * Prices that are no guide are left this much room to rise: what an instrument is worth may be far
 * from the first that is bid for it. Eight digits are left of the highest.
 */
const ROOM = 512n;
/** So much at least, where prices have more digits. */
const LEAST_ROOM = 16n;

/** Ticks; undefined where the price is no whole number of them, or not one the engine takes. */
export function ticksOf({ tick }: MarketUnits, price: bigint): bigint | undefined {
  const ticks = price / tick;
  return ticks * tick === price && ticks >= 1n && ticks <= MAX_PRICE ? ticks : undefined;
}

/** Lots; undefined where the quantity is no whole number of them, or not one the engine takes. */
export function lotsOf({ lot }: MarketUnits, quantity: bigint): bigint | undefined {
  const lots = quantity / lot;
  return lots * lot === quantity && lots >= 1n && lots <= MAX_QUANTITY ? lots : undefined;
}

/**
 * The greatest units that divide what the orders among `events` name, which are one instrument's.
 * With fewer than 16 different values, what divides them says little of the next: then the lot is
 * one unit, and the tick the least power of ten with which the prices fit the engine, with room.
 */
export function learnUnits(events: Iterable<MarketEvent>): MarketUnits {
  const prices = new Set<bigint>();
  const quantities = new Set<bigint>();
  for (const { action, price, quantity } of events) {
    if (action !== Action.ADD && action !== Action.MODIFY && action !== Action.LEVEL) continue;
    if (price > 0n) prices.add(price);
    if (quantity > 0n) quantities.add(quantity);
  }
  return {
    tick: prices.size < ENOUGH_VALUES ? tickThatFits(prices) : dividerOf(prices),
    lot: quantities.size < ENOUGH_VALUES ? 1n : dividerOf(quantities),
  };
}

function tickThatFits(prices: ReadonlySet<bigint>): bigint {
  const most = [...prices].reduce((high, price) => (price > high ? price : high), 0n);
  const fits = (tick: bigint, room: bigint) => (most * room) / tick <= MAX_PRICE;
  let tick = 1n;
  while (!fits(tick, ROOM)) {
    const next = tick * 10n;
    if (fits(tick, LEAST_ROOM) && [...prices].some((price) => price % next !== 0n)) break;
    tick = next;
  }
  return tick;
}

/** The greatest; 0 counts for nothing. */
export function dividerOf(values: Iterable<bigint>): bigint {
  let divider = 0n;
  for (const value of values) {
    let [a, b] = [divider, value];
    while (b !== 0n) [a, b] = [b, a % b];
    divider = a;
  }
  return divider;
}

/**
 * Reads what the next events will need before they need it, as look-ahead.ts of the engine does:
 * one link of the chain (chunk of the map, order, its neighbours) for all of them at once. Which
 * order an event is of is a guess, and may be another when its turn comes.
 */
import { nextOf, previousOf } from '../../engine/assembly/orders';
import { EVENT_BYTES, INSTRUMENT, ORDER_ID } from './event';
import { ReplayBook } from './replay-book';
import { guessOrder, hashOf } from './replay-map';

/** Events that are looked at together. */
export const LOOK_AHEAD: usize = 64;
/** Orders of a book that stays in the caches, where looking ahead costs more than it saves. */
const SMALL_BOOK: u32 = 30_000;

/** Addresses of orders. */
const guesses: usize = memory.data(256);

/** What was read, so that it counts as used. */
export let seen: u32 = 0;

/** Looks at the events between two addresses, at most `LOOK_AHEAD` of them. */
export function lookAhead(it: ReplayBook, from: usize, to: usize): void {
  if (it.count < SMALL_BOOK) return;
  let end = guesses;
  for (let event = from; event < to; event += EVENT_BYTES) {
    const hash = hashOf(load<u32>(event, INSTRUMENT), load<u64>(event, ORDER_ID));
    store<u32>(end, <u32>guessOrder(it, hash));
    end += 4;
  }
  let sum: u32 = 0;
  for (let guess = guesses; guess < end; guess += 4) {
    sum += <u32>nextOf(load<u32>(guess));
  }
  for (let guess = guesses; guess < end; guess += 4) {
    const order: usize = load<u32>(guess);
    sum += load<u32>(nextOf(order)) + load<u32>(previousOf(order));
  }
  seen = sum;
}

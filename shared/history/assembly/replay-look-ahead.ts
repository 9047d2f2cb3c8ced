/**
 * Has what the next events will change fetched before they need it: one link of the chain (chunk
 * of the map, order, its neighbours) for all of them at once. Which order an event is of is a
 * guess, and may be another when its turn comes.
 *
 * Where look-ahead.ts of the engine reads, this writes what is there already. A core goes on after
 * a store whose line is still on its way, but a load that waits keeps all that comes after it from
 * retiring, and soon the core stands still. What is fetched here is going to be written anyway.
 *
 * ```
 * note  +0     +4    +8
 *       chunk  hash  order
 * ```
 */
import { fetchReplayOrder, nextOf, previousOf } from '../../engine/assembly/orders';
import { EVENT_BYTES, INSTRUMENT, ORDER_ID } from './event';
import { ReplayBook } from './replay-book';
import { fetchChunk, guessOrder, hashOf } from './replay-map';

/** Events that are looked at together. */
export const LOOK_AHEAD: usize = 64;
/** Orders of a book that stays in the caches, where looking ahead costs more than it saves. */
const SMALL_BOOK: u32 = 30_000;

const NOTE_BYTES: usize = 16;
const notes: usize = memory.data(1_024);

/** Looks at the events between two addresses, at most `LOOK_AHEAD` of them. */
export function lookAhead(it: ReplayBook, from: usize, to: usize): void {
  if (it.count < SMALL_BOOK) return;
  let end = notes;
  for (let event = from; event < to; event += EVENT_BYTES) {
    const hash = hashOf(load<u32>(event, INSTRUMENT), load<u64>(event, ORDER_ID));
    store<u32>(end, <u32>fetchChunk(it, hash));
    // The half that a tag is in.
    store<u32>(end, <u32>hash, 4);
    end += NOTE_BYTES;
  }
  for (let note = notes; note < end; note += NOTE_BYTES) {
    const order = guessOrder(load<u32>(note), load<u32>(note, 4));
    store<u32>(note, <u32>order, 8);
    fetchReplayOrder(order);
  }
  for (let note = notes; note < end; note += NOTE_BYTES) {
    const order: usize = load<u32>(note, 8);
    fetchReplayOrder(nextOf(order));
    fetchReplayOrder(previousOf(order));
  }
}

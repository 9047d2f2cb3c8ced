/**
 * Events of a share of the instruments. Threads that share a feed each decode all of it, which
 * costs less than handing events over, and keep the books of their instruments alone.
 */
import { EVENT_BYTES, INSTRUMENT } from './event';

/**
 * Moves the events of each `shares`-th instrument, from `index` on, to the block's beginning.
 * @returns how many they are
 */
export function keepShare(events: usize, count: u32, index: u32, shares: u32): u32 {
  const end = events + <usize>count * EVENT_BYTES;
  let to = events;
  for (let from = events; from < end; from += EVENT_BYTES) {
    const isKept = load<u32>(from, INSTRUMENT) % shares == index;
    // Without a branch: whose event comes next, no processor guesses.
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
    v128.store(to, v128.load(from, 32), 32);
    to += isKept ? EVENT_BYTES : 0;
  }
  return <u32>((to - events) / EVENT_BYTES);
}

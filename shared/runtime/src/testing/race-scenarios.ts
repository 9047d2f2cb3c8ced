/**
 * What two threads do to a ring at the same time, once, and every outcome that may come of it: as a
 * litmus test of a memory model. `ring.race.test.ts` runs each many times.
 */
import type { RingConsumer, RingProducer } from '../ring.ts';
import { SLOT_BYTES, WORD_BYTES } from '../ring-descriptor.ts';

export interface Scenario {
  /** Slots of the ring, which is empty at the beginning. */
  readonly capacity: number;
  /** On the one thread; its part of the outcome, a digit. */
  readonly produce: (ring: RingProducer, round: number) => number;
  /** On the other thread; its part of the outcome. */
  readonly consume: (ring: RingConsumer, round: number) => string;
  /** All there may be: what the producer saw, a slash, what the consumer saw. */
  readonly allowed: Readonly<Record<string, string>>;
  /** The producer closes the ring, so that each round needs a new one. */
  readonly ends?: boolean;
}

/** Spins for a while that differs from round to round, so that rounds meet differently. */
export function stagger(round: number, salt: number): void {
  let spins = (Math.imul(round ^ salt, 0x9e37_79b1) >>> 22) & 0xff;
  while (spins > 0) {
    spins -= 1;
    Atomics.pause();
  }
}

const SLOT_WORDS = SLOT_BYTES / WORD_BYTES;
const MOST = 4;
/** Longer than any wake-up takes: who sleeps so long was not woken. */
const FOREVER_MS = 60_000;

/** Slots whose words all say the same. */
function slots(value: number, count: number): Uint8Array {
  return new Uint8Array(new Int32Array(count * SLOT_WORDS).fill(value).buffer);
}

const read = new Int32Array(MOST * SLOT_WORDS);
const readBytes = new Uint8Array(read.buffer);

/** What of so many slots is not the value that was written: "stale", or nothing. */
function staleness(ring: RingConsumer, count: number, value: number): string {
  ring.read(readBytes, count);
  const words = read.subarray(0, count * SLOT_WORDS);
  return words.every((word) => word === value) ? '' : ' stale';
}

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'a slot is whole when it is visible': {
    capacity: MOST,
    produce: (ring, round) => {
      ring.offer(slots(round, 1), 1);
      ring.publish();
      return 0;
    },
    consume: (ring, round) => {
      const count = ring.available();
      return `${count}${staleness(ring, count, round)}`;
    },
    allowed: { '0/0': 'not visible yet', '0/1': 'visible, and whole' },
  },
  'a batch is visible as one': {
    capacity: MOST,
    produce: (ring, round) => {
      for (let slot = 0; slot < 3; slot += 1) ring.offer(slots(round, 1), 1);
      ring.publish();
      return 0;
    },
    consume: (ring, round) => {
      const count = ring.available();
      return `${count}${staleness(ring, count, round)}`;
    },
    allowed: { '0/0': 'not visible yet', '0/3': 'all three, whole' },
  },
  'a slot is not written again before it is released': {
    capacity: 2,
    produce: (ring, round) => {
      ring.offer(slots(round, 2), 2);
      ring.publish();
      stagger(round, 3);
      // Full: each of these finds room only where the consumer has released.
      const taken = ring.offerSome(slots(-round, 2), 0, 2);
      ring.publish();
      return taken;
    },
    consume: (ring, round) => {
      while (ring.available() < 2);
      const stale = staleness(ring, 2, round);
      ring.release(1);
      stagger(round, 4);
      ring.release(1);
      return `2${stale}`;
    },
    allowed: {
      '0/2': 'no room yet',
      '1/2': 'room for one: the first was released',
      '2/2': 'room for both',
    },
  },
  'nobody sleeps beside a slot': {
    capacity: MOST,
    produce: (ring, round) => {
      ring.offer(slots(round, 1), 1);
      ring.publish();
      return 0;
    },
    consume: (ring, round) => {
      const isThere = ring.waitForWork(FOREVER_MS);
      return isThere ? `woken${staleness(ring, 1, round)}` : 'slept';
    },
    allowed: { '0/woken': 'there already, or woken when it came' },
  },
  'what was published before the close is there when the close is seen': {
    capacity: MOST,
    ends: true,
    produce: (ring, round) => {
      ring.offer(slots(round, 1), 1);
      ring.close();
      return 0;
    },
    consume: (ring, round) => {
      const isClosed = ring.isClosed();
      const count = ring.available();
      return `${isClosed ? 'closed' : 'open'} ${count}${staleness(ring, count, round)}`;
    },
    allowed: {
      '0/open 0': 'nothing yet',
      '0/open 1': 'the slot, before the close',
      '0/closed 1': 'both',
    },
  },
  'nobody sleeps beside a close': {
    capacity: MOST,
    ends: true,
    produce: (ring) => {
      ring.close();
      return 0;
    },
    consume: (ring) => (ring.waitForWork(FOREVER_MS) ? 'work' : 'none'),
    allowed: { '0/none': 'woken, or never asleep' },
  },
};

/**
 * Layout of a ring: one producer, one consumer, fixed slots, in shared memory.
 *
 *   byte     0              128             256             384             512
 *            +---------------+---------------+---------------+---------------+--------+-----+
 *            | identity      | producer      | consumer      | parking       | slot 0 | ... |
 *            | i32 magic     | u32 position  | u32 position  | i32 parked    | 64 B   |     |
 *            | u32 capacity  |               |               |               |        |     |
 *            | i32 closed    |               |               |               |        |     |
 *            +---------------+---------------+---------------+---------------+--------+-----+
 *
 * Little-endian, as the machine has it: the memory never leaves the host. Positions count slots
 * since the ring was made and wrap at 2^32; slot = position & (capacity - 1). The producer owns the
 * slots from its position on, up to the consumer's position + capacity.
 *
 * Words that different threads write are two cache lines apart: processors fetch lines in pairs.
 */
import assert from 'node:assert/strict';

export const SLOT_BYTES = 64;
export const WORD_BYTES = 4;
const SECTION_BYTES = 128;

export const RING_MAGIC = 0x46_42_52_31;

/** Byte offsets. */
export const RingOffset = {
  MAGIC: 0,
  CAPACITY: 4,
  /** 1 once the producer is done. */
  CLOSED: 8,
  PRODUCER: SECTION_BYTES,
  CONSUMER: 2 * SECTION_BYTES,
  /** 1 while the consumer sleeps, or is about to. */
  PARKED: 3 * SECTION_BYTES,
  SLOTS: 4 * SECTION_BYTES,
} as const;

/** The difference of two positions has to stay positive in 31 bits. */
export const MAX_CAPACITY = 2 ** 24;

assert(MAX_CAPACITY < 2 ** 31, 'positions wrap at 2^32 and their difference is a signed word');
assert(RingOffset.SLOTS % SLOT_BYTES === 0, 'a slot does not straddle cache lines');

export function ringBytes(capacity: number): number {
  return RingOffset.SLOTS + capacity * SLOT_BYTES;
}

/** Whether the ring can have so many slots: a power of two, so that a mask finds the slot. */
export function isCapacity(capacity: number): boolean {
  return (
    Number.isInteger(capacity) &&
    capacity >= 2 &&
    capacity <= MAX_CAPACITY &&
    (capacity & (capacity - 1)) === 0
  );
}

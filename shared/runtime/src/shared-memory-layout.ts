/**
 * What a market and one client on the same host share: a connection's memory, which the market
 * hands over its socket (shared-memory-handshake.ts).
 *
 *   byte  0                128               256               4096           4096 + ring
 *         +----------------+-----------------+-----------------+--------------+--------------+
 *         | unused         | market          | client          | ring         | ring         |
 *         |                | u32 state       | u32 state       | to market    | to client    |
 *         +----------------+-----------------+-----------------+--------------+--------------+
 *
 * A message is a frame: a header, then subject, reply subject and payload, in whole slots.
 *
 *   byte  0          4        5        6             8           10        12
 *         | u32 body | u8     | u8 0   | u16 subject | u16 reply | u16 0   | u32 id |
 *         | bytes    | kind   |        | bytes       | bytes     |         |        |
 *
 * A connection's memory is used once, so nobody has to bring rings back into order that a killed
 * process left half written.
 */
import { crc32 } from './crc32.ts';
import { PAGE_BYTES } from './mapped-memory.ts';
import type { RingPlace } from './ring.ts';
import { RingOffset, ringBytes, SLOT_BYTES } from './ring-descriptor.ts';

export const SHARED_MEMORY_VERSION = 2;

/** Byte offsets. */
export const ControlOffset = { MARKET_STATE: 128, CLIENT_STATE: 256 } as const;

export const MarketState = { SERVING: 0, STOPPED: 1, CLIENT_SLOW: 2, CLIENT_BROKEN: 3 } as const;
/** CLOSED says that a client left of its own; that it is gone, its socket says. */
export const ClientState = { ATTACHED: 0, CLOSED: 1 } as const;

export const FRAME_HEADER_BYTES = 16;
export const FrameOffset = { BODY: 0, KIND: 4, SUBJECT: 6, REPLY: 8, ID: 12 } as const;

export const FrameKind = {
  /** From the client. A publication; an id other than 0 wants to hear if nobody takes it. */
  PUBLISH: 1,
  SUBSCRIBE: 2,
  UNSUBSCRIBE: 3,
  FLUSH: 4,
  /** To the client, once however many of its subscriptions match. */
  DELIVER: 5,
  /** Nobody took the publication with the id; or it, or the subscription, is not permitted. */
  NOBODY: 6,
  FORBIDDEN: 7,
  FLUSHED: 8,
} as const;

export const MAX_SUBJECT_BYTES = 1_024;
/** Of both rings. */
export const DEFAULT_RING_SLOTS = 16_384;

/** Differs between builds that would misread each other. */
export const LAYOUT_HASH = crc32(
  new TextEncoder().encode(
    JSON.stringify([
      [SHARED_MEMORY_VERSION, SLOT_BYTES, PAGE_BYTES, FRAME_HEADER_BYTES, MAX_SUBJECT_BYTES],
      [RingOffset, ControlOffset, MarketState, ClientState, FrameOffset, FrameKind],
    ]),
  ),
);

export function connectionBytes(slots: number): number {
  const size = PAGE_BYTES + 2 * ringBytes(slots);
  return Math.ceil(size / PAGE_BYTES) * PAGE_BYTES;
}

export function ringToMarket(buffer: ArrayBuffer, slots: number): RingPlace {
  return { buffer, offset: PAGE_BYTES, capacity: slots };
}

export function ringToClient(buffer: ArrayBuffer, slots: number): RingPlace {
  return { buffer, offset: PAGE_BYTES + ringBytes(slots), capacity: slots };
}

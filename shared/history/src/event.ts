/** Market-by-order events as the kernel has them (assembly/event.ts describes the record). */
export const EVENT_BYTES = 48;

export const EventOffset = {
  ORDER_ID: 0,
  PRICE: 8,
  QUANTITY: 16,
  TIME_NS: 24,
  INSTRUMENT: 32,
  ACTION: 36,
  SIDE: 37,
  FLAGS: 38,
  SEQUENCE: 40,
} as const;

export const Action = {
  ADD: 1,
  REDUCE: 2,
  DELETE: 3,
  MODIFY: 4,
  EXECUTE: 5,
  TRADE: 6,
  CLEAR: 7,
  STATUS: 8,
  REPORT: 9,
  LEVEL: 10,
} as const;
export type Action = (typeof Action)[keyof typeof Action];

export const EventSide = { BUY: 0, SELL: 1, NONE: 2 } as const;
export type EventSide = (typeof EventSide)[keyof typeof EventSide];

export const EventFlag = {
  LAST: 1,
  SNAPSHOT: 2,
  MAYBE_BAD: 4,
  NO_PRICE: 8,
  REPLACED: 16,
  PART: 32,
} as const;

/** Flags from here on are the number of an order's status (assembly/event.ts). */
export const STATUS_SHIFT = 8;

/** One event as an object: for tests, tools and errors; loops read columns. */
export interface MarketEvent {
  readonly orderId: bigint;
  /** In the feed's price units. */
  readonly price: bigint;
  /** In the feed's quantity units. */
  readonly quantity: bigint;
  readonly timeNs: bigint;
  readonly instrument: number;
  readonly action: number;
  readonly side: number;
  readonly flags: number;
  readonly sequence: bigint;
}

/** @param at byte offset of the event */
export function readEvent(view: DataView, at: number): MarketEvent {
  return {
    orderId: view.getBigUint64(at + EventOffset.ORDER_ID, true),
    price: view.getBigInt64(at + EventOffset.PRICE, true),
    quantity: view.getBigUint64(at + EventOffset.QUANTITY, true),
    timeNs: view.getBigUint64(at + EventOffset.TIME_NS, true),
    instrument: view.getUint32(at + EventOffset.INSTRUMENT, true),
    action: view.getUint8(at + EventOffset.ACTION),
    side: view.getUint8(at + EventOffset.SIDE),
    flags: view.getUint16(at + EventOffset.FLAGS, true),
    sequence: view.getBigUint64(at + EventOffset.SEQUENCE, true),
  };
}

/** @param at byte offset of the event */
export function writeEvent(view: DataView, at: number, event: MarketEvent): void {
  view.setBigUint64(at + EventOffset.ORDER_ID, event.orderId, true);
  view.setBigInt64(at + EventOffset.PRICE, event.price, true);
  view.setBigUint64(at + EventOffset.QUANTITY, event.quantity, true);
  view.setBigUint64(at + EventOffset.TIME_NS, event.timeNs, true);
  view.setUint32(at + EventOffset.INSTRUMENT, event.instrument, true);
  view.setUint8(at + EventOffset.ACTION, event.action);
  view.setUint8(at + EventOffset.SIDE, event.side);
  view.setUint16(at + EventOffset.FLAGS, event.flags, true);
  view.setBigUint64(at + EventOffset.SEQUENCE, event.sequence, true);
}

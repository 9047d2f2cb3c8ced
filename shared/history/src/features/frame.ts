/** A block of events as columns (assembly/frame.ts describes it), seen from JavaScript. */
import type { EventBlock } from '../decoder.ts';
import { EVENT_BYTES, type MarketEvent } from '../event.ts';

/** Rows of a frame at most. */
export const FRAME_EVENTS = 1_024;
const HEADER_BYTES = 64;
const COLUMN_BYTES = FRAME_EVENTS * 8 + 192;

/** Numbers of columns; features come behind them. */
const Column = {
  TIME_NS: 0,
  ORDER_ID: 1,
  PRICE: 2,
  QUANTITY: 3,
  KIND: 4,
  BID_PRICE: 5,
  BID_QUANTITY: 6,
  ASK_PRICE: 7,
  ASK_QUANTITY: 8,
  LAST_PRICE: 9,
  LAST_QUANTITY: 10,
  BID_ORDERS: 11,
  ASK_ORDERS: 12,
  BID_DEPTH: 13,
  ASK_DEPTH: 14,
  FIRST_FEATURE: 15,
} as const;

/** Cuts a block of events into parts that a frame has room for. */
export function cutToFrames(
  { address, count }: EventBlock,
  onPart: (part: EventBlock) => void,
): void {
  for (let first = 0; first < count; first += FRAME_EVENTS) {
    const left = Math.min(count - first, FRAME_EVENTS);
    onPart({ address: address + first * EVENT_BYTES, count: left });
  }
}

export const frameBytes = (features: number): number =>
  HEADER_BYTES + (Column.FIRST_FEATURE + features) * COLUMN_BYTES;

/** Of one frame: `place(column)` is where a column begins. */
interface Placed {
  readonly buffer: ArrayBufferLike;
  readonly place: (column: number) => number;
}

const numbersOf = ({ buffer, place }: Placed, column: number): Float64Array =>
  new Float64Array(buffer, place(column), FRAME_EVENTS);

/** What the feed told: row i of each column is event i. Values are in the feed's units. */
export class EventColumns {
  /** Nanoseconds since `baseTimeNs`. */
  readonly timeNs: Float64Array;
  readonly orderId: BigUint64Array;
  readonly price: Float64Array;
  readonly quantity: Float64Array;
  readonly #header: DataView;
  readonly #kind: DataView;

  constructor(placed: Placed, header: DataView) {
    this.timeNs = numbersOf(placed, Column.TIME_NS);
    const { buffer, place } = placed;
    this.orderId = new BigUint64Array(buffer, place(Column.ORDER_ID), FRAME_EVENTS);
    this.price = numbersOf(placed, Column.PRICE);
    this.quantity = numbersOf(placed, Column.QUANTITY);
    this.#header = header;
    this.#kind = new DataView(buffer, place(Column.KIND), FRAME_EVENTS * 8);
  }

  /** Rows that are filled. */
  get count(): number {
    return this.#header.getUint32(0, true);
  }

  /** Number of the first row's event in the run, from 0. */
  get firstEvent(): number {
    return Number(this.#header.getBigUint64(8, true));
  }

  /** What `timeNs` counts from: nanoseconds since 1970, or since midnight. */
  get baseTimeNs(): bigint {
    return this.#header.getBigUint64(16, true);
  }

  instrumentAt(row: number): number {
    return this.#kind.getUint32(row * 8, true);
  }

  actionAt(row: number): number {
    return this.#kind.getUint8(row * 8 + 4);
  }

  /** Of the resting order. */
  sideAt(row: number): number {
    return this.#kind.getUint8(row * 8 + 5);
  }

  flagsAt(row: number): number {
    return this.#kind.getUint16(row * 8 + 6, true);
  }

  /** Writes a row; the kernel does it for whole blocks. Tests and tools. */
  set(row: number, event: Omit<MarketEvent, 'sequence'>): void {
    this.timeNs[row] = Number(event.timeNs - this.baseTimeNs);
    this.orderId[row] = event.orderId;
    this.price[row] = Number(event.price);
    this.quantity[row] = Number(event.quantity);
    this.#kind.setUint32(row * 8, event.instrument, true);
    this.#kind.setUint8(row * 8 + 4, event.action);
    this.#kind.setUint8(row * 8 + 5, event.side);
    this.#kind.setUint16(row * 8 + 6, event.flags, true);
  }
}

/**
 * What the event's instrument showed right after it. A price that is not there is NaN, its
 * quantity 0.
 */
export class SnapshotColumns {
  readonly bidPrice: Float64Array;
  readonly bidQuantity: Float64Array;
  readonly askPrice: Float64Array;
  readonly askQuantity: Float64Array;
  /** Of the last trade. */
  readonly lastPrice: Float64Array;
  readonly lastQuantity: Float64Array;
  readonly bidOrders: Float64Array;
  readonly askOrders: Float64Array;
  /** Quantity of the best levels together. */
  readonly bidDepth: Float64Array;
  readonly askDepth: Float64Array;

  constructor(placed: Placed) {
    this.bidPrice = numbersOf(placed, Column.BID_PRICE);
    this.bidQuantity = numbersOf(placed, Column.BID_QUANTITY);
    this.askPrice = numbersOf(placed, Column.ASK_PRICE);
    this.askQuantity = numbersOf(placed, Column.ASK_QUANTITY);
    this.lastPrice = numbersOf(placed, Column.LAST_PRICE);
    this.lastQuantity = numbersOf(placed, Column.LAST_QUANTITY);
    this.bidOrders = numbersOf(placed, Column.BID_ORDERS);
    this.askOrders = numbersOf(placed, Column.ASK_ORDERS);
    this.bidDepth = numbersOf(placed, Column.BID_DEPTH);
    this.askDepth = numbersOf(placed, Column.ASK_DEPTH);
  }
}

/** Views of one frame, made once and used for every block that comes to lie there. */
export class Frame {
  readonly address: number;
  readonly events: EventColumns;
  readonly snapshots: SnapshotColumns;
  /** By their place in what was asked for. */
  readonly features: readonly Float64Array[];
  readonly #header: DataView;

  constructor(buffer: ArrayBufferLike, address: number, features: number) {
    const place = (column: number) => address + HEADER_BYTES + column * COLUMN_BYTES;
    const placed = { buffer, place };
    this.address = address;
    this.#header = new DataView(buffer, address, HEADER_BYTES);
    this.events = new EventColumns(placed, this.#header);
    this.snapshots = new SnapshotColumns(placed);
    this.features = Array.from({ length: features }, (_, index) =>
      numbersOf(placed, Column.FIRST_FEATURE + index),
    );
  }

  /** The kernel does it for whole blocks. Tests and tools. */
  setHeader(count: number, firstEvent: number, baseTimeNs: bigint): void {
    this.#header.setUint32(0, count, true);
    this.#header.setBigUint64(8, BigInt(firstEvent), true);
    this.#header.setBigUint64(16, baseTimeNs, true);
  }
}

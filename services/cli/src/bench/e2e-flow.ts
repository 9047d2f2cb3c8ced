/** What the clients of `bench e2e` send: orders that rest, orders that trade, cancels. */
import {
  BatchFlag,
  BatchKind,
  CommandKind,
  CommandOffset,
  RECORD_BYTES,
  Side,
  TimeInForce,
  viewOf,
  writeBatchHeader,
} from '@foldbook/protocol';
import type { E2eMix } from './e2e-messages.ts';

/** Of a hundred commands: a client's book stays as deep as it is once it has `KEPT` orders. */
const CANCELS = 40;
const TAKERS = 15;
const KEPT = 32;
const MIDDLE = 100_000;
/** Ticks from the middle within which orders rest. */
const SPREAD = 200;
const MAX_QUANTITY = 20;
const SESSION = 1;

/** One client's commands, and what it knows of its orders. */
export class E2eFlow {
  readonly #mix: E2eMix;
  readonly #account: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** Ids of orders that rested when it last heard of them, oldest first. */
  readonly #orders: number[] = [];
  #state: number;
  #requestId = 0;

  constructor(mix: E2eMix, account: number) {
    this.#mix = mix;
    this.#account = account;
    this.#state = (account * 0x9e3779b1) >>> 0 || 1;
    this.#bytes = new Uint8Array((mix.batch + 1) * RECORD_BYTES);
    this.#view = viewOf(this.#bytes);
  }

  /** Request id of the last command that was written: they rise by one. */
  get lastRequestId(): number {
    return this.#requestId;
  }

  /** The next message; a copy, as the connection keeps it until it is sent. */
  message(): Uint8Array {
    const { singlePercent, batch } = this.#mix;
    const count = this.#random(100) < singlePercent ? 1 : batch;
    const head = { kind: BatchKind.COMMANDS, count, flags: BatchFlag.REPLY_WHEN_RECEIVED } as const;
    writeBatchHeader(this.#view, 0, head);
    for (let index = 1; index <= count; index += 1) this.#command(index * RECORD_BYTES);
    return this.#bytes.slice(0, (count + 1) * RECORD_BYTES);
  }

  #command(at: number): void {
    this.#requestId += 1;
    this.#bytes.fill(0, at, at + RECORD_BYTES);
    const view = this.#view;
    view.setUint16(at + CommandOffset.SESSION, SESSION, true);
    view.setUint32(at + CommandOffset.REQUEST_ID, this.#requestId, true);
    view.setUint32(at + CommandOffset.ACCOUNT, this.#account, true);
    const kind = this.#random(100);
    const oldest = kind < CANCELS || this.#orders.length >= KEPT ? this.#orders.shift() : undefined;
    if (oldest !== undefined) {
      view.setUint8(at + CommandOffset.KIND, CommandKind.CANCEL);
      view.setUint32(at + CommandOffset.CLIENT_ORDER_ID, oldest, true);
      return;
    }
    const isTaker = kind >= 100 - TAKERS;
    const side = this.#random(2) === 0 ? Side.BUY : Side.SELL;
    const away = isTaker ? -SPREAD : 1 + this.#random(SPREAD);
    const timeInForce = isTaker ? TimeInForce.IOC : TimeInForce.GTC;
    view.setUint8(at + CommandOffset.KIND, CommandKind.NEW);
    view.setUint8(at + CommandOffset.SIDE, side);
    view.setUint8(at + CommandOffset.TIME_IN_FORCE, timeInForce);
    view.setUint32(at + CommandOffset.CLIENT_ORDER_ID, this.#requestId, true);
    view.setUint32(at + CommandOffset.PRICE, MIDDLE + (side === Side.BUY ? -away : away), true);
    view.setUint32(at + CommandOffset.QUANTITY, 1 + this.#random(MAX_QUANTITY), true);
    if (!isTaker) this.#orders.push(this.#requestId);
  }

  /** Below `limit`; a shift register, as good as dice here. */
  #random(limit: number): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state >>> 0;
    return this.#state % limit;
  }
}

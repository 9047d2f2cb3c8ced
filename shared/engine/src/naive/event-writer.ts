/** Writes event records into a block and hands full blocks to the sink. */
import assert from 'node:assert/strict';
import { type EventKind, EventOffset, RECORD_BYTES, viewOf } from '@foldbook/protocol';
import type { EventSink } from '../engine.ts';
import { RecordFields } from '../snapshot/record-fields.ts';
import type { CommandRecord } from './command.ts';
import { type Order, openLots } from './order.ts';

const BLOCK_RECORDS = 1_024;

/** What most events have: who they are about, and the two small fields behind the kind. */
export interface EventHead {
  readonly account?: number;
  readonly side?: number;
  readonly code?: number;
}

export class EventWriter {
  readonly #block = new Uint8Array(BLOCK_RECORDS * RECORD_BYTES);
  readonly #fields = new RecordFields(viewOf(this.#block));
  #count = 0;
  #sink: EventSink | undefined;
  /** Of the command under way. */
  sequence = 0n;

  open(sink: EventSink): void {
    assert(this.#sink === undefined, 'an apply inside a sink, or after one that threw');
    this.#sink = sink;
  }

  close(): void {
    this.#flush();
    this.#sink = undefined;
  }

  /** An event without an order. */
  event(kind: EventKind, { account = 0, side = 0, code = 0 }: EventHead = {}): RecordFields {
    if (this.#count === BLOCK_RECORDS) this.#flush();
    const base = this.#count * RECORD_BYTES;
    this.#count += 1;
    this.#block.fill(0, base, base + RECORD_BYTES);
    this.#fields.base = base;
    return this.#fields
      .u8(EventOffset.KIND, kind)
      .u8(EventOffset.SIDE, side)
      .u16(EventOffset.CODE, code)
      .u32(EventOffset.ACCOUNT, account)
      .u64(EventOffset.SEQUENCE, this.sequence);
  }

  /** An event that answers a command. */
  answer(kind: EventKind, command: CommandRecord, head: EventHead = {}): RecordFields {
    return this.request(this.event(kind, head), command);
  }

  /** An event about an order, with all that is open of it. */
  order(kind: EventKind, order: Order, code = 0): RecordFields {
    const { account, side } = order;
    return this.event(kind, { account, side, code })
      .u64(EventOffset.ORDER_ID, order.orderId)
      .u64(EventOffset.CLIENT_ORDER_ID, order.clientOrderId)
      .u64(EventOffset.PRICE, order.price)
      .u64(EventOffset.QUANTITY, openLots(order));
  }

  /** ACCEPTED and REPLACED: an order with its terms, as its owner asked for them. */
  placed(
    kind: typeof EventKind.ACCEPTED | typeof EventKind.REPLACED,
    order: Order,
    code: number,
    command: CommandRecord,
  ): void {
    this.request(this.order(kind, order, code), command)
      .u8(EventOffset.TIME_IN_FORCE, order.timeInForce)
      .u8(EventOffset.FLAGS, order.flags)
      .u32(EventOffset.EXPIRE_TIME, order.expireTime);
  }

  request(fields: RecordFields, command: CommandRecord): RecordFields {
    return fields
      .u64(EventOffset.REQUEST_ID, command.requestId)
      .u16(EventOffset.SESSION, command.session);
  }

  #flush(): void {
    assert(this.#sink !== undefined);
    const count = this.#count;
    this.#count = 0;
    if (count > 0) this.#sink(this.#block, count);
  }
}

/** Writes event records into a block and hands full blocks to the sink. */
import assert from 'node:assert/strict';
import {
  DeltaOffset,
  EpochOffset,
  EventKind,
  EventOffset,
  FeeOffset,
  FundsOffset,
  type Liquidity,
  RECORD_BYTES,
  TradeOffset,
  viewOf,
} from '@foldbook/protocol';
import type { EventSink } from '../engine.ts';
import type { Order } from './book.ts';
import type { CommandRecord } from './command.ts';
import type { Charge } from './fees.ts';

const BLOCK_RECORDS = 1_024;

export interface EpochClose {
  readonly epoch: bigint;
  readonly recordFirst: bigint;
  readonly recordCount: bigint;
  readonly stateHash: bigint;
  readonly sequenceFirst: bigint;
  readonly timeNs: bigint;
}

export class EventWriter {
  readonly #block = new Uint8Array(BLOCK_RECORDS * RECORD_BYTES);
  readonly #view = viewOf(this.#block);
  #count = 0;
  #sink: EventSink | undefined;

  open(sink: EventSink): void {
    assert(this.#sink === undefined, 'an apply inside a sink, or after one that threw');
    this.#sink = sink;
  }

  close(): void {
    this.#flush();
    this.#sink = undefined;
  }

  rejected(sequence: bigint, command: CommandRecord, code: number): void {
    const at = this.#begin(EventKind.REJECTED, sequence, command.account);
    this.#view.setUint8(at + EventOffset.SIDE, command.kind);
    this.#view.setUint16(at + EventOffset.CODE, code, true);
    this.#u64(at + EventOffset.CLIENT_ORDER_ID, command.clientOrderId);
    this.#request(at, command);
  }

  /** ACCEPTED and REPLACED: `order` as it is before it trades. */
  placed(
    kind: typeof EventKind.ACCEPTED | typeof EventKind.REPLACED,
    sequence: bigint,
    order: Order,
    command: CommandRecord,
  ): void {
    const at = this.#order(kind, sequence, order);
    this.#request(at, command);
    this.#view.setUint8(at + EventOffset.TIME_IN_FORCE, command.timeInForce);
  }

  /** `command` is absent where nobody asked for the cancellation. */
  cancelled(sequence: bigint, order: Order, reason: number, command?: CommandRecord): void {
    const at = this.#order(EventKind.CANCELLED, sequence, order);
    this.#view.setUint16(at + EventOffset.CODE, reason, true);
    if (command !== undefined) this.#request(at, command);
  }

  trade(taker: Order, maker: Order, quantity: bigint): void {
    const at = this.#begin(EventKind.TRADE, taker.orderId, taker.account);
    this.#view.setUint8(at + EventOffset.SIDE, taker.side);
    this.#u64(at + TradeOffset.MAKER_ORDER_ID, maker.orderId);
    this.#u64(at + TradeOffset.TAKER_ORDER_ID, taker.orderId);
    this.#u64(at + TradeOffset.PRICE, maker.price);
    this.#u64(at + TradeOffset.QUANTITY, quantity);
    this.#u64(at + TradeOffset.MAKER_CLIENT_ORDER_ID, maker.clientOrderId);
    this.#view.setUint32(at + TradeOffset.MAKER_ACCOUNT, maker.account, true);
  }

  fee(sequence: bigint, order: Order, liquidity: Liquidity, charge: Charge): void {
    const at = this.#begin(EventKind.FEE, sequence, order.account);
    this.#view.setUint8(at + EventOffset.SIDE, liquidity);
    this.#view.setUint16(at + EventOffset.CODE, charge.rebate ? 1 : 0, true);
    this.#u64(at + FeeOffset.ORDER_ID, order.orderId);
    this.#u64(at + FeeOffset.CLIENT_ORDER_ID, order.clientOrderId);
    this.#u64(at + FeeOffset.AMOUNT, charge.amount);
  }

  delta(sequence: bigint, side: number, price: bigint, quantity: bigint, orders: number): void {
    const at = this.#begin(EventKind.BOOK_DELTA, sequence, 0);
    this.#view.setUint8(at + EventOffset.SIDE, side);
    this.#u64(at + DeltaOffset.PRICE, price);
    this.#u64(at + DeltaOffset.QUANTITY, quantity);
    this.#u64(at + DeltaOffset.ORDERS, BigInt(orders));
  }

  funds(sequence: bigint, command: CommandRecord, available: bigint, held: bigint): void {
    const at = this.#begin(EventKind.FUNDS, sequence, command.account);
    this.#view.setUint8(at + EventOffset.SIDE, command.asset);
    this.#view.setUint16(at + EventOffset.CODE, command.kind, true);
    this.#u64(at + FundsOffset.AMOUNT, command.quantity);
    this.#u64(at + FundsOffset.AVAILABLE, available);
    this.#u64(at + FundsOffset.HELD, held);
    this.#request(at, command);
  }

  created(sequence: bigint, command: CommandRecord): void {
    const at = this.#begin(EventKind.MARKET_CREATED, sequence, 0);
    this.#view.setInt32(at + 16, command.makerFeePpm, true);
    this.#view.setInt32(at + 20, command.takerFeePpm, true);
    this.#request(at, command);
  }

  epoch(sequence: bigint, close: EpochClose): void {
    const at = this.#begin(EventKind.EPOCH_MARK, sequence, 0);
    this.#u64(at + EpochOffset.EPOCH, close.epoch);
    this.#u64(at + EpochOffset.RECORD_FIRST, close.recordFirst);
    this.#u64(at + EpochOffset.RECORD_COUNT, close.recordCount);
    this.#u64(at + EpochOffset.STATE_HASH, close.stateHash);
    this.#u64(at + EpochOffset.SEQUENCE_FIRST, close.sequenceFirst);
    this.#u64(at + EpochOffset.TIME_NS, close.timeNs);
  }

  #order(kind: number, sequence: bigint, order: Order): number {
    const at = this.#begin(kind, sequence, order.account);
    this.#view.setUint8(at + EventOffset.SIDE, order.side);
    this.#u64(at + EventOffset.ORDER_ID, order.orderId);
    this.#u64(at + EventOffset.CLIENT_ORDER_ID, order.clientOrderId);
    this.#u64(at + EventOffset.PRICE, order.price);
    this.#u64(at + EventOffset.QUANTITY, order.quantity);
    return at;
  }

  #request(at: number, command: CommandRecord): void {
    this.#u64(at + EventOffset.REQUEST_ID, command.requestId);
    this.#view.setUint16(at + EventOffset.SESSION, command.session, true);
  }

  #begin(kind: number, sequence: bigint, account: number): number {
    if (this.#count === BLOCK_RECORDS) this.#flush();
    const at = this.#count * RECORD_BYTES;
    this.#count += 1;
    this.#block.fill(0, at, at + RECORD_BYTES);
    this.#view.setUint8(at + EventOffset.KIND, kind);
    this.#view.setUint32(at + EventOffset.ACCOUNT, account, true);
    this.#u64(at + EventOffset.SEQUENCE, sequence);
    return at;
  }

  #u64(at: number, value: bigint): void {
    this.#view.setBigUint64(at, value, true);
  }

  #flush(): void {
    assert(this.#sink !== undefined);
    const count = this.#count;
    this.#count = 0;
    if (count > 0) this.#sink(this.#block, count);
  }
}

/**
 * The actor: one market on its host. Takes groups out of its mailbox, applies them to its engine
 * and sends the events out. The only writer of its book.
 */
import assert from 'node:assert/strict';
import type { Engine } from '@foldbook/engine';
import {
  BATCH_FIRST_BYTE,
  BalanceOffset,
  BatchOffset,
  DeltaOffset,
  EventKind,
  EventOffset,
  GroupEndOffset,
  MAX_OPEN_ORDERS_ANSWER,
  RECORD_BYTES,
  readCount,
  Side,
  writeCount,
} from '@foldbook/protocol';
import { Mailbox } from './mailbox.ts';
import type { ThreadMetrics } from './market-metrics.ts';
import {
  ControlKind,
  ControlOffset,
  GroupTimeOffset,
  OUTCOMES,
  OutcomeOffset,
} from './ring-message.ts';
import type { RingOutput } from './ring-output.ts';

const ALL_LEVELS = 2 ** 31 - 1;

export class HostedMarket {
  readonly id: number;
  readonly engine: Engine;
  readonly mailbox = new Mailbox();
  readonly #output: RingOutput;
  readonly #metrics: ThreadMetrics;
  /** Of the turn's last group; 0 before its first. */
  #logSequence = 0;
  #timeNs = 0n;
  readonly #sink = (block: Uint8Array, count: number) => {
    this.#output.send(block, 0, count);
    this.#metrics.count(block, count);
  };

  constructor(id: number, engine: Engine, output: RingOutput, metrics: ThreadMetrics) {
    this.id = id;
    this.engine = engine;
    this.#output = output;
    this.#metrics = metrics;
  }

  /** The kind of the oldest message. */
  get nextKind(): number {
    return this.mailbox.view.getUint8(this.mailbox.head * RECORD_BYTES);
  }

  /** Before the messages of a turn. */
  startTurn(): void {
    this.#metrics.startTurn(this.id);
    this.#logSequence = 0;
  }

  /**
   * Shows what the turn's groups made of the market. Behind the last one, when its events are out:
   * nobody waits for what is shown, and a busy market need not be shown after every group.
   */
  endTurn(): void {
    if (this.#logSequence > 0) this.#metrics.show(this.engine, this.#logSequence, this.#timeNs);
  }

  /** Handles the oldest message, a group or a query; returns how many records that was. */
  runNext(): number {
    const kind = this.nextKind;
    if (kind !== BATCH_FIRST_BYTE) {
      this.#answer(kind);
      this.#output.publish();
      this.mailbox.drop(1);
      return 1;
    }
    const count = this.#apply();
    // Each group as soon as it is done: while more keep coming, nobody waits for the last.
    this.#output.publish();
    this.mailbox.drop(count + 1);
    return count + 1;
  }

  #apply(): number {
    const { engine, mailbox } = this;
    const { view, bytes, head } = mailbox;
    const { nowNs } = this.#metrics;
    const takenNs = nowNs();
    const at = head * RECORD_BYTES;
    const count = view.getUint32(at + BatchOffset.COUNT, true);
    const timeNs = view.getBigInt64(at + BatchOffset.TIME_NS, true);
    this.#timeNs = timeNs;
    this.#logSequence = readCount(view, at + BatchOffset.LOG_SEQUENCE);
    writeCount(view, at + BatchOffset.FIRST, Number(engine.sequence) + 1);
    this.#output.send(bytes, head, 1);
    const first = at + RECORD_BYTES;
    engine.apply(bytes.subarray(first, first + count * RECORD_BYTES), count, timeNs, this.#sink);
    const end = this.#output.blank();
    end.setUint8(EventOffset.KIND, EventKind.GROUP_END);
    end.setUint32(EventOffset.ACCOUNT, this.id, true);
    writeCount(end, GroupEndOffset.LAST_SEQUENCE, Number(engine.sequence));
    writeCount(end, GroupEndOffset.LOG_SEQUENCE, this.#logSequence);
    writeCount(end, GroupEndOffset.OPEN_RECORDS, engine.openRecords());
    writeCount(end, GroupEndOffset.COMMANDS, count);
    end.setBigUint64(GroupEndOffset.NEXT_TIMER_NS, engine.nextTimerNs() ?? 0n, true);
    const doneNs = nowNs();
    end.setFloat64(GroupTimeOffset.TAKEN_NS, takenNs, true);
    end.setFloat64(GroupTimeOffset.DONE_NS, doneNs, true);
    this.#output.sendBlank();
    this.#metrics.executed(count, doneNs - takenNs);
    return count;
  }

  #answer(kind: number): void {
    const { view, head } = this.mailbox;
    const at = head * RECORD_BYTES;
    const account = view.getUint32(at + ControlOffset.ACCOUNT, true);
    switch (kind) {
      case ControlKind.QUERY_BALANCE:
        this.#sendBalance(account);
        break;
      case ControlKind.QUERY_ORDERS:
        this.#sendOrders(account, view.getBigUint64(at + ControlOffset.AFTER, true));
        break;
      case ControlKind.QUERY_DEPTH:
        this.#sendDepth();
        break;
      case ControlKind.QUERY_OUTCOME:
        this.#sendOutcome(at, account);
        break;
      default:
        assert.fail(`a mailbox holds groups and queries, not a message of kind ${kind}`);
    }
    const end = this.#output.blank();
    end.setUint8(ControlOffset.KIND, ControlKind.CONTROL_END);
    end.setUint32(ControlOffset.MARKET, this.id, true);
    end.setBigUint64(ControlOffset.TOKEN, view.getBigUint64(at + ControlOffset.TOKEN, true), true);
    writeCount(end, ControlOffset.SEQUENCE, Number(this.engine.sequence));
    this.#output.sendBlank();
  }

  #sendBalance(account: number): void {
    const balance = this.engine.balance(account);
    const record = this.#output.blank();
    record.setUint8(EventOffset.KIND, EventKind.BALANCE);
    record.setUint32(EventOffset.ACCOUNT, account, true);
    record.setBigUint64(EventOffset.SEQUENCE, this.engine.sequence, true);
    record.setBigUint64(BalanceOffset.BASE_AVAILABLE, balance.baseAvailable, true);
    record.setBigUint64(BalanceOffset.BASE_HELD, balance.baseHeld, true);
    record.setBigUint64(BalanceOffset.QUOTE_AVAILABLE, balance.quoteAvailable, true);
    record.setBigUint64(BalanceOffset.QUOTE_HELD, balance.quoteHeld, true);
    this.#output.sendBlank();
  }

  #sendOrders(account: number, after: bigint): void {
    const orders = this.engine.openOrdersOf(account, after, MAX_OPEN_ORDERS_ANSWER);
    this.#output.send(orders, 0, orders.byteLength / RECORD_BYTES);
  }

  #sendOutcome(at: number, account: number): void {
    const { view } = this.mailbox;
    const session = view.getUint16(at + OutcomeOffset.SESSION, true);
    const requestId = view.getBigUint64(at + OutcomeOffset.REQUEST, true);
    const { kind, code, sequence, lastRequestId } = this.engine.outcomeOf(
      account,
      session,
      requestId,
    );
    const record = this.#output.blank();
    record.setUint8(EventOffset.KIND, ControlKind.QUERY_OUTCOME);
    record.setUint8(OutcomeOffset.OUTCOME, OUTCOMES.indexOf(kind));
    record.setUint16(OutcomeOffset.CODE, code, true);
    record.setBigUint64(OutcomeOffset.FIRST_SEQUENCE, sequence, true);
    record.setBigUint64(OutcomeOffset.LAST_REQUEST, lastRequestId, true);
    this.#output.sendBlank();
  }

  #sendDepth(): void {
    for (const side of [Side.BUY, Side.SELL]) {
      for (const level of this.engine.depth(side, ALL_LEVELS)) {
        const record = this.#output.blank();
        record.setUint8(EventOffset.KIND, EventKind.BOOK_DELTA);
        record.setUint8(EventOffset.SIDE, side);
        record.setBigUint64(EventOffset.SEQUENCE, this.engine.sequence, true);
        record.setBigUint64(DeltaOffset.PRICE, level.price, true);
        record.setBigUint64(DeltaOffset.QUANTITY, level.quantity, true);
        writeCount(record, DeltaOffset.ORDERS, level.orders);
        this.#output.sendBlank();
      }
    }
  }
}

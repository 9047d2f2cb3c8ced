/**
 * The actor: takes committed groups from the command ring, applies them to the market's engine and
 * puts the events on the event ring. The only writer of every book on its thread.
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
  MAX_COMMANDS_PER_GROUP,
  MAX_OPEN_ORDERS_ANSWER,
  RECORD_BYTES,
  readCount,
  Side,
  viewOf,
  writeCount,
} from '@foldbook/protocol';
import type { Agent, RingConsumer, RingProducer } from '@foldbook/runtime';
import type { ThreadMetrics } from './market-metrics.ts';
import { ControlKind, ControlOffset, GroupTimeOffset, isControl } from './ring-message.ts';

/** Waits until the event ring may have room; false when the thread is told to stop. */
export type WaitForRoom = () => boolean;

const ALL_LEVELS = 2 ** 31 - 1;

export class MarketAgent implements Agent {
  readonly roleName = 'market';
  readonly #commands: RingConsumer;
  readonly #events: RingProducer;
  readonly #createEngine: () => Engine;
  readonly #waitForRoom: WaitForRoom;
  readonly #metrics: ThreadMetrics;
  readonly #engines = new Map<number, Engine>();
  readonly #group = new Uint8Array((MAX_COMMANDS_PER_GROUP + 1) * RECORD_BYTES);
  readonly #groupView = viewOf(this.#group);
  readonly #records = this.#group.subarray(RECORD_BYTES);
  readonly #scratch = new Uint8Array(RECORD_BYTES);
  readonly #scratchView = viewOf(this.#scratch);
  readonly #sink = (block: Uint8Array, count: number) => {
    this.#emit(block, count);
    this.#metrics.count(block, count);
  };
  /** Market of the group that was applied and is not shown yet; 0 for none. */
  #unshown = 0;

  constructor(
    commands: RingConsumer,
    events: RingProducer,
    createEngine: () => Engine,
    waitForRoom: WaitForRoom,
    metrics: ThreadMetrics,
  ) {
    this.#commands = commands;
    this.#events = events;
    this.#createEngine = createEngine;
    this.#waitForRoom = waitForRoom;
    this.#metrics = metrics;
  }

  /** Handles everything that is whole in the command ring; returns the records it took. */
  doWork(): number {
    let work = 0;
    let taken = this.#takeOne();
    while (taken > 0) {
      work += taken;
      // Each group as soon as it is done: while more keep coming, nobody waits for the last.
      this.#events.publish();
      this.#show();
      taken = this.#takeOne();
    }
    return work;
  }

  #takeOne(): number {
    const available = this.#commands.available();
    if (available === 0) return 0;
    this.#commands.read(this.#group, 1);
    const kind = this.#groupView.getUint8(0);
    if (isControl(kind)) {
      this.#commands.release(1);
      this.#answer(kind);
      return 1;
    }
    assert.equal(kind, BATCH_FIRST_BYTE, 'the command ring holds groups and queries only');
    const count = this.#groupView.getUint32(BatchOffset.COUNT, true);
    // The sequencer publishes groups whole, so the rest is there.
    assert(available > count, 'a group is published whole');
    this.#commands.read(this.#group, count + 1);
    this.#commands.release(count + 1);
    this.#apply(count);
    return count + 1;
  }

  #apply(count: number): void {
    const { nowNs } = this.#metrics;
    const takenNs = nowNs();
    const view = this.#groupView;
    const market = view.getUint32(BatchOffset.MARKET, true);
    const engine = this.#engine(market);
    const logSequence = readCount(view, BatchOffset.LOG_SEQUENCE);
    const timeNs = view.getBigInt64(BatchOffset.TIME_NS, true);
    this.#metrics.startGroup(market);
    writeCount(view, BatchOffset.FIRST, Number(engine.sequence) + 1);
    this.#emit(this.#group, 1);
    engine.apply(this.#records, count, timeNs, this.#sink);
    this.#scratch.fill(0);
    const end = this.#scratchView;
    end.setUint8(EventOffset.KIND, EventKind.GROUP_END);
    end.setUint32(EventOffset.ACCOUNT, market, true);
    writeCount(end, GroupEndOffset.LAST_SEQUENCE, Number(engine.sequence));
    writeCount(end, GroupEndOffset.LOG_SEQUENCE, logSequence);
    writeCount(end, GroupEndOffset.OPEN_RECORDS, engine.openRecords());
    writeCount(end, GroupEndOffset.COMMANDS, count);
    end.setBigUint64(GroupEndOffset.NEXT_TIMER_NS, engine.nextTimerNs() ?? 0n, true);
    const doneNs = nowNs();
    end.setFloat64(GroupTimeOffset.TAKEN_NS, takenNs, true);
    end.setFloat64(GroupTimeOffset.DONE_NS, doneNs, true);
    this.#emit(this.#scratch, 1);
    this.#metrics.executed(count, doneNs - takenNs);
    this.#unshown = market;
  }

  /** After the events of a group are out: nobody waits for what is shown. */
  #show(): void {
    if (this.#unshown === 0) return;
    const engine = this.#engine(this.#unshown);
    const timeNs = this.#groupView.getBigInt64(BatchOffset.TIME_NS, true);
    this.#metrics.show(engine, readCount(this.#groupView, BatchOffset.LOG_SEQUENCE), timeNs);
    this.#unshown = 0;
  }

  #engine(market: number): Engine {
    const found = this.#engines.get(market);
    if (found !== undefined) return found;
    const engine = this.#createEngine();
    this.#engines.set(market, engine);
    return engine;
  }

  #answer(kind: number): void {
    const market = this.#groupView.getUint32(ControlOffset.MARKET, true);
    const account = this.#groupView.getUint32(ControlOffset.ACCOUNT, true);
    const token = this.#groupView.getBigUint64(ControlOffset.TOKEN, true);
    const engine = this.#engine(market);
    if (kind === ControlKind.QUERY_BALANCE) this.#emitBalance(engine, account);
    else if (kind === ControlKind.QUERY_ORDERS) this.#emitOrders(engine, account);
    else this.#emitDepth(engine);
    this.#scratch.fill(0);
    this.#scratchView.setUint8(ControlOffset.KIND, ControlKind.CONTROL_END);
    this.#scratchView.setUint32(ControlOffset.MARKET, market, true);
    this.#scratchView.setBigUint64(ControlOffset.TOKEN, token, true);
    writeCount(this.#scratchView, ControlOffset.SEQUENCE, Number(engine.sequence));
    this.#emit(this.#scratch, 1);
  }

  #emitBalance(engine: Engine, account: number): void {
    const balance = engine.balance(account);
    const view = this.#scratchView;
    this.#scratch.fill(0);
    view.setUint8(EventOffset.KIND, EventKind.BALANCE);
    view.setUint32(EventOffset.ACCOUNT, account, true);
    view.setBigUint64(EventOffset.SEQUENCE, engine.sequence, true);
    view.setBigUint64(BalanceOffset.BASE_AVAILABLE, balance.baseAvailable, true);
    view.setBigUint64(BalanceOffset.BASE_HELD, balance.baseHeld, true);
    view.setBigUint64(BalanceOffset.QUOTE_AVAILABLE, balance.quoteAvailable, true);
    view.setBigUint64(BalanceOffset.QUOTE_HELD, balance.quoteHeld, true);
    this.#emit(this.#scratch, 1);
  }

  #emitOrders(engine: Engine, account: number): void {
    const after = this.#groupView.getBigUint64(ControlOffset.AFTER, true);
    const orders = engine.openOrdersOf(account, after, MAX_OPEN_ORDERS_ANSWER);
    this.#emit(orders, orders.byteLength / RECORD_BYTES);
  }

  #emitDepth(engine: Engine): void {
    const view = this.#scratchView;
    for (const side of [Side.BUY, Side.SELL]) {
      for (const level of engine.depth(side, ALL_LEVELS)) {
        this.#scratch.fill(0);
        view.setUint8(EventOffset.KIND, EventKind.BOOK_DELTA);
        view.setUint8(EventOffset.SIDE, side);
        view.setBigUint64(EventOffset.SEQUENCE, engine.sequence, true);
        view.setBigUint64(DeltaOffset.PRICE, level.price, true);
        view.setBigUint64(DeltaOffset.QUANTITY, level.quantity, true);
        writeCount(view, DeltaOffset.ORDERS, level.orders);
        this.#emit(this.#scratch, 1);
      }
    }
  }

  /** Copies events into the ring; a full ring holds the market back (nothing is dropped). */
  #emit(block: Uint8Array, count: number): void {
    let done = 0;
    while (done < count) {
      done += this.#events.offerSome(block, done, count - done);
      if (done === count) return;
      this.#events.publish();
      if (!this.#waitForRoom()) return;
    }
  }
}

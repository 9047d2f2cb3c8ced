/**
 * The publisher agent: takes the market thread's events from the ring and turns them into private
 * reports, answers, public deltas and trades, and the settlement stream.
 */
import assert from 'node:assert/strict';
import {
  BATCH_FIRST_BYTE,
  BatchOffset,
  EventKind,
  EventOffset,
  GroupEndOffset,
  RECORD_BYTES,
  readCount,
  readEvent,
  viewOf,
} from '@foldbook/protocol';
import type { Agent, Clock, RingConsumer } from '@foldbook/runtime';
import type { DurableOutput } from './durable-output.ts';
import type { CommittedGroup, Market, MarketRegistry } from './market-registry.ts';
import { createBatchBuffers } from './output-batch.ts';
import { PrivateOutput, type SendReply } from './private-output.ts';
import { PublicOutput, type PublishPublic } from './public-output.ts';
import { ControlKind, ControlOffset } from './ring-message.ts';
import { SettlementOutput } from './settlement-output.ts';

const READ_RECORDS = 512;
/** Appends in flight on an output stream before the publisher waits, and the ring fills. */
const MAX_OUTPUTS_IN_FLIGHT = 256;
/**
 * While events never cease to come, what was gathered goes out at a group's end after so many
 * records or so long; when the ring is empty between groups, at once.
 */
const FLUSH_RECORDS = 4_096;
const FLUSH_AGE_NS = 5_000_000n;
/** Readers of a public book that may wait for a group's end. */
const MAX_WAITING_READERS = 256;

export interface MarketCounters {
  commands: number;
  trades: number;
  deltas: number;
  groups: number;
}

interface MarketOutputs {
  readonly market: Market;
  readonly privately: PrivateOutput;
  readonly publicly: PublicOutput;
  readonly settlement: SettlementOutput;
  readonly counters: MarketCounters;
  takerClientOrderId: bigint;
  /** Log sequence of the open epoch's first group; 0 before there is one. */
  epochLogFirst: number;
}

/** Called with the records that answer a query, CONTROL_END not among them. */
export type OnAnswer = (token: bigint, records: Uint8Array, sequence: number) => void;
export type OnExecuted = (
  market: Market,
  group: CommittedGroup,
  commands: number,
  openRecords: number,
) => void;

export class Publisher implements Agent {
  readonly roleName = 'publisher';
  readonly #ring: RingConsumer;
  readonly #markets: MarketRegistry;
  readonly #reports: DurableOutput;
  readonly #diffs: DurableOutput;
  readonly #generation: number;
  readonly #publish: PublishPublic;
  readonly #sendReply: SendReply;
  readonly #onExecuted: OnExecuted;
  readonly #onAnswer: OnAnswer;
  readonly #clock: Clock;
  readonly #outputs = new Map<number, MarketOutputs>();
  /** Markets with groups since the last flush. */
  readonly #unsent = new Set<MarketOutputs>();
  readonly #batchBuffers = createBatchBuffers();
  #recordsSinceFlush = 0;
  #flushedNs = 0n;
  readonly #buffer = new Uint8Array(READ_RECORDS * RECORD_BYTES);
  readonly #view = viewOf(this.#buffer);
  #answer: Uint8Array[] = [];
  #current: MarketOutputs | undefined;
  #group: CommittedGroup | undefined;
  /** False while the log is replayed at start: nothing that isn't durable goes out again. */
  #live = false;
  #atBoundary: (() => void)[] = [];

  constructor(parts: {
    ring: RingConsumer;
    markets: MarketRegistry;
    reports: DurableOutput;
    diffs: DurableOutput;
    generation: number;
    clock: Clock;
    publish: PublishPublic;
    sendReply: SendReply;
    onExecuted: OnExecuted;
    onAnswer: OnAnswer;
  }) {
    this.#clock = parts.clock;
    this.#ring = parts.ring;
    this.#markets = parts.markets;
    this.#reports = parts.reports;
    this.#diffs = parts.diffs;
    this.#generation = parts.generation;
    this.#publish = parts.publish;
    this.#sendReply = parts.sendReply;
    this.#onExecuted = parts.onExecuted;
    this.#onAnswer = parts.onAnswer;
  }

  goLive(): void {
    this.#live = true;
  }

  counters(market: Market): MarketCounters {
    return this.#outputsOf(market).counters;
  }

  /**
   * Runs `task` with the market's public output as soon as no group is half published; false, and
   * never, when too many wait for that already.
   */
  whenWhole(market: Market, task: (output: PublicOutput) => void): boolean {
    const outputs = this.#outputsOf(market);
    if (this.#current === undefined) task(outputs.publicly);
    else if (this.#atBoundary.length >= MAX_WAITING_READERS) return false;
    else this.#atBoundary.push(() => task(outputs.publicly));
    return true;
  }

  doWork(): number {
    if (this.#isHeldBack()) return 0;
    const count = Math.min(this.#ring.available(), READ_RECORDS);
    if (count === 0) return 0;
    this.#ring.read(this.#buffer, count);
    this.#ring.release(count);
    for (let index = 0; index < count; index += 1) this.#record(index * RECORD_BYTES);
    if (this.#current === undefined && this.#unsent.size > 0) this.#flush();
    return count;
  }

  #isHeldBack(): boolean {
    return (
      this.#reports.inFlight() > MAX_OUTPUTS_IN_FLIGHT ||
      this.#diffs.inFlight() > MAX_OUTPUTS_IN_FLIGHT
    );
  }

  /** Only between groups: every batch ends, and the books are whole. */
  #flush(): void {
    for (const outputs of this.#unsent) {
      outputs.privately.flush();
      outputs.settlement.flush();
      outputs.publicly.flush(outputs.market.sequence);
    }
    this.#unsent.clear();
    this.#recordsSinceFlush = 0;
    this.#flushedNs = this.#clock.nowNs();
    const tasks = this.#atBoundary;
    this.#atBoundary = [];
    for (const task of tasks) task();
  }

  #flushIsDue(): boolean {
    if (this.#recordsSinceFlush >= FLUSH_RECORDS || this.#atBoundary.length > 0) return true;
    return this.#clock.nowNs() - this.#flushedNs >= FLUSH_AGE_NS;
  }

  #record(offset: number): void {
    const kind = this.#view.getUint8(offset);
    this.#recordsSinceFlush += 1;
    if (kind === BATCH_FIRST_BYTE) this.#startGroup(offset);
    else if (kind === EventKind.GROUP_END) this.#endGroup(offset);
    else if (kind === ControlKind.CONTROL_END) this.#endAnswer(offset);
    else if (this.#current === undefined) {
      this.#answer.push(this.#buffer.slice(offset, offset + RECORD_BYTES));
    } else this.#event(this.#current, kind, offset);
  }

  #startGroup(offset: number): void {
    const market = this.#markets.byId(this.#view.getUint32(offset + BatchOffset.MARKET, true));
    assert(market !== undefined, 'the market thread only knows markets of the registry');
    const group = market.committed.shift();
    const logSequence = readCount(this.#view, offset + BatchOffset.LOG_SEQUENCE);
    assert.equal(group?.logSequence, logSequence, 'groups come back in log order');
    this.#group = group;
    this.#current = this.#outputsOf(market);
    if (this.#current.epochLogFirst === 0) this.#current.epochLogFirst = logSequence;
    this.#unsent.add(this.#current);
    const first = readCount(this.#view, offset + BatchOffset.FIRST);
    this.#current.privately.startGroup(first, group.askers);
  }

  #endGroup(offset: number): void {
    const outputs = this.#current;
    const group = this.#group;
    assert(outputs !== undefined && group !== undefined, 'a group ends that did not start');
    const commands = readCount(this.#view, offset + GroupEndOffset.COMMANDS);
    outputs.market.sequence = readCount(this.#view, offset + GroupEndOffset.LAST_SEQUENCE);
    outputs.counters.commands += commands;
    outputs.counters.groups += 1;
    outputs.privately.endGroup(group.logSequence);
    outputs.market.nextTimerNs = this.#view.getBigUint64(
      offset + GroupEndOffset.NEXT_TIMER_NS,
      true,
    );
    const openRecords = readCount(this.#view, offset + GroupEndOffset.OPEN_RECORDS);
    this.#onExecuted(outputs.market, group, commands, openRecords);
    this.#current = undefined;
    this.#group = undefined;
    if (this.#flushIsDue()) this.#flush();
  }

  #endAnswer(offset: number): void {
    const token = this.#view.getBigUint64(offset + ControlOffset.TOKEN, true);
    const sequence = readCount(this.#view, offset + ControlOffset.SEQUENCE);
    const records = new Uint8Array(this.#answer.length * RECORD_BYTES);
    for (const [index, record] of this.#answer.entries()) {
      records.set(record, index * RECORD_BYTES);
    }
    this.#answer = [];
    this.#onAnswer(token, records, sequence);
  }

  #event(outputs: MarketOutputs, kind: number, offset: number): void {
    const { privately, publicly, settlement, counters } = outputs;
    const view = this.#view;
    const sequence = readCount(view, offset + EventOffset.SEQUENCE);
    switch (kind) {
      case EventKind.ACCEPTED:
      case EventKind.REPLACED:
      case EventKind.TRIGGERED:
        outputs.takerClientOrderId = view.getBigUint64(offset + EventOffset.CLIENT_ORDER_ID, true);
        privately.event(this.#buffer, view, offset, sequence);
        return;
      case EventKind.CANCELLED:
      case EventKind.REJECTED:
      case EventKind.RESULT:
      case EventKind.REFILLED:
      case EventKind.REDUCED:
      case EventKind.ALL_CANCELLED:
      case EventKind.CANCEL_AFTER_SET:
      case EventKind.TIER_CHANGED:
      case EventKind.CLOCK_ADVANCED:
        privately.event(this.#buffer, view, offset, sequence);
        return;
      case EventKind.CONFIGURED:
      case EventKind.STATE_CHANGED:
      case EventKind.FEES_CHANGED:
        outputs.market.terms.apply(readEvent(view, offset));
        privately.event(this.#buffer, view, offset, sequence);
        return;
      case EventKind.FUNDS:
      case EventKind.FEE:
        privately.event(this.#buffer, view, offset, sequence);
        settlement.movement(view, offset, sequence);
        return;
      case EventKind.TRADE:
        counters.trades += 1;
        privately.trade(view, offset, sequence, outputs.takerClientOrderId);
        publicly.trade(this.#buffer, offset, sequence);
        settlement.movement(view, offset, sequence);
        return;
      case EventKind.BOOK_DELTA:
        counters.deltas += 1;
        publicly.delta(this.#buffer, view, offset, sequence);
        return;
      case EventKind.MARKET_CREATED:
        outputs.market.isCreated = true;
        outputs.market.terms.apply(readEvent(view, offset));
        privately.event(this.#buffer, view, offset, sequence);
        settlement.event(this.#buffer, offset, sequence);
        return;
      case EventKind.EPOCH_MARK:
        this.#epochMark(outputs, offset, sequence);
        return;
      default:
        assert.fail(`the engine gave an event of kind ${kind}`);
    }
  }

  #epochMark(outputs: MarketOutputs, offset: number, sequence: number): void {
    outputs.privately.event(this.#buffer, this.#view, offset, sequence);
    outputs.settlement.event(this.#buffer, offset, sequence);
    const group = this.#group;
    assert(group !== undefined, 'events stand inside a group');
    const span = { logFirst: outputs.epochLogFirst, logLast: group.logSequence, head: group.head };
    outputs.settlement.chainHead(span, sequence);
    outputs.epochLogFirst = 0;
  }

  #outputsOf(market: Market): MarketOutputs {
    const found = this.#outputs.get(market.id);
    if (found !== undefined) return found;
    const publish: PublishPublic = (subject, payload) => {
      if (this.#live) this.#publish(subject, payload);
    };
    const outputs: MarketOutputs = {
      market,
      privately: new PrivateOutput(market, this.#reports, this.#sendReply, this.#batchBuffers),
      publicly: new PublicOutput(market, this.#generation, publish, this.#batchBuffers),
      settlement: new SettlementOutput(market, this.#diffs, this.#batchBuffers),
      counters: { commands: 0, trades: 0, deltas: 0, groups: 0 },
      takerClientOrderId: 0n,
      epochLogFirst: 0,
    };
    this.#outputs.set(market.id, outputs);
    return outputs;
  }
}

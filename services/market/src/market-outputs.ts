/** What goes out about one market: private reports, public deltas and trades, settlement. */
import assert from 'node:assert/strict';
import { EventKind, EventOffset, readCount, readEvent } from '@foldbook/protocol';
import type { BatchBuffers } from './batch-buffers.ts';
import type { DurableOutput } from './durable-output.ts';
import type { CheckpointFacts } from './market-checkpoint.ts';
import type { CommittedGroup, Market } from './market-registry.ts';
import { PrivateOutput, type SendReply } from './private-output.ts';
import { PublicOutput, type PublishPublic } from './public-output.ts';
import type { ReceiptDesk } from './receipt-desk.ts';
import { SettlementOutput } from './settlement-output.ts';

export interface MarketCounters {
  commands: number;
  trades: number;
  deltas: number;
  groups: number;
}

export interface OutputParts {
  readonly reports: DurableOutput;
  readonly diffs: DurableOutput;
  readonly generation: number;
  readonly publish: PublishPublic;
  readonly sendReply: SendReply;
  readonly buffers: BatchBuffers;
  /** Undefined where the node signs none. */
  readonly receipts?: ReceiptDesk | undefined;
}

export class MarketOutputs {
  readonly market: Market;
  readonly privately: PrivateOutput;
  readonly publicly: PublicOutput;
  readonly counters: MarketCounters = { commands: 0, trades: 0, deltas: 0, groups: 0 };
  readonly #settlement: SettlementOutput;
  #takerClientOrderId = 0n;
  /** Log sequence of the open epoch's first group; 0 before there is one. */
  #epochLogFirst = 0;
  /** Of the last group that ended; its head is that of a chain without groups before. */
  #logSequence = 0;
  readonly #head = new Uint8Array(32);
  /** And before that group. */
  readonly #headBefore = new Uint8Array(32);

  constructor(market: Market, parts: OutputParts) {
    const { reports, diffs, generation, publish, sendReply, buffers, receipts } = parts;
    this.market = market;
    this.privately = new PrivateOutput(market, reports, sendReply, buffers, receipts);
    this.publicly = new PublicOutput(market, generation, publish, buffers);
    this.#settlement = new SettlementOutput(market, diffs, buffers);
  }

  startGroup({ logSequence, askers }: CommittedGroup, firstSequence: number): void {
    if (this.#epochLogFirst === 0) this.#epochLogFirst = logSequence;
    this.privately.startGroup(firstSequence, askers);
    this.market.transfers.startGroup(logSequence, firstSequence);
  }

  endGroup(group: CommittedGroup, lastSequence: number, commands: number): void {
    const { logSequence, head } = group;
    this.#logSequence = logSequence;
    this.#headBefore.set(this.#head);
    this.#head.set(head);
    this.market.sequence = lastSequence;
    this.counters.commands += commands;
    this.counters.groups += 1;
    this.privately.endGroup(group, lastSequence);
    this.market.transfers.endGroup();
  }

  /** Whoever told what was executed so far: what comes is told by this process. */
  begin(generation: number): void {
    this.publicly.begin(generation);
  }

  /** Another process has told the settlement up to there. */
  coverSettlement(sequence: number): void {
    this.#settlement.cover(sequence);
  }

  /** Where the market stands, between two of its groups. */
  facts(): Omit<CheckpointFacts, 'positions' | 'term'> {
    const { market } = this;
    return {
      partition: market.partition,
      market: market.name,
      id: market.id,
      firstLogSequence: market.firstLogSequence,
      logSequence: this.#logSequence,
      headBefore: this.#headBefore.slice(),
      head: this.#head.slice(),
      sequence: market.sequence,
      settlementRecords: this.#settlement.records,
      epochLogFirst: this.#epochLogFirst,
      counters: { ...this.counters },
      isCreated: market.isCreated,
      openRecords: market.epoch.records,
      nextTimerNs: market.nextTimerNs,
      terms: market.terms.save(),
      transfers: market.transfers.save(),
    };
  }

  /**
   * Instead of the market's events so far.
   * @param levels - BOOK_DELTA records of its whole book
   */
  restore(facts: CheckpointFacts, levels: Uint8Array): void {
    this.#logSequence = facts.logSequence;
    this.#headBefore.set(facts.headBefore);
    this.#head.set(facts.head);
    this.#epochLogFirst = facts.epochLogFirst;
    Object.assign(this.counters, facts.counters);
    this.market.transfers.restore(facts.transfers);
    this.#settlement.restore(facts.settlementRecords);
    this.publicly.restore(levels, facts.sequence);
  }

  /** Sends reports; only between groups, as every batch ends. */
  tell(): void {
    this.privately.flush();
  }

  /** Sends all others; only between groups: every batch ends, and the book is whole. */
  flush(): void {
    this.#settlement.flush();
    this.publicly.flush(this.market.sequence);
  }

  /** The event at `offset` of a block, which belongs to a group. */
  event(view: DataView, offset: number, group: CommittedGroup): void {
    const sequence = readCount(view, offset + EventOffset.SEQUENCE);
    const kind = view.getUint8(offset);
    switch (kind) {
      case EventKind.ACCEPTED:
      case EventKind.REPLACED:
      case EventKind.TRIGGERED:
        this.#takerClientOrderId = view.getBigUint64(offset + EventOffset.CLIENT_ORDER_ID, true);
        this.privately.event(view, offset, sequence);
        return;
      case EventKind.REJECTED:
        this.market.transfers.rejected(view.getUint16(offset + EventOffset.CODE, true), sequence);
        this.privately.event(view, offset, sequence);
        return;
      case EventKind.CANCELLED:
      case EventKind.RESULT:
      case EventKind.REFILLED:
      case EventKind.REDUCED:
      case EventKind.ALL_CANCELLED:
      case EventKind.CANCEL_AFTER_SET:
      case EventKind.CLOCK_ADVANCED:
        this.privately.event(view, offset, sequence);
        return;
      case EventKind.STATE_CHANGED:
        this.market.terms.apply(readEvent(view, offset));
        this.privately.event(view, offset, sequence);
        return;
      case EventKind.CONFIGURED:
      case EventKind.FEES_CHANGED:
        this.market.terms.apply(readEvent(view, offset));
        this.privately.event(view, offset, sequence);
        this.#settlement.event(view, offset, sequence);
        return;
      case EventKind.TIER_CHANGED:
        this.privately.event(view, offset, sequence);
        this.#settlement.event(view, offset, sequence);
        return;
      case EventKind.FUNDS:
        this.market.transfers.funds(view, offset, sequence);
        this.privately.event(view, offset, sequence);
        this.#settlement.movement(view, offset, sequence);
        return;
      case EventKind.FEE:
        this.privately.event(view, offset, sequence);
        this.#settlement.movement(view, offset, sequence);
        return;
      case EventKind.TRADE:
        this.counters.trades += 1;
        this.privately.trade(view, offset, sequence, this.#takerClientOrderId);
        this.publicly.trade(view, offset, sequence);
        this.#settlement.movement(view, offset, sequence);
        return;
      case EventKind.BOOK_DELTA:
        this.counters.deltas += 1;
        this.publicly.delta(view, offset, sequence);
        return;
      case EventKind.MARKET_CREATED:
        this.market.isCreated = true;
        this.market.terms.apply(readEvent(view, offset));
        this.privately.event(view, offset, sequence);
        this.#settlement.event(view, offset, sequence);
        return;
      case EventKind.EPOCH_MARK:
        this.privately.event(view, offset, sequence);
        this.#settlement.event(view, offset, sequence);
        this.#chainHead(group, sequence);
        return;
      default:
        assert.fail(`the engine gave an event of kind ${kind}`);
    }
  }

  #chainHead({ logSequence, head }: CommittedGroup, sequence: number): void {
    const span = { logFirst: this.#epochLogFirst, logLast: logSequence, head };
    this.#settlement.chainHead(span, sequence);
    this.#epochLogFirst = 0;
  }
}

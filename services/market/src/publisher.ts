/**
 * The publisher agent: takes the hosts' events from their rings and turns them into private
 * reports, answers, public deltas and trades, and the settlement stream.
 */
import assert from 'node:assert/strict';
import { parseReportSubject } from '@foldbook/protocol';
import type { Agent, Clock, RingConsumer } from '@foldbook/runtime';
import type { Coverage, DurableOutput } from './durable-output.ts';
import { EventFeed, type OnAnswer, type OnExecuted, type OnMoved } from './event-feed.ts';
import type { EventTaker } from './inline-host.ts';
import type { ServiceMetrics } from './market-metrics.ts';
import { type MarketCounters, MarketOutputs, type OutputParts } from './market-outputs.ts';
import type { Market, MarketRegistry } from './market-registry.ts';
import { createBatchBuffers } from './output-batch.ts';
import type { SendReply } from './private-output.ts';
import type { PublicOutput, PublishPublic } from './public-output.ts';
import type { ReceiptDesk } from './receipt-desk.ts';

/** Appends in flight on an output stream before the publisher waits, and the rings fill. */
const MAX_OUTPUTS_IN_FLIGHT = 256;
/** Reports in flight that keep a broker busy until the next ones are there. */
const REPORTS_IN_FLIGHT = 32;
/** Records that are gathered for reports meanwhile, 8 MiB, before the publisher waits. */
const MAX_GATHERED_RECORDS = 131_072;

export interface PublisherParts {
  /** One for each host. */
  readonly rings: readonly RingConsumer[];
  readonly markets: MarketRegistry;
  readonly reports: DurableOutput;
  readonly diffs: DurableOutput;
  readonly clock: Clock;
  readonly metrics: ServiceMetrics;
  readonly publish: PublishPublic;
  readonly sendReply: SendReply;
  readonly receipts?: ReceiptDesk | undefined;
  readonly onExecuted: OnExecuted;
  readonly onAnswer: OnAnswer;
  readonly onMoved: OnMoved;
  readonly onSnapshot: (market: Market) => void;
}

export class Publisher implements Agent, EventTaker {
  readonly roleName = 'publisher';
  readonly #feeds: readonly EventFeed[];
  readonly #reports: DurableOutput;
  readonly #diffs: DurableOutput;
  readonly #metrics: ServiceMetrics;
  readonly #outputParts: Omit<OutputParts, 'generation'>;
  #generation = 0;
  readonly #outputs = new Map<number, MarketOutputs>();
  /** False while the log is replayed at start: nothing that isn't durable goes out again. */
  #isLive = false;
  /** The feed that is next. */
  #next = 0;

  constructor(parts: PublisherParts) {
    const { reports, diffs, publish, sendReply, metrics, receipts } = parts;
    this.#reports = reports;
    this.#diffs = diffs;
    this.#metrics = metrics;
    const publishLive: PublishPublic = (subject, payload) => {
      if (this.#isLive) publish(subject, payload);
    };
    const buffers = createBatchBuffers();
    const outputs = { reports, diffs, sendReply, buffers, receipts };
    this.#outputParts = { ...outputs, publish: publishLive };
    const outputsOf = (market: Market) => this.outputsOf(market);
    const reportsMayGo = () => reports.inFlight() <= REPORTS_IN_FLIGHT;
    const feedParts = { ...parts, outputsOf, reportsMayGo };
    this.#feeds = parts.rings.map((ring) => new EventFeed(ring, feedParts));
  }

  /** Of market data: the term of the ownership that it is told under; 0 before one begins. */
  get generation(): number {
    return this.#generation;
  }

  /**
   * What is told from now on is this process's, under the term that it owns the partition with, but
   * for what the output streams hold already.
   */
  begin(term: number, reports: Coverage = new Map(), diffs: Coverage = new Map()): void {
    this.#generation = term;
    for (const outputs of this.#outputs.values()) outputs.begin(term);
    this.#eachCovered(reports, (outputs, last, subject) => {
      const account = parseReportSubject(subject)?.account;
      if (account !== undefined) outputs.privately.cover(account, last);
    });
    this.#eachCovered(diffs, (outputs, last) => outputs.coverSettlement(last));
  }

  goLive(): void {
    this.#isLive = true;
  }

  counters(market: Market): MarketCounters {
    return this.outputsOf(market).counters;
  }

  /**
   * Runs `task` with the market's public output as soon as no group of its host is half published;
   * false, and never, when too many wait for that already.
   */
  whenWhole(market: Market, task: (output: PublicOutput) => void): boolean {
    const { publicly } = this.outputsOf(market);
    const feed = this.#feeds[market.host];
    assert(feed !== undefined, `there is no host ${market.host}`);
    return feed.whenWhole(() => task(publicly));
  }

  doWork(): number {
    const { eventRingSlots, outputsInFlight } = this.#metrics;
    eventRingSlots.set(this.#feeds.reduce((sum, feed) => sum + feed.available(), 0));
    outputsInFlight.set(this.#reports.inFlight() + this.#diffs.inFlight());
    let work = 0;
    const { length } = this.#feeds;
    for (let step = 0; step < length && !this.isHeldBack; step += 1) {
      // On from the one after the last: where outputs are held back, no host's stay in its ring.
      work += this.#feeds[this.#next]?.doWork(this.#isLive) ?? 0;
      this.#next = (this.#next + 1) % length;
    }
    return work;
  }

  takeEvents(): number {
    let taken = 0;
    for (const feed of this.#feeds) taken += feed.doWork(this.#isLive);
    return taken;
  }

  get isHeldBack(): boolean {
    if (this.#diffs.inFlight() > MAX_OUTPUTS_IN_FLIGHT) return true;
    if (this.#reports.inFlight() <= MAX_OUTPUTS_IN_FLIGHT) return false;
    return this.#feeds.reduce((sum, feed) => sum + feed.gathered, 0) >= MAX_GATHERED_RECORDS;
  }

  /** What was gathered is not kept for a broker that is less busy. */
  onClose(): void {
    for (const feed of this.#feeds) feed.tell();
  }

  /** Of markets that have told, or been silent about, something. */
  #eachCovered(
    coverage: Coverage,
    cover: (outputs: MarketOutputs, last: number, subject: string) => void,
  ): void {
    if (this.#outputs.size === 0) return;
    for (const [subject, { market, last }] of coverage) {
      const outputs = this.#outputs.get(market);
      if (outputs !== undefined) cover(outputs, last, subject);
    }
  }

  /** What goes out about a market. */
  outputsOf(market: Market): MarketOutputs {
    const found = this.#outputs.get(market.id);
    if (found !== undefined) return found;
    const parts = { ...this.#outputParts, generation: this.#generation };
    const outputs = new MarketOutputs(market, parts);
    this.#outputs.set(market.id, outputs);
    return outputs;
  }
}

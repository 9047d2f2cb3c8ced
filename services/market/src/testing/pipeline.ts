/**
 * The market's agents on one thread, with the naive engine and streams in memory: every turn of
 * `settle` is a turn of each agent, so tests need no clock and no sleep.
 */
import assert from 'node:assert/strict';
import { createNaiveEngine, type Engine, restoreNaiveEngine } from '@foldbook/engine';
import {
  type Command,
  decodeMessage,
  encodeCommands,
  encodeReply,
  RECORD_BYTES,
  type Role,
} from '@foldbook/protocol';
import {
  createLogger,
  createRing,
  ManualClock,
  RingConsumer,
  RingProducer,
  StreamError,
  type StreamWriter,
  type TroubleListener,
} from '@foldbook/runtime';
import type { AdmissionAnswer } from '../admission.ts';
import { Dispatcher } from '../dispatcher.ts';
import { type Coverage, DurableOutput } from '../durable-output.ts';
import type { OnAnswer } from '../event-feed.ts';
import { type CycleLimits, HostAgent } from '../host-agent.ts';
import type { PostedPassage } from '../host-thread.ts';
import { openMetrics, ServiceMetrics, ThreadMetrics } from '../market-metrics.ts';
import { type Home, type MovableEngine, Passages, passageOver } from '../market-move.ts';
import { type Market, MarketRegistry } from '../market-registry.ts';
import { Mover } from '../mover.ts';
import { Placement } from '../placement.ts';
import { Publisher } from '../publisher.ts';
import { ReceiptDesk, type ReceiptKey } from '../receipt-desk.ts';
import { COMMAND_RING_SLOTS, EVENT_RING_SLOTS } from '../ring-message.ts';
import { RingOutput } from '../ring-output.ts';
import { Sequencer, type SequencerLimits } from '../sequencer.ts';

export interface Sent {
  readonly subject: string;
  readonly payload: Uint8Array;
}

/** A stream that is durable when the test says so. */
export class MemoryWriter implements StreamWriter {
  readonly name: string;
  readonly records: Sent[] = [];
  readonly #waiting: (() => void)[] = [];
  #held = false;
  #trouble: TroubleListener | undefined;

  constructor(name: string) {
    this.name = name;
  }

  get lastSequence(): number {
    return this.records.length;
  }

  append(subject: string, payload: Uint8Array): Promise<number> {
    return new Promise((resolve) => {
      const commit = () => resolve(this.records.push({ subject, payload }));
      if (this.#held) this.#waiting.push(commit);
      else commit();
    });
  }

  inFlight(): number {
    return this.#waiting.length;
  }

  onTrouble(listener: TroubleListener): () => void {
    this.#trouble = listener;
    return () => {
      this.#trouble = undefined;
    };
  }

  /** Appends wait from now on, as they do while a broker is away. */
  stall(): void {
    this.#held = true;
    this.#trouble?.('stalled', 'held by the test');
  }

  recover(): void {
    this.#held = false;
    for (const commit of this.#waiting.splice(0)) commit();
    this.#trouble?.('recovered', 'let go by the test');
  }

  /** Another writer has the stream, as is found out by the way. */
  lose(): void {
    const error = new StreamError('STALE_WRITER', `another writer has appended to ${this.name}`);
    this.#trouble?.('failed', error.message, error);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

export const TEST_LIMITS: SequencerLimits = {
  maxPendingCommands: 4_096,
  maxPendingPerAccount: 4_096,
  cancelReservePercent: 0,
  maxLagMs: 3_600_000,
  breakerRefusals: 1_000_000,
  breakerRestMs: 1_000,
  maxGroupsInFlight: 2,
  maxGroupCommands: 8_191,
  epochRecords: 1_000_000,
  epochAgeMs: 86_400_000,
};

const movable = (engine: Engine): MovableEngine =>
  Object.assign(engine, { dismantle: () => false });

/** @param hasRoom - asked before each chunk, with how many there are */
const naiveHome = (hasRoom: (chunks: number) => boolean): Home => ({
  addMarket: () => movable(createNaiveEngine()),
  adopt: () => {
    const chunks: Uint8Array[] = [];
    return {
      get isWhole() {
        return isEnd(chunks.at(-1));
      },
      add: (chunk) => hasRoom(chunks.length) && chunks.push(chunk) > 0,
      step: () => movable(restoreNaiveEngine(chunks)),
      drop: () => chunks.pop() !== undefined,
    };
  },
});

const SNAPSHOT_END = 10;

/** The END of a snapshot is a chunk of its own. */
const isEnd = (chunk: Uint8Array | undefined) =>
  chunk?.byteLength === RECORD_BYTES && chunk[0] === SNAPSHOT_END;

export interface PipelineOptions {
  readonly limits?: Partial<SequencerLimits>;
  readonly maxMarkets?: number;
  /** What an earlier process wrote to the outputs. */
  readonly covered?: Coverage;
  /** Log sequence that this owner began with; default 0. */
  readonly barrier?: number;
  readonly log?: MemoryWriter;
  readonly live?: boolean;
  /** What receipts are signed with. */
  readonly receipts?: ReceiptKey;
  readonly hosts?: number;
  readonly cycle?: CycleLimits;
  /** Whether a host has memory for a chunk more of a market that comes. */
  readonly hasRoom?: (host: number, chunks: number) => boolean;
  /** Told of everything that goes out live, beside the lists kept here. */
  readonly onSent?: (message: Sent) => void;
}

export class Pipeline {
  readonly clock = new ManualClock(1_000_000_000n);
  readonly metricsBuffer: ArrayBufferLike;
  readonly metrics: ServiceMetrics;
  readonly markets: MarketRegistry;
  readonly log: MemoryWriter;
  readonly reports = new MemoryWriter('RPT_0');
  readonly diffs = new MemoryWriter('DIFF_0');
  readonly published: Sent[] = [];
  readonly replies: Sent[] = [];
  readonly received: string[] = [];
  onAnswer: OnAnswer = () => undefined;
  readonly logged: string[] = [];
  readonly desk: ReceiptDesk | undefined;
  readonly sequencer: Sequencer;
  readonly publisher: Publisher;
  readonly dispatcher: Dispatcher;
  readonly mover: Mover;
  readonly hosts: readonly HostAgent[];
  /** Ends of passages that hosts were given. */
  posted = 0;

  constructor(options: PipelineOptions = {}) {
    const count = options.hosts ?? 1;
    this.metricsBuffer = openMetrics(undefined, count, 0).buffer;
    this.metrics = new ServiceMetrics(this.metricsBuffer);
    const hosts = Array.from({ length: count }, (_, host) => this.#host(host, options));
    this.hosts = hosts.map(({ agent }) => agent);
    const nowNs = () => Number(this.clock.nowNs());
    this.dispatcher = new Dispatcher(hosts, nowNs);
    const logger = createLogger({
      service: 'test',
      level: 'info',
      write: (line) => this.logged.push(line),
    });
    const by = { by: 'round-robin', places: {}, rebalanceMs: 1_000 } as const;
    const placement = new Placement({ ...by, hosts: count }, nowNs());
    this.mover = new Mover({ dispatcher: this.dispatcher, placement, logger, nowNs });
    this.markets = new MarketRegistry(0, options.maxMarkets, (market) => {
      this.metrics.name(market);
      placement.place(market);
    });
    const fail = (error: Error) => assert.fail(error);
    const echo = (subject: string, payload: Uint8Array) => options.onSent?.({ subject, payload });
    this.log = options.log ?? new MemoryWriter('LOG_0');
    this.sequencer = new Sequencer({
      partition: 0,
      markets: this.markets,
      dispatcher: this.dispatcher,
      clock: this.clock,
      logger,
      metrics: this.metrics,
      limits: { ...TEST_LIMITS, ...options.limits },
      onReceived: (asker, logSequence) => {
        this.received.push(asker.replySubject);
        const payload = encodeReply(asker.encoding, logSequence, new Uint8Array(0));
        echo(asker.replySubject, payload);
      },
      onFailure: fail,
      wake: () => undefined,
    });
    const sendReply = (subject: string, payload: Uint8Array) => {
      this.replies.push({ subject, payload });
      echo(subject, payload);
    };
    const { receipts } = options;
    this.desk = receipts && new ReceiptDesk({ ...receipts, partition: 0, logger, sendReply });
    this.desk?.begin(7);
    const reports = new DurableOutput(echo, fail);
    const diffs = new DurableOutput(undefined, fail);
    const covered = options.covered ?? new Map();
    reports.cover(covered);
    diffs.cover(covered);
    reports.open(this.reports);
    diffs.open(this.diffs);
    this.sequencer.open(this.log, options.barrier ?? 0);
    this.publisher = new Publisher({
      receipts: this.desk,
      rings: hosts.map(({ events }) => events),
      markets: this.markets,
      reports,
      diffs,
      clock: this.clock,
      metrics: this.metrics,
      publish: (subject, payload) => {
        this.published.push({ subject, payload });
        echo(subject, payload);
      },
      sendReply,
      onExecuted: (market, group, commands, openRecords) =>
        this.sequencer.executed(market, group, commands, openRecords),
      onAnswer: (token, records, sequence) => this.onAnswer(token, records, sequence),
      onMoved: (market, end) => this.dispatcher.moved(market, end),
      onSnapshot: () => assert.fail('nothing writes a snapshot'),
    });
    this.publisher.begin(7);
    if (options.live !== false) this.publisher.goLive();
  }

  #host(host: number, options: PipelineOptions) {
    const { cycle = { records: 1_000_000, timeNs: 1e9 }, hasRoom = () => true } = options;
    const commands = createRing(COMMAND_RING_SLOTS);
    const events = createRing(EVENT_RING_SLOTS);
    const passages = new Passages();
    const agent = new HostAgent({
      commands: new RingConsumer(commands),
      output: new RingOutput(new RingProducer(events), () => {
        this.publisher.doWork();
        return true;
      }),
      home: naiveHome((chunks) => hasRoom(host, chunks)),
      metrics: new ThreadMetrics(this.metricsBuffer, host),
      cycle,
      passage: (to) => passages.to(to),
      yieldCore: () => undefined,
    });
    return {
      agent,
      commands: new RingProducer(commands),
      events: new RingConsumer(events),
      post: ({ host: to, port }: PostedPassage) => {
        this.posted += 1;
        passages.add(to, passageOver(port));
      },
    };
  }

  market(name: string): Market {
    const known = this.markets.byName(name);
    if (known !== undefined) return known;
    const market = this.markets.create(name);
    this.markets.add(market);
    return market;
  }

  /** As a message on the wire would be: `account` 0 is the operator. */
  submit(
    name: string,
    account: number,
    commands: readonly Command[],
    reply?: string,
  ): AdmissionAnswer {
    const role: Role = account === 0 ? 'operator' : 'client';
    const batch = decodeMessage(encodeCommands(commands), role, account);
    assert(batch.ok, 'the test sends well-formed commands');
    const asker =
      reply === undefined
        ? undefined
        : {
            encoding: 'binary' as const,
            replySubject: reply,
            account,
            whenReceived: false,
            wantsReceipt: false,
          };
    return this.sequencer.submit(this.market(name), batch.value, account, asker);
  }

  /** One turn of every agent; what they did. */
  turn(): number {
    let work = this.sequencer.doWork();
    for (const host of this.hosts) work += host.doWork();
    return work + this.publisher.doWork() + this.mover.doWork();
  }

  /** Turns of every agent until nothing moves any more. */
  async settle(): Promise<void> {
    for (let idle = 0; idle < 3; ) {
      idle = this.turn() === 0 ? idle + 1 : 0;
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }
}

/** Bytes without the header of a batch. */
export const recordsOf = (payload: Uint8Array) => payload.subarray(RECORD_BYTES);

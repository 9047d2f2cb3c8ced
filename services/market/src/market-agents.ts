/** The agents of a market service, and how each reaches the others. */
import { encodeReply, reportStream, settledSubject } from '@foldbook/protocol';
import {
  type Agent,
  AgentInvoker,
  answer,
  type Clock,
  currentThreadId,
  type Logger,
  type SnapshotStore,
  type StreamStore,
  systemTimers,
  type Timers,
  type Transport,
} from '@foldbook/runtime';
import { AnswerShare } from './answer-share.ts';
import { Checkpointer } from './checkpointer.ts';
import { ClientQueries } from './client-queries.ts';
import { CommandAdapter } from './command-adapter.ts';
import type { MarketConfig } from './config.ts';
import { Dispatcher, type DispatchTarget } from './dispatcher.ts';
import { DurableOutput } from './durable-output.ts';
import type { Asker } from './group-builder.ts';
import type { HostThread } from './host-thread.ts';
import { ServiceMetrics } from './market-metrics.ts';
import { MarketRegistry } from './market-registry.ts';
import { BookQueries } from './market-restore.ts';
import { Mover } from './mover.ts';
import type { OpenedHosts } from './open-hosts.ts';
import type { OwnedStreams } from './ownership.ts';
import { Placement } from './placement.ts';
import type { SendReply } from './private-output.ts';
import { Publisher } from './publisher.ts';
import { ReceiptDesk, type ReceiptKey } from './receipt-desk.ts';
import { RefusalLog } from './refusal-log.ts';
import { ReportReplay } from './report-replay.ts';
import { RequestAdapter } from './request-adapter.ts';
import { Sequencer } from './sequencer.ts';
import { SettledFeed } from './settled-feed.ts';
import type { SharedMemoryAdapter } from './shared-memory-adapter.ts';
import { TransferDoor } from './transfer-door.ts';
import { TransferOutbox } from './transfer-outbox.ts';

export interface Surroundings {
  readonly config: MarketConfig;
  readonly transport: Transport;
  readonly store: StreamStore;
  /** Where checkpoints are kept; none are without. */
  readonly snapshots?: SnapshotStore | undefined;
  /** What receipts are signed with; none are without. */
  readonly receipts?: ReceiptKey | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What shows others of the host that the service works. */
  readonly heartbeat?: Agent | undefined;
  /** Default: the system's. */
  readonly timers?: Timers | undefined;
}

export interface Opened {
  readonly hosts: OpenedHosts;
  /** Clients on the same host, past the broker. */
  readonly local: SharedMemoryAdapter | undefined;
  /** Told when the service can't go on. */
  readonly fail: (error: Error) => void;
}

export interface MarketAgents {
  /** Muted until `own`. */
  readonly reports: DurableOutput;
  readonly diffs: DurableOutput;
  readonly markets: MarketRegistry;
  readonly dispatcher: Dispatcher;
  readonly sequencer: Sequencer;
  readonly publisher: Publisher;
  readonly commands: CommandAdapter;
  readonly requests: RequestAdapter;
  readonly books: BookQueries;
  /** Undefined where no checkpoints are kept. */
  readonly checkpointer: Checkpointer | undefined;
  /** Drives those that work by themselves. */
  readonly invoker: AgentInvoker;
  /** The partition is this process's: what is executed from here on is told. */
  own(streams: OwnedStreams): void;
}

export function wireAgents(parts: Surroundings, { hosts, local, fail }: Opened): MarketAgents {
  const { config, transport, clock, logger, timers = systemTimers } = parts;
  const { partition } = config;
  const { threads, inline, cores, shown } = hosts;
  const metrics = new ServiceMetrics(shown.buffer, timers);
  local?.observe(metrics.local);
  metrics.serviceThreadId.set(currentThreadId() ?? 0);
  const { nowNs } = metrics;
  const placing = { ...config, hosts: threads.length, by: config.placement };
  const placement = new Placement(placing, nowNs());
  const markets = new MarketRegistry(partition, config.maxMarkets, (market) => {
    metrics.name(market);
    placement.place(market);
    outbox.watch(market);
  });
  const dispatcher = new Dispatcher(threads.map(targetOf), nowNs);
  const mover = new Mover({ dispatcher, placement, logger, nowNs });
  const sequencer = new Sequencer({
    ...{ partition, markets, dispatcher, clock, logger, metrics },
    limits: config,
    onReceived: answerReceivedOn(transport),
    onFailure: fail,
    wake: () => invoker.wake(),
  });
  const { reports, diffs } = outputsOf(parts, local, fail);
  const wake = () => invoker.wake();
  const outbox = new TransferOutbox({ partition, transport, sequencer, logger, timers, wake });
  const desk = openDesk(parts);
  const publisher = new Publisher({
    ...{ markets, clock, metrics, reports, diffs },
    rings: threads.map(({ events }) => events),
    publish: (subject, payload) => transport.publish(subject, payload),
    sendReply: (subject, payload) => answer(transport, subject, payload),
    receipts: desk,
    onExecuted: (market, group, commands, openRecords) =>
      sequencer.executed(market, group, commands, openRecords),
    onAnswer: (token, records, sequence) => {
      if (!books.answered(token, records)) queries.answered(token, records, sequence);
    },
    onSnapshot: (market) => checkpointer?.begun(market),
    onMoved: (market, end) => dispatcher.moved(market, end),
  });
  const books = new BookQueries(dispatcher);
  const queries = new ClientQueries({ transport, dispatcher, publisher, sequencer });
  const pipe = { markets, dispatcher, sequencer, publisher, reports, diffs };
  const checkpointer = keepCheckpoints(parts, pipe);
  inline?.connect(publisher);
  const inside = { ...pipe, queries, outbox, desk, mover, metrics, cores };
  const { commands, requests } = openDoors(parts, inside);
  const settled = tellSettled(parts, pipe);
  // What clients of shared memory sent reaches the sequencer in the same turn.
  const all = [local, sequencer, inline, publisher, settled, mover, outbox, checkpointer];
  const driven = [...all, parts.heartbeat].filter((agent) => agent !== undefined);
  const spin = config.sharedMemory?.spin === true;
  const invoker = new AgentInvoker(driven, { onError: fail, spin, timers });
  const own = (streams: OwnedStreams) => {
    reports.cover(streams.reports.coverage);
    diffs.cover(streams.diffs.coverage);
    publisher.begin(streams.term, streams.reports.coverage, streams.diffs.coverage);
    desk?.begin(streams.term);
    reports.open(streams.reports.writer);
    diffs.open(streams.diffs.writer);
    sequencer.open(streams.log, streams.barrier);
  };
  return { ...pipe, commands, requests, books, checkpointer, invoker, own };
}

/** What a command passes through, from the log to the outputs. */
type Pipe = Pick<
  MarketAgents,
  'markets' | 'dispatcher' | 'sequencer' | 'publisher' | 'reports' | 'diffs'
>;

/** What the ways in tell of, and ask whether there is room. */
interface Inside extends Pipe {
  readonly queries: ClientQueries;
  readonly outbox: TransferOutbox;
  readonly desk: ReceiptDesk | undefined;
  readonly mover: Mover;
  readonly metrics: ServiceMetrics;
  readonly cores: OpenedHosts['cores'];
}

/** Where commands and questions come in. */
function openDoors(parts: Surroundings, inside: Inside) {
  const { config, transport, store, clock, logger, receipts } = parts;
  const { partition } = config;
  const { markets, sequencer, queries, publisher, outbox, desk, mover, metrics, cores } = inside;
  const reports = new ReportReplay(store.reader(reportStream(partition)), (error) =>
    logger.warn("reports can't be read again", { detail: String(error) }),
  );
  const facts = { durability: store.durability, cores, partition, receipts };
  const sources = { publisher, reports, share: new AnswerShare(clock), queries, mover };
  const requests = new RequestAdapter(transport, markets, sequencer, sources, facts);
  const refusals = new RefusalLog(clock, logger);
  const observers = { refusals, metrics, logger, transfers: new TransferDoor(transport, outbox) };
  const commands = new CommandAdapter(transport, markets, sequencer, observers, desk);
  return { commands, requests };
}

/** Undefined where there is no place for checkpoints. */
function keepCheckpoints(parts: Surroundings, pipe: Pipe): Checkpointer | undefined {
  const { config, snapshots, logger, timers = systemTimers } = parts;
  const { markets, dispatcher, publisher, reports, diffs } = pipe;
  if (snapshots === undefined) return undefined;
  return new Checkpointer({
    ...{ markets, dispatcher, reports, diffs, logger, timers },
    partition: config.partition,
    store: snapshots,
    outputsOf: (market) => publisher.outputsOf(market),
    term: () => publisher.generation,
    everyCommands: config.snapshots.everyCommands,
  });
}

/** What standbys hear of how far the outputs are durable. */
function tellSettled(parts: Surroundings, pipe: Pipe): SettledFeed {
  const { config, transport, timers = systemTimers } = parts;
  const { markets, reports, diffs, sequencer, publisher } = pipe;
  return new SettledFeed({
    ...{ markets, reports, diffs, timers },
    delivered: () => sequencer.delivered,
    term: () => publisher.generation,
    tell: (payload) => transport.publish(settledSubject(config.partition), payload),
  });
}

const targetOf = ({ commands, worker: { post, openWay } }: HostThread): DispatchTarget => ({
  ...{ commands, post, openWay },
});

/** The durable outputs, and who hears of them at once where the store itself delivers to nobody. */
function outputsOf(
  { config, transport }: Surroundings,
  local: SharedMemoryAdapter | undefined,
  fail: (error: Error) => void,
) {
  // Segment files have no subscribers of their own; a broker's streams do, shared memory not.
  const echo =
    config.broker.kind !== 'nats'
      ? (subject: string, payload: Uint8Array) => transport.publish(subject, payload)
      : local && ((subject: string, payload: Uint8Array) => void local.publish(subject, payload));
  return { reports: new DurableOutput(echo, fail), diffs: new DurableOutput(echo, fail) };
}

/** Undefined where the node signs no receipts. It signs none before the partition is its own. */
function openDesk({ config, transport, logger, receipts }: Surroundings): ReceiptDesk | undefined {
  const sendReply: SendReply = (subject, payload) => answer(transport, subject, payload);
  const { partition } = config;
  return receipts && new ReceiptDesk({ ...receipts, partition, logger, sendReply });
}

const NO_EVENTS: Uint8Array = new Uint8Array(0);

/** Everybody who asked about a group is told the same. */
function answerReceivedOn(transport: Transport) {
  let last = { encoding: '', logSequence: 0, payload: NO_EVENTS };
  return ({ encoding, replySubject }: Asker, logSequence: number): void => {
    if (last.logSequence !== logSequence || last.encoding !== encoding) {
      last = { encoding, logSequence, payload: encodeReply(encoding, logSequence, NO_EVENTS) };
    }
    answer(transport, replySubject, last.payload);
  };
}

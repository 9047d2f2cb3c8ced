/** The agents of a market service, and how each reaches the others. */
import { encodeReply, reportStream } from '@foldbook/protocol';
import {
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
import { CommandAdapter } from './command-adapter.ts';
import type { MarketConfig } from './config.ts';
import { Dispatcher } from './dispatcher.ts';
import type { Asker } from './group-builder.ts';
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
import type { SharedMemoryAdapter } from './shared-memory-adapter.ts';

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
  /** Default: the system's. */
  readonly timers?: Timers | undefined;
}

export interface Opened {
  readonly streams: OwnedStreams;
  readonly hosts: OpenedHosts;
  /** Clients on the same host, past the broker. */
  readonly local: SharedMemoryAdapter | undefined;
  /** Told when the service can't go on. */
  readonly fail: (error: Error) => void;
}

export interface MarketAgents {
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
}

export function wireAgents(
  parts: Surroundings,
  { streams, hosts, local, fail }: Opened,
): MarketAgents {
  const { config, transport, store, clock, logger, timers = systemTimers } = parts;
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
  });
  const targets = threads.map(({ commands, worker }) => ({ commands, post: worker.post }));
  const dispatcher = new Dispatcher(targets, nowNs);
  const mover = new Mover({ dispatcher, placement, logger, nowNs });
  const sequencer = new Sequencer({
    ...{ partition, markets, dispatcher, clock, logger, metrics },
    log: streams.log,
    limits: config,
    onReceived: (asker, logSequence) => answerReceived(transport, asker, logSequence),
    onFailure: fail,
    wake: () => invoker.wake(),
  });
  const desk = openDesk(parts, streams.term);
  const publisher = new Publisher({
    ...{
      markets,
      generation: streams.term,
      clock,
      metrics,
      reports: streams.reports,
      diffs: streams.diffs,
    },
    rings: threads.map(({ events }) => events),
    publish: (subject, payload) => transport.publish(subject, payload),
    sendReply: (subject, payload) => answer(transport, subject, payload),
    receipts: desk,
    onExecuted: (market, group, commands, openRecords) =>
      sequencer.executed(market, group, commands, openRecords),
    onAnswer: (token, records, sequence) => {
      if (!books.answered(token, records)) requests.answered(token, records, sequence);
    },
    onSnapshot: (market) => checkpointer?.begun(market),
    onMoved: (market, end) => dispatcher.moved(market, end),
  });
  const books = new BookQueries(dispatcher);
  const { reports, diffs, term } = streams;
  const checkpointer =
    parts.snapshots &&
    new Checkpointer({
      ...{ partition, markets, dispatcher, reports, diffs, logger },
      store: parts.snapshots,
      outputsOf: (market) => publisher.outputsOf(market),
      everyCommands: config.snapshots.everyCommands,
    });
  inline?.connect(publisher);
  const replay = new ReportReplay(store.reader(reportStream(partition)), (error) =>
    logger.warn("reports can't be read again", { detail: String(error) }),
  );
  const facts = { durability: store.durability, cores, term, partition, receipts: parts.receipts };
  const share = new AnswerShare(clock);
  const readers = { publisher, reports: replay, share, dispatcher, mover };
  const requests = new RequestAdapter(transport, markets, sequencer, readers, facts);
  const observers = { refusals: new RefusalLog(clock, logger), metrics, logger };
  const commands = new CommandAdapter(transport, markets, sequencer, observers, desk);
  // What clients of shared memory sent reaches the sequencer in the same turn.
  const input = local === undefined ? [] : [local];
  const matching = inline === undefined ? [] : [inline];
  const last = checkpointer === undefined ? [] : [checkpointer];
  const driven = [...input, sequencer, ...matching, publisher, mover, ...last];
  const spin = config.sharedMemory?.spin === true;
  const invoker = new AgentInvoker(driven, { onError: fail, spin, timers });
  const adapters = { commands, requests };
  return { markets, dispatcher, sequencer, publisher, ...adapters, books, checkpointer, invoker };
}

function openDesk(parts: Surroundings, term: number): ReceiptDesk | undefined {
  const { config, logger, receipts, transport } = parts;
  const sendReply: SendReply = (subject, payload) => answer(transport, subject, payload);
  const { partition } = config;
  return receipts && new ReceiptDesk({ ...receipts, partition, term, logger, sendReply });
}

function answerReceived(transport: Transport, asker: Asker, logSequence: number): void {
  const none = new Uint8Array(0);
  answer(transport, asker.replySubject, encodeReply(asker.encoding, logSequence, none));
}

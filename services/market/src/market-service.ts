/** The market service put together: recovery first, then the doors are opened. */
import { diffStream, encodeReply, logStream, reportStream } from '@foldbook/protocol';
import {
  AgentInvoker,
  answer,
  type Clock,
  type Logger,
  type StreamStore,
  type StreamWriter,
  type Transport,
} from '@foldbook/runtime';
import { CommandAdapter } from './command-adapter.ts';
import { commandFilters } from './command-filter.ts';
import type { MarketConfig } from './config.ts';
import { coveredSequences, DurableOutput } from './durable-output.ts';
import type { Asker } from './group-builder.ts';
import { MarketRegistry } from './market-registry.ts';
import { startMarketThread } from './market-thread.ts';
import { Publisher } from './publisher.ts';
import { type Recovered, recover } from './recovery.ts';
import { ReportReplay } from './report-replay.ts';
import { RequestAdapter } from './request-adapter.ts';
import { Sequencer } from './sequencer.ts';

/** How long `stop` waits for what was admitted, ms. */
const STOP_PATIENCE_MS = 10_000;

export interface MarketServiceParts {
  readonly config: MarketConfig;
  readonly transport: Transport;
  readonly store: StreamStore;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface MarketService {
  /** What was read back from the log at start. */
  readonly recovered: Recovered;
  readonly core: number | undefined;
  /** Resolves if the service can't go on: another owner, a dead thread, a broken store. */
  readonly failed: Promise<Error>;
  /** Refuses new commands, lets admitted ones finish, closes the streams and the thread. */
  stop(): Promise<void>;
}

export async function startMarketService(parts: MarketServiceParts): Promise<MarketService> {
  const { config, transport, store, clock, logger } = parts;
  const { partition } = config;
  const failure = Promise.withResolvers<Error>();
  const markets = new MarketRegistry();
  const streams = await openStreams(parts, failure.resolve);
  const thread = await startMarketThread(config);
  thread.worker.failed.then(failure.resolve);
  logger.info('market thread started', {
    core: thread.worker.core,
    pinned: thread.worker.pinned,
    threadId: thread.worker.threadId,
  });

  const wake = () => invoker.wake();
  const sequencer = new Sequencer({
    partition,
    markets,
    log: streams.log,
    ring: thread.commands,
    clock,
    logger,
    limits: config,
    onReceived: (asker, logSequence) => answerReceived(transport, asker, logSequence),
    onFailure: failure.resolve,
    wake,
  });
  const generation = Number(clock.nowNs() / 1_000_000_000n);
  const publisher = new Publisher({
    ring: thread.events,
    markets,
    reports: streams.reports,
    diffs: streams.diffs,
    generation,
    publish: (subject, payload) => transport.publish(subject, payload),
    sendReply: (subject, payload) => answer(transport, subject, payload),
    onExecuted: (market, commands, openRecords, closesEpoch) =>
      sequencer.executed(market, commands, openRecords, closesEpoch),
    onAnswer: (token, records, sequence) => requests.answered(token, records, sequence),
  });
  const replay = new ReportReplay(store.reader(reportStream(partition)), (error) =>
    logger.warn("reports can't be read again", { detail: String(error) }),
  );
  const requests = new RequestAdapter(transport, markets, sequencer, publisher, replay, {
    durability: store.durability,
    core: thread.worker.pinned ? thread.worker.core : undefined,
    generation,
    partition,
  });
  const commands = new CommandAdapter(transport, markets, sequencer, logger);
  const invoker = new AgentInvoker([sequencer, publisher], { onError: failure.resolve });

  const records = store.reader(logStream(partition)).read({ fromSequence: 1, follow: false });
  const recovered = await recover(records, markets, sequencer, publisher);
  publisher.goLive();
  invoker.start();
  commands.open(commandFilters(partition), failure.resolve);
  requests.open(failure.resolve);
  await transport.flush();

  const stop = async () => {
    commands.close();
    await transport.flush().catch(() => undefined);
    await settled(sequencer);
    requests.close();
    await invoker.stop();
    await streams.close();
    await thread.worker.stop();
  };
  return {
    recovered,
    core: thread.worker.pinned ? thread.worker.core : undefined,
    failed: failure.promise,
    stop,
  };
}

interface Streams {
  readonly log: StreamWriter;
  readonly reports: DurableOutput;
  readonly diffs: DurableOutput;
  close(): Promise<void>;
}

/** Opens the partition's log and its two durable outputs for writing. */
async function openStreams(
  parts: MarketServiceParts,
  fail: (error: Error) => void,
): Promise<Streams> {
  const { config, store, transport } = parts;
  const { partition } = config;
  // Segment files have no subscribers of their own; a broker's streams do.
  const echo =
    config.broker.kind === 'embedded'
      ? (subject: string, payload: Uint8Array) => transport.publish(subject, payload)
      : undefined;
  const log = await store.writer(logStream(partition), [`log.${partition}.*`]);
  const writers = [log];
  const openOutput = async (name: string, filter: string) => {
    const writer = await store.writer(name, [filter]);
    writers.push(writer);
    const covered = await coveredSequences(store.reader(name), filter);
    return new DurableOutput(writer, covered, echo, fail);
  };
  return {
    log,
    reports: await openOutput(reportStream(partition), 'rpt.*.*'),
    diffs: await openOutput(diffStream(partition), 'diff.*'),
    close: async () => {
      await Promise.all(writers.map((writer) => writer.close()));
    },
  };
}

/** Returns when everything admitted has executed, or the patience has run out. */
async function settled(sequencer: Sequencer): Promise<void> {
  const deadlineMs = performance.now() + STOP_PATIENCE_MS;
  while (sequencer.pending > 0 && performance.now() < deadlineMs) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

function answerReceived(transport: Transport, asker: Asker, logSequence: number): void {
  const none = new Uint8Array(0);
  answer(transport, asker.replySubject, encodeReply(asker.encoding, logSequence, none));
}

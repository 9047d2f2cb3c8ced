/** The market service put together: recovery first, then the doors are opened. */
import { setTimeout as delay } from 'node:timers/promises';
import {
  BatchKind,
  diffStream,
  encodeReply,
  logStream,
  MAX_MESSAGE_BYTES,
  reportStream,
} from '@foldbook/protocol';
import {
  AgentInvoker,
  answer,
  type Clock,
  type Logger,
  type StreamStore,
  type StreamWriter,
  type Transport,
} from '@foldbook/runtime';
import { AnswerShare } from './answer-share.ts';
import { BridgedTransport } from './bridged-transport.ts';
import { CommandAdapter } from './command-adapter.ts';
import { commandFilters } from './command-filter.ts';
import type { MarketConfig } from './config.ts';
import { DurableOutput, readCoverage } from './durable-output.ts';
import type { Asker } from './group-builder.ts';
import { MarketRegistry } from './market-registry.ts';
import { type MarketThread, startMarketThread } from './market-thread.ts';
import { Publisher } from './publisher.ts';
import { type Recovered, type RecoveryParts, recover } from './recovery.ts';
import { RefusalLog } from './refusal-log.ts';
import { ReportReplay } from './report-replay.ts';
import { RequestAdapter } from './request-adapter.ts';
import { Sequencer } from './sequencer.ts';
import { SharedMemoryAdapter } from './shared-memory-adapter.ts';

/**
 * What `stop` waits for may never come. With the broker it has so long for all of its steps, ms;
 * without, nothing can be finished, and the log is read again at the next start.
 */
const STOP_PATIENCE_MS = 10_000;
const STOP_PATIENCE_WITHOUT_BROKER_MS = 500;

export interface MarketServiceParts {
  readonly config: MarketConfig;
  readonly transport: Transport;
  readonly store: StreamStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Another thread for tests of its failures. */
  readonly startThread?: typeof startMarketThread;
}

export interface MarketService {
  /** What was read back from the log at start. */
  readonly recovered: Recovered;
  readonly core: number | undefined;
  /** Resolves if the service can't go on: another owner, a dead thread, a broken store. */
  readonly failed: Promise<Error>;
  /**
   * Refuses new commands, lets admitted ones finish, closes the streams and the thread. Resolves
   * after a while even if a broker never answers, having warned of what it did not wait for.
   */
  stop(): Promise<void>;
}

export async function startMarketService(parts: MarketServiceParts): Promise<MarketService> {
  const { config, logger } = parts;
  const { sharedMemory } = config;
  if (sharedMemory === undefined) return start(parts);
  const options = { ...sharedMemory, maxFrameBytes: MAX_MESSAGE_BYTES + 4_096 };
  const local = new SharedMemoryAdapter(options, logger);
  try {
    const transport = new BridgedTransport(parts.transport, local);
    return await start({ ...parts, transport }, local);
  } catch (error) {
    local.onClose();
    throw error;
  }
}

async function start(
  parts: MarketServiceParts,
  local?: SharedMemoryAdapter,
): Promise<MarketService> {
  const { config, transport, store, clock, logger } = parts;
  const { partition } = config;
  const failure = Promise.withResolvers<Error>();
  const markets = new MarketRegistry(config.maxMarkets);
  const streams = await openStreams(parts, local, failure.resolve);
  const thread = await startThread(parts, failure.resolve);
  const core = thread.worker.pinned ? thread.worker.core : undefined;
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
    wake: () => invoker.wake(),
  });
  const generation = Number(clock.nowNs() / 1_000_000_000n);
  const publisher = new Publisher({
    ring: thread.events,
    markets,
    reports: streams.reports,
    diffs: streams.diffs,
    generation,
    clock,
    publish: (subject, payload) => transport.publish(subject, payload),
    sendReply: (subject, payload) => answer(transport, subject, payload),
    onExecuted: (market, group, commands, openRecords) =>
      sequencer.executed(market, group, commands, openRecords),
    onAnswer: (token, records, sequence) => requests.answered(token, records, sequence),
  });
  const replay = new ReportReplay(store.reader(reportStream(partition)), (error) =>
    logger.warn("reports can't be read again", { detail: String(error) }),
  );
  const facts = { durability: store.durability, core, generation, partition };
  const share = new AnswerShare(clock);
  const readers = { publisher, reports: replay, share };
  const requests = new RequestAdapter(transport, markets, sequencer, readers, facts);
  const refusals = new RefusalLog(clock, logger);
  const commands = new CommandAdapter(transport, markets, sequencer, refusals, logger);
  // What clients of shared memory sent reaches the sequencer in the same turn.
  const agents = [...(local === undefined ? [] : [local]), sequencer, publisher];
  const spin = config.sharedMemory?.spin === true;
  const invoker = new AgentInvoker(agents, { onError: failure.resolve, spin });

  const running = { transport, sequencer, commands, requests, invoker, streams, thread, logger };
  let recovered: Recovered;
  try {
    recovered = await recoverFromLog(parts, failure.promise, { markets, sequencer, publisher });
    streams.reports.check(markets);
    streams.diffs.check(markets);
  } catch (error) {
    await close(running, STOP_PATIENCE_WITHOUT_BROKER_MS);
    throw error;
  }
  publisher.goLive();
  invoker.start();
  commands.open(commandFilters(partition), failure.resolve);
  requests.open(failure.resolve);
  await transport.flush();
  return { recovered, core, failed: failure.promise, stop: () => stop(running) };
}

/** All that has to be ended. */
interface Running {
  readonly transport: Transport;
  readonly sequencer: Sequencer;
  readonly commands: CommandAdapter;
  readonly requests: RequestAdapter;
  readonly invoker: AgentInvoker;
  readonly streams: Streams;
  readonly thread: MarketThread;
  readonly logger: Logger;
}

async function stop(running: Running): Promise<void> {
  const { transport, sequencer, commands, requests, invoker, logger } = running;
  const isConnected = transport.status() === 'connected';
  const patienceMs = isConnected ? STOP_PATIENCE_MS : STOP_PATIENCE_WITHOUT_BROKER_MS;
  const deadlineMs = performance.now() + patienceMs;
  const leftMs = () => Math.max(0, deadlineMs - performance.now());
  commands.close();
  await within(transport.flush(), leftMs());
  await settled(sequencer, deadlineMs);
  const { pending } = sequencer;
  if (pending > 0) {
    logger.warn('did not wait for all commands; the next start runs those logged', { pending });
  }
  requests.close();
  await invoker.stop();
  await close(running, leftMs());
}

/** Closes the streams, as far as a broker lets them be closed in time, and ends the thread. */
async function close({ streams, thread, logger }: Running, patienceMs: number): Promise<void> {
  if (!(await within(streams.close(), patienceMs))) {
    logger.warn('did not wait for all reports to be stored; the next start writes them again');
  }
  await thread.worker.stop();
}

async function startThread(
  { config, logger, startThread: startOne = startMarketThread }: MarketServiceParts,
  fail: (error: Error) => void,
): Promise<MarketThread> {
  const thread = await startOne(config);
  const { core, pinned, threadId, failed } = thread.worker;
  failed.then(fail);
  logger.info('market thread started', { core, pinned, threadId });
  return thread;
}

/** Reads the log again, and gives up once the service has failed: a dead thread never answers. */
async function recoverFromLog(
  { store, config }: MarketServiceParts,
  failed: Promise<Error>,
  agents: Pick<RecoveryParts, 'markets' | 'sequencer' | 'publisher'>,
): Promise<Recovered> {
  const halt = new AbortController();
  failed.then((error) => halt.abort(error));
  const { signal } = halt;
  const log = store.reader(logStream(config.partition));
  const records = log.read({ fromSequence: 1, follow: false, signal });
  return recover({ ...agents, records, signal });
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
  local: SharedMemoryAdapter | undefined,
  fail: (error: Error) => void,
): Promise<Streams> {
  const { config, store, transport } = parts;
  const { partition } = config;
  // Segment files have no subscribers of their own; a broker's streams do, shared memory not.
  const echo =
    config.broker.kind !== 'nats'
      ? (subject: string, payload: Uint8Array) => transport.publish(subject, payload)
      : local && ((subject: string, payload: Uint8Array) => void local.publish(subject, payload));
  const log = await store.writer(logStream(partition), [`log.${partition}.*`]);
  const writers = [log];
  const close = async () => {
    await Promise.all(writers.map((writer) => writer.close()));
  };
  const openOutput = async (stream: string, filter: string, kind: BatchKind) => {
    const writer = await store.writer(stream, [filter]);
    writers.push(writer);
    const reader = store.reader(stream);
    const coverage = await readCoverage({ stream, reader, filter, kind });
    return new DurableOutput(writer, coverage, echo, fail);
  };
  try {
    const reports = await openOutput(reportStream(partition), 'rpt.*.*', BatchKind.REPORTS);
    const diffs = await openOutput(diffStream(partition), 'diff.*', BatchKind.DIFF);
    return { log, reports, diffs, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** False when `work` was not done in time; work that failed is done. */
async function within(work: Promise<void>, patienceMs: number): Promise<boolean> {
  const given = new AbortController();
  const late = delay(patienceMs, false, { signal: given.signal }).catch(() => false);
  const done = work.then(
    () => true,
    () => true,
  );
  const isDone = await Promise.race([done, late]);
  given.abort();
  return isDone;
}

/** Returns when everything admitted has executed, or the time has come. */
async function settled(sequencer: Sequencer, deadlineMs: number): Promise<void> {
  while (sequencer.pending > 0 && performance.now() < deadlineMs) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

function answerReceived(transport: Transport, asker: Asker, logSequence: number): void {
  const none = new Uint8Array(0);
  answer(transport, asker.replySubject, encodeReply(asker.encoding, logSequence, none));
}

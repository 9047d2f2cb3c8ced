/** The market service put together: recovery first, then the doors are opened. */
import { logStream, MAX_MESSAGE_BYTES } from '@foldbook/protocol';
import {
  cancelTimer,
  type Logger,
  monotonicMs,
  nextTurn,
  systemTimers,
  type Timers,
  type Transport,
} from '@foldbook/runtime';
import { BridgedTransport } from './bridged-transport.ts';
import { commandFilters } from './command-filter.ts';
import { type MarketAgents, type Surroundings, wireAgents } from './market-agents.ts';
import { restoreMarkets } from './market-restore.ts';
import { type HostParts, type OpenedHosts, openHosts } from './open-hosts.ts';
import { tellOwner } from './owner-notice.ts';
import { type OwnedStreams, takeOwnership } from './ownership.ts';
import { type Recovered, type RecoveryParts, recover } from './recovery.ts';
import type { Sequencer } from './sequencer.ts';
import { SharedMemoryAdapter } from './shared-memory-adapter.ts';

/**
 * What `stop` waits for may never come. With the broker it has so long for all of its steps, ms;
 * without, nothing can be finished, and the log is read again at the next start.
 */
const STOP_PATIENCE_MS = 10_000;
const STOP_PATIENCE_WITHOUT_BROKER_MS = 500;

/** Another thread for tests of its failures. */
export type MarketServiceParts = Surroundings & Pick<HostParts, 'startThread'>;

export interface MarketService {
  /** What was read back from the log at start. */
  readonly recovered: Recovered;
  /** Of each host, where it is pinned to one. */
  readonly cores: readonly (number | undefined)[];
  /** Resolves if the service can't go on: another owner, a dead thread, a broken store. */
  readonly failed: Promise<Error>;
  /**
   * Refuses new commands, lets admitted ones finish, closes the streams and the thread. Resolves
   * after a while even if a broker never answers, having warned of what it did not wait for.
   */
  stop(): Promise<void>;
}

export async function startMarketService(parts: MarketServiceParts): Promise<MarketService> {
  const { config, logger, timers } = parts;
  const { sharedMemory } = config;
  if (sharedMemory === undefined) return start(parts);
  const options = { ...sharedMemory, maxFrameBytes: MAX_MESSAGE_BYTES + 4_096 };
  const local = new SharedMemoryAdapter(options, logger, timers);
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
  const { config, transport } = parts;
  const failure = Promise.withResolvers<Error>();
  // The log first: who has that is the one who may show a market here.
  const streams = await openStreams(parts, local, failure.resolve);
  const hosts = await openHosts(parts, failure.resolve).catch(async (error) => {
    await streams.close();
    throw error;
  });
  const agents = wireAgents(parts, { streams, hosts, local, fail: failure.resolve });
  const { markets, publisher, commands, requests, invoker } = agents;
  const { timers = systemTimers } = parts;
  const running: Running = { ...parts, timers, agents, streams, hosts };
  let recovered: Recovered;
  try {
    const host = hosts.inline;
    recovered = await recoverFromLog(parts, streams, failure.promise, { ...agents, host });
    streams.reports.check(markets);
    streams.diffs.check(markets);
  } catch (error) {
    await close(running, STOP_PATIENCE_WITHOUT_BROKER_MS);
    throw error;
  }
  publisher.goLive();
  invoker.start();
  commands.open(commandFilters(config.partition), failure.resolve);
  requests.open(failure.resolve);
  await transport.flush();
  tellOwner(transport, markets.all(), streams.term);
  const { cores } = hosts;
  return { recovered, cores, failed: failure.promise, stop: () => stop(running) };
}

/** All that has to be ended. */
interface Running {
  readonly timers: Timers;
  readonly transport: Transport;
  readonly logger: Logger;
  readonly agents: MarketAgents;
  readonly streams: OwnedStreams;
  readonly hosts: OpenedHosts;
}

async function stop(running: Running): Promise<void> {
  const { transport, logger, timers } = running;
  const { sequencer, commands, requests, invoker } = running.agents;
  const isConnected = transport.status() === 'connected';
  const patienceMs = isConnected ? STOP_PATIENCE_MS : STOP_PATIENCE_WITHOUT_BROKER_MS;
  const deadlineMs = monotonicMs(timers) + patienceMs;
  const leftMs = () => Math.max(0, deadlineMs - monotonicMs(timers));
  commands.close();
  await within(timers, transport.flush(), leftMs());
  await settled(timers, sequencer, deadlineMs);
  const { pending } = sequencer;
  if (pending > 0) {
    logger.warn('did not wait for all commands; the next start runs those logged', { pending });
  }
  requests.close();
  await invoker.stop();
  await close(running, leftMs());
}

/** Closes the streams, as far as a broker lets them be closed in time, and ends the thread. */
async function close(running: Running, patienceMs: number): Promise<void> {
  const { timers, streams, logger, hosts } = running;
  if (!(await within(timers, streams.close(), patienceMs))) {
    logger.warn('did not wait for all reports to be stored; the next start writes them again');
  }
  await Promise.all(hosts.threads.map(({ worker }) => worker.stop()));
  hosts.shown.remove();
}

/** Reads the log again, and gives up once the service has failed: a dead thread never answers. */
async function recoverFromLog(
  parts: MarketServiceParts,
  streams: OwnedStreams,
  failed: Promise<Error>,
  agents: MarketAgents & Pick<RecoveryParts, 'host'>,
): Promise<Recovered> {
  const { store, snapshots, config, clock, logger, timers } = parts;
  const { partition } = config;
  const halt = new AbortController();
  failed.then((error) => halt.abort(error));
  const { signal } = halt;
  const log = store.reader(logStream(partition));
  const { ends } = streams;
  const fromSequence =
    snapshots === undefined
      ? 1
      : await restoreMarkets({
          ...{ ...agents, store: snapshots, log, partition, clock, timers, logger, signal, ends },
          onRestored: (market, facts) => agents.checkpointer?.restored(market, facts),
        });
  const records = log.read({ fromSequence, follow: false, signal });
  return recover({ ...agents, records, signal, timers });
}

/** Opens the partition's log and its two durable outputs for writing. */
function openStreams(
  parts: MarketServiceParts,
  local: SharedMemoryAdapter | undefined,
  onFailure: (error: Error) => void,
): Promise<OwnedStreams> {
  const { config, transport } = parts;
  // Segment files have no subscribers of their own; a broker's streams do, shared memory not.
  const echo =
    config.broker.kind !== 'nats'
      ? (subject: string, payload: Uint8Array) => transport.publish(subject, payload)
      : local && ((subject: string, payload: Uint8Array) => void local.publish(subject, payload));
  const { partition, node } = config;
  return takeOwnership({ ...parts, partition, node, echo, onFailure });
}

/** False when `work` was not done in time; work that failed is done. */
async function within(timers: Timers, work: Promise<void>, patienceMs: number): Promise<boolean> {
  const late = Promise.withResolvers<false>();
  const timer = timers.after(patienceMs, () => late.resolve(false));
  const done = work.then(
    () => true,
    () => true,
  );
  const isDone = await Promise.race([done, late.promise]);
  cancelTimer(timer);
  return isDone;
}

/** Returns when everything admitted has executed, or the time has come. */
async function settled(timers: Timers, sequencer: Sequencer, deadlineMs: number): Promise<void> {
  while (sequencer.pending > 0 && monotonicMs(timers) < deadlineMs) {
    await nextTurn(timers);
  }
}

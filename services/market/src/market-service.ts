/** The market service put together: recovery first, then the doors are opened. */
import { MAX_MESSAGE_BYTES } from '@foldbook/protocol';
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
import { type MarketAgents, type Surroundings, wireAgents } from './market-agents.ts';
import { type RestoreParts, restoreMarkets } from './market-restore.ts';
import { type HostParts, type OpenedHosts, openHosts } from './open-hosts.ts';
import { tellOwner } from './owner-notice.ts';
import {
  barriersBefore,
  checkOutputs,
  type OwnedStreams,
  streamsOf,
  takeOwnership,
} from './ownership.ts';
import { PartitionDoor } from './partition-door.ts';
import { type Recovered, recover } from './recovery.ts';
import type { Sequencer } from './sequencer.ts';
import { SharedMemoryAdapter } from './shared-memory-adapter.ts';

/**
 * What `stop` waits for may never come. With the broker it has so long for all of its steps, ms;
 * without, nothing can be finished, and the log is read again at the next start.
 */
const STOP_PATIENCE_MS = 10_000;
export const STOP_PATIENCE_WITHOUT_BROKER_MS = 500;

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

/**
 * Makes the partition its own, executes what its log holds, and serves it.
 * @throws StreamError, OutputError, RestoreError, SharedMemoryError, MetricsError
 */
export async function startMarketService(parts: MarketServiceParts): Promise<MarketService> {
  const reached = reach(parts);
  const failure = Promise.withResolvers<Error>();
  try {
    reached.local?.open();
    // The log first: who has that is the one who may show a market here.
    const streams = await takeOwnership(ownershipParts(parts));
    const prepared = await prepare(parts, reached, failure, 'shown').catch(async (error) => {
      await streams.close();
      throw error;
    });
    return await serve(prepared, streams, (running) => recoverFromLog(running, streams));
  } catch (error) {
    reached.local?.onClose();
    throw error;
  }
}

export interface Reached {
  readonly transport: Transport;
  /** Clients on the same host, past the broker. */
  readonly local: SharedMemoryAdapter | undefined;
}

export function reach({ config, transport, logger, timers }: MarketServiceParts): Reached {
  const { sharedMemory } = config;
  if (sharedMemory === undefined) return { transport, local: undefined };
  const options = { ...sharedMemory, maxFrameBytes: MAX_MESSAGE_BYTES + 4_096 };
  const local = new SharedMemoryAdapter(options, logger, timers);
  return { transport: new BridgedTransport(transport, local), local };
}

/** Hosts and agents, which have heard of nothing yet. */
export interface Prepared extends Reached {
  readonly parts: MarketServiceParts;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly agents: MarketAgents;
  readonly hosts: OpenedHosts;
  readonly failed: Promise<Error>;
  readonly fail: (error: Error) => void;
}

export async function prepare(
  parts: MarketServiceParts,
  { transport, local }: Reached,
  { promise: failed, resolve: fail }: PromiseWithResolvers<Error>,
  metrics: 'shown' | 'hidden',
): Promise<Prepared> {
  const { timers = systemTimers, logger } = parts;
  const hosts = await openHosts({ ...parts, isHidden: metrics === 'hidden' }, fail);
  const agents = wireAgents({ ...parts, transport }, { hosts, local, fail });
  return { parts, transport, local, timers, logger, agents, hosts, failed, fail };
}

export const ownershipParts = (parts: MarketServiceParts) => ({
  ...{ store: parts.store, clock: parts.clock, logger: parts.logger, timers: parts.timers },
  partition: parts.config.partition,
  node: parts.config.node,
});

/** Opens the agents for an owner, lets `execute` do what the log asks for, and opens the doors. */
export async function serve(
  prepared: Prepared,
  streams: OwnedStreams,
  execute: (prepared: Prepared) => Promise<Recovered>,
): Promise<MarketService> {
  const { parts, agents, hosts, transport, failed, fail } = prepared;
  const { publisher, commands, requests, invoker, markets } = agents;
  let recovered: Recovered;
  try {
    agents.own(streams);
    recovered = await execute(prepared);
    checkOutputs(parts.config.partition, streams, markets);
    hosts.shown.show();
  } catch (error) {
    await close(prepared, streams, STOP_PATIENCE_WITHOUT_BROKER_MS);
    throw error;
  }
  publisher.goLive();
  invoker.start();
  const door = new PartitionDoor(parts.config);
  commands.open(door, fail);
  requests.open(door, fail);
  // A client takes the first answer: whoever serves the partition now must be heard.
  failed.then(() => {
    commands.close();
    requests.close();
  });
  // Behind the subscriptions, on the same line: what clients send for it finds the doors open.
  tellOwner(transport, markets.all(), streams.term);
  await transport.flush();
  const { cores } = hosts;
  return { recovered, cores, failed, stop: () => stop(prepared, streams) };
}

/** Reads the log again, and gives up once the service has failed: a dead thread never answers. */
async function recoverFromLog(prepared: Prepared, streams: OwnedStreams): Promise<Recovered> {
  const { parts, agents, hosts, timers, failed } = prepared;
  const { barrier, reports, diffs } = streams;
  const log = parts.store.reader(streamsOf(parts.config.partition).log.stream);
  const ends = { log: barrier - 1, reports: reports.end, diffs: diffs.end };
  const { signal } = haltedBy(failed);
  const fromSequence = await restored(prepared, {
    ...{ log, ends, signal },
    barriers: barriersBefore(streams),
  });
  const records = log.read({ fromSequence, follow: false, signal });
  return recover({ ...agents, host: hosts.inline, records, signal, timers });
}

/** Takes what checkpoints have, and answers from which log sequence on the log is to be read. */
export async function restored(
  prepared: Prepared,
  from: Pick<RestoreParts, 'log' | 'ends' | 'barriers' | 'signal'>,
): Promise<number> {
  const { parts, agents, hosts, timers, logger } = prepared;
  const { snapshots, clock, config } = parts;
  if (snapshots === undefined) return 1;
  return restoreMarkets({
    ...{ ...agents, ...from, store: snapshots, clock, timers, logger, host: hosts.inline },
    ...{ partition: config.partition, streams: parts.store },
    onRestored: (market, facts) => agents.checkpointer?.restored(market, facts),
  });
}

/** A signal that aborts once the service has failed. */
export function haltedBy(failed: Promise<Error>): AbortController {
  const halt = new AbortController();
  failed.then((error) => halt.abort(error));
  return halt;
}

async function stop(prepared: Prepared, streams: OwnedStreams): Promise<void> {
  const { transport, logger, timers } = prepared;
  const { sequencer, commands, requests, invoker } = prepared.agents;
  const isConnected = transport.status() === 'connected';
  const patienceMs = isConnected ? STOP_PATIENCE_MS : STOP_PATIENCE_WITHOUT_BROKER_MS;
  const deadlineMs = monotonicMs(timers) + patienceMs;
  const leftMs = () => Math.max(0, deadlineMs - monotonicMs(timers));
  commands.refuseAll();
  await settled(timers, sequencer, deadlineMs);
  commands.close();
  await within(timers, transport.flush(), leftMs());
  const { pending } = sequencer;
  if (pending > 0) {
    logger.warn('did not wait for all commands; the next start runs those logged', { pending });
  }
  requests.close();
  await invoker.stop();
  await close(prepared, streams, leftMs());
}

/** Closes the streams, as far as a broker lets them be closed in time, and ends the thread. */
export async function close(
  { timers, logger, hosts }: Prepared,
  streams: OwnedStreams | undefined,
  patienceMs: number,
): Promise<void> {
  if (streams !== undefined && !(await within(timers, streams.close(), patienceMs))) {
    logger.warn('did not wait for all reports to be stored; the next start writes them again');
  }
  await Promise.all(hosts.threads.map(({ worker }) => worker.stop()));
  hosts.shown.remove();
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
  while (sequencer.pending > 0 && !sequencer.hasFailed && monotonicMs(timers) < deadlineMs) {
    await nextTurn(timers);
  }
}

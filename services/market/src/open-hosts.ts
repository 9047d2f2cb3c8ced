/** Starts the threads that markets live on, and the memory in which they tell what they do. */
import {
  availableCores,
  type Clock,
  type IdleStrategyName,
  type Logger,
  MetricsError,
  nodeToBind,
  placedWords,
  readTopology,
  type Topology,
  topologyWords,
} from '@foldbook/runtime';
import { hostCount, isInline, type MarketConfig, sharedCore, sharedCoreWords } from './config.ts';
import { type HostReached, type HostThread, startHostThread } from './host-thread.ts';
import { type InlineHost, type InlineHostThread, startInlineHost } from './inline-host.ts';
import { type MetricsMemory, type OpenedMetrics, openMetrics } from './market-metrics.ts';

export interface OpenedHosts {
  readonly shown: OpenedMetrics;
  readonly threads: readonly HostThread[];
  /** The only one of `threads`, if it is the calling thread; to be driven with its agents. */
  readonly inline: InlineHost | undefined;
  /** Of each, where it is pinned to one. */
  readonly cores: readonly (number | undefined)[];
}

export interface HostParts {
  readonly config: MarketConfig;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Other processes do not see it before `shown.show`. */
  readonly isHidden?: boolean;
  /** Another thread for tests of its failures. */
  readonly startThread?: typeof startHostThread;
}

/**
 * All hosts, or none.
 * @throws Error where there are not cores enough for hosts that never rest
 * @param fail - is told when a thread ends by itself
 */
export async function openHosts(
  parts: HostParts,
  fail: (error: Error) => void,
): Promise<OpenedHosts> {
  const { config } = parts;
  const inline = isInline(config, availableCores().length);
  const cores = inline ? [] : hostCores(config);
  const shared = config.idle === 'busy-spin' ? sharedCore(cores) : undefined;
  if (shared !== undefined) throw new Error(sharedCoreWords(shared));
  const shown = openShown(parts, hostCount(config));
  const threads: HostThread[] = [];
  const topology = readTopology();
  const words = topology === undefined ? 'unknown: there is no sysfs' : topologyWords(topology);
  parts.logger.info(`machine: ${words}`);
  try {
    if (inline) {
      const thread = await startInline(parts, shown.memory);
      return { shown, threads: [thread], inline: thread.inline, cores: [undefined] };
    }
    for (const [host, core] of cores.entries()) {
      threads.push(await startHost(parts, { host, core, topology }, shown.memory, fail));
    }
    const pinned = threads.map(({ worker }) => (worker.pinned ? worker.core : undefined));
    return { shown, threads, inline: undefined, cores: pinned };
  } catch (error) {
    await Promise.all(threads.map(({ worker }) => worker.stop()));
    shown.remove();
    throw error;
  }
}

interface HostPlace {
  readonly host: number;
  readonly core: number;
  readonly topology: Topology | undefined;
}

/** What another user left under the name keeps nobody from trading: then nothing is shown. */
function openShown(parts: HostParts, hosts: number): OpenedMetrics {
  const { config, logger, clock, isHidden = false } = parts;
  const sinceMs = Number(clock.nowNs() / 1_000_000n);
  try {
    return openMetrics(config.metricsFile, hosts, sinceMs, isHidden);
  } catch (error) {
    if (!(error instanceof MetricsError) || error.code !== 'NOT_OURS') throw error;
    logger.warn('nothing is shown to other processes', { detail: error.message });
    return openMetrics(undefined, hosts, sinceMs);
  }
}

async function startHost(
  { config, logger, startThread = startHostThread }: HostParts,
  { host, core, topology }: HostPlace,
  metrics: MetricsMemory,
  fail: (error: Error) => void,
): Promise<HostThread> {
  const cycle = cycleOf(config);
  const idle = config.idle ?? defaultIdle(config);
  const { memory, realtime } = config;
  const comfort = { memory, realtime, node: nodeToBind(topology, core) };
  const isCoreIsolated = topology?.isolated.includes(core) ?? false;
  if (realtime !== 'off' && idle !== 'park' && !isCoreIsolated) {
    const advice = 'nothing else runs there any more; isolate it, or let the host park';
    logger.warn(`a real-time host that does not park is on a common core: ${advice}`, { core });
  }
  const onReached = (reached: HostReached) => tellReached(logger, host, reached);
  const thread = await startThread({ host, core, idle, cycle, metrics, comfort, onReached });
  const { pinned, pinError, threadId, failed } = thread.worker;
  failed.then(fail);
  if (pinError !== undefined) {
    logger.warn(`the host runs on any core: ${pinError.reason}`, { host, core });
  }
  logger.info('host started', { host, core, pinned, threadId });
  return thread;
}

async function startInline(
  { config, logger }: HostParts,
  metrics: MetricsMemory,
): Promise<InlineHostThread> {
  const { memory, realtime } = config;
  // The thread keeps to no core, so its memory belongs to no node.
  const comfort = { memory, realtime, node: undefined };
  const host = 0;
  const onReached = (reached: HostReached) => tellReached(logger, host, reached);
  const cycle = cycleOf(config);
  const thread = await startInlineHost({ host, cycle, metrics, comfort, onReached });
  logger.info('host started, on the thread of the service', { host });
  return thread;
}

const cycleOf = ({ cycleRecords, cycleUs }: MarketConfig) => ({
  records: cycleRecords,
  timeNs: cycleUs * 1_000,
});

function tellReached(logger: Logger, host: number, { memory, realTime }: HostReached): void {
  logger.info(`memory of the host: ${placedWords(memory)}`, { host });
  if (realTime === undefined) return;
  if (realTime.granted) logger.info('the host is in real time', { host, ...realTime });
  else logger.warn(`the host is not in real time: ${realTime.reason}`, { host });
}

/** The core of each host. The last ones by default: the first serves interrupts. */
export function hostCores(config: MarketConfig): readonly number[] {
  if (config.cores !== undefined) return config.cores;
  const available = availableCores();
  const fromTheLast = (host: number) => available.at(-1 - (host % available.length)) ?? 0;
  return Array.from({ length: hostCount(config) }, (_, host) => fromTheLast(host));
}

/** A host that spins would starve the broker and the provers where cores are few. */
function defaultIdle(config: MarketConfig): IdleStrategyName {
  return availableCores().length > hostCores(config).length + 2 ? 'yield' : 'park';
}

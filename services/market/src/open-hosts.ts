/** Starts the threads that markets live on, and the memory in which they tell what they do. */
import { availableCores, type IdleStrategyName, type Logger } from '@foldbook/runtime';
import type { MarketConfig } from './config.ts';
import { type HostThread, startHostThread } from './host-thread.ts';
import { type MetricsMemory, type OpenedMetrics, openMetrics } from './market-metrics.ts';

export interface OpenedHosts {
  readonly shown: OpenedMetrics;
  readonly threads: readonly HostThread[];
  /** Of each, where it is pinned to one. */
  readonly cores: readonly (number | undefined)[];
}

export interface HostParts {
  readonly config: MarketConfig;
  readonly logger: Logger;
  /** Another thread for tests of its failures. */
  readonly startThread?: typeof startHostThread;
}

/**
 * All hosts, or none.
 * @param fail - is told when a thread ends by itself
 */
export async function openHosts(
  parts: HostParts,
  fail: (error: Error) => void,
): Promise<OpenedHosts> {
  const cores = hostCores(parts.config);
  const shown = openMetrics(parts.config.metricsFile, cores.length, Date.now());
  const threads: HostThread[] = [];
  try {
    for (const [host, core] of cores.entries()) {
      threads.push(await startHost(parts, { host, core }, shown.memory, fail));
    }
    const pinned = threads.map(({ worker }) => (worker.pinned ? worker.core : undefined));
    return { shown, threads, cores: pinned };
  } catch (error) {
    await Promise.all(threads.map(({ worker }) => worker.stop()));
    shown.remove();
    throw error;
  }
}

async function startHost(
  { config, logger, startThread = startHostThread }: HostParts,
  { host, core }: { readonly host: number; readonly core: number },
  metrics: MetricsMemory,
  fail: (error: Error) => void,
): Promise<HostThread> {
  const cycle = { records: config.cycleRecords, timeNs: config.cycleUs * 1_000 };
  const idle = config.idle ?? defaultIdle(config);
  const thread = await startThread({ host, core, idle, cycle, metrics });
  const { pinned, threadId, failed } = thread.worker;
  failed.then(fail);
  logger.info('host started', { host, core, pinned, threadId });
  return thread;
}

/** The core of each host. The last ones by default: the first serves interrupts. */
export function hostCores({ hosts, cores }: MarketConfig): readonly number[] {
  if (cores !== undefined) return cores;
  const available = availableCores();
  const fromTheLast = (host: number) => available.at(-1 - (host % available.length)) ?? 0;
  return Array.from({ length: hosts }, (_, host) => fromTheLast(host));
}

/** A host that spins would starve the broker and the provers where cores are few. */
function defaultIdle(config: MarketConfig): IdleStrategyName {
  return availableCores().length > hostCores(config).length + 2 ? 'yield' : 'park';
}

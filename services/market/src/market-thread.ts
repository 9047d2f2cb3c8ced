/** The I/O thread's handle on the market thread: the rings, the pinned worker, its end. */
import { randomBytes } from 'node:crypto';
import { loadKernel } from '@foldbook/engine';
import {
  availableCores,
  createRing,
  type PinnedWorker,
  RingConsumer,
  RingProducer,
  startPinnedWorker,
} from '@foldbook/runtime';
import type { MetricsMemory } from './market-metrics.ts';
import { COMMAND_RING_SLOTS, EVENT_RING_SLOTS } from './ring-message.ts';

export interface MarketThreadData {
  readonly commands: SharedArrayBuffer;
  readonly events: SharedArrayBuffer;
  readonly kernel: WebAssembly.Module;
  /** Keeps those who choose order names from choosing ones that collide. */
  readonly secret: readonly [bigint, bigint];
  readonly idle: 'busy-spin' | 'yield' | 'park';
  readonly metrics: MetricsMemory;
}

export interface MarketThread {
  readonly worker: PinnedWorker;
  readonly commands: RingProducer;
  readonly events: RingConsumer;
}

export interface MarketThreadOptions {
  readonly core?: number | undefined;
  readonly idle?: 'busy-spin' | 'yield' | 'park' | undefined;
}

/** Starts the market thread on its core. The last core by default: the first serves interrupts. */
export async function startMarketThread(
  options: MarketThreadOptions,
  metrics: MetricsMemory,
): Promise<MarketThread> {
  const commands = createRing(COMMAND_RING_SLOTS);
  const events = createRing(EVENT_RING_SLOTS);
  const kernel = await loadKernel();
  const cores = availableCores();
  // A spinning market thread would starve the broker and the provers where cores are few.
  const idle = options.idle ?? (cores.length > 3 ? 'yield' : 'park');
  const secret = newSecret();
  const data: MarketThreadData = { commands, events, kernel, secret, idle, metrics };
  const worker = await startPinnedWorker(new URL('./market-worker.ts', import.meta.url), {
    name: 'market',
    core: options.core ?? cores.at(-1) ?? 0,
    workerData: data,
  });
  return { worker, commands: new RingProducer(commands), events: new RingConsumer(events) };
}

function newSecret(): readonly [bigint, bigint] {
  const bytes = randomBytes(16);
  return [bytes.readBigUInt64LE(0), bytes.readBigUInt64LE(8)];
}

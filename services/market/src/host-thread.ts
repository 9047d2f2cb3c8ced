/** The I/O thread's handle on a host's thread: the rings, the pinned worker, its end. */
import { randomBytes } from 'node:crypto';
import type { MessagePort } from 'node:worker_threads';
import { loadKernel } from '@foldbook/engine';
import {
  createRing,
  type IdleStrategyName,
  type PinnedWorker,
  type PlacedMemory,
  type RealTimeResult,
  RingConsumer,
  RingProducer,
  startPinnedWorker,
} from '@foldbook/runtime';
import type { MarketConfig } from './config.ts';
import type { CycleLimits } from './host-agent.ts';
import type { MetricsMemory } from './market-metrics.ts';
import { COMMAND_RING_SLOTS, EVENT_RING_SLOTS } from './ring-message.ts';

export interface HostThreadData {
  readonly host: number;
  readonly commands: SharedArrayBuffer;
  readonly events: SharedArrayBuffer;
  readonly kernel: WebAssembly.Module;
  /** Keeps those who choose order names from choosing ones that collide. */
  readonly secret: readonly [bigint, bigint];
  readonly idle: IdleStrategyName;
  readonly cycle: CycleLimits;
  readonly metrics: MetricsMemory;
  readonly comfort: HostComfort | undefined;
}

/** What the system may do for a thread; it works without, too. */
export interface HostComfort extends Pick<MarketConfig, 'memory' | 'realtime'> {
  /** That its memory is bound to; undefined where there is one only. */
  readonly node: number | undefined;
}

/** What the system did. */
export interface HostReached {
  readonly memory: PlacedMemory;
  /** Undefined where nobody asked for it. */
  readonly realTime: RealTimeResult | undefined;
}

/** One end of the way that markets take between two hosts. */
export interface PostedPassage {
  /** The host at the other end. */
  readonly host: number;
  readonly port: MessagePort;
}

/** The service's end of the way that snapshots take to a host and from it: it sends pieces. */
export type SendPiece = (piece: Uint8Array) => void;

/** What the service needs of the thread. */
export interface HostWorker
  extends Pick<PinnedWorker, 'threadId' | 'pinned' | 'pinError' | 'post' | 'failed' | 'stop'> {
  /** Undefined where it keeps to none. */
  readonly core: number | undefined;
  /** Of a host that no port leads to: opens its own way for snapshots. */
  readonly openWay?: ((onPiece: SendPiece) => SendPiece) | undefined;
}

export interface HostThread {
  readonly worker: HostWorker;
  readonly commands: RingProducer;
  readonly events: RingConsumer;
}

export interface HostThreadOptions {
  /** Its number, from 0. */
  readonly host: number;
  readonly core: number;
  readonly idle: IdleStrategyName;
  readonly cycle: CycleLimits;
  readonly metrics: MetricsMemory;
  /** Nothing is asked of the system without. */
  readonly comfort?: HostComfort;
  /** Told of it once, when the thread is about to take its first command. */
  readonly onReached?: (reached: HostReached) => void;
}

/** The rings and what a host starts with, and the other ends of the rings. */
export async function layHost(options: Omit<HostThreadOptions, 'core' | 'idle'>): Promise<{
  readonly data: Omit<HostThreadData, 'idle'>;
  readonly ends: Omit<HostThread, 'worker'>;
}> {
  const commands = createRing(COMMAND_RING_SLOTS);
  const events = createRing(EVENT_RING_SLOTS);
  const kernel = await loadKernel();
  const { host, cycle, metrics, comfort } = options;
  return {
    data: { host, commands, events, kernel, secret: newSecret(), cycle, metrics, comfort },
    ends: { commands: new RingProducer(commands), events: new RingConsumer(events) },
  };
}

export async function startHostThread(options: HostThreadOptions): Promise<HostThread> {
  const { data, ends } = await layHost(options);
  const { host, core, idle } = options;
  const workerData: HostThreadData = { ...data, idle };
  const worker = await startPinnedWorker(new URL('./host-worker.ts', import.meta.url), {
    name: `host ${host}`,
    core,
    workerData,
    onTold: (told) => options.onReached?.(told as HostReached),
  });
  return { worker, ...ends };
}

function newSecret(): readonly [bigint, bigint] {
  const bytes = randomBytes(16);
  return [bytes.readBigUInt64LE(0), bytes.readBigUInt64LE(8)];
}

/** Agents, rings, pinned threads, and the transport and stream ports with what implements them. */
export {
  availableCores,
  coresOfThread,
  currentThreadId,
  type PinErrorCode,
  type PinResult,
  pinCurrentThread,
} from './affinity.ts';
export { type Agent, AgentInvoker, type AgentInvokerOptions, AgentRunner } from './agent.ts';
export { type Channel, processChannel } from './channel.ts';
export { type Clock, ManualClock, systemClock } from './clock.ts';
export { crc32 } from './crc32.ts';
export type { Frame } from './frame.ts';
export {
  HARDWARE_EVENTS,
  type HardwareCount,
  HardwareCounters,
  type HardwareCounts,
  type HardwareEvent,
} from './hardware-counters.ts';
export {
  createIdleStrategy,
  defaultIdleStrategy,
  type IdleStrategy,
  type IdleStrategyName,
  type Parkable,
} from './idle-strategy.ts';
export { JetStreamStore, type JetStreamStoreOptions } from './jetstream-store.ts';
export {
  createLogger,
  type LogFields,
  type Logger,
  type LoggerOptions,
  type LogLevel,
} from './logger.ts';
export { type MapOptions, type MappedFile, MappedFileError, mapFile } from './mapped-file.ts';
export { SharedMemoryError, type SharedMemoryErrorCode } from './mapped-memory.ts';
export { connectChannel } from './memory-channel.ts';
export { MemoryBroker } from './memory-transport.ts';
export type { ErrorReport, ErrorRing, LoggedError } from './metrics/error-ring.ts';
export type { Histogram, HistogramSnapshot } from './metrics/histogram.ts';
export { clearMetricsFile, createMetricsFile, type MetricsFile } from './metrics/metrics-file.ts';
export {
  layOutMetrics,
  type MetricEntry,
  type MetricKind,
  type MetricSpec,
  type MetricSpecs,
  type MetricsDescriptor,
  type MetricsLayout,
  type MetricsOwner,
} from './metrics/metrics-layout.ts';
export {
  isAlive,
  MetricsError,
  type MetricsErrorCode,
  MetricsReader,
  type MetricsSample,
  thisOwner,
} from './metrics/metrics-reader.ts';
export {
  type Counter,
  type Counters,
  createMetrics,
  type Gauge,
  MetricsWriter,
} from './metrics/metrics-writer.ts';
export type { LockedWriter } from './metrics/sequence-lock.ts';
export { connectNats, type NatsOptions, NatsTransport } from './nats-transport.ts';
export {
  type PinnedContext,
  type PinnedWorker,
  type PinnedWorkerOptions,
  runPinned,
  startPinnedWorker,
} from './pinned-worker.ts';
export { answerQuestions, type Questions, type Reply } from './questions.ts';
export { type RealTimeResult, setRealTime } from './real-time.ts';
export {
  type MemoryWish,
  type MemoryWishes,
  type PlacedMemory,
  placedWords,
  placeMemory,
  type Reached,
  touchPages,
} from './resident-memory.ts';
export { createRing, RingConsumer, RingProducer, type SlotView } from './ring.ts';
export { SLOT_BYTES } from './ring-descriptor.ts';
export { SegmentStore, type SegmentStoreOptions } from './segment-store.ts';
export {
  type ConnectionListener,
  type HostConnection,
  SharedMemoryHost,
  type SharedMemoryHostOptions,
} from './shared-memory-host.ts';
export { FrameKind } from './shared-memory-layout.ts';
export { connectSharedMemory, type SharedMemoryOptions } from './shared-memory-transport.ts';
export {
  type ReadOptions,
  StreamError,
  type StreamErrorCode,
  type StreamReader,
  type StreamRecord,
  type StreamStore,
  type StreamWriter,
  type TroubleListener,
} from './stream.ts';
export {
  checkFilter,
  checkSubject,
  compileFilter,
  coversFilter,
  replySubject,
} from './subject.ts';
export { clockSince } from './thread-clock.ts';
export { type ThreadProfile, ThreadProfiler } from './thread-profiler.ts';
export { readThreadUsage, type ThreadUsage } from './thread-usage.ts';
export {
  cancelTimer,
  monotonicMs,
  nextTurn,
  pause,
  systemTimers,
  type Timer,
  type Timers,
} from './timers.ts';
export { nodeToBind, readTopology, type Topology, topologyWords } from './topology.ts';
export {
  type MessageHandler,
  type OnRefused,
  type Subscription,
  type Transport,
  TransportError,
  type TransportErrorCode,
  type TransportMessage,
  type TransportStatus,
} from './transport.ts';
export { answer } from './transport-outcomes.ts';
export { VolatileStore } from './volatile-store.ts';

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
export { DiskSnapshotStore } from './disk-snapshot-store.ts';
export { makeFolder, syncFolder } from './durable-folder.ts';
export type { Frame } from './frame.ts';
export {
  HARDWARE_EVENTS,
  type HardwareCount,
  HardwareCounters,
  type HardwareCounts,
  type HardwareEvent,
} from './hardware-counters.ts';
export { HealthFile, type HealthFileOptions } from './health-file.ts';
export { Heartbeat, HeartbeatWatch, type HostView, type SeenWord } from './heartbeat.ts';
export type { HeldLease, LeaseLoss } from './held-lease.ts';
export {
  createIdleStrategy,
  createYield,
  defaultIdleStrategy,
  type IdleStrategy,
  type IdleStrategyName,
  type Parkable,
} from './idle-strategy.ts';
export { JetStreamReader } from './jetstream-reader.ts';
export {
  JetStreamStore,
  type JetStreamStoreOptions,
  type StreamState,
} from './jetstream-store.ts';
export { KeyFileError, loadSecretKey } from './key-file.ts';
export {
  type AcquireOptions,
  hasEnded,
  LeaseTable,
  type LeaseTableOptions,
  type LeaseView,
} from './lease.ts';
export { type LeaseHolder, type LeaseRecord, parseLease } from './lease-record.ts';
export {
  type LeaseEntry,
  LeaseError,
  type LeaseErrorCode,
  type LeaseStore,
} from './lease-store.ts';
export {
  createLogger,
  type LogFields,
  type Logger,
  type LoggerOptions,
  type LogLevel,
} from './logger.ts';
export {
  type MapOptions,
  type MappedFile,
  MappedFileError,
  mapFile,
  mapKept,
} from './mapped-file.ts';
export { connectChannel } from './memory-channel.ts';
export { MemoryLeaseStore } from './memory-lease.ts';
export { MemorySnapshotStore } from './memory-snapshot-store.ts';
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
export { MirroredSnapshotStore } from './mirrored-snapshot-store.ts';
export { type NatsLeaseOptions, NatsLeaseStore, openNatsLeases } from './nats-lease.ts';
export { type NatsSnapshotOptions, NatsSnapshotStore } from './nats-snapshot-store.ts';
export { connectNats, type NatsOptions, NatsTransport } from './nats-transport.ts';
export {
  type PinnedContext,
  type PinnedWorker,
  type PinnedWorkerOptions,
  runPinned,
  startPinnedWorker,
} from './pinned-worker.ts';
export type { ProcessIdentity } from './process-identity.ts';
export { proofStoreHolder, takeProofStore } from './proof-store-lock.ts';
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
export {
  type DigestKind,
  recordBytes,
  SEGMENT_HEADER_BYTES,
  type SegmentRecord,
} from './segment-format.ts';
export { listSegments } from './segment-reader.ts';
export { SegmentStore, type SegmentStoreOptions } from './segment-store.ts';
export { readSegmentBytes } from './segment-tail.ts';
export {
  type SegmentFault,
  type SegmentVerification,
  type VerificationOptions,
  verifySegments,
} from './segment-verification.ts';
export type { SegmentWriter } from './segment-writer.ts';
export type { SharedAccount, TurnedAway } from './shared-memory-door.ts';
export { SharedMemoryError, type SharedMemoryErrorCode } from './shared-memory-error.ts';
export {
  ConnectionEnd,
  type ConnectionListener,
  type HostConnection,
  SharedMemoryHost,
  type SharedMemoryHostOptions,
} from './shared-memory-host.ts';
export { FrameKind } from './shared-memory-layout.ts';
export { connectSharedMemory, type SharedMemoryOptions } from './shared-memory-transport.ts';
export { SigningKey, signatureCheck } from './signing-key.ts';
export {
  checkSnapshot,
  damagedSnapshot,
  noSnapshot,
  type SnapshotDraft,
  SnapshotError,
  type SnapshotErrorCode,
  type SnapshotInfo,
  type SnapshotStore,
  writeSnapshot,
} from './snapshot-store.ts';
export {
  type OpeningRecord,
  type ReadOptions,
  StreamError,
  type StreamErrorCode,
  type StreamReader,
  type StreamRecord,
  type StreamStore,
  type StreamTrouble,
  type StreamWriter,
  type TroubleListener,
} from './stream.ts';
export {
  type Comparison,
  type ComparisonParts,
  compareStreams,
  hasRecord,
} from './stream-comparison.ts';
export { type RepairParts, type RepairPlan, repairStream } from './stream-repair.ts';
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
  type Question,
  type Subscription,
  type Transport,
  TransportError,
  type TransportErrorCode,
  type TransportMessage,
  type TransportStatus,
} from './transport.ts';
export { answer } from './transport-outcomes.ts';
export { VolatileStore } from './volatile-store.ts';
export type { WriterLock } from './writer-lock.ts';

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
export { SharedMemoryError, type SharedMemoryErrorCode } from './mapped-memory.ts';
export { connectChannel } from './memory-channel.ts';
export { MemoryBroker } from './memory-transport.ts';
export { connectNats, type NatsOptions, NatsTransport } from './nats-transport.ts';
export {
  type PinnedContext,
  type PinnedWorker,
  type PinnedWorkerOptions,
  runPinned,
  startPinnedWorker,
} from './pinned-worker.ts';
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

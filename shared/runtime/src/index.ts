/** Agents, rings, pinned threads, and the transport and stream ports with what implements them. */
export { type Clock, ManualClock, systemClock } from './clock.ts';
export { crc32 } from './crc32.ts';
export {
  createLogger,
  type LogFields,
  type Logger,
  type LoggerOptions,
  type LogLevel,
} from './logger.ts';
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
export { checkFilter, checkSubject, compileFilter } from './subject.ts';
export {
  type MessageHandler,
  type Subscription,
  type Transport,
  TransportError,
  type TransportErrorCode,
  type TransportMessage,
  type TransportStatus,
} from './transport.ts';

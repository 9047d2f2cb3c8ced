export { DecodeError, type DecodeErrorCode } from './decode-error.ts';
export { Decoder, type DecoderOptions, type EventBlock } from './decoder.ts';
export * from './event.ts';
export { HistoryKernel, HistoryKernelError, loadHistoryModule } from './kernel/history-kernel.ts';
export {
  type BookLevel,
  type BookSide,
  type FoundOrder,
  type QueuedOrder,
  ReplayBook,
  type ReplayBookOptions,
  type ReplayCounts,
} from './replay-book.ts';
export { ReplayError, type ReplayErrorCode } from './replay-error.ts';

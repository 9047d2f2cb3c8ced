export { DecodeError, type DecodeErrorCode } from './decode-error.ts';
export { Decoder, type DecoderOptions, type EventBlock } from './decoder.ts';
export * from './event.ts';
export { HistoryKernel, HistoryKernelError, loadHistoryModule } from './kernel/history-kernel.ts';

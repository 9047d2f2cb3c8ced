export { DecodeError, type DecodeErrorCode } from './decode-error.ts';
export { Decoder, type DecoderOptions, type EventBlock } from './decoder.ts';
export * from './event.ts';
export {
  type Feature,
  FeatureError,
  type FeatureName,
  featureList,
  parseFeature,
} from './features/feature.ts';
export { FeaturePlan } from './features/feature-plan.ts';
export { Frame } from './features/frame.ts';
export { HistoryKernel, HistoryKernelError, loadHistoryModule } from './kernel/history-kernel.ts';
export { InlineStrategy, type StrategyPlace } from './strategy/inline-strategy.ts';
export {
  defineStrategy,
  type Strategy,
  type StrategyContext,
  StrategyError,
  type StrategyErrorCode,
  type StrategyRun,
} from './strategy/strategy.ts';
export { loadStrategy } from './strategy/strategy-module.ts';
export { StrategyThreads } from './strategy/strategy-threads.ts';

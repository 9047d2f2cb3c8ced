export { ExpectedReports } from './checks/expected-reports.ts';
export {
  checkInvariants,
  InvariantChecker,
  type InvariantCounts,
  InvariantError,
} from './checks/invariants.ts';
export { LogMarket, requestKey } from './checks/log-market.ts';
export {
  type RecordedFlow,
  type ReplayDigest,
  recordFlow,
  replayFlow,
} from './checks/replay.ts';
export * from './compare-engines.ts';
export * from './conform.ts';
export { Coverage } from './coverage.ts';
export { Dice } from './dice.ts';
export * from './engine.ts';
export type { Adoption } from './kernel/adoption.ts';
export { type EventHandler, EventRingReader, type SharedEvents } from './kernel/event-ring.ts';
export { createKernelEngine, KernelEngine, restoreKernelEngine } from './kernel/kernel-engine.ts';
export { KernelError, type KernelErrorCode } from './kernel/kernel-error.ts';
export { KernelHost, type KernelHostOptions, type LaidCommands } from './kernel/kernel-host.ts';
export { loadKernel } from './kernel/kernel-module.ts';
export { warmUpKernel } from './kernel/warm-up.ts';
export { createNaiveEngine } from './naive/naive-engine.ts';
export { restoreNaiveEngine } from './naive/restore.ts';
export { FLOW_ACCOUNTS, FLOW_CAPACITY, type FlowOptions, RandomFlow } from './random-flow.ts';
export * from './settlement.ts';
export { compareFlow } from './shrink-flow.ts';
export { packPiece, unpackPiece } from './snapshot/packed-piece.ts';
export { SnapshotError, type SnapshotErrorCode } from './snapshot/snapshot-error.ts';

/** The prover, and the verifier; `./verify` is the verifier alone. Runs in Node and browsers. */
// By name: Node reads a file where browsers fetch it.
export { readKernelModule } from '@foldbook/stark/kernel-module';
export { Kernel } from './kernel/kernel.ts';
export { StarkError, type StarkErrorCode } from './kernel/stark-error.ts';
export { PartCommitter } from './prove/part-committer.ts';
export { type PartInput, PartProver } from './prove/part-prover.ts';
export type { PartPlace, ProvedPart } from './prove/part-run.ts';
export { type ProveHooks, STAGES, type Stage } from './prove/prove-hooks.ts';
export type { SettlementRecord } from './trace/settlement-record.ts';
export * from './verify/index.ts';

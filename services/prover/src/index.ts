// SPDX-License-Identifier: GPL-3.0-or-later
/** The prover's agents, for simulations and tools; main.ts wires them into a process. */
export type { ProverMessage } from './announcement.ts';
export { BullmqQueue, type BullmqQueueOptions } from './bullmq-queue.ts';
export { loadCircuits, type ProvingCircuit, type ProvingCircuits } from './chain-context.ts';
export { type ClosedEpoch, EpochBatcher } from './epoch-batcher.ts';
export { InProcessQueue } from './in-process-queue.ts';
export { JobTurns, queueTurns } from './job-turns.ts';
export {
  CHAIN_CHOICES,
  type ChainChoice,
  type ChainKind,
  type ChainKinds,
  MarketChains,
} from './market-chains.ts';
export { MarketProver, type MarketProverOptions } from './market-prover.ts';
export { loadOperatorKey, type OperatorKey } from './operator-key.ts';
export { CommitPool, LocalCommits, type PartCommits } from './part-commits.ts';
export type { AnyJob, PartJob, ProofJob, ProofResult } from './proof-job.ts';
export { defaultWorkers, ProofPool } from './proof-pool.ts';
export type { ProofMaker, ProofQueue, QueueTrouble } from './proof-queue.ts';
export { ProofStore } from './proof-store.ts';
export { ProverError, type ProverErrorCode } from './prover-error.ts';
export type { ProverStatus } from './prover-progress.ts';
export {
  ProverService,
  type ProverServiceOptions,
  type StarkServiceOptions,
} from './prover-service.ts';
export { StarkMarketProver, type StarkMarketProverOptions } from './stark-market-prover.ts';
export { StarkStore } from './stark-store.ts';

/** What kinds of chains differ in, as `verifyChain` follows them from genesis on. */
import type { PartRefused, PublishedData } from './check-data.ts';
import type { ReplayToCheck } from './check-replay.ts';
import type { Decoded } from './decoding.ts';
import type { HeadedEpoch } from './epoch-file.ts';

/** By what a chain is proved: each is complete by itself, and a market may have both. */
export type ChainKind = 'poseidon' | 'stark';
export const CHAIN_KINDS: readonly ChainKind[] = ['poseidon', 'stark'];

/** Between two epochs. */
export interface ChainPlace {
  /** 32 bytes. */
  readonly root: Uint8Array;
  /** Hash of the header before; of the genesis at the start. */
  readonly headHash: Uint8Array;
  readonly sequenceLast: bigint;
  readonly recordNext: bigint;
}

/** What the proofs are that were checked. */
export interface ProofSummary {
  readonly proofs: number;
  readonly folded: number;
  readonly backend: 'none' | 'groth16' | 'folding' | 'mixed' | 'stark';
  /** They rest on development keys. */
  readonly devKeys: boolean;
  /** Of the STARK's part that has the fewest. */
  readonly securityBits?: number;
}

export interface FollowChecks {
  /** Whether to check the epoch's proofs. */
  readonly proofs: boolean;
  readonly data?: PublishedData;
  readonly replay?: ReplayToCheck;
}

export interface ChainFollower<Epoch extends HeadedEpoch> {
  readonly kind: ChainKind;
  readonly place: ChainPlace;
  readonly summary: ProofSummary;
  decode(file: Uint8Array): Decoded<Epoch>;
  /** Checks the next epoch; accepted, the follower is at its end. */
  next(epoch: Epoch, checks: FollowChecks): { readonly ok: true } | PartRefused;
}

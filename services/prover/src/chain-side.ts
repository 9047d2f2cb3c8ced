// SPDX-License-Identifier: GPL-3.0-or-later
/** What each kind of chain does in its own way, so that `ChainProver` can do the rest for all. */
import type { ChainState, GenesisFields, HeadedEpoch, KeyChange } from '@foldbook/verifier';
import type {
  ChainStore,
  GenesisOf,
  RootOf,
  SignedBytes,
  StoredChain,
  StoredGenesisOf,
  StoredKeys,
} from './chain-store.ts';
import type { ClosedEpoch } from './epoch-batcher.ts';
import type { ProofStore } from './proof-store.ts';
import type { PlannedEpoch, ProvingLineOptions } from './proving-line.ts';

/** An epoch whose header is signed. */
export interface PlannedOnChain<Root> extends PlannedEpoch {
  readonly plan: SignedBytes & {
    /** The chain after this epoch. */
    readonly tip: ChainState<Root>;
  };
}

/** What one plan is made with. */
export interface Planning {
  /** The operator's, by which this prover may sign the epoch. */
  readonly operatorKeys: StoredKeys;
  /** Does what writes to the store. */
  readonly written: (write: () => Promise<void>) => Promise<void>;
}

/** The last epoch that is kept, and what it is checked with. */
export interface SignedState extends SignedBytes {
  readonly genesisFile: Uint8Array;
  readonly keyChanges: readonly KeyChange[];
}

/** How epochs are proved while one line goes on. */
export interface LineOfChain<P extends PlannedEpoch>
  extends Pick<ProvingLineOptions<P>, 'prove' | 'foldTurns' | 'maxRecords'>,
    Partial<Pick<ProvingLineOptions<P>, 'market'>> {
  /** The epochs before this one are kept: forgets what was there to make them. */
  readonly clear: (beforeEpoch: number) => Promise<void>;
}

/** A chain of one kind, opened: its store, its accounts and its plans. */
export interface ChainSide<
  G extends GenesisOf<E>,
  E extends HeadedEpoch,
  P extends PlannedOnChain<RootOf<E>>,
> {
  readonly store: ChainStore<G, E>;
  /** Where the market's records are. */
  readonly data: ProofStore;
  /** Whether anybody can forge the proofs of this chain. */
  readonly devKeys: boolean;
  /** Begins the chain where the store has none; undefined if another prover has just done so. */
  start(fields: GenesisFields): Promise<StoredGenesisOf<G> | undefined>;
  /**
   * Reads a chain that was begun, and goes on from its end.
   * @throws ProverError STORE_CORRUPT; STORE_CONFLICT for what this prover can't go on with
   */
  resume(stored: StoredGenesisOf<G>, operatorKeys: StoredKeys): Promise<StoredChain<E>>;
  /** Applies the records of the next stored epoch; whether the balances allow it. */
  apply(closed: ClosedEpoch): boolean;
  /** Whether the balances are those that a stored epoch ends with. */
  isAt(header: E['header']): boolean | Promise<boolean>;
  /** Plans the next epoch on the one before, however far ahead of the store. */
  plan(closed: ClosedEpoch, planning: Planning): Promise<P>;
  /** @param signal - of the line's end */
  line(signal: AbortSignal): LineOfChain<P>;
  /** The epoch is kept: what is answered is from its end. */
  adopt(planned: P): void;
  rootBytes(root: RootOf<E>): Uint8Array;
  /** What an account is owed at the end of the last epoch that is kept. */
  accountProof(account: number, signed: SignedState): Uint8Array;
  /** Gives back what the accounts are kept in. */
  close?(): void;
}

import { type AccountTable, genesisAccounts, plainRoot } from '@foldbook/stark/verify';
import { assert } from '../assert.ts';
import { sameBytes } from '../bytes.ts';
import type { ChainFollower, ChainPlace, FollowChecks, ProofSummary } from '../chain-follower.ts';
import { type ChainState, chainStateFrom } from '../chain-state.ts';
import { inPart, type PartVerdict } from '../check-data.ts';
import { ACCEPTED } from '../reason-codes.ts';
import { RuleBook } from '../rule-book.ts';
import type { PartCommitments } from './check-data.ts';
import { type DecodedStarkEpoch, decodeStarkEpochFile } from './epoch-file.ts';
import { type StarkContext, verifyStarkEpoch } from './verify-epoch.ts';

/** Follows a STARK chain from its genesis. */
export class StarkFollower implements ChainFollower<DecodedStarkEpoch> {
  readonly kind = 'stark';
  readonly decode = decodeStarkEpochFile;
  readonly #context: StarkContext;
  readonly #commitments: PartCommitments | undefined;
  readonly #rules = new RuleBook();
  #state: ChainState<Uint8Array>;
  #accounts: AccountTable = genesisAccounts();
  /** Of the header before; no proof binds it, but without records nothing moves it. */
  #plainRoot = plainRoot(genesisAccounts());
  #proofs = 0;
  #securityBits = Number.POSITIVE_INFINITY;

  /** @param commitments - for epochs that come with their data */
  constructor(context: StarkContext, commitments: PartCommitments | undefined) {
    this.#context = context;
    this.#commitments = commitments;
    this.#state = chainStateFrom(context.genesisHash, context.genesis.emptyRoot);
  }

  get place(): ChainPlace {
    const { root, previousHash: headHash, sequenceLast, recordNext } = this.#state;
    return { root, headHash, sequenceLast, recordNext };
  }

  get summary(): ProofSummary {
    const proofs = this.#proofs;
    const nothing = { proofs, folded: 0, devKeys: false };
    if (proofs === 0) return { ...nothing, backend: 'none' };
    return { ...nothing, backend: 'stark', securityBits: this.#securityBits };
  }

  /** As the data give them, where each epoch came with its own. */
  get accounts(): AccountTable {
    return this.#accounts;
  }

  next(epoch: DecodedStarkEpoch, { data, ...checks }: FollowChecks): PartVerdict {
    const outcome = verifyStarkEpoch(this.#context, this.#state, epoch, {
      ...checks,
      rules: this.#rules,
      ...(data === undefined ? {} : { data: { ...data, ...this.#known() } }),
    });
    if (!outcome.ok) return outcome;
    const { recordCount, accountsRoot } = epoch.header;
    if (recordCount === 0 && !sameBytes(accountsRoot, this.#plainRoot)) {
      const message = 'without records the plain tree is not that of the epoch before';
      return inPart('header', 'PLAIN_ROOT', message);
    }
    this.#plainRoot = accountsRoot;
    this.#state = outcome.state;
    this.#accounts = outcome.accounts ?? this.#accounts;
    this.#proofs += outcome.proofs;
    this.#securityBits = Math.min(this.#securityBits, outcome.securityBits);
    return ACCEPTED;
  }

  #known() {
    assert(this.#commitments !== undefined, 'data come with what commits to them');
    return { accounts: this.#accounts, commitments: this.#commitments };
  }
}

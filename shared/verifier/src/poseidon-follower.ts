import { AccountTree } from './account-tree.ts';
import type { ChainFollower, ChainPlace, FollowChecks, ProofSummary } from './chain-follower.ts';
import { type ChainState, initialChainState } from './chain-state.ts';
import type { PartVerdict } from './check-data.ts';
import { type DecodedEpoch, decodeEpochFile } from './epoch-file.ts';
import { toBigEndian } from './field.ts';
import { ACCEPTED } from './reason-codes.ts';
import { RuleBook } from './rule-book.ts';
import { type ChainContext, verifyEpoch } from './verify-epoch.ts';

/** Follows a chain whose roots are Poseidon's, from its genesis. */
export class PoseidonFollower implements ChainFollower<DecodedEpoch> {
  readonly kind = 'poseidon';
  readonly decode = decodeEpochFile;
  readonly #context: ChainContext;
  readonly #tree = new AccountTree();
  readonly #rules = new RuleBook();
  #state: ChainState;
  #proofs = 0;
  #folded = 0;

  constructor(context: ChainContext) {
    this.#context = context;
    this.#state = initialChainState(context.genesisHash);
  }

  get place(): ChainPlace {
    const { root, previousHash: headHash, sequenceLast, recordNext } = this.#state;
    return { root: toBigEndian(root), headHash, sequenceLast, recordNext };
  }

  get summary(): ProofSummary {
    const [proofs, folded] = [this.#proofs, this.#folded];
    const areAllFolded = proofs > 0 && folded === proofs;
    const devKeys = this.#context.keys.insecure && !areAllFolded;
    return { proofs, folded, backend: backEndOf(proofs, folded), devKeys };
  }

  next(epoch: DecodedEpoch, { data, ...checks }: FollowChecks): PartVerdict {
    const outcome = verifyEpoch(this.#context, this.#state, epoch, {
      ...checks,
      rules: this.#rules,
      ...(data === undefined ? {} : { data: { ...data, tree: this.#tree } }),
    });
    if (!outcome.ok) return outcome;
    this.#state = outcome.state;
    this.#proofs += outcome.proofs;
    this.#folded += outcome.folded;
    return ACCEPTED;
  }
}

function backEndOf(proofs: number, folded: number): ProofSummary['backend'] {
  if (proofs === 0) return 'none';
  if (folded === 0) return 'groth16';
  return folded === proofs ? 'folding' : 'mixed';
}

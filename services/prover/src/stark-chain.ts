// SPDX-License-Identifier: GPL-3.0-or-later
import {
  airDigest,
  commitmentDigest,
  genesisDigest,
  openAccount,
  PlainTree,
  type ProofParameters,
} from '@foldbook/stark';
import {
  bytesToHex,
  type DecodedStarkEpoch,
  encodeAccountProof,
  type GenesisFields,
  type StarkGenesis,
} from '@foldbook/verifier';
import { AccountLedger } from './account-ledger.ts';
import type { ChainProverOptions } from './chain-prover.ts';
import type { ChainSide, LineOfChain, Planning, SignedState } from './chain-side.ts';
import type { StoredChain, StoredKeys } from './chain-store.ts';
import type { CutJobs } from './cut-jobs.ts';
import type { ClosedEpoch } from './epoch-batcher.ts';
import type { CutRoute, MarketRouting } from './market-routing.ts';
import { sameBytes } from './operator-key.ts';
import type { PartCommits } from './part-commits.ts';
import { starkLine } from './proof-job.ts';
import { ProofStore } from './proof-store.ts';
import type { ProverProgress } from './prover-progress.ts';
import type { PlannedEpoch } from './proving-line.ts';
import { proveStarkEpoch } from './stark-assembler.ts';
import {
  type CommittedAccounts,
  committedAccounts,
  type StarkPlan,
  StarkPlanner,
} from './stark-plan.ts';
import { StarkStore, type StoredStarkGenesis } from './stark-store.ts';

/** Of the epochs in the line: records are held packed, at some bytes each. */
const MAX_RECORDS = 2 ** 20;

export interface StarkChainOptions
  extends Pick<
    ChainProverOptions,
    'market' | 'storeDir' | 'operator' | 'queue' | 'turns' | 'logger'
  > {
  readonly commits: PartCommits;
  /** Of a new chain; a chain that began with others goes on with those. */
  readonly parameters: ProofParameters;
  /** Records of a part at most. */
  readonly partRecords: number;
  /** Chooses how an epoch is cut; without it each part is as large as it may be. */
  readonly routing?: MarketRouting | undefined;
  /** Told which parts are asked for. */
  readonly cutJobs?: CutJobs | undefined;
}

export interface PlannedStark extends PlannedEpoch {
  readonly plan: StarkPlan;
  readonly route: CutRoute | undefined;
}

/** With the chain and the rules at the end of its stored epochs. */
type BegunChain = StoredStarkGenesis & Pick<StoredChain<DecodedStarkEpoch>, 'tip' | 'rules'>;

/** A chain of STARKs, several parts at a time, in a folder of its own beside the market's data. */
export class StarkChain implements ChainSide<StarkGenesis, DecodedStarkEpoch, PlannedStark> {
  readonly store: StarkStore;
  readonly data: ProofStore;
  readonly devKeys = false;
  readonly #options: StarkChainOptions;
  readonly #progress: ProverProgress;
  readonly #ledger = new AccountLedger();
  #begun: BegunChain | undefined;
  #planner: Promise<StarkPlanner> | undefined;
  /** At the end of the last epoch that is kept. */
  #kept: CommittedAccounts | undefined;
  /** Of the same, once an account has asked. */
  #tree: PlainTree | undefined;

  private constructor(
    options: StarkChainOptions,
    progress: ProverProgress,
    store: StarkStore,
    data: ProofStore,
  ) {
    this.#options = options;
    this.#progress = progress;
    this.store = store;
    this.data = data;
  }

  static async open(options: StarkChainOptions, progress: ProverProgress): Promise<StarkChain> {
    const { market, storeDir } = options;
    const store = await StarkStore.open(storeDir, market);
    return new StarkChain(options, progress, store, await ProofStore.open(storeDir, market));
  }

  start(fields: GenesisFields): Promise<StoredStarkGenesis | undefined> {
    const { parameters } = this.#options;
    const emptyRoot = genesisDigest(parameters.logBlowup);
    return this.store.putGenesis({ ...fields, parameters, airDigest: airDigest(), emptyRoot });
  }

  async resume(
    stored: StoredStarkGenesis,
    operatorKeys: StoredKeys,
  ): Promise<StoredChain<DecodedStarkEpoch>> {
    const { airDigest: constraints, emptyRoot, parameters } = stored.genesis;
    if (!sameBytes(constraints, airDigest())) {
      throw this.store.conflict(
        'its genesis names other constraints than those of this release; go on with the release ' +
          'that began it, or start a new store',
      );
    }
    if (!sameBytes(emptyRoot, genesisDigest(parameters.logBlowup))) {
      throw this.store.conflict('its genesis has another root for no balances; restore it');
    }
    const chain = await this.store.readChain(stored, operatorKeys);
    // A prover that was killed before it did so keeps nothing that is of no use any more.
    await this.store.clearParts(chain.headers.length);
    const { tip, rules } = chain;
    this.#begun = { ...stored, tip, rules };
    return chain;
  }

  apply({ records }: ClosedEpoch): boolean {
    return this.#ledger.takeAll(records);
  }

  async isAt({ rootNew, accountsRoot }: DecodedStarkEpoch['header']): Promise<boolean> {
    const accounts = await this.#accounts();
    const isSame = sameBytes(commitmentDigest(accounts.commitment), rootNew);
    if (!isSame || !sameBytes(accounts.root, accountsRoot)) return false;
    this.#answerFrom(accounts);
    return true;
  }

  adopt({ plan }: PlannedStark): void {
    this.#answerFrom(plan.accounts);
  }

  #answerFrom(accounts: CommittedAccounts): void {
    this.#kept = accounts;
    this.#tree = undefined;
  }

  /** Of a tree that the thread which commits to the accounts has made already, but for its top. */
  accountProof(account: number, { genesisFile, ...signed }: SignedState): Uint8Array {
    if (this.#kept === undefined) throw new Error('unreachable: the accounts of what is signed');
    const { table, blocks } = this.#kept;
    this.#tree ??= new PlainTree(table, blocks);
    const opening = openAccount(this.#tree, account);
    return encodeAccountProof({
      chain: 'stark',
      account,
      opening,
      genesis: genesisFile,
      ...signed,
    });
  }

  async plan(closed: ClosedEpoch, { operatorKeys }: Planning): Promise<PlannedStark> {
    this.#planner ??= this.#openPlanner();
    const planner = await this.#planner;
    const kept = await this.store.partsOf(closed.epoch);
    const waiting = this.#progress.epochsClosed - closed.epoch - 1;
    const { plan, route } = await planner.plan(closed, { operatorKeys, kept, waiting });
    this.#progress.choice = route?.record;
    const names = plan.parts.map(({ name }) => name);
    this.#options.cutJobs?.cut(this.#chainName, closed.epoch, names);
    return { closed, plan, route };
  }

  /** At the end of the stored epochs, which the stream has led to. */
  async #openPlanner(): Promise<StarkPlanner> {
    const { operator } = this.#options;
    const { tip, rules, ...stored } = this.#chain;
    // Of stored epochs they are committed to already: the last one was held against them.
    const accounts = this.#kept ?? (await this.#accounts());
    const context = { ...stored, operator };
    return new StarkPlanner(this.#options, context, tip, rules, this.#ledger, accounts);
  }

  get #chain(): BegunChain {
    if (this.#begun === undefined) throw new Error('unreachable: a chain is resumed first');
    return this.#begun;
  }

  /** As jobs have it. */
  get #chainName(): string {
    return bytesToHex(this.#chain.chainId);
  }

  async #accounts(): Promise<CommittedAccounts> {
    const { logBlowup } = this.#chain.genesis.parameters;
    const table = this.#ledger.table();
    const made = await this.#options.commits.commit({ logBlowup, accounts: table });
    return committedAccounts(table, made);
  }

  line(): LineOfChain<PlannedStark> {
    const { market, logger, queue, turns, cutJobs } = this.#options;
    const { store } = this;
    const progress = this.#progress;
    const onTrouble = (error: string) =>
      logger.warn('the proof of a part is not kept', { market, error });
    return {
      ...{ market: starkLine(market), foldTurns: turns, maxRecords: MAX_RECORDS },
      prove: ({ plan, route }, tools) =>
        proveStarkEpoch(plan, {
          ...{ ...tools, queue, store, onTrouble },
          onProof: ({ kind, statement }, made) => {
            progress.proofMade('batch', made.proveMs);
            route?.made(kind, { ...made, proofBytes: statement.length + made.proof.length });
          },
          onFound: ({ kind }) => route?.found(kind),
        }),
      clear: async (beforeEpoch) => {
        cutJobs?.kept(this.#chainName, beforeEpoch);
        await store.clearParts(beforeEpoch);
      },
    };
  }

  rootBytes(root: Uint8Array): Uint8Array {
    return root;
  }
}

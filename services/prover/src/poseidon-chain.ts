// SPDX-License-Identifier: GPL-3.0-or-later
import { join } from 'node:path';
import {
  AccountTree,
  applyDelta,
  type DecodedEpoch,
  EMPTY_ROOT,
  encodeAccountProof,
  type Genesis,
  type GenesisFields,
  netDeltas,
  SUPPLY_ACCOUNT,
  toBigEndian,
} from '@foldbook/verifier';
import {
  acceptedKeys,
  areInsecure,
  type ChainContext,
  type FindCircuit,
  type ProvingCircuit,
  type ProvingCircuits,
} from './chain-context.ts';
import type { ChainProverOptions } from './chain-prover.ts';
import type { ChainSide, LineOfChain, Planning, SignedState } from './chain-side.ts';
import type { StoredChain, StoredKeys } from './chain-store.ts';
import { type ProvedEpoch, proveEpoch } from './epoch-assembler.ts';
import type { ClosedEpoch } from './epoch-batcher.ts';
import { EpochFolding } from './epoch-folding.ts';
import { EpochPlanner, type PlannedOnTree } from './epoch-planner.ts';
import { EpochPlans } from './epoch-plans.ts';
import type { FoldMaker } from './fold/fold-pool.ts';
import type { JobTurns } from './job-turns.ts';
import type { MarketRouting } from './market-routing.ts';
import { sameBytes } from './operator-key.ts';
import { PagedCells } from './paged-cells.ts';
import { ProofStore, type StoredGenesis } from './proof-store.ts';
import type { ProverProgress } from './prover-progress.ts';
import type { LineTools } from './proving-line.ts';

/** Of the account tree in memory: the pages of a million accounts that are alike. */
const DEFAULT_TREE_BYTES = 64 * 2 ** 20;

export interface PoseidonChainOptions
  extends Pick<ChainProverOptions, 'market' | 'storeDir' | 'operator' | 'queue' | 'turns'> {
  /** Those that a new chain begins with. */
  readonly circuits: ProvingCircuits;
  /** Others that can be proved here: a chain that began with them goes on. */
  readonly findCircuit?: FindCircuit | undefined;
  /** Folds what is proved by folding; without it nothing is, whatever the chain has keys for. */
  readonly folds?: FoldMaker | undefined;
  /** At the threads that fold. Default: they are the queue's workers. */
  readonly foldTurns?: JobTurns | undefined;
  /** Chooses the circuits of an epoch's proofs; without it the largest that are filled. */
  readonly routing?: MarketRouting | undefined;
  /** Of the account tree, what may be in memory; the rest is in a file. Default 64 MiB. */
  readonly treeBytes?: number | undefined;
}

/** A chain under a tree of Poseidon hashes, whose proofs circuits make. */
export class PoseidonChain implements ChainSide<Genesis, DecodedEpoch, PlannedOnTree> {
  readonly store: ProofStore;
  readonly #options: PoseidonChainOptions;
  readonly #progress: ProverProgress;
  readonly #plans: EpochPlans;
  readonly #planner: EpochPlanner;
  readonly #cells: PagedCells;
  /** At the end of the last epoch that is kept. */
  readonly #tree: AccountTree;
  #circuits: ProvingCircuits;

  private constructor(
    options: PoseidonChainOptions,
    progress: ProverProgress,
    store: ProofStore,
    plans: EpochPlans,
  ) {
    const { market, storeDir, treeBytes, routing, folds, circuits } = options;
    this.#options = options;
    this.#progress = progress;
    this.store = store;
    this.#plans = plans;
    this.#planner = new EpochPlanner({ market, routing, progress, folds: folds !== undefined });
    const cells = new PagedCells(join(storeDir, market), treeBytes ?? DEFAULT_TREE_BYTES);
    this.#cells = cells;
    this.#tree = new AccountTree(cells);
    this.#circuits = circuits;
    progress.tree = () => cells.figures();
  }

  static async open(
    options: PoseidonChainOptions,
    progress: ProverProgress,
  ): Promise<PoseidonChain> {
    const { market, storeDir } = options;
    const store = await ProofStore.open(storeDir, market);
    const plans = await EpochPlans.open(storeDir, market);
    return new PoseidonChain(options, progress, store, plans);
  }

  get data(): ProofStore {
    return this.store;
  }

  get devKeys(): boolean {
    return areInsecure(this.#circuits);
  }

  start(fields: GenesisFields): Promise<StoredGenesis | undefined> {
    const { circuits } = this.#options;
    const genesis = { ...fields, emptyRoot: EMPTY_ROOT, keys: acceptedKeys(circuits) };
    return this.store.createGenesis(genesis, circuits);
  }

  async resume(
    stored: StoredGenesis,
    operatorKeys: StoredKeys,
  ): Promise<StoredChain<DecodedEpoch>> {
    const { operator } = this.#options;
    if (stored.genesis.emptyRoot !== EMPTY_ROOT) {
      throw this.store.conflict('its genesis has another root for the empty tree; restore it');
    }
    const circuits = await this.#circuitsOf(stored.genesis);
    await this.store.putKeys(circuits);
    const chain = await this.store.readChain(stored, operatorKeys, circuits);
    const context: ChainContext = { ...stored, operator, circuits };
    this.#circuits = circuits;
    this.#planner.begin(context, chain.tip, chain.rules);
    return chain;
  }

  /** Of circuits that are built here, those that the chain began with. */
  async #circuitsOf({ keys }: Genesis): Promise<ProvingCircuits> {
    const { circuits: own, findCircuit } = this.#options;
    const circuits: ProvingCircuit[] = [];
    for (const key of keys) {
      const mine = own.find((one) => sameBytes(one.keyDigest, key.digest));
      const circuit = mine ?? (await findCircuit?.(key));
      if (circuit !== undefined) circuits.push(circuit);
    }
    if (circuits.length === keys.length) return circuits;
    const what = 'its genesis names other verifying keys than those of the circuits built here';
    throw this.store.conflict(`${what}; restore these, or start a new store`);
  }

  apply({ records }: ClosedEpoch): boolean {
    const wrong = netDeltas(records).map((delta) => applyDelta(this.#tree, delta));
    return wrong.every((message) => message === undefined);
  }

  isAt({ rootNew }: DecodedEpoch['header']): boolean {
    return this.#tree.root() === rootNew;
  }

  /** On a tree of its own: until it is kept, ours answers for another. */
  plan(closed: ClosedEpoch, planning: Planning): Promise<PlannedOnTree> {
    return this.#planner.plan(closed, this.#tree, { plans: this.#plans, ...planning });
  }

  line(signal: AbortSignal): LineOfChain<PlannedOnTree> {
    const { queue, turns, foldTurns = turns } = this.#options;
    const progress = this.#progress;
    const folding = this.#openFolding(signal);
    const prove = ({ plan, route }: PlannedOnTree, tools: LineTools): Promise<ProvedEpoch> =>
      proveEpoch(plan, {
        ...{ ...tools, queue, folding },
        onProof: (circuit, made) => {
          progress.proofMade(circuit.role, made.proveMs);
          route?.made(circuit, made);
        },
        onFolded: (circuit, made) => {
          if (made.leaves > 0) progress.proofMade(circuit.role, made.leafWallMs / made.leaves);
          route?.folded(circuit, made, tools.foldTurns.busy + 1);
        },
      });
    const clear = async (beforeEpoch: number): Promise<void> => {
      await this.#plans.clear(beforeEpoch);
      await folding?.clear(beforeEpoch);
    };
    return { prove, foldTurns, clear };
  }

  #openFolding(signal: AbortSignal): EpochFolding | undefined {
    const { storeDir, market, folds: maker } = this.#options;
    if (maker === undefined) return undefined;
    const keyFile = (circuit: ProvingCircuit) => this.store.keyFile(circuit);
    return new EpochFolding({ maker, folder: join(storeDir, market), keyFile, signal });
  }

  adopt({ tree }: PlannedOnTree): void {
    this.#tree.adopt(tree);
  }

  rootBytes(root: bigint): Uint8Array {
    return toBigEndian(root);
  }

  accountProof(account: number, signed: SignedState): Uint8Array {
    const { genesisFile: genesis, keyChanges, headerBytes, signature } = signed;
    const open = (id: number) => ({ ...this.#tree.get(id), path: this.#tree.path(id) });
    const leaves = { leaf: open(account), supply: open(SUPPLY_ACCOUNT) };
    return encodeAccountProof({
      chain: 'poseidon',
      ...{ genesis, keyChanges, headerBytes, signature, account },
      ...leaves,
    });
  }

  close(): void {
    this.#cells.close();
  }
}

// SPDX-License-Identifier: GPL-3.0-or-later
import {
  type AccountTree,
  BackEnd,
  type ChainState,
  type OperatorKeys,
  RuleBook,
} from '@foldbook/verifier';
import type { ChainContext, ProvingCircuit } from './chain-context.ts';
import type { ClosedEpoch } from './epoch-batcher.ts';
import { type EpochPlan, planEpoch } from './epoch-plan.ts';
import type { EpochPlans, KeptPlan } from './epoch-plans.ts';
import type { EpochRoute, MarketRouting } from './market-routing.ts';
import { checkPlan } from './plan-check.ts';
import type { ProverProgress } from './prover-progress.ts';
import type { PlannedEpoch } from './proving-line.ts';
import { filledTiles, type RoleRows, type RoleTiles, tilesOf } from './tiling.ts';

/** Signed, and with the tree as it is at the epoch's end. */
export interface PlannedOnTree extends PlannedEpoch {
  readonly route?: EpochRoute | undefined;
  readonly plan: EpochPlan;
  readonly tree: AccountTree;
}

export interface EpochPlannerOptions {
  readonly market: string;
  readonly progress: ProverProgress;
  /** Chooses the circuits of an epoch's proofs; without it the largest that are filled. */
  readonly routing?: MarketRouting | undefined;
  /** Whether this prover folds; else it leaves keys of folding alone. */
  readonly folds: boolean;
}

/** What one plan is made with. */
export interface Planning {
  readonly plans: EpochPlans;
  /** The operator's, by which this prover may sign the epoch. */
  readonly operatorKeys: OperatorKeys;
  /** Does what writes to the store. */
  readonly written: (write: () => Promise<void>) => Promise<void>;
}

/** A chain as far as it is planned. */
interface PlannedChain {
  readonly context: ChainContext;
  readonly rules: RuleBook;
  tip: ChainState;
}

/** Plans a chain's epochs in order, each on the one before, however far ahead of the store. */
export class EpochPlanner {
  readonly #options: EpochPlannerOptions;
  #chain: PlannedChain | undefined;
  /** Of the last epoch that was planned. */
  #tree: AccountTree | undefined;
  #epochs = 0;

  constructor(options: EpochPlannerOptions) {
    this.#options = options;
  }

  /** Epochs of the chain that are stored or planned. */
  get epochs(): number {
    return this.#epochs;
  }

  /**
   * @param tip - the chain at the end of its stored epochs
   * @param epochs - how many these are
   * @param rules - at their end
   */
  begin(context: ChainContext, tip: ChainState, epochs = 0, rules = new RuleBook()): void {
    this.#chain = { context, tip, rules };
    this.#epochs = epochs;
  }

  /**
   * Plans the next epoch as an earlier run did, or as the router chooses now. Its plan is kept
   * when this resolves.
   * @param stored - the tree of the stored epochs; it is left as it is
   */
  async plan(closed: ClosedEpoch, stored: AccountTree, planning: Planning): Promise<PlannedOnTree> {
    const { plans, operatorKeys, written } = planning;
    const chain = this.#chain;
    if (chain === undefined) throw new Error('unreachable: a chain was begun before it goes on');
    const { context, tip, rules } = chain;
    const { epoch } = closed;
    const found = await plans.find(epoch, context.chainId);
    const tree = (this.#tree ?? stored).fork();
    let route: EpochRoute | undefined;
    try {
      const plan = await planEpoch(context, tip, tree, closed, (rows, circuits) => {
        const division = this.#divide(closed, rows, circuits, plans, found);
        route = division.route;
        return division.tiles;
      });
      checkPlan({ ...context, operatorKeys }, tip, plan, rules);
      await written(() => plans.keep(plan, context.chainId, found));
      chain.tip = plan.tip;
      this.#tree = tree;
      this.#epochs = epoch + 1;
      return { closed, plan, route, tree };
    } catch (error) {
      route?.end();
      throw error;
    }
  }

  #divide(
    closed: ClosedEpoch,
    rows: RoleRows,
    accepted: readonly ProvingCircuit[],
    plans: EpochPlans,
    found: KeptPlan | undefined,
  ): { readonly route: EpochRoute | undefined; readonly tiles: RoleTiles } {
    const { market, routing, folds, progress } = this.#options;
    const circuits = accepted.filter(({ backEnd }) => backEnd === BackEnd.GROTH16 || folds);
    const kept = found && plans.tilings(closed.epoch, found, rows, circuits);
    const waiting = progress.epochsClosed - closed.epoch - 1;
    const route = routing?.route(market, closed, waiting, rows, circuits, kept);
    progress.choice = route?.record;
    if (route !== undefined) return { route, tiles: route.tiles };
    if (kept === undefined) return { route, tiles: filledTiles(rows, circuits) };
    const batch = tilesOf(rows.batch, kept.batches, circuits);
    return { route, tiles: { batch, accounts: tilesOf(rows.accounts, kept.accounts, circuits) } };
  }
}

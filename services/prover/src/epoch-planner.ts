// SPDX-License-Identifier: GPL-3.0-or-later
import { type AccountTree, BackEnd, type ChainState, type RuleBook } from '@foldbook/verifier';
import type { ChainContext, ProvingCircuit } from './chain-context.ts';
import type { Planning } from './chain-side.ts';
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
export interface PlanningOnTree extends Planning {
  readonly plans: EpochPlans;
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

  constructor(options: EpochPlannerOptions) {
    this.#options = options;
  }

  /**
   * @param tip - the chain at the end of its stored epochs
   * @param rules - at their end
   */
  begin(context: ChainContext, tip: ChainState, rules: RuleBook): void {
    this.#chain = { context, tip, rules };
  }

  /**
   * Plans the next epoch as an earlier run did, or as the router chooses now. Its plan is kept
   * when this resolves.
   * @param stored - the tree of the stored epochs; it is left as it is
   */
  async plan(
    closed: ClosedEpoch,
    stored: AccountTree,
    planning: PlanningOnTree,
  ): Promise<PlannedOnTree> {
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

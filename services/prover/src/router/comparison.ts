// SPDX-License-Identifier: GPL-3.0-or-later
/** The router against every fixed choice, over the same loads and the same luck. */
import type { RouterOptions } from './epoch-router.ts';
import type { Load } from './load.ts';
import { fixedChoices, fixedPolicy, type Policy, routerPolicy } from './policy.ts';
import {
  type RouterSettings,
  routerSchema,
  type VerifierKind,
  verifierWeights,
} from './settings.ts';
import { simulate } from './simulation.ts';
import type { Outcome } from './simulation-outcome.ts';
import type { World } from './simulation-world.ts';

/** Where one fixed choice is right for every epoch the router can't be better, nor much worse. */
export const TIE = 0.005;

export interface Standings {
  readonly policy: string;
  /** Geometric mean of its outcomes' scores: a tenth saved on any load counts the same. */
  readonly score: number;
  /** Of each seed, of each load. */
  readonly outcomes: readonly Outcome[];
}

/** Who is compared. */
export interface Policies {
  readonly router: (options: RouterOptions) => Policy;
  readonly fixed: (cores: number, foldsAllowed: boolean) => readonly Policy[];
}

const circuitPolicies: Policies = {
  router: routerPolicy,
  fixed: (cores, foldsAllowed) => fixedChoices(cores, foldsAllowed).map(fixedPolicy),
};

export interface Comparison {
  readonly settings: RouterSettings;
  readonly router: Standings;
  /** By score, the best first. */
  readonly fixed: readonly Standings[];
}

/**
 * The same seeds give the same figures.
 *
 * @param seeds - of what proofs take and of how fast the machine is
 * @param learning - what the router's process has proved before, on this machine. Fixed choices
 *   have nothing to learn
 */
export function compare(
  loads: readonly Load[],
  learning: readonly Load[],
  world: World,
  settings: RouterSettings,
  seeds: readonly number[],
  policies: Policies = circuitPolicies,
): Comparison {
  const { foldsAllowed } = verifierWeights(settings.verifier);
  const standings = (policyOf: (seed: number) => Policy): Standings => {
    const outcomes = seeds.flatMap((seed) =>
      loads.map((load) => simulate(load, policyOf(seed), world, settings, seed)),
    );
    return { policy: outcomes[0]?.policy ?? '', score: meanScore(outcomes), outcomes };
  };
  return {
    settings,
    router: standings((seed) => {
      const policy = policies.router({ ...settings, maxWorkers: world.cores });
      // Other luck than that of the runs that count.
      for (const load of learning) simulate(load, policy, world, settings, seed + 1_000);
      return policy;
    }),
    fixed: policies
      .fixed(world.cores, foldsAllowed)
      .map((policy) => standings(() => policy))
      .sort((left, right) => left.score - right.score),
  };
}

export function meanScore(outcomes: readonly Outcome[]): number {
  const logs = outcomes.reduce((sum, { score }) => sum + Math.log(score), 0);
  return Math.exp(logs / outcomes.length);
}

/** What the router has proved before it is judged: none of the loads that count. */
export const LEARNING = 'tune-markets';

/** Deadlines as a deployment may have them: a contract waits longer. */
export function judgedSettings(verifier: VerifierKind): RouterSettings {
  return routerSchema.parse({ verifier, deadlineMs: verifier === 'on-chain' ? 300_000 : 60_000 });
}

/** No fixed choice scores better, all loads together, by more than a tie. */
export function isBest({ router, fixed }: Comparison): boolean {
  return fixed.every(({ score }) => router.score <= (1 + TIE) * score);
}

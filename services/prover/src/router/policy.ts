// SPDX-License-Identifier: GPL-3.0-or-later
/** Who chooses in a simulation: the router, or one choice for all epochs. */
import assert from 'node:assert/strict';
import type { CircuitRole } from '@foldbook/verifier';
import type { AnyTilings } from './alternative.ts';
import { EpochRouter, type RouteRequest, type RouterOptions } from './epoch-router.ts';
import type { CostKind, Measurement } from './proof-backend.ts';
import { largestFilled, type Tiling } from './tilings.ts';

export interface Choice extends AnyTilings {
  readonly workers: number;
}

export interface Policy {
  readonly name: string;
  closed(market: string, closedMs: number): void;
  choose(request: RouteRequest): Choice;
  measured(measurement: Measurement): void;
  /** Of a proof or leaf, for the order of jobs, ms. */
  expectedMs(kind: CostKind): number;
}

export function routerPolicy(options: RouterOptions): Policy {
  const router = new EpochRouter(options);
  return {
    name: 'router',
    closed: (market, closedMs) => router.closed(market, closedMs),
    choose: (request) => router.choose(request),
    measured: (measurement) => router.measured(measurement),
    expectedMs: (kind) => router.book.cost(kind, 'leaf')?.cpuUpperMs ?? 0,
  };
}

type Sizes = 'small' | 'large' | 'filled';

/** Of each role a back end and the sizes; so many workers. */
export interface FixedChoice {
  readonly batch: { readonly folds: boolean; readonly sizes: Sizes };
  readonly accounts: { readonly folds: boolean; readonly sizes: Sizes };
  readonly workers: number;
}

/** Every back end x sizes of each role x workers. `filled` is the rule without a router. */
export function fixedChoices(maxWorkers: number, foldsAllowed: boolean): FixedChoice[] {
  const ends = foldsAllowed ? [false, true] : [false];
  const sides = ends.flatMap((folds) =>
    (['small', 'large', 'filled'] as const).map((sizes) => ({ folds, sizes })),
  );
  const counts = Array.from({ length: maxWorkers }, (_, index) => index + 1);
  return sides.flatMap((batch) =>
    sides.flatMap((accounts) => counts.map((workers) => ({ batch, accounts, workers }))),
  );
}

export function fixedPolicy(choice: FixedChoice): Policy {
  const { batch, accounts, workers } = choice;
  const words = ({ folds, sizes }: FixedChoice['batch']) =>
    `${folds ? 'fold' : 'groth16'} ${sizes}`;
  // The same order of jobs as the router's: what is compared is the choice alone.
  const expected = new Map<CostKind, number>();
  const tiling = (request: RouteRequest, role: CircuitRole): Tiling => {
    const { folds, sizes } = choice[role];
    const kinds = request.kinds.filter((kind) => kind.role === role && kind.folds === folds);
    const ascending = kinds.toSorted((left, right) => left.size - right.size);
    const chosen = sizes === 'small' ? ascending.slice(0, 1) : ascending.slice(-1);
    const rows = request.rows[role];
    assert(kinds.length > 0, `no ${folds ? 'folding' : 'Groth16'} circuit for ${role}`);
    return largestFilled(rows, sizes === 'filled' ? kinds : chosen);
  };
  return {
    name: `${words(batch)} + ${words(accounts)}, ${workers} worker${workers === 1 ? '' : 's'}`,
    closed: () => {},
    choose: (request) => {
      const [batches, accounts] = [tiling(request, 'batch'), tiling(request, 'accounts')];
      return { batches, accounts, workers };
    },
    measured: ({ kind, stage, cpuMs }) => {
      if (stage === 'leaf') expected.set(kind, cpuMs);
    },
    expectedMs: (kind) => expected.get(kind) ?? 0,
  };
}

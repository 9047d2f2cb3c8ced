// SPDX-License-Identifier: GPL-3.0-or-later
/** The router where proofs are planned: it has the clock, the log and what is under way. */
import type { Logger } from '@foldbook/runtime';
import type { FoldedCircuit, Groth16Circuit, ProvingCircuit } from './chain-context.ts';
import type { AcceptedFold, AcceptedProof } from './epoch-assembler.ts';
import type { ClosedEpoch } from './epoch-batcher.ts';
import type { Urgency } from './job-turns.ts';
import type { Tilings } from './router/alternative.ts';
import { type Decision, type DecisionRecord, decisionRecord } from './router/decision.ts';
import type { EpochRouter } from './router/epoch-router.ts';
import { type Standing, standingOf } from './router/job-order.ts';
import { kindName, type RoutedKind } from './router/proof-backend.ts';
import { type RoleRows, type RoleTiles, routedKind, tilesOf } from './tiling.ts';

const NS_PER_MS = 1_000_000n;

export interface MarketRoutingOptions {
  readonly router: EpochRouter;
  readonly logger: Logger;
  /** Of the same clock as the times of the epochs' closes, ms. */
  readonly nowMs: () => number;
  /** Workers of other machines take jobs as well: how many, nobody here decides. */
  readonly workersElsewhere: boolean;
}

/** An epoch's choice, and what its proofs took. */
export interface EpochRoute {
  /** Proofs under way at a time; undefined: no choice. */
  readonly workers: number | undefined;
  readonly tiles: RoleTiles;
  /** The choice with its reason. */
  readonly record: DecisionRecord;
  /** Told of each proof that was accepted. */
  made(circuit: Groth16Circuit, proof: AcceptedProof): void;
  /** Told of each kind whose proofs were folded. `underWay`: jobs at work at the time. */
  folded(circuit: FoldedCircuit, fold: AcceptedFold, underWay: number): void;
  /** There is nothing left to prove of it, or it failed. */
  end(): void;
}

/** An epoch whose proofs are under way. */
interface OpenEpoch {
  readonly market: string;
  readonly epoch: number;
  readonly deadlineMs: number;
  /** Of each kind, by its name: proofs that are not made yet. */
  readonly rest: Map<string, { readonly kind: RoutedKind; proofs: number }>;
}

/** One for all markets of a process: they share its workers. */
export class MarketRouting implements Urgency {
  readonly #options: MarketRoutingOptions;
  readonly #open = new Set<OpenEpoch>();

  constructor(options: MarketRoutingOptions) {
    this.#options = options;
  }

  nowMs(): number {
    return this.#options.nowMs();
  }

  /** Of a market with epochs under way. */
  standing(market: string, workers: number): Standing | undefined {
    const chain = [...this.#open]
      .filter((open) => open.market === market)
      .sort((left, right) => left.epoch - right.epoch)
      .map((open) => ({ deadlineMs: open.deadlineMs, restMs: this.#restMs(open, 'cpuUpperMs') }));
    return standingOf(chain, workers, this.nowMs());
  }

  /**
   * @param waiting - closed epochs behind this one
   * @param kept - how an earlier run divided it, which is how it stays
   */
  route(
    market: string,
    { epoch, timeNs }: Pick<ClosedEpoch, 'epoch' | 'timeNs'>,
    waiting: number,
    rows: RoleRows,
    circuits: readonly ProvingCircuit[],
    kept?: Tilings,
  ): EpochRoute {
    const { router, logger } = this.#options;
    const nowMs = this.nowMs();
    // Another machine's clock may be ahead of this one's.
    const closedMs = Math.min(nowMs, Number(timeNs / NS_PER_MS));
    router.closed(market, closedMs);
    const kinds = circuits.map(routedKind);
    const aheadMs = this.#aheadMs();
    const request = { market, epoch, rows, closedMs, nowMs, waiting, aheadMs, kinds };
    const decision = kept === undefined ? router.choose(request) : router.kept(market, epoch, kept);
    const record = decisionRecord(decision);
    logger.info('proofs chosen', { ...record, waiting });
    const open = {
      market,
      epoch,
      deadlineMs: closedMs + router.deadlineMs,
      rest: restOf(decision),
    };
    this.#open.add(open);
    const isFree = this.#options.workersElsewhere || decision.alternatives.length === 0;
    return {
      record,
      workers: isFree ? undefined : decision.workers,
      tiles: {
        batch: tilesOf(rows.batch, decision.batches, circuits),
        accounts: tilesOf(rows.accounts, decision.accounts, circuits),
      },
      made: (circuit, proof) => this.#made(open, circuit, proof),
      folded: (circuit, fold, underWay) => this.#folded(open, circuit, fold, underWay),
      end: () => void this.#open.delete(open),
    };
  }

  #made(open: OpenEpoch, circuit: Groth16Circuit, proof: AcceptedProof): void {
    const { proveMs, cpuMs, rssBytes, proofBytes, verifyMs, underWay } = proof;
    const kind = routedKind(circuit);
    done(open, kind, 1);
    // A worker of an earlier release tells no processor time.
    if (cpuMs === undefined) return;
    const figures = { workers: underWay, wallMs: proveMs, cpuMs, proofBytes, verifyMs };
    const leaf = { kind, stage: 'leaf', ...figures } as const;
    this.#options.router.measured(rssBytes === undefined ? leaf : { ...leaf, rssBytes });
  }

  /** A folded proof's verification is nearly all of its opening, so it counts to the closing. */
  #folded(open: OpenEpoch, circuit: FoldedCircuit, fold: AcceptedFold, underWay: number): void {
    const { router } = this.#options;
    const { leaves, leafCpuMs, leafWallMs, closingCpuMs, closingWallMs, rssBytes } = fold;
    const kind = routedKind(circuit);
    done(open, kind, fold.proofs);
    const shared = { kind, workers: underWay, rssBytes };
    // After a restart all leaves may have been found.
    if (leaves > 0) {
      const [cpuMs, wallMs] = [leafCpuMs / leaves, leafWallMs / leaves];
      router.measured({
        ...shared,
        ...{ stage: 'leaf', cpuMs, wallMs, proofBytes: fold.leafBytes, verifyMs: 0 },
      });
    }
    router.measured({
      ...shared,
      ...{ stage: 'closing', cpuMs: closingCpuMs, wallMs: closingWallMs },
      ...{ proofBytes: fold.closingBytes, verifyMs: fold.verifyMs },
    });
  }

  /** By what is known now: an epoch may have been planned before anything was measured. */
  #restMs({ rest }: OpenEpoch, figure: 'cpuMs' | 'cpuUpperMs'): number {
    const { book } = this.#options.router;
    let sum = 0;
    for (const { kind, proofs } of rest.values()) {
      if (proofs === 0) continue;
      sum += proofs * (book.cost(kind, 'leaf')?.[figure] ?? 0);
      sum += book.cost(kind, 'closing')?.[figure] ?? 0;
    }
    return sum;
  }

  #aheadMs(): number {
    return [...this.#open].reduce((sum, open) => sum + this.#restMs(open, 'cpuMs'), 0);
  }
}

function restOf({ batches, accounts }: Decision): OpenEpoch['rest'] {
  return new Map([...batches, ...accounts].map((run) => [kindName(run.kind), { ...run }]));
}

function done({ rest }: OpenEpoch, kind: RoutedKind, proofs: number): void {
  const left = rest.get(kindName(kind));
  if (left !== undefined) left.proofs = Math.max(0, left.proofs - proofs);
}

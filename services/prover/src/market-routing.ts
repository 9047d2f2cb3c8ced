// SPDX-License-Identifier: GPL-3.0-or-later
/** The router where proofs are planned: it has the clock, the log and what is under way. */
import type { Logger } from '@foldbook/runtime';
import type { FoldedCircuit, Groth16Circuit, ProvingCircuit } from './chain-context.ts';
import type { AcceptedFold, AcceptedProof } from './epoch-assembler.ts';
import type { ClosedEpoch } from './epoch-batcher.ts';
import type { Tilings } from './router/alternative.ts';
import { type Decision, type DecisionRecord, decisionRecord } from './router/decision.ts';
import type { EpochRouter } from './router/epoch-router.ts';
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
  /** Told of each proof that was accepted. `underWay`: proofs asked for at the time. */
  made(circuit: Groth16Circuit, proof: AcceptedProof, underWay: number): void;
  /** Told of each kind whose proofs were folded. */
  folded(circuit: FoldedCircuit, fold: AcceptedFold, underWay: number): void;
  /** There is nothing left to prove of it, or it failed. */
  end(): void;
}

/** One for all markets of a process: they share its workers. */
export class MarketRouting {
  readonly #options: MarketRoutingOptions;
  /** Processor time that open epochs are expected to take yet, ms. */
  readonly #restMs = new Map<string, number>();

  constructor(options: MarketRoutingOptions) {
    this.#options = options;
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
    const nowMs = this.#options.nowMs();
    // Another machine's clock may be ahead of this one's.
    const closedMs = Math.min(nowMs, Number(timeNs / NS_PER_MS));
    router.closed(market, closedMs);
    const kinds = circuits.map(routedKind);
    const aheadMs = this.#aheadMs();
    const request = { market, epoch, rows, closedMs, nowMs, waiting, aheadMs, kinds };
    const decision = kept === undefined ? router.choose(request) : router.kept(market, epoch, kept);
    const record = decisionRecord(decision);
    logger.info('proofs chosen', { ...record, waiting });
    const place = `${market}/${epoch}`;
    this.#restMs.set(place, this.#expectedMs(decision));
    const isOpen = this.#options.workersElsewhere || decision.alternatives.length === 0;
    return {
      record,
      workers: isOpen ? undefined : decision.workers,
      tiles: {
        batch: tilesOf(rows.batch, decision.batches, circuits),
        accounts: tilesOf(rows.accounts, decision.accounts, circuits),
      },
      made: (circuit, proof, underWay) => this.#made(place, circuit, proof, underWay),
      folded: (circuit, fold, underWay) => this.#folded(place, circuit, fold, underWay),
      end: () => void this.#restMs.delete(place),
    };
  }

  #made(place: string, circuit: Groth16Circuit, proof: AcceptedProof, underWay: number): void {
    const { proveMs, cpuMs, rssBytes, proofBytes, verifyMs } = proof;
    // A worker of an earlier release tells no processor time.
    if (cpuMs === undefined) return;
    const kind = routedKind(circuit);
    const figures = { workers: underWay, wallMs: proveMs, cpuMs, proofBytes, verifyMs };
    const leaf = { kind, stage: 'leaf', ...figures } as const;
    this.#options.router.measured(rssBytes === undefined ? leaf : { ...leaf, rssBytes });
    this.#done(place, cpuMs);
  }

  /** A folded proof's verification is nearly all of its opening, so it counts to the closing. */
  #folded(place: string, circuit: FoldedCircuit, fold: AcceptedFold, underWay: number): void {
    const { router } = this.#options;
    const { leaves, leafCpuMs, leafWallMs, closingCpuMs, closingWallMs, rssBytes } = fold;
    const shared = { kind: routedKind(circuit), workers: underWay, rssBytes };
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
    this.#done(place, leafCpuMs + closingCpuMs);
  }

  #done(place: string, cpuMs: number): void {
    const rest = this.#restMs.get(place) ?? 0;
    this.#restMs.set(place, Math.max(0, rest - cpuMs));
  }

  #expectedMs({ batches, accounts }: Decision): number {
    const { book } = this.#options.router;
    return [...batches, ...accounts].reduce(
      (sum, { kind, proofs }) =>
        sum +
        proofs * (book.cost(kind, 'leaf')?.cpuMs ?? 0) +
        (book.cost(kind, 'closing')?.cpuMs ?? 0),
      0,
    );
  }

  #aheadMs(): number {
    return [...this.#restMs.values()].reduce((sum, ms) => sum + ms, 0);
  }
}

// SPDX-License-Identifier: GPL-3.0-or-later
/** The router where proofs are planned: it has the clock, the log and what is under way. */
import type { Logger } from '@foldbook/runtime';
import type { FoldedCircuit, Groth16Circuit, ProvingCircuit } from './chain-context.ts';
import type { AcceptedFold, AcceptedProof } from './epoch-assembler.ts';
import type { ClosedEpoch } from './epoch-batcher.ts';
import type { Urgency } from './job-turns.ts';
import { starkLine } from './proof-job.ts';
import { type AnyTilings, runsOf, type Tilings } from './router/alternative.ts';
import { type Cuttable, cutInto } from './router/cuts.ts';
import { type Decision, type DecisionRecord, decisionRecord } from './router/decision.ts';
import type { ChoiceRequest, EpochRouter } from './router/epoch-router.ts';
import { type Standing, standingOf } from './router/job-order.ts';
import type { PartKind } from './router/part-kind.ts';
import { type CostKind, kindName } from './router/proof-backend.ts';
import type { Run } from './router/tilings.ts';
import { type RoleRows, type RoleTiles, routedKind, tilesOf } from './tiling.ts';

const NS_PER_MS = 1_000_000n;

type CuttableEpoch = Pick<ClosedEpoch, 'epoch' | 'timeNs' | 'records'>;

export interface MarketRoutingOptions {
  readonly router: EpochRouter;
  readonly logger: Logger;
  /** Of the same clock as the times of the epochs' closes, ms. */
  readonly nowMs: () => number;
  /** Workers of other machines take jobs as well: how many, nobody here decides. */
  readonly workersElsewhere: boolean;
}

/** What the line of a chain's epochs asks of a choice. */
export interface LineRoute {
  /** Proofs under way at a time; undefined: no choice. */
  readonly workers: number | undefined;
  /** There is nothing left to prove of it, or it failed. */
  end(): void;
}

/** An epoch's choice, and what its proofs took. */
export interface EpochRoute extends LineRoute {
  readonly tiles: RoleTiles;
  /** The choice with its reason. */
  readonly record: DecisionRecord;
  /** Told of each proof that was accepted. */
  made(circuit: Groth16Circuit, proof: AcceptedProof): void;
  /** Told of each kind whose proofs were folded. `underWay`: jobs at work at the time. */
  folded(circuit: FoldedCircuit, fold: AcceptedFold, underWay: number): void;
}

/** The same of an epoch of a STARK chain. */
export interface CutRoute extends LineRoute {
  /** Of its first parts, records at most; those behind them have as many as they may. */
  readonly sizes: readonly number[];
  readonly record: DecisionRecord;
  /** Told what became of it. */
  cut(parts: readonly PartKind[]): void;
  /** Told of each proof that was accepted. */
  made(kind: PartKind, proof: AcceptedPart): void;
  /** Told of each part that was proved before. */
  found(kind: PartKind): void;
}

type AcceptedPart = Omit<AcceptedProof, 'proof' | 'publicSignals'>;

/** An epoch whose proofs are under way. */
interface OpenEpoch {
  /** Its market, or the market's STARK chain (`starkLine`). */
  readonly line: string;
  readonly epoch: number;
  readonly deadlineMs: number;
  /** Of each kind, by its name: proofs that are not made yet. */
  rest: Map<string, { readonly kind: CostKind; proofs: number }>;
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

  /** Of a market, or its STARK chain, with epochs under way. */
  standing(line: string, workers: number): Standing | undefined {
    const chain = [...this.#open]
      .filter((open) => open.line === line)
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
    const { router } = this.#options;
    const kinds = circuits.map(routedKind);
    const request = { ...this.#request(market, epoch, timeNs, waiting), rows, kinds };
    const decision = kept === undefined ? router.choose(request) : router.kept(market, epoch, kept);
    const { open, record } = this.#begin(market, decision, request);
    return {
      record,
      workers: this.#workersOf(decision),
      tiles: {
        batch: tilesOf(rows.batch, decision.batches, circuits),
        accounts: tilesOf(rows.accounts, decision.accounts, circuits),
      },
      made: (circuit, proof) => this.#made(open, routedKind(circuit), proof),
      folded: (circuit, fold, underWay) => this.#folded(open, circuit, fold, underWay),
      end: () => void this.#open.delete(open),
    };
  }

  /**
   * The same of an epoch of the STARK chain.
   * @param kept - sizes of parts, some of which an earlier run has proved: it stays so
   */
  cut(
    market: string,
    { epoch, timeNs, records: { length: records } }: CuttableEpoch,
    waiting: number,
    cuttable: Omit<Cuttable, 'records'>,
    kept?: readonly number[],
  ): CutRoute {
    const { router } = this.#options;
    const line = starkLine(market);
    const whole = { ...cuttable, records };
    const request = { ...this.#request(line, epoch, timeNs, waiting), ...whole };
    const decision =
      kept === undefined ? router.cut(request) : router.kept(line, epoch, cutInto(whole, kept));
    const { open, record } = this.#begin(market, decision, request);
    return {
      record,
      workers: this.#workersOf(decision),
      sizes: decision.sizes,
      cut: (parts) => {
        open.rest = restOf(parts.map((kind) => ({ kind, proofs: 1 })));
      },
      made: (kind, proof) => this.#made(open, kind, proof),
      found: (kind) => done(open, kind, 1),
      end: () => void this.#open.delete(open),
    };
  }

  /** What every choice goes by. */
  #request(line: string, epoch: number, timeNs: bigint, waiting: number): ChoiceRequest {
    const nowMs = this.nowMs();
    // Another machine's clock may be ahead of this one's.
    const closedMs = Math.min(nowMs, Number(timeNs / NS_PER_MS));
    this.#options.router.closed(line, closedMs);
    return { market: line, epoch, closedMs, nowMs, waiting, aheadMs: this.#aheadMs() };
  }

  /** Proofs of an epoch are under way from now on. */
  #begin(
    market: string,
    decision: Decision<AnyTilings>,
    { market: line, epoch, closedMs, waiting }: ChoiceRequest,
  ): { readonly open: OpenEpoch; readonly record: DecisionRecord } {
    const { router, logger } = this.#options;
    const record = { ...decisionRecord(decision), market };
    const chain = line === market ? 'poseidon' : 'stark';
    logger.info('proofs chosen', { ...record, chain, waiting });
    const rest = restOf(runsOf(decision));
    const open = { line, epoch, deadlineMs: closedMs + router.deadlineMs, rest };
    this.#open.add(open);
    return { open, record };
  }

  #workersOf({ workers, alternatives }: Decision<AnyTilings>): number | undefined {
    return this.#options.workersElsewhere || alternatives.length === 0 ? undefined : workers;
  }

  #made(open: OpenEpoch, kind: CostKind, proof: AcceptedPart): void {
    const { proveMs, cpuMs, rssBytes, proofBytes, verifyMs, underWay } = proof;
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

function restOf(runs: readonly Run<CostKind>[]): OpenEpoch['rest'] {
  const rest: OpenEpoch['rest'] = new Map();
  for (const { kind, proofs } of runs) {
    const before = rest.get(kindName(kind))?.proofs ?? 0;
    rest.set(kindName(kind), { kind, proofs: before + proofs });
  }
  return rest;
}

function done({ rest }: OpenEpoch, kind: CostKind, proofs: number): void {
  const left = rest.get(kindName(kind));
  if (left !== undefined) left.proofs = Math.max(0, left.proofs - proofs);
}

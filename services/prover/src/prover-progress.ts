// SPDX-License-Identifier: GPL-3.0-or-later
import type { ChainKind, CircuitRole } from '@foldbook/verifier';
import type { CacheFigures } from './paged-cells.ts';
import type { DecisionRecord } from './router/decision.ts';
import type { SetAsideProof } from './set-aside.ts';

/** How far one market's proofs are. */
export interface ProverStatus {
  readonly market: string;
  readonly chain: ChainKind;
  /** Epochs known to be closed by the market. */
  readonly epochsClosed: number;
  /** Epochs in the store. */
  readonly epochsProved: number;
  readonly recordsProved: number;
  /** Records known to the prover or its stream that are in no proved epoch yet. */
  readonly recordsBacklog: number;
  /** Epochs that are closed and not in the store. */
  readonly epochsBacklog: number;
  readonly proving: boolean;
  /** Pages of the account tree in memory, and the share of page changes that found theirs there. */
  readonly treePages: number;
  /** Null before the first look. */
  readonly treeHitRate: number | null;
  /** Proofs that could not be made, and wait for somebody to mend their cause. */
  readonly setAside: readonly SetAsideProof[];
  /**
   * Moving averages of the time one proof takes a thread; null before the first. Of a STARK chain
   * `msPerBatch` is a part's, and the other is always null.
   */
  readonly msPerBatch: number | null;
  readonly msPerAccountProof: number | null;
  /** The last choice of proofs: what was expected of it, of the best other one, and the reason. */
  readonly choice?: DecisionRecord;
  /** Why this market is not proved any further, when it isn't. */
  readonly stopped?: string;
  /** Of a market with two chains: how far the other one is. */
  readonly secondChain?: ProverStatus;
}

/** Weight of the newest proof in the moving averages. */
const NEWEST_WEIGHT = 0.2;

const rounded = (ms: number | null) => (ms === null ? null : Math.round(ms));

/** Counts behind a `ProverStatus`. */
export class ProverProgress {
  proving = false;
  stopped: string | undefined;
  tree: () => CacheFigures = () => ({ hits: 0, misses: 0, pages: 0, maxPages: 0 });
  setAside: () => readonly SetAsideProof[] = () => [];
  choice: DecisionRecord | undefined;
  readonly #market: string;
  readonly #chain: ChainKind;
  #epochsClosed = 0;
  #epochsProved = 0;
  #recordsProved = 0;
  #recordsSeen = 0;
  readonly #averageMs: Record<CircuitRole, number | null> = { batch: null, accounts: null };

  constructor(market: string, chain: ChainKind) {
    this.#market = market;
    this.#chain = chain;
  }

  get epochsClosed(): number {
    return this.#epochsClosed;
  }

  get epochsProved(): number {
    return this.#epochsProved;
  }

  /** The store was read: so many epochs and records are proved already. */
  resumed(epochs: number, records: number): void {
    this.closed(epochs, records);
    this.proved(epochs, records);
  }

  /** So many epochs and records are known to be in the stream. */
  closed(epochs: number, records: number): void {
    this.#epochsClosed = Math.max(this.#epochsClosed, epochs);
    this.#recordsSeen = Math.max(this.#recordsSeen, records);
  }

  proved(epochs: number, records: number): void {
    this.#epochsProved = epochs;
    this.#recordsProved = records;
  }

  proofMade(role: CircuitRole, proveMs: number): void {
    const average = this.#averageMs[role];
    this.#averageMs[role] =
      average === null ? proveMs : average + NEWEST_WEIGHT * (proveMs - average);
  }

  status(): ProverStatus {
    const { stopped, choice } = this;
    const { hits, misses, pages } = this.tree();
    return {
      market: this.#market,
      chain: this.#chain,
      epochsClosed: this.#epochsClosed,
      epochsProved: this.#epochsProved,
      recordsProved: this.#recordsProved,
      recordsBacklog: this.#recordsSeen - this.#recordsProved,
      epochsBacklog: this.#epochsClosed - this.#epochsProved,
      proving: this.proving,
      treePages: pages,
      treeHitRate: hits + misses === 0 ? null : Number((hits / (hits + misses)).toFixed(4)),
      setAside: this.setAside(),
      msPerBatch: rounded(this.#averageMs.batch),
      msPerAccountProof: rounded(this.#averageMs.accounts),
      ...(choice === undefined ? {} : { choice }),
      ...(stopped === undefined ? {} : { stopped }),
    };
  }
}

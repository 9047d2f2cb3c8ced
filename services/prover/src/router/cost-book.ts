// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { type AverageFigures, MovingAverage } from './moving-average.ts';
import {
  type CostKind,
  familyName,
  kindName,
  type Measurement,
  type ProofStage,
  workOf,
} from './proof-backend.ts';

/** What a step is expected to take. */
export interface StepCost {
  /** Measurements behind it; 0 where it is guessed from another kind of the same family. */
  readonly samples: number;
  /** Processor time. */
  readonly cpuMs: number;
  /** What few steps exceed: for deadlines. */
  readonly cpuUpperMs: number;
  readonly rssBytes: number;
  readonly proofBytes: number;
  readonly verifyMs: number;
}

/** A guess from another circuit, or other heights, may be this many times too low. */
const GUESS_CAUTION = 2;
/** Whoever hands figures in has bounded them by less; the square of this one is finite. */
const MOST = Number.MAX_SAFE_INTEGER;
const NOTHING: StepCost = {
  ...{ samples: 0, cpuMs: 0, cpuUpperMs: 0, rssBytes: 0, proofBytes: 0, verifyMs: 0 },
};

/** What is known of a step, as it is written down. */
export interface StepFigures {
  readonly kind: CostKind;
  readonly stage: ProofStage;
  readonly cpuMs: AverageFigures;
  readonly rssBytes: AverageFigures;
  readonly proofBytes: AverageFigures;
  readonly verifyMs: AverageFigures;
}

export interface BookFigures {
  readonly steps: readonly StepFigures[];
  /** By jobs under way. */
  readonly stretch: readonly (AverageFigures & { readonly workers: number })[];
}

class StepAverages {
  readonly kind: CostKind;
  readonly stage: ProofStage;
  readonly cpuMs: MovingAverage;
  readonly rssBytes: MovingAverage;
  readonly proofBytes: MovingAverage;
  readonly verifyMs: MovingAverage;

  constructor(step: Pick<StepFigures, 'kind' | 'stage'> & Partial<StepFigures>) {
    this.kind = step.kind;
    this.stage = step.stage;
    this.cpuMs = new MovingAverage(step.cpuMs);
    this.rssBytes = new MovingAverage(step.rssBytes);
    this.proofBytes = new MovingAverage(step.proofBytes);
    this.verifyMs = new MovingAverage(step.verifyMs);
  }

  get figures(): StepFigures {
    const { kind, stage, cpuMs, rssBytes, proofBytes, verifyMs } = this;
    return {
      ...{ kind, stage, cpuMs: cpuMs.figures, rssBytes: rssBytes.figures },
      ...{ proofBytes: proofBytes.figures, verifyMs: verifyMs.figures },
    };
  }
}

/**
 * Moving averages of what each kind's steps cost. No figure comes from anywhere but measurements:
 * of a kind that was never measured it says either what its constraints, or a part's cells,
 * suggest, held against the nearest that was measured of the same back end, or nothing at all.
 */
export class CostBook {
  readonly #steps = new Map<string, StepAverages>();
  /** Wall time over processor time, by the number of jobs under way. */
  readonly #stretch = new Map<number, MovingAverage>();
  #changes = 0;

  /** Rises with each measurement. */
  get changes(): number {
    return this.#changes;
  }

  /** All that it knows; another book goes on with it. */
  get figures(): BookFigures {
    const stretch = [...this.#stretch].map(([workers, { figures }]) => ({ workers, ...figures }));
    return { steps: [...this.#steps.values()].map(({ figures }) => figures), stretch };
  }

  /** Takes what an earlier book knew, before anything is measured. */
  restore({ steps, stretch }: BookFigures): void {
    for (const step of steps) {
      this.#steps.set(`${kindName(step.kind)}/${step.stage}`, new StepAverages(step));
    }
    for (const one of stretch) this.#stretch.set(one.workers, new MovingAverage(one));
  }

  add(measurement: Measurement): void {
    const { kind, stage, cpuMs, wallMs, workers } = measurement;
    this.#changes += 1;
    const { rssBytes = 0, proofBytes = 0, verifyMs = 0 } = measurement;
    // One that is not would stay in its average, and in each cost and choice after it.
    const figures = [cpuMs, wallMs, workers, rssBytes, proofBytes, verifyMs];
    assert(
      figures.every((figure) => figure >= 0 && figure <= MOST),
      'a figure that none can be',
    );
    const name = `${kindName(kind)}/${stage}`;
    const step = this.#steps.get(name) ?? new StepAverages({ kind, stage });
    this.#steps.set(name, step);
    step.cpuMs.add(cpuMs);
    for (const figure of ['rssBytes', 'proofBytes', 'verifyMs'] as const) {
      const value = measurement[figure];
      if (value !== undefined) step[figure].add(value);
    }
    // Of a step below the clock's grain the ratio says nothing.
    if (cpuMs < 1) return;
    const stretch = this.#stretch.get(workers) ?? new MovingAverage();
    this.#stretch.set(workers, stretch);
    stretch.add(wallMs / cpuMs);
  }

  /** Undefined where neither the kind nor another of its back end was measured. */
  cost(kind: CostKind, stage: ProofStage): StepCost | undefined {
    if (stage === 'closing' && !kind.folds) return NOTHING;
    const measured = this.#steps.get(`${kindName(kind)}/${stage}`);
    if (measured !== undefined) return costOf(measured);
    let nearest: StepAverages | undefined;
    const family = familyName(kind);
    const away = (other: CostKind) => Math.abs(Math.log(workOf(other) / workOf(kind)));
    for (const step of this.#steps.values()) {
      if (step.stage !== stage || familyName(step.kind) !== family) continue;
      if (nearest === undefined || away(step.kind) < away(nearest.kind)) nearest = step;
    }
    return nearest && guessed(costOf(nearest), workOf(kind) / workOf(nearest.kind), kind);
  }

  /** Whether a proof of this kind is more work than any of its family that was measured. */
  exceeds(kind: CostKind): boolean {
    const family = familyName(kind);
    const known = [...this.#steps.values()].filter((step) => familyName(step.kind) === family);
    return known.every((step) => workOf(step.kind) < workOf(kind));
  }

  /**
   * Wall time over processor time with so many jobs under way. What was never measured is taken
   * from the nearest number that was; before any measurement it is 1.
   */
  stretch(workers: number): number {
    let nearest: [number, number] | undefined;
    for (const [known, average] of this.#stretch) {
      const away = Math.abs(known - workers);
      if (nearest === undefined || away < nearest[0]) nearest = [away, average.mean];
    }
    return Math.max(1, nearest?.[1] ?? 1);
  }
}

function costOf({ cpuMs, rssBytes, proofBytes, verifyMs }: StepAverages): StepCost {
  return {
    samples: cpuMs.samples,
    cpuMs: cpuMs.mean,
    cpuUpperMs: cpuMs.upper,
    rssBytes: rssBytes.upper,
    proofBytes: proofBytes.mean,
    verifyMs: verifyMs.mean,
  };
}

/** `ratio` of work. A proof that nothing is folded into has one size for all circuits. */
function guessed(cost: StepCost, ratio: number, { folds }: CostKind): StepCost {
  return {
    samples: 0,
    cpuMs: ratio * cost.cpuMs,
    cpuUpperMs: GUESS_CAUTION * ratio * cost.cpuUpperMs,
    rssBytes: Math.max(1, ratio) * cost.rssBytes,
    proofBytes: folds ? ratio * cost.proofBytes : cost.proofBytes,
    verifyMs: folds ? ratio * cost.verifyMs : cost.verifyMs,
  };
}

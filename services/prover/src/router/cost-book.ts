// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { MovingAverage } from './moving-average.ts';
import { kindName, type Measurement, type ProofStage, type RoutedKind } from './proof-backend.ts';

/** What a step is expected to take. */
export interface StepCost {
  /** Measurements behind it; 0 where it is guessed from another circuit of the back end. */
  readonly samples: number;
  /** Processor time. */
  readonly cpuMs: number;
  /** What few steps exceed: for deadlines. */
  readonly cpuUpperMs: number;
  readonly rssBytes: number;
  readonly proofBytes: number;
  readonly verifyMs: number;
}

/** A guess from another circuit may be this many times too low. */
const GUESS_CAUTION = 2;
/** Whoever hands figures in has bounded them by less; the square of this one is finite. */
const MOST = Number.MAX_SAFE_INTEGER;
const NOTHING: StepCost = {
  ...{ samples: 0, cpuMs: 0, cpuUpperMs: 0, rssBytes: 0, proofBytes: 0, verifyMs: 0 },
};

class StepAverages {
  readonly kind: RoutedKind;
  readonly cpuMs = new MovingAverage();
  readonly rssBytes = new MovingAverage();
  readonly proofBytes = new MovingAverage();
  readonly verifyMs = new MovingAverage();

  constructor(kind: RoutedKind) {
    this.kind = kind;
  }
}

/**
 * Moving averages of what each kind's steps cost. No figure comes from anywhere but measurements:
 * of a kind that was never measured it says either what its constraints suggest, held against a
 * measured circuit of the same back end, or nothing at all.
 */
export class CostBook {
  readonly #steps = new Map<string, StepAverages>();
  /** Wall time over processor time, by the number of jobs under way. */
  readonly #stretch = new Map<number, MovingAverage>();

  add(measurement: Measurement): void {
    const { kind, stage, cpuMs, wallMs, workers } = measurement;
    const { rssBytes = 0, proofBytes = 0, verifyMs = 0 } = measurement;
    // One that is not would stay in its average, and in each cost and choice after it.
    const figures = [cpuMs, wallMs, workers, rssBytes, proofBytes, verifyMs];
    assert(
      figures.every((figure) => figure >= 0 && figure <= MOST),
      'a figure that none can be',
    );
    const name = `${kindName(kind)}/${stage}`;
    const step = this.#steps.get(name) ?? new StepAverages(kind);
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
  cost(kind: RoutedKind, stage: ProofStage): StepCost | undefined {
    if (stage === 'closing' && !kind.folds) return NOTHING;
    const measured = this.#steps.get(`${kindName(kind)}/${stage}`);
    if (measured !== undefined) return costOf(measured);
    let nearest: StepAverages | undefined;
    const away = (other: RoutedKind) => Math.abs(Math.log(other.constraints / kind.constraints));
    for (const [name, step] of this.#steps) {
      if (!name.endsWith(`/${stage}`) || step.kind.backEnd !== kind.backEnd) continue;
      if (nearest === undefined || away(step.kind) < away(nearest.kind)) nearest = step;
    }
    return nearest && guessed(costOf(nearest), kind.constraints / nearest.kind.constraints, kind);
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

/** `ratio` of constraints. A proof that nothing is folded into has one size for all circuits. */
function guessed(cost: StepCost, ratio: number, { folds }: RoutedKind): StepCost {
  return {
    samples: 0,
    cpuMs: ratio * cost.cpuMs,
    cpuUpperMs: GUESS_CAUTION * ratio * cost.cpuUpperMs,
    rssBytes: Math.max(1, ratio) * cost.rssBytes,
    proofBytes: folds ? ratio * cost.proofBytes : cost.proofBytes,
    verifyMs: folds ? ratio * cost.verifyMs : cost.verifyMs,
  };
}

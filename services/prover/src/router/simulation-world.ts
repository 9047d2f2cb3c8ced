// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type CircuitName, circuitNames, pinnedDigests } from '@foldbook/circuits';
import type { Dice } from '@foldbook/engine';
import { BackEnd } from '@foldbook/verifier';
import { z } from 'zod';
import { type CostKind, isPartKind, type ProofStage, type RoutedKind } from './proof-backend.ts';

export const stepSchema = z.strictObject({
  /** Processor time of each measured step, ms: what a simulation draws from. */
  cpuMs: z.array(z.number().positive()).nonempty(),
  rssBytes: z.number().positive(),
  proofBytes: z.number().nonnegative(),
  verifyMs: z.number().nonnegative(),
});

/**
 * Processor times that `bench prove` gave, each step's alone, on two cores with much other work
 * (which some makes slower). services/prover/bench/router-costs.ts writes them. A folded proof's
 * closing has the check that the prover makes of it.
 */
const measuredSchema = z.strictObject({
  /** How much more processor time a step takes with so many at once; the first is 1. */
  contention: z.array(z.number().min(1)).nonempty(),
  groth16: z.record(z.enum(circuitNames), stepSchema),
  fold: z.record(z.enum(circuitNames), z.strictObject({ leaf: stepSchema, closing: stepSchema })),
});

type Measured = z.infer<typeof measuredSchema>;

/** As it is built, circuit by circuit. */
export interface MeasuredCosts {
  readonly contention: readonly number[];
  readonly groth16: Partial<Measured['groth16']>;
  readonly fold: Partial<Measured['fold']>;
}

export type StepFigures = z.infer<typeof stepSchema>;

export interface KindFigures {
  readonly leaf: StepFigures;
  readonly closing?: StepFigures;
}

/** What a simulation knows and the router has to find out. */
export interface World {
  readonly kinds: readonly RoutedKind[];
  readonly cores: number;
  readonly contention: readonly number[];
  /** The machine is up to so many times slower than when measured, and changes this often. */
  readonly slowest: number;
  readonly driftMs: number;
  costs(kind: CostKind): KindFigures;
}

export const MEASURED = new URL('./measured-costs.json', import.meta.url);
/** Two machines of a kind, or one at two times, differ so much. */
export const SLOWEST = 1.4;
export const DRIFT_MS = 300_000;

/** @throws when the measured costs are not what they should be */
export function measuredWorld(cores: number): World {
  const measured = measuredSchema.parse(JSON.parse(readFileSync(MEASURED, 'utf8')));
  const pinned = pinnedDigests();
  const kindOf = (circuit: CircuitName, folds: boolean): RoutedKind => {
    const role = circuit.startsWith('batch') ? 'batch' : 'accounts';
    const size = Number(circuit.split('-')[1]);
    const backEnd = folds ? BackEnd.FOLDING : BackEnd.GROTH16;
    return { circuit, role, size, folds, backEnd, constraints: pinned[circuit].constraints };
  };
  return {
    kinds: circuitNames.flatMap((name) => [kindOf(name, false), kindOf(name, true)]),
    cores,
    contention: measured.contention,
    slowest: SLOWEST,
    driftMs: DRIFT_MS,
    costs: (kind) => {
      assert(!isPartKind(kind), 'parts are of another world');
      const { circuit, folds } = kind;
      return folds ? measured.fold[circuit] : { leaf: measured.groth16[circuit] };
    },
  };
}

/** A step as it turns out: one of the measured times, all else as it was measured. */
export function drawStep(
  { costs, contention }: World,
  kind: CostKind,
  stage: ProofStage,
  busy: number,
  dice: Dice,
): Omit<StepFigures, 'cpuMs'> & { readonly cpuMs: number } {
  const { leaf, closing } = costs(kind);
  const { cpuMs, ...figures } = stage === 'closing' && closing !== undefined ? closing : leaf;
  const more = contention[Math.min(busy, contention.length) - 1] ?? 1;
  return { ...figures, cpuMs: more * dice.pick(cpuMs) };
}

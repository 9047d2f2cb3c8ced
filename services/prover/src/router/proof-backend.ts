// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * What a router knows of the ways to prove. Of a Poseidon chain back ends are the verifier's
 * (`BackEnd`): Groth16 and folding. A STARK chain has one way to prove, in parts of any size.
 */
import type { CircuitName } from '@foldbook/circuits';
import type { ProofKind } from '@foldbook/verifier';
import type { ProofJob } from '../proof-job.ts';
import type { PartKind } from './part-kind.ts';

/** A circuit under a back end, as a chain's genesis has a key for it. */
export interface RoutedKind extends ProofKind {
  readonly circuit: CircuitName;
  /** Constraints: what is not measured yet is guessed from what is, in their proportion. */
  readonly constraints: number;
  /**
   * Whether all proofs of this kind in an epoch are folded into one, which costs a closing step
   * and an opening, once for the kind and the epoch.
   */
  readonly folds: boolean;
}

/** What costs are known of. */
export type CostKind = RoutedKind | PartKind;

/** A leaf is a proof, or what is folded of one; the closing step follows the leaves. */
export type ProofStage = 'leaf' | 'closing';

/** What one step took; from the thread or process that did it. */
export interface Measurement {
  readonly kind: CostKind;
  readonly stage: ProofStage;
  /** Jobs under way at the same time on the machine, this one included. */
  readonly workers: number;
  readonly wallMs: number;
  readonly cpuMs: number;
  /** Highest resident memory of the worker while it had this step. Absent: not known. */
  readonly rssBytes?: number;
  /** What it adds to the epoch's file. */
  readonly proofBytes?: number;
  /** Time to verify what it adds, on one core. */
  readonly verifyMs?: number;
}

/** What a proof, or several folded into one, came to. */
export interface BackEndProof {
  readonly proof: Uint8Array;
  readonly steps: readonly Measurement[];
}

/** One way to prove circuits. What it costs is measured: `CostBook` is the model. */
export interface ProofBackend {
  /** As in `BackEnd`. */
  readonly backEnd: number;
  /** As `--backend` names it. */
  readonly name: string;
  /** As in `RoutedKind`. */
  readonly folds: boolean;
  /** Proves jobs of one circuit and epoch, in this thread; one job where `folds` is false. */
  prove(jobs: readonly ProofJob[]): Promise<BackEndProof>;
  verify(jobs: readonly ProofJob[], proof: Uint8Array): Promise<boolean>;
}

export const isPartKind = (kind: CostKind): kind is PartKind => kind.backEnd === 'stark';

/**
 * "fold/batch-240"; of a part its blowup, and the rows of its records and accounts:
 * "stark-4/32768+2048".
 */
export function kindName(kind: CostKind): string {
  const family = familyName(kind);
  return isPartKind(kind)
    ? `${family}/${kind.records}+${kind.accounts}`
    : `${family}/${kind.circuit}`;
}

/** Of kinds whose costs tell something of each other's. */
export function familyName(kind: CostKind): string {
  if (isPartKind(kind)) return `stark-${2 ** kind.logBlowup}`;
  return kind.folds ? 'fold' : 'groth16';
}

/** What a guess goes by: constraints, or cells. */
export const workOf = (kind: CostKind): number =>
  isPartKind(kind) ? kind.cells : kind.constraints;

// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * What a router knows of the ways to prove. Back ends are the verifier's (`BackEnd`): Groth16 and
 * folding. One of a chain of its own (STARK) has no kinds in this chain's genesis: it would be
 * chosen by its own router over its own kinds, with the same costs.
 */
import type { CircuitName } from '@foldbook/circuits';
import type { ProofKind } from '@foldbook/verifier';
import type { ProofJob } from '../proof-job.ts';

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

/** A leaf is a proof, or what is folded of one; the closing step follows the leaves. */
export type ProofStage = 'leaf' | 'closing';

/** What one step took; from the thread or process that did it. */
export interface Measurement {
  readonly kind: RoutedKind;
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

/** "fold/batch-240". */
export const kindName = (kind: RoutedKind): string =>
  `${kind.folds ? 'fold' : 'groth16'}/${kind.circuit}`;

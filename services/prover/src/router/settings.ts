// SPDX-License-Identifier: GPL-3.0-or-later
import { z } from 'zod';

export const verifiers = ['on-chain', 'light', 'any'] as const;
/** Whom proofs are made for. */
export type VerifierKind = (typeof verifiers)[number];

const GIGABYTE = 2 ** 30;

/** `router` in the prover's configuration. */
export const routerSchema = z.strictObject({
  /** From an epoch's close to its proof, ms: what the router tries to keep. */
  deadlineMs: z.int().min(100).max(86_400_000).default(60_000),
  /** What all workers together may hold, bytes; as many are used as fit. Default 4 GiB. */
  memoryBytes: z
    .int()
    .min(GIGABYTE / 4)
    .default(4 * GIGABYTE),
  /**
   * Who verifies. `on-chain`: a contract, which takes Groth16 alone and pays for each proof;
   * `light`: many readers, for whom bytes and milliseconds matter; `any`: servers that keep up.
   */
  verifier: z.enum(verifiers).default('any'),
});

export type RouterSettings = z.infer<typeof routerSchema>;

/**
 * What a verifier's side of an epoch weighs, in CPU seconds of the prover. These are preferences,
 * not measurements: ten light readers of each epoch on links of 1 MB/s; for one server what is kept
 * counts, a month of it at $ 0.02 a gigabyte beside a core at $ 0.04 an hour; a proof on chain
 * costs as much as its proving does.
 */
export interface VerifierWeights {
  readonly foldsAllowed: boolean;
  readonly perProof: number;
  readonly perMegabyte: number;
  readonly perVerifyS: number;
}

const weights: Readonly<Record<VerifierKind, VerifierWeights>> = {
  'on-chain': { foldsAllowed: false, perProof: 3, perMegabyte: 10, perVerifyS: 1 },
  light: { foldsAllowed: true, perProof: 0, perMegabyte: 10, perVerifyS: 10 },
  any: { foldsAllowed: true, perProof: 0, perMegabyte: 2, perVerifyS: 1 },
};

export const verifierWeights = (verifier: VerifierKind): VerifierWeights => weights[verifier];

/** Of an epoch that comes late, in CPU seconds: once, and for each second that it is late. */
export const LATE_ONCE = 20;
export const LATE_PER_S = 1;
/** A gigabyte that a worker holds for a second, in CPU seconds. */
export const PER_GIGABYTE_S = 0.1;
/** A worker that had nothing to do for so long ends and gives its memory back. */
export const WORKER_IDLE_MS = 60_000;
export const gigabytes = (bytes: number): number => bytes / GIGABYTE;

// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * What a simulated run came to, and its score: what the router minimizes, in CPU seconds of the
 * prover an epoch: processor time, memory held (idle workers' as
 * well), the verifier's weights, and for each missed deadline once and by its lateness.
 */
import type { LoadEpoch } from './load.ts';
import type { CostKind } from './proof-backend.ts';
import {
  gigabytes,
  LATE_ONCE,
  LATE_PER_S,
  PER_GIGABYTE_S,
  type RouterSettings,
  verifierWeights,
} from './settings.ts';
import type { World } from './simulation-world.ts';
import type { Run } from './tilings.ts';

export interface Outcome {
  readonly policy: string;
  readonly load: string;
  readonly epochs: number;
  /** Deadlines missed. */
  readonly missed: number;
  readonly latencyMs: { readonly p50: number; readonly p95: number; readonly max: number };
  readonly cpuS: number;
  readonly gigabyteS: number;
  readonly proofs: number;
  readonly proofBytes: number;
  readonly verifyMs: number;
  /** Lower is better. */
  readonly score: number;
}

export class OutcomeTally {
  readonly #settings: RouterSettings;
  readonly #latenciesMs: number[] = [];
  #cpuMs = 0;
  #gigabyteMs = 0;
  #lateMs = 0;
  #missed = 0;
  #proofs = 0;
  #proofBytes = 0;
  #verifyMs = 0;

  constructor(settings: RouterSettings) {
    this.#settings = settings;
  }

  used(cpuMs: number): void {
    this.#cpuMs += cpuMs;
  }

  held(bytes: number, ms: number): void {
    this.#gigabyteMs += gigabytes(bytes) * ms;
  }

  /** What verifiers get of an epoch. */
  proofs(runs: readonly Run<CostKind>[], { costs }: World): void {
    for (const { kind, proofs } of runs) {
      const { leaf, closing } = costs(kind);
      this.#proofs += proofs;
      this.#proofBytes += proofs * leaf.proofBytes + (closing?.proofBytes ?? 0);
      this.#verifyMs += proofs * leaf.verifyMs + (closing?.verifyMs ?? 0);
    }
  }

  proved({ closedMs }: LoadEpoch, nowMs: number): void {
    const latencyMs = nowMs - closedMs;
    this.#latenciesMs.push(latencyMs);
    const lateMs = latencyMs - this.#settings.deadlineMs;
    if (lateMs <= 0) return;
    this.#missed += 1;
    this.#lateMs += lateMs;
  }

  outcome(policy: string, load: string): Outcome {
    const sorted = this.#latenciesMs.sort((left, right) => left - right);
    const at = (share: number) => Math.round(sorted[Math.ceil(share * sorted.length) - 1] ?? 0);
    const { perProof, perMegabyte, perVerifyS } = verifierWeights(this.#settings.verifier);
    const total =
      this.#cpuMs / 1_000 +
      PER_GIGABYTE_S * (this.#gigabyteMs / 1_000) +
      perProof * this.#proofs +
      perMegabyte * (this.#proofBytes / 1e6) +
      perVerifyS * (this.#verifyMs / 1_000) +
      LATE_ONCE * this.#missed +
      LATE_PER_S * (this.#lateMs / 1_000);
    return {
      policy,
      load,
      epochs: sorted.length,
      missed: this.#missed,
      latencyMs: { p50: at(0.5), p95: at(0.95), max: at(1) },
      cpuS: this.#cpuMs / 1_000,
      gigabyteS: this.#gigabyteMs / 1_000,
      proofs: this.#proofs,
      proofBytes: this.#proofBytes,
      verifyMs: this.#verifyMs,
      score: total / Math.max(1, sorted.length),
    };
  }
}

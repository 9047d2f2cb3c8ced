// SPDX-License-Identifier: GPL-3.0-or-later
/** The ways to prove that `bench prove` measures. */
import assert from 'node:assert/strict';
import { type CircuitName, circuitArtifacts, pinnedDigests } from '@foldbook/circuits';
import { BackEnd, compressProof, verifyGroth16 } from '@foldbook/verifier';
import { loadCircuits } from '../chain-context.ts';
import type { ProofJob } from '../proof-job.ts';
import type { ProverName } from '../proof-pool.ts';
import prove from '../proof-worker.ts';
import type { BackEndProof, ProofBackend, RoutedKind } from '../router/proof-backend.ts';
import { cpuMeter } from './cpu-meter.ts';
import { FoldBackend } from './fold-backend.ts';

/** What every other back end is held against. */
export const BASELINE = 'snarkjs';

/** By the name that `--backend` has for it. */
export const backEnds: Readonly<Record<string, (circuit: CircuitName) => ProofBackend>> = {
  snarkjs: (circuit) => groth16(circuit, 'snarkjs'),
  groth16: (circuit) => groth16(circuit, 'kernel'),
  fold: (circuit) => new FoldBackend(circuit),
};

/** Bits of security that are claimed for discrete logarithms on BN254 after tower sieving. */
export const SECURITY_BITS = 100;

function groth16(name: CircuitName, prover: ProverName): ProofBackend {
  const { wasm, zkey } = circuitArtifacts(name);
  const { constraints, zkey: zkeyDigest } = pinnedDigests()[name];
  const files = { wasmFile: wasm, zkeyFile: zkey, zkeyDigest };
  const [circuit] = loadCircuits([name]);
  assert(circuit !== undefined);
  const { role, size, key } = circuit;
  const backEnd = BackEnd.GROTH16;
  const kind: RoutedKind = { backEnd, role, size, circuit: name, constraints, folds: false };
  return {
    ...{ backEnd, name: prover === 'snarkjs' ? prover : 'groth16', folds: false },
    async prove([job]: readonly ProofJob[]): Promise<BackEndProof> {
      assert(job !== undefined, 'one job');
      const meter = cpuMeter();
      const made = await prove({ job, prover, ...files });
      if ('fault' in made) throw new Error(made.fault);
      const proof = compressProof(made.proof);
      assert(proof.ok, 'a proof has points');
      const proofBytes = proof.value.length;
      const step = { kind, stage: 'leaf', workers: 1, proofBytes, ...meter() } as const;
      return { proof: made.proof, steps: [step] };
    },
    async verify([job], proof) {
      return job !== undefined && verifyGroth16(key, proof, job.publicSignals.map(BigInt)).ok;
    },
  };
}

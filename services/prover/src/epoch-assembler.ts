// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import {
  type AccountProof,
  BackEnd,
  type BatchProof,
  type CircuitRole,
  compressProof,
  encodeEpochFile,
  verifyGroth16,
} from '@foldbook/verifier';
import type { EpochPlan, PlannedProof } from './epoch-plan.ts';
import type { ProofQueue } from './proof-queue.ts';
import { ProverError } from './prover-error.ts';

/** Jobs of one epoch that are given to the queue at a time: their inputs are held meanwhile. */
const MAX_OPEN_JOBS = 64;

export interface ProvedEpoch {
  /** Contents of the epoch's two files. */
  readonly epochFile: Uint8Array;
  readonly recordsFile: Uint8Array;
  readonly proofs: number;
}

export interface AssemblerOptions {
  readonly queue: ProofQueue;
  /** Told of each proof that was accepted. */
  readonly onProof: (role: CircuitRole, proveMs: number) => void;
}

/**
 * Has every proof of a plan made, and puts the epoch together. A proof counts only once the
 * verifier's own check accepts it, wherever it came from.
 */
export async function proveEpoch(plan: EpochPlan, options: AssemblerOptions): Promise<ProvedEpoch> {
  const { batches, accounts } = plan;
  const planned: PlannedProof[] = [...batches, ...accounts];
  const proofs = new Map<PlannedProof, Uint8Array>();
  await forEachConcurrently(planned, MAX_OPEN_JOBS, async (proof) => {
    const made = await proveOne(proof, options.queue);
    proofs.set(proof, made.proof);
    options.onProof(proof.circuit.role, made.proveMs);
  });
  const stored = (planned: PlannedProof): BatchProof => {
    const { circuit, count, digest, acc } = planned;
    const proof = proofs.get(planned) ?? new Uint8Array();
    return { backEnd: BackEnd.GROTH16, size: circuit.size, count, digest, acc, proof };
  };
  const accountProofs = accounts.map((planned): AccountProof => {
    return { ...stored(planned), rootOut: planned.rootOut };
  });
  const { headerBytes, signature, changes, recordsFile } = plan;
  return {
    epochFile: encodeEpochFile({
      headerBytes,
      signature,
      changes,
      batches: batches.map(stored),
      accounts: accountProofs,
    }),
    recordsFile,
    proofs: planned.length,
  };
}

interface MadeProof {
  /** Compressed, as an epoch keeps it. */
  readonly proof: Uint8Array;
  readonly proveMs: number;
}

/** A refused proof is asked for once more, under another id: a queue may have changed the first. */
async function proveOne(planned: PlannedProof, queue: ProofQueue): Promise<MadeProof> {
  const { circuit } = planned;
  const job = planned.job();
  const refusals: string[] = [];
  for (const id of [job.id, `${job.id}-again`]) {
    const made = await queue.prove({ ...job, id });
    const verdict = verifyGroth16(circuit.key, made.proof, planned.signals);
    if (verdict.ok) return { proof: compressed(made.proof), proveMs: made.proveMs };
    refusals.push(`${verdict.code}: ${verdict.message}`);
  }
  throw new ProverError(
    'PROOF_REFUSED',
    `job ${job.id} (${circuit.name}): two proofs came back that do not verify: ` +
      `${refusals.join('; ')} (compare the circuit's proving and verifying keys)`,
  );
}

function compressed(proof: Uint8Array): Uint8Array {
  const decoded = compressProof(proof);
  assert(decoded.ok, 'a proof that verifies has points');
  return decoded.value;
}

/** Runs `work` for every item, `limit` at a time; stops starting more at the first failure. */
async function forEachConcurrently<T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items.values();
  let failed = false;
  const lane = async (): Promise<void> => {
    for (const item of rest) {
      if (failed) return;
      try {
        await work(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
}

// SPDX-License-Identifier: GPL-3.0-or-later
import {
  type AccountProof,
  type BatchProof,
  encodeEpochFile,
  encodeRecords,
  verifyGroth16,
} from '@foldbook/verifier';
import type { ProvingCircuit, ProvingCircuits } from './chain-context.ts';
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
  readonly circuits: ProvingCircuits;
  /** Told of each proof that was accepted. */
  readonly onProof: (role: keyof ProvingCircuits, proveMs: number) => void;
}

/**
 * Has every proof of a plan made, and puts the epoch together. A proof counts only once the
 * verifier's own check accepts it, wherever it came from.
 */
export async function proveEpoch(plan: EpochPlan, options: AssemblerOptions): Promise<ProvedEpoch> {
  const { batches, accounts } = plan;
  const { circuits } = options;
  const planned = [
    ...batches.map((proof) => ({ proof, role: 'batch' as const })),
    ...accounts.map((proof) => ({ proof, role: 'accounts' as const })),
  ];
  const proofs = new Map<PlannedProof, Uint8Array>();
  await forEachConcurrently(planned, MAX_OPEN_JOBS, async ({ proof, role }) => {
    const made = await proveOne(proof, circuits[role], options.queue);
    proofs.set(proof, made.proof);
    options.onProof(role, made.proveMs);
  });
  const bytesOf = (proof: PlannedProof): Uint8Array => proofs.get(proof) ?? new Uint8Array();
  const batchProofs: BatchProof[] = batches.map((planned) => {
    const { count, digest, acc } = planned;
    return { count, digest, acc, proof: bytesOf(planned) };
  });
  const accountProofs: AccountProof[] = accounts.map((planned) => {
    const { count, rootOut, acc, digest } = planned;
    return { count, rootOut, acc, digest, proof: bytesOf(planned) };
  });
  const { headerBytes, signature } = plan;
  return {
    epochFile: encodeEpochFile({
      headerBytes,
      signature,
      batches: batchProofs,
      accounts: accountProofs,
    }),
    recordsFile: encodeRecords(plan.records),
    proofs: planned.length,
  };
}

interface MadeProof {
  readonly proof: Uint8Array;
  readonly proveMs: number;
}

/** A refused proof is asked for once more, under another id: a queue may have changed the first. */
async function proveOne(
  planned: PlannedProof,
  circuit: ProvingCircuit,
  queue: ProofQueue,
): Promise<MadeProof> {
  const job = planned.job();
  const refusals: string[] = [];
  for (const id of [job.id, `${job.id}-again`]) {
    const made = await queue.prove({ ...job, id });
    const verdict = verifyGroth16(circuit.key, made.proof, planned.signals);
    if (verdict.ok) return made;
    refusals.push(`${verdict.code}: ${verdict.message}`);
  }
  throw new ProverError(
    'PROOF_REFUSED',
    `job ${job.id} (${circuit.name}): two proofs came back that do not verify: ` +
      `${refusals.join('; ')} (compare the circuit's proving and verifying keys)`,
  );
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

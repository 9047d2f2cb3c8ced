// SPDX-License-Identifier: GPL-3.0-or-later
/** Has the parts of a planned epoch proved, and puts its file together. */
import { verifyPart } from '@foldbook/stark/verify';
import type { ProvedEpoch } from './epoch-assembler.ts';
import { Limit } from './limit.ts';
import { passingError } from './passing-error.ts';
import { type MadeProof, type ProofTools, proveAtLast } from './single-proof.ts';
import { type PlannedPart, type StarkPlan, starkEpochFile } from './stark-plan.ts';
import type { StarkStore } from './stark-store.ts';

/** Of an epoch's parts, so many wait or are made or have failed and find no place aside. */
const MAX_OPEN = 64;

export interface StarkAssemblerOptions extends ProofTools {
  /** Keeps the proofs of parts until their epoch is there. */
  readonly store: StarkStore;
  /** Told of each proof that was made and accepted. */
  readonly onProof: (part: PlannedPart, made: MadeProof) => void;
  /** Told of each proof that an earlier run had left. */
  readonly onFound: (part: PlannedPart) => void;
  /** Told why the store did not keep a proof. */
  readonly onTrouble: (reason: string) => void;
}

/**
 * A proof counts only once the verifier accepts it, wherever it came from: also one that an earlier
 * run left in the store.
 * @throws ProverError CLOSED
 */
export async function proveStarkEpoch(
  plan: StarkPlan,
  options: StarkAssemblerOptions,
): Promise<ProvedEpoch> {
  const open = new Limit(MAX_OPEN);
  const proofs = new Map<PlannedPart, Uint8Array>();
  const work = plan.parts.map(async (part) => {
    proofs.set(part, await provePart(part, open, options));
  });
  await Promise.all(work);
  const epochFile = starkEpochFile(plan, (part) => proofs.get(part) ?? new Uint8Array());
  return { epochFile, proofs: plan.parts.length };
}

async function provePart(
  part: PlannedPart,
  open: Limit,
  options: StarkAssemblerOptions,
): Promise<Uint8Array> {
  const { name, job, statement } = part;
  const { store, queue, onProof, onFound, onTrouble } = options;
  const verify = (proof: Uint8Array) => verifyPart(statement, proof);
  const kept = await store.partProof(name);
  if (kept !== undefined && verify(kept).ok) {
    onFound(part);
    return kept;
  }
  const hint = "compare the worker's release with this prover's";
  const made = await proveAtLast({ job, verify, hint }, open, options);
  onProof(part, made);
  try {
    await store.putPart(name, made.proof);
    // The queue would hold it, and an account table with it. Nothing waits for that.
    void queue.discard(made.id);
  } catch (error) {
    // It saves work only: what the disk does not take now is made again after a new start.
    const passing = passingError(error);
    if (passing === undefined) throw error;
    onTrouble(passing.message);
  }
  return made.proof;
}

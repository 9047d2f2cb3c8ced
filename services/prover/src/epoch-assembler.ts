// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import {
  type AccountProof,
  BackEnd,
  type BatchProof,
  compressProof,
  encodeEpochFile,
  type FoldedPart,
  verifyGroth16,
} from '@foldbook/verifier';
import type { FoldedCircuit, Groth16Circuit } from './chain-context.ts';
import type { EpochFolding } from './epoch-folding.ts';
import type { EpochPlan, PlannedProof } from './epoch-plan.ts';
import type { FoldCosts, Folded } from './fold/fold-pool.ts';
import type { EpochTurns } from './job-turns.ts';
import { Limit } from './limit.ts';
import { ProverError } from './prover-error.ts';
import { type MadeProof, type ProofTools, proveAtLast, type WantedProof } from './single-proof.ts';

export interface ProvedEpoch {
  /** Contents of the epoch's file. */
  readonly epochFile: Uint8Array;
  readonly proofs: number;
}

export interface AssemblerOptions extends ProofTools {
  /** At the threads that fold; the same where the queue's workers are this process' threads. */
  readonly foldTurns: EpochTurns;
  /** Folds what is planned to be; absent in a prover that plans none. */
  readonly folding?: EpochFolding | undefined;
  /** Told of each proof that was accepted. */
  readonly onProof: (circuit: Groth16Circuit, made: AcceptedProof) => void;
  /** Told of each kind whose proofs were folded and accepted. */
  readonly onFolded: (circuit: FoldedCircuit, made: AcceptedFold) => void;
}

/**
 * Of an epoch's proofs, so many wait or are made or have failed and find no place among those set
 * aside: where every proof fails, the others are not tried as well.
 */
const MAX_OPEN = 64;

/** A Groth16 proof, and what it is to verifiers. */
export interface AcceptedProof extends MadeProof {
  /** In the epoch's file. */
  readonly proofBytes: number;
}

export interface AcceptedFold extends FoldCosts {
  /** Proofs that were folded. */
  readonly proofs: number;
  /** In the epoch's file: what each proof adds, and what is there once. */
  readonly leafBytes: number;
  readonly closingBytes: number;
}

/**
 * Has every proof of a plan made, and puts the epoch together. A proof counts only once the
 * verifier's own check accepts it, wherever it came from. One that can't be made is set aside while
 * the others go on; the epoch is not put together without it.
 * @throws ProverError CLOSED
 */
export async function proveEpoch(plan: EpochPlan, options: AssemblerOptions): Promise<ProvedEpoch> {
  const { batches, accounts } = plan;
  const planned: PlannedProof[] = [...batches, ...accounts];
  const proofs = new Map<PlannedProof, Uint8Array>();
  const folded: FoldedPart[] = [];
  const open = new Limit(MAX_OPEN);
  const toFold = new Map<FoldedCircuit, PlannedProof[]>();
  const work: Promise<void>[] = [];
  for (const proof of planned) {
    const { circuit } = proof;
    if (circuit.backEnd === BackEnd.FOLDING) {
      toFold.set(circuit, [...(toFold.get(circuit) ?? []), proof]);
    } else work.push(proveAlone({ ...proof, circuit }, (stored) => proofs.set(proof, stored)));
  }
  for (const [circuit, ofKind] of toFold) work.push(foldKind(circuit, ofKind));
  await Promise.all(work);
  const proofOf = (planned: PlannedProof) => proofs.get(planned) ?? new Uint8Array();
  return { epochFile: epochFileOf(plan, proofOf, folded), proofs: planned.length };

  async function proveAlone(
    proof: PlannedGroth16,
    keep: (stored: Uint8Array) => void,
  ): Promise<void> {
    const made = await proveAtLast(wantedOf(proof), open, options);
    const stored = compressed(made.proof);
    keep(stored);
    options.onProof(proof.circuit, { ...made, proofBytes: stored.length });
  }

  async function foldKind(circuit: FoldedCircuit, ofKind: readonly PlannedProof[]): Promise<void> {
    const made = await foldAtLast(plan.epoch, circuit, ofKind, options);
    ofKind.forEach((proof, index) => {
      proofs.set(proof, made.proofs[index] ?? new Uint8Array());
    });
    folded.push({ role: circuit.role, size: circuit.size, proof: made.folded });
    options.onFolded(circuit, acceptedFold(circuit, made));
  }
}

/** The file of a planned epoch with these proofs in it. */
export function epochFileOf(
  { headerBytes, signature, changes, batches, accounts }: EpochPlan,
  proofOf: (planned: PlannedProof) => Uint8Array,
  folded: readonly FoldedPart[],
): Uint8Array {
  const stored = (planned: PlannedProof): BatchProof => {
    const { circuit, count, digest, acc } = planned;
    const { backEnd, size } = circuit;
    return { backEnd, size, count, digest, acc, proof: proofOf(planned) };
  };
  return encodeEpochFile({
    headerBytes,
    signature,
    changes,
    batches: batches.map(stored),
    accounts: accounts.map((planned): AccountProof => {
      return { ...stored(planned), rootOut: planned.rootOut };
    }),
    folded,
  });
}

type PlannedGroth16 = PlannedProof & { readonly circuit: Groth16Circuit };

function acceptedFold({ key }: FoldedCircuit, { proofs, folded, costs }: Folded): AcceptedFold {
  const closingBytes = key.openingBytes;
  const leafBytes = (folded.length - closingBytes) / proofs.length + (proofs[0]?.length ?? 0);
  return { ...costs, proofs: proofs.length, leafBytes, closingBytes };
}

/** Tries until the folded proof is there. Its leaves are built only while they are folded. */
async function foldAtLast(
  epoch: number,
  circuit: FoldedCircuit,
  proofs: readonly PlannedProof[],
  { asides, folding, foldTurns, setAside }: AssemblerOptions,
): Promise<Folded> {
  assert(folding !== undefined, 'what is not folded here is not planned to be');
  for (;;) {
    const made = await folding.fold(epoch, circuit, proofs, foldTurns);
    if (!(made instanceof ProverError)) return made;
    const part = `folded-${circuit.name}`;
    const unmade = { id: `${epoch}-${part}`, circuit: circuit.name, place: { epoch, part } };
    await asides.enter();
    try {
      await setAside(unmade, made);
    } finally {
      asides.leave();
    }
  }
}

function wantedOf({ circuit, signals, job }: PlannedGroth16): WantedProof {
  const hint = "compare the circuit's proving and verifying keys";
  return { job, verify: (proof) => verifyGroth16(circuit.key, proof, signals), hint };
}

function compressed(proof: Uint8Array): Uint8Array {
  const decoded = compressProof(proof);
  assert(decoded.ok, 'a proof that verifies has points');
  return decoded.value;
}

// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { threadCpuUsage } from 'node:process';
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
import { Limit } from './limit.ts';
import type { ProofResult } from './proof-job.ts';
import type { ProofQueue } from './proof-queue.ts';
import { ProverError } from './prover-error.ts';
import type { UnmadeProof } from './set-aside.ts';

export interface ProvedEpoch {
  /** Contents of the epoch's file. */
  readonly epochFile: Uint8Array;
  readonly proofs: number;
}

export interface AssemblerOptions {
  readonly queue: ProofQueue;
  /** Places of jobs that are given to the queue, and of proofs that were set aside. */
  readonly jobs: Limit;
  readonly asides: Limit;
  /** Has a proof that could not be made wait; resolves when it is to be tried again. */
  readonly setAside: (proof: UnmadeProof, error: ProverError) => Promise<void>;
  /** Folds what is planned to be; absent in a prover that plans none. */
  readonly folding?: EpochFolding | undefined;
  /** Told of each proof that was accepted. */
  readonly onProof: (circuit: Groth16Circuit, made: AcceptedProof) => void;
  /** Told of each kind whose proofs were folded and accepted. */
  readonly onFolded: (circuit: FoldedCircuit, made: AcceptedFold) => void;
  /** Proofs of this epoch that are under way at a time; by default as many as are held. */
  readonly workers?: number | undefined;
}

/** A Groth16 proof, and what it is to verifiers. */
export interface AcceptedProof extends ProofResult {
  /** In the epoch's file. */
  readonly proofBytes: number;
  /** Processor time, when it is verified alone. */
  readonly verifyMs: number;
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
  const lanes = new Limit(options.workers ?? planned.length);
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
    const { stored, accepted } = await proveAtLast(proof, lanes, options);
    keep(stored);
    options.onProof(proof.circuit, accepted);
  }

  async function foldKind(circuit: FoldedCircuit, ofKind: readonly PlannedProof[]): Promise<void> {
    const made = await foldAtLast(plan.epoch, circuit, ofKind, lanes, options);
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
  lanes: Limit,
  { asides, folding, setAside }: AssemblerOptions,
): Promise<Folded> {
  assert(folding !== undefined, 'what is not folded here is not planned to be');
  for (;;) {
    const made = await folding.fold(epoch, circuit, proofs, lanes);
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

interface MadeProof {
  /** Compressed, as an epoch keeps it. */
  readonly stored: Uint8Array;
  readonly accepted: AcceptedProof;
}

/** Tries until the proof is there. What is set aside leaves its place to the next job. */
async function proveAtLast(
  planned: PlannedGroth16,
  lanes: Limit,
  { jobs, asides, queue, setAside }: AssemblerOptions,
): Promise<MadeProof> {
  for (;;) {
    await lanes.enter();
    await jobs.enter();
    let isInPlace = true;
    const leave = (): void => {
      if (!isInPlace) return;
      jobs.leave();
      lanes.leave();
      isInPlace = false;
    };
    try {
      const job = planned.job();
      const made = await proveOne(planned, job, queue);
      if (!(made instanceof ProverError)) return made;
      await asides.enter();
      leave();
      try {
        await setAside(job, made);
      } finally {
        asides.leave();
      }
    } finally {
      leave();
    }
  }
}

/** A refused proof is asked for once more, under another id: a queue may have changed the first. */
async function proveOne(
  { circuit, signals }: PlannedGroth16,
  job: ReturnType<PlannedProof['job']>,
  queue: ProofQueue,
): Promise<MadeProof | ProverError> {
  const refusals: string[] = [];
  for (const id of [job.id, `${job.id}-again`]) {
    const result = await queue.prove({ ...job, id }).catch(failureOf);
    if (result instanceof ProverError) return result;
    const started = threadCpuUsage();
    const verdict = verifyGroth16(circuit.key, result.proof, signals);
    const { user, system } = threadCpuUsage(started);
    if (verdict.ok) {
      const stored = compressed(result.proof);
      const verifyMs = (user + system) / 1_000;
      return { stored, accepted: { ...result, proofBytes: stored.length, verifyMs } };
    }
    const from = result.worker === undefined ? '' : ` (worker ${result.worker})`;
    refusals.push(`${verdict.code}: ${verdict.message}${from}`);
    await queue.discard(id);
  }
  return new ProverError(
    'PROOF_REFUSED',
    `job ${job.id} (${circuit.name}): two proofs came back that do not verify: ` +
      `${refusals.join('; ')} (compare the circuit's proving and verifying keys)`,
  );
}

/** What is of this one proof; anything else ends the market. */
function failureOf(error: unknown): ProverError {
  if (error instanceof ProverError && error.code === 'PROOF_FAILED') return error;
  throw error;
}

function compressed(proof: Uint8Array): Uint8Array {
  const decoded = compressProof(proof);
  assert(decoded.ok, 'a proof that verifies has points');
  return decoded.value;
}

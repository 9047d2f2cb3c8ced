// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { threadCpuUsage } from 'node:process';
import { setImmediate as nextTurn } from 'node:timers/promises';
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
import type { ProofJob, ProofResult } from './proof-job.ts';
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
  /** The epoch's turns at the workers behind the queue. */
  readonly turns: EpochTurns;
  /** At the threads that fold; the same where the queue's workers are this process' threads. */
  readonly foldTurns: EpochTurns;
  /** Places of the market's proofs that were set aside. */
  readonly asides: Limit;
  /** Has a proof that could not be made wait; resolves when it is to be tried again. */
  readonly setAside: (proof: UnmadeProof, error: ProverError) => Promise<void>;
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
export interface AcceptedProof extends ProofResult {
  /** In the epoch's file. */
  readonly proofBytes: number;
  /** Processor time, when it is verified alone. */
  readonly verifyMs: number;
  /** Jobs at work when it came back, this one included. */
  readonly underWay: number;
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
    const { stored, accepted } = await proveAtLast(proof, open, options);
    keep(stored);
    options.onProof(proof.circuit, accepted);
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

interface MadeProof {
  /** Compressed, as an epoch keeps it. */
  readonly stored: Uint8Array;
  readonly accepted: AcceptedProof;
}

/** Tries until the proof is there. What is set aside leaves its place to the next job. */
async function proveAtLast(
  planned: PlannedGroth16,
  open: Limit,
  options: AssemblerOptions,
): Promise<MadeProof> {
  const { asides, setAside } = options;
  for (;;) {
    await open.enter();
    let isInPlace = true;
    const leave = (): void => {
      if (isInPlace) open.leave();
      isInPlace = false;
    };
    try {
      const made = await proveOne(planned, options);
      if (!('failure' in made)) return made;
      await asides.enter();
      leave();
      try {
        await setAside(made.job, made.failure);
      } finally {
        asides.leave();
      }
    } finally {
      leave();
    }
  }
}

interface FailedProof {
  readonly job: UnmadeProof;
  readonly failure: ProverError;
}

/** A refused proof is asked for once more, under another id: a queue may have changed the first. */
async function proveOne(
  planned: PlannedGroth16,
  options: AssemblerOptions,
): Promise<MadeProof | FailedProof> {
  const { circuit, signals } = planned;
  const first = await askInTurn(planned, '', options);
  const refusals: string[] = [];
  for (let asked = first; ; asked = await askInTurn(planned, '-again', options)) {
    const { id, result, underWay } = asked;
    if (result instanceof ProverError) return { job: first.job, failure: result };
    // Another job goes to the worker before this one's proof keeps the thread busy.
    await nextTurn();
    const started = threadCpuUsage();
    const verdict = verifyGroth16(circuit.key, result.proof, signals);
    const { user, system } = threadCpuUsage(started);
    if (verdict.ok) {
      const stored = compressed(result.proof);
      const verifyMs = (user + system) / 1_000;
      const accepted = { ...result, proofBytes: stored.length, verifyMs, underWay };
      return { stored, accepted };
    }
    const from = result.worker === undefined ? '' : ` (worker ${result.worker})`;
    refusals.push(`${verdict.code}: ${verdict.message}${from}`);
    await options.queue.discard(id);
    if (asked !== first) break;
  }
  const failure = new ProverError(
    'PROOF_REFUSED',
    `job ${first.job.id} (${circuit.name}): two proofs came back that do not verify: ` +
      `${refusals.join('; ')} (compare the circuit's proving and verifying keys)`,
  );
  return { job: first.job, failure };
}

interface AskedProof {
  /** Without the inputs, which are large. */
  readonly job: Pick<ProofJob, 'id' | 'circuit' | 'place'>;
  /** That it was asked for under. */
  readonly id: string;
  readonly result: ProofResult | ProverError;
  readonly underWay: number;
}

/** Builds a job when it is its turn, and has it made. */
async function askInTurn(
  planned: PlannedGroth16,
  idEnd: string,
  { turns, queue }: AssemblerOptions,
): Promise<AskedProof> {
  await turns.enter();
  try {
    const job = planned.job();
    const { circuit, place } = job;
    const id = `${job.id}${idEnd}`;
    const result = await queue.prove({ ...job, id }).catch(failureOf);
    return { job: { id: job.id, circuit, place }, id, result, underWay: turns.busy };
  } finally {
    turns.leave();
  }
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

// SPDX-License-Identifier: GPL-3.0-or-later
/** One proof of an epoch, had from the queue: checked, asked for again, set aside. */
import { threadCpuUsage } from 'node:process';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { AGAIN } from './cut-jobs.ts';
import type { EpochTurns } from './job-turns.ts';
import type { Limit } from './limit.ts';
import type { AnyJob, ProofResult } from './proof-job.ts';
import type { ProofQueue } from './proof-queue.ts';
import { ProverError } from './prover-error.ts';
import type { UnmadeProof } from './set-aside.ts';

/** A proof to be made, and what it has to pass. */
export interface WantedProof {
  /** Builds the job, when it is its turn: inputs are large. */
  readonly job: () => AnyJob;
  /** The verifier's own check. */
  readonly verify: (proof: Uint8Array) => ProofVerdict;
  /** What may be wrong where proofs do not verify, for whoever has to mend it. */
  readonly hint: string;
}

export type ProofVerdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: string; readonly message: string };

export interface ProofTools {
  readonly queue: ProofQueue;
  /** The epoch's turns at the workers behind the queue. */
  readonly turns: EpochTurns;
  /** Places of the market's proofs that were set aside. */
  readonly asides: Limit;
  /** Has a proof that could not be made wait; resolves when it is to be tried again. */
  readonly setAside: (proof: UnmadeProof, error: ProverError) => Promise<void>;
}

/** Accepted. */
export interface MadeProof extends ProofResult {
  /** Processor time, when it is verified alone. */
  readonly verifyMs: number;
  /** Jobs at work when it came back, this one included. */
  readonly underWay: number;
}

/** Under the id of the job that it was asked for. */
export interface NamedProof extends MadeProof {
  readonly id: string;
}

/**
 * Tries until the proof is there. What is set aside leaves its place among the open ones to the
 * next job.
 * @throws ProverError CLOSED
 */
export async function proveAtLast(
  wanted: WantedProof,
  open: Limit,
  tools: ProofTools,
): Promise<NamedProof> {
  const { asides, setAside } = tools;
  for (;;) {
    await open.enter();
    let isInPlace = true;
    const leave = (): void => {
      if (isInPlace) open.leave();
      isInPlace = false;
    };
    try {
      const made = await proveOne(wanted, tools);
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
async function proveOne(wanted: WantedProof, tools: ProofTools): Promise<NamedProof | FailedProof> {
  const first = await askInTurn(wanted, '', tools);
  const refusals: string[] = [];
  for (let asked = first; ; asked = await askInTurn(wanted, AGAIN, tools)) {
    const { id, result, underWay } = asked;
    if (result instanceof ProverError) return { job: first.job, failure: result };
    // Another job goes to the worker before this one's proof keeps the thread busy.
    await nextTurn();
    const started = threadCpuUsage();
    const verdict = wanted.verify(result.proof);
    const { user, system } = threadCpuUsage(started);
    if (verdict.ok) return { ...result, id, verifyMs: (user + system) / 1_000, underWay };
    const from = result.worker === undefined ? '' : ` (worker ${result.worker})`;
    refusals.push(`${verdict.code}: ${verdict.message}${from}`);
    await tools.queue.discard(id);
    if (asked !== first) break;
  }
  const failure = new ProverError(
    'PROOF_REFUSED',
    `job ${first.job.id} (${first.job.circuit}): two proofs came back that do not verify: ` +
      `${refusals.join('; ')} (${wanted.hint})`,
  );
  return { job: first.job, failure };
}

interface AskedProof {
  /** Without the inputs, which are large. */
  readonly job: UnmadeProof;
  /** That it was asked for under. */
  readonly id: string;
  readonly result: ProofResult | ProverError;
  readonly underWay: number;
}

/** Builds a job when it is its turn, and has it made. */
async function askInTurn(
  wanted: WantedProof,
  idEnd: string,
  { turns, queue }: ProofTools,
): Promise<AskedProof> {
  await turns.enter();
  try {
    const job = wanted.job();
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

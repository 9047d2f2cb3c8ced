// SPDX-License-Identifier: GPL-3.0-or-later
/** What a thread of the pool runs: one Groth16 proof at a time, on this thread alone. */
import { threadCpuUsage } from 'node:process';
import { CircuitProver } from './groth16/circuit-prover.ts';
import type { ProofJob, ProofResult } from './proof-job.ts';
import type { ProofTask } from './proof-pool.ts';
import { messageOf } from './prover-error.ts';

/** By the proving key's path: a circuit is loaded once in a thread's life. */
const provers = new Map<string, Promise<CircuitProver>>();

/** The circuit's files can't be used here, whatever the job. */
export interface LocalFault {
  readonly fault: string;
}

/** A fault is an answer, since what a thread throws arrives without its class. */
export default async function prove(task: ProofTask): Promise<ProofResult | LocalFault> {
  let prover: Prove;
  try {
    prover = await proverOf(task);
  } catch (error) {
    return { fault: messageOf(error) };
  }
  const started = threadCpuUsage();
  const result = await prover(task.job);
  const { user, system } = threadCpuUsage(started);
  return { ...result, cpuMs: (user + system) / 1_000 };
}

type Prove = (job: ProofJob) => ProofResult | Promise<ProofResult>;

async function proverOf(task: ProofTask): Promise<Prove> {
  if (task.prover === 'snarkjs') {
    // The reference, for comparisons: whoever does not ask for it does not load it.
    const { proveBySnarkjs } = await import('./groth16/snarkjs-prover.ts');
    return (job) => proveBySnarkjs({ ...task, job });
  }
  const prover = await load(task);
  return (job) => prover.prove(job);
}

function load(task: ProofTask): Promise<CircuitProver> {
  const known = provers.get(task.zkeyFile);
  if (known !== undefined) return known;
  const opening = CircuitProver.open(task);
  provers.set(task.zkeyFile, opening);
  // A file that could not be read may be there next time.
  opening.catch(() => provers.delete(task.zkeyFile));
  return opening;
}

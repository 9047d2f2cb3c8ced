// SPDX-License-Identifier: GPL-3.0-or-later
/** What a thread of the pool runs: one proof at a time, on this thread alone. */
import { threadCpuUsage } from 'node:process';
import { CircuitProver } from './groth16/circuit-prover.ts';
import { PartProving } from './part-proving.ts';
import type { ProofResult } from './proof-job.ts';
import type { CircuitTask, PartTask, ProofTask } from './proof-pool.ts';
import { messageOf } from './prover-error.ts';

/** By the proving key's path: a circuit is loaded once in a thread's life. */
const provers = new Map<string, Promise<CircuitProver>>();
let parts: Promise<PartProving> | undefined;

/** The files of the circuit, or the kernel, can't be used here, whatever the job. */
export interface LocalFault {
  readonly fault: string;
}

/** A fault is an answer, since what a thread throws arrives without its class. */
export default async function prove(task: ProofTask): Promise<ProofResult | LocalFault> {
  let work: Work;
  try {
    work = await workOf(task);
  } catch (error) {
    return { fault: messageOf(error) };
  }
  const started = threadCpuUsage();
  const result = await work();
  const { user, system } = threadCpuUsage(started);
  return { ...result, cpuMs: (user + system) / 1_000 };
}

type Work = () => ProofResult | Promise<ProofResult>;

async function workOf(task: ProofTask): Promise<Work> {
  if (!('prover' in task)) return partWork(task);
  const { job } = task;
  if (task.prover === 'snarkjs') {
    // The reference, for comparisons: whoever does not ask for it does not load it.
    const { proveBySnarkjs } = await import('./groth16/snarkjs-prover.ts');
    return () => proveBySnarkjs(task);
  }
  const prover = await load(task);
  return () => prover.prove(job);
}

async function partWork({ job, stop }: PartTask): Promise<Work> {
  parts ??= PartProving.open();
  // A kernel that could not be read may be there next time.
  parts.catch(() => {
    parts = undefined;
  });
  const proving = await parts;
  return () => proving.prove(job, stop);
}

function load(task: CircuitTask): Promise<CircuitProver> {
  const known = provers.get(task.zkeyFile);
  if (known !== undefined) return known;
  const opening = CircuitProver.open(task);
  provers.set(task.zkeyFile, opening);
  // A file that could not be read may be there next time.
  opening.catch(() => provers.delete(task.zkeyFile));
  return opening;
}

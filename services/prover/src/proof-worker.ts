// SPDX-License-Identifier: GPL-3.0-or-later
/** What a thread of the pool runs: one Groth16 proof at a time, on this thread alone. */
import { readFile } from 'node:fs/promises';
import { groth16 } from 'snarkjs';
import { proofBytes } from './groth16-bytes.ts';
import type { ProofResult } from './proof-job.ts';
import type { ProofTask } from './proof-pool.ts';

/** Files by path: a proving key is read once in a thread's life. */
const files = new Map<string, Promise<Uint8Array>>();
/** snarkjs starts a thread per core unless both steps are told not to. */
const ALONE = { singleThread: true };

export default async function prove(task: ProofTask): Promise<ProofResult> {
  const { job } = task;
  const wasm = await load(task.wasmFile);
  const zkey = await load(task.zkeyFile);
  const startedMs = performance.now();
  const { proof, publicSignals } = await groth16.fullProve(
    job.input,
    { type: 'mem', data: wasm },
    { type: 'mem', data: zkey },
    undefined,
    ALONE,
    ALONE,
  );
  const proveMs = performance.now() - startedMs;
  const differing = publicSignals.findIndex((value, index) => value !== job.publicSignals[index]);
  if (differing !== -1 || publicSignals.length !== job.publicSignals.length) {
    throw new Error(
      `${job.circuit}: public signal ${differing} is ${publicSignals[differing]}, ` +
        `planned was ${job.publicSignals[differing]}`,
    );
  }
  return { proof: proofBytes(proof), publicSignals, proveMs };
}

function load(path: string): Promise<Uint8Array> {
  const loaded = files.get(path) ?? readFile(path);
  files.set(path, loaded);
  return loaded;
}

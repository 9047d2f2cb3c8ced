// SPDX-License-Identifier: GPL-3.0-or-later
/** The reference prover: what ours is compared with, in tests and measurements. */
import { readFile } from 'node:fs/promises';
import { groth16, type Logger, wtns } from 'snarkjs';
import { proofBytes } from '../groth16-bytes.ts';
import type { ProofJob, ProofResult } from '../proof-job.ts';
import { type CircuitFiles, expectSignals } from './circuit-prover.ts';

export interface SnarkjsTask extends Pick<CircuitFiles, 'wasmFile' | 'zkeyFile'> {
  readonly job: ProofJob;
}

/** Files by path: a proving key is read once in a thread's life. */
const files = new Map<string, Promise<Uint8Array>>();

/** @param logger hears snarkjs's own words about each step, the first one 'witness' */
export async function proveBySnarkjs(
  { job, wasmFile, zkeyFile }: SnarkjsTask,
  logger?: Logger,
): Promise<ProofResult> {
  const wasm = await load(wasmFile);
  const zkey = await load(zkeyFile);
  const startedMs = performance.now();
  logger?.debug('witness');
  const witness: { type: 'mem'; data?: Uint8Array } = { type: 'mem' };
  await wtns.calculate(job.input, { type: 'mem', data: wasm }, witness);
  const key = { type: 'mem', data: zkey } as const;
  // It starts a thread per core unless it is told not to.
  const proved = await groth16.prove(key, witness, logger, { singleThread: true });
  const { proof, publicSignals } = proved;
  const proveMs = performance.now() - startedMs;
  expectSignals(job, publicSignals);
  return { proof: proofBytes(proof), publicSignals, proveMs };
}

function load(path: string): Promise<Uint8Array> {
  const loaded = files.get(path) ?? readFile(path);
  files.set(path, loaded);
  return loaded;
}

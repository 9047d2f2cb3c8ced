// SPDX-License-Identifier: GPL-3.0-or-later
import { readFile } from 'node:fs/promises';
import { type CircuitName, circuitArtifacts } from '@foldbook/circuits';
import { BackEnd, encodeStep, type FoldLeaf, FoldTree, verifyFolded } from '@foldbook/verifier';
import { loadFoldedCircuit } from '../fold/fold-circuit.ts';
import { type Accumulator, FoldProver } from '../fold/fold-prover.ts';
import { leafOf } from '../fold/fold-worker.ts';
import { WitnessMaker } from '../groth16/witness-maker.ts';
import type { ProofJob } from '../proof-job.ts';
import type { BackEndProof, Measurement, ProofBackend } from '../router/proof-backend.ts';
import { routedKind } from '../tiling.ts';
import { cpuMeter, type Used } from './cpu-meter.ts';

const COMMITMENT_BYTES = 32;

/** Folds all jobs as one tree, in this thread. Its proof: a commitment each, steps, opening. */
export class FoldBackend implements ProofBackend {
  readonly backEnd = BackEnd.FOLDING;
  readonly name = 'fold';
  readonly folds = true;
  readonly #name: CircuitName;
  #opened: ReturnType<typeof open> | undefined;

  constructor(name: CircuitName) {
    this.#name = name;
  }

  async prove(jobs: readonly ProofJob[]): Promise<BackEndProof> {
    this.#opened ??= open(this.#name);
    const { circuit, prover, maker } = await this.#opened;
    const commitments: Uint8Array[] = [];
    const steps: Uint8Array[] = [];
    const made: Used[] = [];
    const fold = (...accumulators: Accumulator[]): Accumulator => {
      const { step, folded } = prover.fold(accumulators);
      steps.push(encodeStep(step));
      return folded;
    };
    const tree = new FoldTree<Accumulator>(fold);
    for (const job of jobs) {
      const meter = cpuMeter();
      const leaf = leafOf(job, prover, maker);
      commitments.push(leaf.instance.commitment);
      tree.push(leaf);
      made.push(meter());
    }
    // What is folded at the end is of all leaves.
    const meter = cpuMeter();
    const last = tree.finish();
    if (last === undefined) throw new Error('assertion failed: there are jobs');
    const root = last.instance.kind === 'fresh' ? fold(last) : last;
    const rest = meter();
    const closing = cpuMeter();
    const opening = prover.witness(root);
    prover.release(root);
    const kind = routedKind(circuit);
    const foldedBytes = steps.reduce((sum, step) => sum + step.length, 0);
    const proofBytes = COMMITMENT_BYTES + foldedBytes / jobs.length;
    const leaves = made.map(({ wallMs, cpuMs, rssBytes }): Measurement => {
      return {
        ...{ kind, stage: 'leaf', workers: 1, rssBytes, proofBytes },
        wallMs: wallMs + rest.wallMs / jobs.length,
        cpuMs: cpuMs + rest.cpuMs / jobs.length,
      };
    });
    const shared = { kind, workers: 1, proofBytes: opening.length } as const;
    const proof = Uint8Array.from(Buffer.concat([...commitments, ...steps, opening]));
    return { proof, steps: [...leaves, { ...shared, stage: 'closing', ...closing() }] };
  }

  async verify(jobs: readonly ProofJob[], proof: Uint8Array): Promise<boolean> {
    this.#opened ??= open(this.#name);
    const { circuit } = await this.#opened;
    const leaves = jobs.map(({ publicSignals, id }, index): FoldLeaf => {
      const start = COMMITMENT_BYTES * index;
      const commitment = proof.subarray(start, start + COMMITMENT_BYTES);
      return { part: id, proof: commitment, signals: publicSignals.map(BigInt) };
    });
    const folded = proof.subarray(COMMITMENT_BYTES * jobs.length);
    return verifyFolded(circuit.key, leaves, folded).ok;
  }
}

async function open(name: CircuitName) {
  const circuit = await loadFoldedCircuit(name);
  const code = new Uint8Array(await readFile(circuitArtifacts(name).wasm));
  return { circuit, prover: new FoldProver(circuit.key), maker: await WitnessMaker.compile(code) };
}

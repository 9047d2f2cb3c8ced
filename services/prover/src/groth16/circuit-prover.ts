// SPDX-License-Identifier: GPL-3.0-or-later
/** Proves one circuit's statements: its calculator and its proving key, loaded once. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type Kernel, openKernel } from '@foldbook/bn254';
import { readKernelCode } from '@foldbook/bn254/node';
import type { ProofJob, ProofResult } from '../proof-job.ts';
import { Groth16Prover, type Phase } from './groth16-prover.ts';
import { ProvingKey } from './proving-key.ts';
import { damaged } from './proving-key-file.ts';
import { WitnessMaker } from './witness-maker.ts';

const ELEMENT_BYTES = 32;

export interface CircuitFiles {
  readonly wasmFile: string;
  readonly zkeyFile: string;
  /** SHA-256 of the proving key's file, hex. */
  readonly zkeyDigest: string;
}

/** What a proof's time goes to. */
export type ProofPhase = 'witness' | Phase;

let opened: Promise<Kernel> | undefined;

export class CircuitProver {
  readonly #maker: WitnessMaker;
  readonly #prover: Groth16Prover;
  readonly #publicCount: number;

  private constructor(maker: WitnessMaker, key: ProvingKey, kernel: Kernel) {
    this.#maker = maker;
    this.#prover = new Groth16Prover(kernel, key);
    this.#publicCount = key.publicCount;
  }

  /** Throws PROVING_KEY for a key that is not the one of the digest, or damaged; file errors. */
  static async open({ wasmFile, zkeyFile, zkeyDigest }: CircuitFiles): Promise<CircuitProver> {
    const zkey = await readFile(zkeyFile);
    const digest = createHash('sha256').update(zkey).digest('hex');
    if (digest !== zkeyDigest) {
      throw damaged(`${zkeyFile} has the SHA-256 ${digest}, pinned is ${zkeyDigest}`);
    }
    // All circuits of a thread share its kernel.
    opened ??= readKernelCode().then(openKernel);
    const kernel = await opened;
    const maker = await WitnessMaker.compile(await readFile(wasmFile));
    return new CircuitProver(maker, new ProvingKey(kernel, zkey), kernel);
  }

  /**
   * A proof of the job's public signals. Throws WITNESS where its input does not lead to them.
   * @param onPhase hears what is done next, for measurements
   */
  prove(job: ProofJob, onPhase: (phase: ProofPhase) => void = () => undefined): ProofResult {
    const startedMs = performance.now();
    onPhase('witness');
    const witness = this.#maker.make(job.input);
    const publicSignals = signalsOf(witness, this.#publicCount);
    expectSignals(job, publicSignals);
    const proof = this.#prover.prove(witness, { onPhase });
    return { proof, publicSignals, proveMs: performance.now() - startedMs };
  }
}

/** Throws unless the signals are those that the job has to show. */
export function expectSignals(job: ProofJob, found: readonly string[]): void {
  const differing = found.findIndex((value, index) => value !== job.publicSignals[index]);
  if (differing === -1 && found.length === job.publicSignals.length) return;
  throw new Error(
    `${job.circuit}: public signal ${differing} is ${found[differing]}, ` +
      `planned was ${job.publicSignals[differing]}`,
  );
}

/** The wires after the first, decimal. */
function signalsOf(witness: Uint8Array, count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const start = ELEMENT_BYTES * (index + 1);
    const bytes = Buffer.from(witness.subarray(start, start + ELEMENT_BYTES)).reverse();
    return BigInt(`0x${bytes.toString('hex')}`).toString();
  });
}

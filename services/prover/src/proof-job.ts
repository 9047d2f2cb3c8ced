// SPDX-License-Identifier: GPL-3.0-or-later
import { createHash } from 'node:crypto';
import type { CircuitName } from '@foldbook/circuits';

/** Input signals by name: decimal strings, or lists of them. Survives JSON unchanged. */
export type CircuitInput = { readonly [signal: string]: SignalValue };
export type SignalValue = string | readonly SignalValue[];

/** One proof to make. Everything in it is plain data, so that a queue can carry it as JSON. */
export interface ProofJob {
  /**
   * The same for the same statement, whoever plans it and however often; different for any other
   * statement, so that a result left in Redis by another run can never be taken for this one's.
   */
  readonly id: string;
  readonly circuit: CircuitName;
  readonly input: CircuitInput;
  /** What the proof has to show: public signals in the circuit's order, decimal. */
  readonly publicSignals: readonly string[];
}

export interface ProofResult {
  /** A (64 bytes), B (128), C (64): uncompressed big-endian, B in EIP-197 order. */
  readonly proof: Uint8Array;
  readonly publicSignals: readonly string[];
  /** Time in the prover's thread, waiting excluded. */
  readonly proveMs: number;
}

export interface JobPlace {
  readonly market: string;
  readonly epoch: number;
  /** "b0", "b1", ... for batches, "a0", ... for account proofs. */
  readonly part: string;
}

/** A job whose id names its place and is bound to its statement. */
export function createJob(
  place: JobPlace,
  circuit: CircuitName,
  input: CircuitInput,
  publicSignals: readonly string[],
): ProofJob {
  const statement = JSON.stringify([circuit, publicSignals]);
  const hash = createHash('sha256').update(statement).digest('hex').slice(0, 16);
  const id = `${place.market}-${place.epoch}-${place.part}-${hash}`;
  return { id, circuit, input, publicSignals };
}

// SPDX-License-Identifier: GPL-3.0-or-later
/** Circuits without circuits: keys with a known trapdoor "prove" at once. Tests only. */
import assert from 'node:assert/strict';
import { decodeVerifyingKey, type TrustedKey, verifyingKeyDigest } from '@foldbook/verifier';
import { createTrapdoorKey, type TrapdoorKey } from '@foldbook/verifier/testing';
import type { ProvingCircuit, ProvingCircuits } from '../chain-context.ts';
import type { ProofJob, ProofResult } from '../proof-job.ts';
import type { ProofMaker } from '../proof-queue.ts';

const batchKey = createTrapdoorKey('batch', 15);
const accountsKey = createTrapdoorKey('accounts', 4);

export const trustedKeys: readonly TrustedKey[] = [batchKey.trusted, accountsKey.trusted];

export const trapdoorCircuits: ProvingCircuits = [
  circuit('batch-15', batchKey),
  circuit('accounts-4', accountsKey),
];

/** Makes a proof for whatever public signals a job names, true or not. */
export class TrapdoorMaker implements ProofMaker {
  readonly concurrency = 4;
  /** Ids of the jobs made, in order. */
  readonly made: string[] = [];

  async make(job: ProofJob): Promise<ProofResult> {
    this.made.push(job.id);
    const key = job.circuit === 'batch-15' ? batchKey : accountsKey;
    const proof = key.proveUncompressed(job.publicSignals.map(BigInt));
    return { proof, publicSignals: job.publicSignals, proveMs: 1 };
  }
}

function circuit(name: ProvingCircuit['name'], trapdoor: TrapdoorKey): ProvingCircuit {
  const keyBytes = trapdoor.bytes;
  const { role, size } = trapdoor.trusted;
  const decoded = decodeVerifyingKey(keyBytes);
  assert(decoded.ok);
  const keyDigest = verifyingKeyDigest(keyBytes);
  return { name, role, size, key: decoded.value, keyBytes, keyDigest };
}

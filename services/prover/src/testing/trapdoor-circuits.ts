// SPDX-License-Identifier: GPL-3.0-or-later
/** Circuits without circuits: keys with a known trapdoor "prove" at once. Tests only. */
import assert from 'node:assert/strict';
import type { CircuitName } from '@foldbook/circuits';
import {
  BackEnd,
  decodeVerifyingKey,
  type TrustedKey,
  verifyingKeyDigest,
} from '@foldbook/verifier';
import { createTrapdoorKey, type TrapdoorKey } from '@foldbook/verifier/testing';
import type { Groth16Circuit } from '../chain-context.ts';
import type { ProofJob, ProofResult } from '../proof-job.ts';
import type { ProofMaker } from '../proof-queue.ts';

const batchKey = createTrapdoorKey('batch', 15);
const accountsKey = createTrapdoorKey('accounts', 4);

export const trustedKeys: readonly TrustedKey[] = [batchKey.trusted, accountsKey.trusted];

export const trapdoorCircuits: readonly Groth16Circuit[] = [
  circuit('batch-15', batchKey),
  circuit('accounts-4', accountsKey),
];

const largeKeys = [createTrapdoorKey('batch', 240), createTrapdoorKey('accounts', 16)] as const;

/** The small ones and the large ones. */
export const allTrapdoorCircuits: readonly Groth16Circuit[] = [
  ...trapdoorCircuits,
  circuit('batch-240', largeKeys[0]),
  circuit('accounts-16', largeKeys[1]),
];
export const allTrustedKeys: readonly TrustedKey[] = [
  ...trustedKeys,
  ...largeKeys.map(({ trusted }) => trusted),
];

const KEYS: Readonly<Record<CircuitName, TrapdoorKey>> = {
  'batch-15': batchKey,
  'batch-240': largeKeys[0],
  'accounts-4': accountsKey,
  'accounts-16': largeKeys[1],
};

/** Makes a proof for whatever public signals a job names, true or not. */
export class TrapdoorMaker implements ProofMaker {
  readonly concurrency: number = 4;
  /** Ids of the jobs made, in order. */
  readonly made: string[] = [];

  async make(job: ProofJob): Promise<ProofResult> {
    this.made.push(job.id);
    const key = KEYS[job.circuit];
    const proof = key.proveUncompressed(job.publicSignals.map(BigInt));
    return { proof, publicSignals: job.publicSignals, proveMs: 1 };
  }

  refuses(): undefined {
    return undefined;
  }
}

function circuit(name: CircuitName, trapdoor: TrapdoorKey): Groth16Circuit {
  const keyBytes = trapdoor.bytes;
  const { role, size } = trapdoor.trusted;
  const decoded = decodeVerifyingKey(keyBytes);
  assert(decoded.ok);
  const keyDigest = verifyingKeyDigest(keyBytes);
  const backEnd = BackEnd.GROTH16;
  return { name, role, size, backEnd, key: decoded.value, keyBytes, keyDigest };
}

// SPDX-License-Identifier: GPL-3.0-or-later
/** What stays the same over a market's chain of epochs. */
import { readFileSync } from 'node:fs';
import { type CircuitName, circuitArtifacts, circuitNames } from '@foldbook/circuits';
import {
  type AcceptedKey,
  BackEnd,
  bytesToHex,
  type CircuitRole,
  compareKinds,
  decodeVerifyingKey,
  type Genesis,
  hexToBytes,
  pinnedKeys,
  type VerifyingKey,
  verifyingKeyDigest,
} from '@foldbook/verifier';
import type { OperatorKey } from './operator-key.ts';

/** A circuit with the key that its proofs verify under. */
export interface ProvingCircuit {
  readonly name: CircuitName;
  readonly role: CircuitRole;
  /** Rows: records of a batch, accounts of an account proof. */
  readonly size: number;
  readonly key: VerifyingKey;
  /** Canonical bytes of the key, and their digest. */
  readonly keyBytes: Uint8Array;
  readonly keyDigest: Uint8Array;
}

/** Of each role one or more, of different sizes. */
export type ProvingCircuits = readonly ProvingCircuit[];

/** What a genesis lists of these circuits. */
export function acceptedKeys(circuits: ProvingCircuits): AcceptedKey[] {
  return circuits
    .map(({ role, size, keyDigest: digest }) => {
      return { role, size, backEnd: BackEnd.GROTH16, digest };
    })
    .sort(compareKinds);
}

/** Proofs under one of these keys can be forged by anybody. */
export function areInsecure(circuits: ProvingCircuits): boolean {
  return circuits.some(({ key }) => key.insecure);
}

export interface ChainContext {
  readonly genesis: Genesis;
  readonly genesisFile: Uint8Array;
  /** Hash of the genesis file. */
  readonly chainId: Uint8Array;
  readonly operator: OperatorKey;
  readonly circuits: ProvingCircuits;
}

/** @throws when the circuits are not built, or their keys are not those that verifiers pin */
export function loadCircuits(): ProvingCircuits {
  return circuitNames.map(loadCircuit);
}

function loadCircuit(name: CircuitName): ProvingCircuit {
  const { vk, vkDigest } = circuitArtifacts(name);
  const keyBytes = Uint8Array.from(readFileSync(vk));
  const keyDigest = verifyingKeyDigest(keyBytes);
  const pinned = pinnedKeys.find((key) => key.circuit === name && key.digest === vkDigest);
  const decoded = decodeVerifyingKey(keyBytes);
  if (pinned === undefined || bytesToHex(keyDigest) !== vkDigest) {
    throw new Error(
      `${name}: verifiers do not pin the verifying key ${bytesToHex(keyDigest)} (${vk}): ` +
        'build the circuits again, and compare circuits/digests.json with the verifier',
    );
  }
  if (!decoded.ok) throw new Error(`${vk}: ${decoded.error.message}; build the circuits again`);
  const { role, size } = pinned;
  return { name, role, size, key: decoded.value, keyBytes, keyDigest: hexToBytes(vkDigest) };
}

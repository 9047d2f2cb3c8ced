// SPDX-License-Identifier: GPL-3.0-or-later
/** What stays the same over a market's chain of epochs. */
import { readFileSync } from 'node:fs';
import {
  type CircuitName,
  circuitArtifacts,
  circuitNames,
  defaultCircuits,
} from '@foldbook/circuits';
import {
  type AcceptedKey,
  BackEnd,
  bytesToHex,
  type CircuitRole,
  compareKinds,
  decodeVerifyingKey,
  type FoldKey,
  type Genesis,
  hexToBytes,
  pinnedKeys,
  type ChainContext as VerifierContext,
  type VerifyingKey,
  verifyingKeyDigest,
} from '@foldbook/verifier';
import { loadFoldedCircuit } from './fold/fold-circuit.ts';
import type { OperatorKey } from './operator-key.ts';

interface KeyedCircuit {
  readonly name: CircuitName;
  readonly role: CircuitRole;
  /** Rows: records of a batch, accounts of an account proof. */
  readonly size: number;
  /** Canonical bytes of the key, and their digest. */
  readonly keyBytes: Uint8Array;
  readonly keyDigest: Uint8Array;
}

export interface Groth16Circuit extends KeyedCircuit {
  readonly backEnd: typeof BackEnd.GROTH16;
  readonly key: VerifyingKey;
}

/** Its key is the circuit's shape. */
export interface FoldedCircuit extends KeyedCircuit {
  readonly backEnd: typeof BackEnd.FOLDING;
  readonly key: FoldKey;
}

/** A circuit and back end with the key that its proofs verify under. */
export type ProvingCircuit = Groth16Circuit | FoldedCircuit;

/** Of each role one or more, of different sizes or back ends. */
export type ProvingCircuits = readonly ProvingCircuit[];

/** What a genesis lists of these circuits. */
export function acceptedKeys(circuits: ProvingCircuits): AcceptedKey[] {
  return circuits
    .map(({ role, size, backEnd, keyDigest: digest }) => ({ role, size, backEnd, digest }))
    .sort(compareKinds);
}

/** Proofs under one of these keys can be forged by anybody. */
export function areInsecure(circuits: ProvingCircuits): boolean {
  return circuits.some(({ backEnd, key }) => backEnd === BackEnd.GROTH16 && key.insecure);
}

export interface ChainContext {
  readonly genesis: Genesis;
  readonly genesisFile: Uint8Array;
  /** Hash of the genesis file. */
  readonly chainId: Uint8Array;
  readonly operator: OperatorKey;
  readonly circuits: ProvingCircuits;
}

/**
 * Circuits as the threads that prove have them; by default those that set-up builds.
 * @throws when they are not built, or their keys are not those that verifiers pin
 */
export function loadCircuits(
  names: readonly CircuitName[] = defaultCircuits,
): readonly Groth16Circuit[] {
  return names.map(loadCircuit);
}

/** The same circuits to be folded. @throws ProverError KEY_FILE; when they are not built */
export function loadFoldedCircuits(names: readonly CircuitName[]): Promise<FoldedCircuit[]> {
  return Promise.all(names.map(loadFoldedCircuit));
}

/** What is built here for a key that a chain began with; undefined if nothing is. */
export type FindCircuit = (key: AcceptedKey) => Promise<ProvingCircuit | undefined>;

export const builtCircuit: FindCircuit = async ({ backEnd, digest }) => {
  const name = circuitNames.find((name) =>
    pinnedKeys.some((key) => key.circuit === name && key.digest === bytesToHex(digest)),
  );
  if (name === undefined || !isBuilt(name)) return undefined;
  return backEnd === BackEnd.FOLDING ? loadFoldedCircuit(name) : loadCircuit(name);
};

/** Every circuit that is built here, for Groth16. */
export function builtCircuits(): readonly Groth16Circuit[] {
  return loadCircuits(circuitNames.filter(isBuilt));
}

function isBuilt(name: CircuitName): boolean {
  try {
    circuitArtifacts(name);
    return true;
  } catch {
    return false;
  }
}

function loadCircuit(name: CircuitName): Groth16Circuit {
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
  const key = decoded.value;
  const backEnd = BackEnd.GROTH16;
  return { name, role, size, backEnd, key, keyBytes, keyDigest: hexToBytes(vkDigest) };
}

/** The same chain as verifiers see it. */
export function verifierContext({
  genesis,
  chainId,
  circuits,
  operatorKeys,
}: Pick<ChainContext, 'genesis' | 'chainId' | 'circuits'> &
  Pick<VerifierContext, 'operatorKeys'>): VerifierContext {
  const keys = circuits.map(({ role, size, backEnd, key }) => ({ role, size, backEnd, key }));
  return {
    genesis,
    genesisHash: chainId,
    operatorKeys,
    keys: { ok: true, keys, insecure: areInsecure(circuits) },
  };
}

// SPDX-License-Identifier: GPL-3.0-or-later
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type CircuitName, circuitArtifacts, parseR1cs, pinnedDigests } from '@foldbook/circuits';
import { BackEnd, bytesToHex, encodeShape, pinnedKeys, readFoldKey } from '@foldbook/verifier';
import type { FoldedCircuit } from '../chain-context.ts';
import { ProverError } from '../prover-error.ts';
import { shapeOf } from './circuit-shape.ts';

/** What threads read of a circuit that is folded. */
export interface FoldFiles {
  /** Of the shape, hex. */
  readonly digest: string;
  readonly shapeFile: string;
  readonly wasmFile: string;
}

/**
 * Makes the shape of a built circuit from its constraints.
 * @throws ProverError KEY_FILE when the constraint system, or the shape, is not the pinned one
 */
export async function loadFoldedCircuit(name: CircuitName): Promise<FoldedCircuit> {
  const { r1cs } = circuitArtifacts(name);
  const system = await readFile(r1cs);
  const found = createHash('sha256').update(system).digest('hex');
  if (found !== pinnedDigests()[name].r1cs) {
    const message = `${r1cs} has digest ${found}, which is not the pinned one`;
    throw new ProverError('KEY_FILE', `${message}: build the circuits again`);
  }
  const keyBytes = encodeShape(shapeOf(parseR1cs(system)));
  const read = readFoldKey(keyBytes);
  if (!read.ok) throw new ProverError('KEY_FILE', `${name}: ${read.error.message}`);
  const key = read.value;
  const digest = bytesToHex(key.digest);
  const backEnd = BackEnd.FOLDING;
  const pinned = pinnedKeys.find(
    (pinned) => pinned.circuit === name && pinned.backEnd === backEnd && pinned.digest === digest,
  );
  if (pinned === undefined) {
    const message = `${name}: verifiers do not pin the shape ${digest}`;
    throw new ProverError('KEY_FILE', `${message}: compare shared/verifier/src/pinned-keys.ts`);
  }
  const { role, size } = pinned;
  return { name, role, size, backEnd, key, keyBytes, keyDigest: key.digest };
}

/** `shapeFile` holds the circuit's shape, or will when it is folded. */
export function foldFiles({ name, keyDigest }: FoldedCircuit, shapeFile: string): FoldFiles {
  return { digest: bytesToHex(keyDigest), shapeFile, wasmFile: circuitArtifacts(name).wasm };
}

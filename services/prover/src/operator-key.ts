// SPDX-License-Identifier: GPL-3.0-or-later
import { KeyFileError, loadSecretKey } from '@foldbook/runtime';
import { publicKeyOf } from '@foldbook/verifier';
import { ProverError } from './prover-error.ts';

/** The Ed25519 key that signs this operator's epoch headers. */
export interface OperatorKey {
  readonly secretKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

/**
 * Reads the operator's key file, or makes a new one that only its owner may read.
 * @throws ProverError KEY_FILE
 */
export async function loadOperatorKey(path: string): Promise<OperatorKey> {
  try {
    const secretKey = await loadSecretKey(path);
    return { secretKey, publicKey: publicKeyOf(secretKey) };
  } catch (error) {
    if (!(error instanceof KeyFileError)) throw error;
    const words = `the operator's key (operatorKeyFile): ${error.message}`;
    throw new ProverError('KEY_FILE', `${words}; stores that were begun need the key they had`);
  }
}

// SPDX-License-Identifier: GPL-3.0-or-later
import { KeyFileError, loadSecretKey } from '@foldbook/runtime';
import { bytesToHex, keyOfEpoch, type OperatorKeys, publicKeyOf } from '@foldbook/verifier';
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

/** @throws ProverError KEY_CHANGED where the epoch is another key's to sign */
export function checkSigner(
  market: string,
  keys: OperatorKeys,
  { publicKey }: OperatorKey,
  epoch: number,
): void {
  const key = keyOfEpoch(keys, BigInt(epoch));
  if (sameBytes(key, publicKey)) return;
  const [theirs, own] = [bytesToHex(key), bytesToHex(publicKey)];
  throw new ProverError(
    'KEY_CHANGED',
    `market ${market}: epoch ${epoch} is to be signed by ${theirs}, this prover has ${own}: ` +
      'start it again with the file of that key (operatorKeyFile)',
  );
}

export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}

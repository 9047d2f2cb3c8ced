/** Account proofs as "balance --prove" keeps them. */
import { readFile } from 'node:fs/promises';
import { ACCOUNT_PROOF_BYTES_MAX } from '@foldbook/verifier';
import { UsageError } from './cli-error.ts';
import { fileTrouble } from './file-trouble.ts';

/** @throws UsageError for a file that can't be read or is too long to be one */
export async function readAccountProof(file: string): Promise<Uint8Array> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new UsageError(`${file} can't be read: ${fileTrouble(error)}`);
  });
  if (bytes.length <= ACCOUNT_PROOF_BYTES_MAX) return new Uint8Array(bytes);
  throw new UsageError(`${file} is longer than an account proof: give a file of balance --prove`);
}

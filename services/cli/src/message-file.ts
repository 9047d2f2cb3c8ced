/** Files of the public matching challenge, as users name them. */
import { readFile } from 'node:fs/promises';
import { ConformError } from '@foldbook/engine';
import { UsageError } from './cli-error.ts';
import { fileTrouble } from './file-trouble.ts';
import { decompressIfNeeded } from './order-file.ts';

/** What a file holds, decompressed. UsageError where it can't be read. */
export async function readMessageFile(path: string): Promise<Uint8Array> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new UsageError(`${path} can't be read: ${fileTrouble(error)}`);
  });
  return decompressIfNeeded(path, bytes);
}

/** Runs what plays a file; UsageError where the file is not what it should be. */
export function playing<Result>(path: string, play: () => Result): Result {
  try {
    return play();
  } catch (error) {
    if (error instanceof ConformError) throw new UsageError(`${path}: ${error.message}`);
    throw error;
  }
}

import type { StoreFolderOptions } from '@foldbook/verifier/node';
import { UsageError } from './cli-error.ts';

/** In memory, whatever it is in the file. */
const BYTES_PER_RECORD = 32;

export function genesisFrom(text: string | undefined): string | undefined {
  if (text === undefined || /^[0-9a-fA-F]{64}$/.test(text)) return text;
  throw new UsageError(`--genesis ${text}: give the 64 hex digits that verify prints as genesis`);
}

/** The public key that the operator has to have, or have had; undefined when none was named. */
export function operatorFrom(text: string | undefined): string | undefined {
  if (text === undefined || /^[0-9a-f]{64}$/.test(text)) return text;
  throw new UsageError(`--operator ${text}: give a public key, 64 hex digits`);
}

export function folderOptions(maxFile: string | undefined): StoreFolderOptions {
  if (maxFile === undefined) return {};
  if (/^[1-9][0-9]{0,5}$/.test(maxFile)) return { fileBytesMax: Number(maxFile) * 1024 * 1024 };
  throw new UsageError(`--max-file ${maxFile}: give a number of MiB, 1 to 999999`);
}

/** No more records an epoch than a file of the largest size would hold as they are. */
export function recordsLimit({ fileBytesMax }: StoreFolderOptions): { recordsMax?: number } {
  if (fileBytesMax === undefined) return {};
  return { recordsMax: Math.floor(fileBytesMax / BYTES_PER_RECORD) };
}

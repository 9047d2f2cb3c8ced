import type { StoreFolderOptions } from '@foldbook/verifier/node';
import { UsageError } from './cli-error.ts';

export function genesisFrom(text: string | undefined): string | undefined {
  if (text === undefined || /^[0-9a-fA-F]{64}$/.test(text)) return text;
  throw new UsageError(`--genesis ${text}: give the 64 hex digits that verify prints as genesis`);
}

export function folderOptions(maxFile: string | undefined): StoreFolderOptions {
  if (maxFile === undefined) return {};
  if (/^[1-9][0-9]{0,5}$/.test(maxFile)) return { fileBytesMax: Number(maxFile) * 1024 * 1024 };
  throw new UsageError(`--max-file ${maxFile}: give a number of MiB, 1 to 999999`);
}

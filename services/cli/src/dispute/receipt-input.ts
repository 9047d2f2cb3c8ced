/** The receipts that a dispute is about, out of files of receipts. */
import { readFile } from 'node:fs/promises';
import { parseReceipts } from '@foldbook/client';
import type { Receipt } from '@foldbook/protocol';
import { checkReceipt } from '@foldbook/verifier';
import { UsageError } from '../cli-error.ts';
import { fileTrouble } from '../file-trouble.ts';

export interface ForgedReceipt {
  readonly file: string;
  /** From 1, among those of its file. */
  readonly number: number;
  readonly words: string;
}

export interface ReceiptInput {
  /** Each once, in the order of the files. */
  readonly receipts: readonly Receipt[];
  readonly certificates: readonly Uint8Array[];
  /** Those that nobody signed, or that are none. */
  readonly forged: readonly ForgedReceipt[];
  /** Lines without their end: a crash cut them off, or the file is not all there. */
  readonly cutOff: number;
}

/** @throws UsageError for a file that can't be read or holds something else */
export async function readReceipts(files: readonly string[]): Promise<ReceiptInput> {
  const receipts = new Map<string, Receipt>();
  const certificates: Uint8Array[] = [];
  const forged: ForgedReceipt[] = [];
  let cutOff = 0;
  for (const file of files) {
    const kept = parse(await read(file), file);
    certificates.push(...kept.certificates);
    cutOff += kept.cutOff;
    for (const [index, bytes] of kept.receipts.entries()) {
      const checked = checkReceipt(bytes);
      if (checked.ok) receipts.set(Buffer.from(bytes).toString('hex'), checked.receipt);
      else forged.push({ file, number: index + 1, words: `${checked.code}: ${checked.message}` });
    }
  }
  return { receipts: [...receipts.values()], certificates, forged, cutOff };
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} can't be read: ${fileTrouble(error)}`);
  }
}

function parse(text: string, file: string) {
  try {
    return parseReceipts(text, file);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new UsageError(`${error.message}; give a file that "order --receipts FILE" wrote`);
  }
}

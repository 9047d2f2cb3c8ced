/**
 * Receipts of a client, one JSON object a line: `{"receipt":"<hex>"}`, and for the operator's word
 * for a key `{"certificate":"<hex>"}`. `foldbook dispute` reads such files.
 */
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { isMissing } from './missing-file.ts';

export interface ReceiptStore {
  /** What was kept before. */
  readonly receipts: readonly Uint8Array[];
  readonly certificates: readonly Uint8Array[];
  /** Resolves when it is kept. */
  keep(what: 'receipt' | 'certificate', bytes: Uint8Array): Promise<void>;
}

export class ReceiptFile implements ReceiptStore {
  readonly receipts: readonly Uint8Array[];
  readonly certificates: readonly Uint8Array[];
  readonly #file: FileHandle;

  private constructor(file: FileHandle, kept: KeptReceipts) {
    this.#file = file;
    this.receipts = kept.receipts;
    this.certificates = kept.certificates;
  }

  /** Makes the file if it is not there. Throws for one that holds something else. */
  static async open(path: string): Promise<ReceiptFile> {
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      if (isMissing(error)) return '';
      throw error;
    });
    const kept = parseReceipts(text, path);
    const file = await open(path, 'a', 0o644);
    // What a crash cut off ends here, so that the next line is whole.
    if (text !== '' && !text.endsWith('\n')) await file.appendFile('\n');
    return new ReceiptFile(file, kept);
  }

  async keep(what: 'receipt' | 'certificate', bytes: Uint8Array): Promise<void> {
    await this.#file.appendFile(
      `${JSON.stringify({ [what]: Buffer.from(bytes).toString('hex') })}\n`,
    );
    await this.#file.datasync();
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

export interface KeptReceipts {
  readonly receipts: readonly Uint8Array[];
  readonly certificates: readonly Uint8Array[];
  /** Lines without their end, as a crash leaves them: what they held is left out. */
  readonly cutOff: number;
}

/** Reads such a file. Throws SyntaxError for one that holds something else. */
export function parseReceipts(text: string, path: string): KeptReceipts {
  const receipts: Uint8Array[] = [];
  const certificates: Uint8Array[] = [];
  let cutOff = 0;
  const lines = text.split('\n');
  for (const [index, line] of lines.entries()) {
    if (line === '') continue;
    const entry = entryOf(line);
    if (entry !== undefined) (entry.isReceipt ? receipts : certificates).push(entry.bytes);
    // Without its end: of the last line, and of what was written behind it later on.
    else if (line.startsWith('{"') && !line.endsWith('}')) cutOff += 1;
    else {
      throw new SyntaxError(`${path}, line ${index + 1}: neither a receipt nor a certificate`);
    }
  }
  return { receipts, certificates, cutOff };
}

function entryOf(line: string): { isReceipt: boolean; bytes: Uint8Array } | undefined {
  const parts = /^\{"(receipt|certificate)":"((?:[0-9a-f]{2})+)"\}$/.exec(line);
  if (parts === null) return undefined;
  const [, name, hex = ''] = parts;
  return { isReceipt: name === 'receipt', bytes: new Uint8Array(Buffer.from(hex, 'hex')) };
}

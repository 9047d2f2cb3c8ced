/** Where evidence is written: a file each, none of them ever written over. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkEvidence, type Evidence, evidenceText } from '@foldbook/verifier';
import { UsageError } from '../cli-error.ts';
import { fileTrouble } from '../file-trouble.ts';

/** Resolves with the file's name. What does not hold by itself is not written. */
export async function writeEvidence(
  folder: string,
  about: string,
  evidence: Evidence,
): Promise<string> {
  const text = evidenceText(evidence);
  const checked = checkEvidence(text);
  if (!checked.ok) throw new Error(`evidence that does not hold: ${checked.message}`);
  for (let number = 1; ; number += 1) {
    const path = join(folder, `evidence-${about}-${number}.json`);
    try {
      await mkdir(folder, { recursive: true });
      await writeFile(path, text, { flag: 'wx' });
      return path;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EEXIST') continue;
      throw new UsageError(`--out: ${path} can't be written: ${fileTrouble(error)}`);
    }
  }
}

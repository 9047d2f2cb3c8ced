/** A folder for the logs and stores of a check, kept where they show what went wrong. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** `use` gives the exit status: with any but 0, or when it throws, the folder stays. */
export async function withEvidence(use: (folder: string) => Promise<number>): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'foldbook-check-'));
  let isKept = true;
  try {
    const status = await use(folder);
    isKept = status !== 0;
    return status;
  } finally {
    if (isKept) process.stderr.write(`foldbook: logs and stores are in ${folder}\n`);
    else await rm(folder, { recursive: true, force: true });
  }
}

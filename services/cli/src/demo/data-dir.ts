/** The folder of a demo's data: checked first, emptied when all else is known to be right. */
import { mkdir, mkdtemp, readdir, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UsageError } from '../cli-error.ts';
import { fileTrouble } from '../file-trouble.ts';

const MARKER = 'foldbook-demo';

/** UsageError unless the folder can be made, is empty, or was made by a demo. Leaves it alone. */
export async function checkDataDir(dataDir: string): Promise<void> {
  try {
    const place = await nearest(dataDir);
    if (!(await stat(place)).isDirectory()) {
      throw new UsageError(`--data: ${place} is a file; name a folder`);
    }
    // Tried, because rights do not tell of read-only or odd file systems.
    await rmdir(await mkdtemp(join(place, '.foldbook-')));
    if (place !== dataDir) return;
    const names = await readdir(dataDir);
    if (names.length === 0 || names.includes(MARKER)) return;
  } catch (error) {
    throw unusable(dataDir, error);
  }
  throw new UsageError(`${dataDir} holds something else: name another folder with --data`);
}

/** The folder, or the nearest one above it that exists. */
async function nearest(dir: string): Promise<string> {
  try {
    await stat(dir);
    return dir;
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (!isMissing || dirname(dir) === dir) throw error;
    return nearest(dirname(dir));
  }
}

/** Only a folder that a demo made is emptied: see `checkDataDir`. */
export async function emptyDataDir(dataDir: string): Promise<void> {
  await checkDataDir(dataDir);
  try {
    await rm(dataDir, { recursive: true, force: true });
    await mkdir(dataDir, { recursive: true });
    await writeFile(join(dataDir, MARKER), 'Made by `foldbook demo`, which empties this folder.\n');
  } catch (error) {
    throw unusable(dataDir, error);
  }
}

function unusable(dataDir: string, error: unknown): UsageError {
  if (error instanceof UsageError) return error;
  return new UsageError(
    `--data: ${dataDir} can't be used: ${fileTrouble(error)}; name another folder`,
  );
}

/** Folders that are still there after a power loss: an entry lasts once its folder is synced. */
import { mkdir, open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** Makes what is in the folder by name last; the files' contents are synced by themselves. */
export async function syncFolder(dir: string): Promise<void> {
  const folder = await open(dir, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/**
 * Makes the folder and those above it that are missing, and syncs every folder that got an entry.
 * The nearest is synced even if nothing was missing: a crash may have come between the two.
 */
export async function makeFolder(
  dir: string,
  sync: (dir: string) => Promise<void> = syncFolder,
): Promise<void> {
  const path = resolve(dir);
  const highest = (await mkdir(path, { recursive: true })) ?? path;
  const top = dirname(highest);
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    await sync(folder);
    if (folder === top || folder === dirname(folder)) return;
  }
}

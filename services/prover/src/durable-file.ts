// SPDX-License-Identifier: GPL-3.0-or-later
/** Files that are there whole or not at all, whenever the power goes. */
import { randomBytes } from 'node:crypto';
import { link, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { syncFolder } from '@foldbook/runtime';

const DRAFT = '.draft-';
const FILE_MODE = 0o644;
/** How often a draft may be taken for one that a crash left, by another who clears the folder. */
const MAX_CLEARED = 8;

/**
 * Puts `bytes` at `path`, replacing what is there. The draft is written to `draftDir`, on the same
 * file system: verifiers read the stores meanwhile, and refuse strange files among the epochs.
 */
export async function replaceFile(
  path: string,
  bytes: Uint8Array,
  draftDir: string,
): Promise<void> {
  await withDraft(join(draftDir, basename(path)), bytes, FILE_MODE, (draft) => rename(draft, path));
  await syncFolder(dirname(path));
}

/** Puts `bytes` at `path` unless something is there already; tells whether it did. */
export async function createFile(
  path: string,
  bytes: Uint8Array,
  draftDir = dirname(path),
): Promise<boolean> {
  try {
    await withDraft(join(draftDir, basename(path)), bytes, FILE_MODE, async (draft) => {
      await link(draft, path).finally(() => rm(draft, { force: true }));
    });
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  }
  await syncFolder(dirname(path));
  return true;
}

/** Removes what writers that died left in `folder`. A writer that lives writes its draft again. */
export async function removeDrafts(folder: string): Promise<void> {
  const names = await readdir(folder);
  for (const name of names) {
    if (name.startsWith(DRAFT)) await rm(join(folder, name), { force: true });
  }
}

export function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

async function withDraft(
  path: string,
  bytes: Uint8Array,
  mode: number,
  place: (draft: string) => Promise<void>,
): Promise<void> {
  for (let cleared = 0; ; cleared += 1) {
    const draft = draftOf(path);
    try {
      await writeDraft(draft, bytes, mode);
      return await place(draft);
    } catch (error) {
      // On a full disk each try would leave another one, and take what room there comes to be.
      await rm(draft, { force: true }).catch(() => undefined);
      if (!isCode(error, 'ENOENT') || cleared === MAX_CLEARED) throw error;
    }
  }
}

function draftOf(path: string): string {
  const suffix = randomBytes(6).toString('hex');
  return join(dirname(path), `${DRAFT}${basename(path)}-${suffix}`);
}

async function writeDraft(draft: string, bytes: Uint8Array, mode: number): Promise<void> {
  const file = await open(draft, 'wx', mode);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

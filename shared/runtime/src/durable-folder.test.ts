import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeFolder } from './durable-folder.ts';

test('every folder that gets an entry is synced, down to the one that was there', async () => {
  const root = await mkdtemp(join(tmpdir(), 'foldbook-folder-'));
  try {
    const dir = join(root, 'data', 'market', 'LOG_0');
    const synced: string[] = [];
    const sync = async (folder: string) => void synced.push(folder);
    await makeFolder(dir, sync);
    assert((await stat(dir)).isDirectory());
    assert.deepEqual(synced, [join(root, 'data', 'market'), join(root, 'data'), root]);
    // Made before, but the power may have failed before its parent was synced.
    await makeFolder(`${dir}/`, sync);
    assert.deepEqual(synced.slice(3), [join(root, 'data', 'market')]);
    await makeFolder(join(root, 'other'));
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});

// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { createFile, replaceFile } from './durable-file.ts';

let dir = '';

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'foldbook-durable-'));
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

test('a file that can not be written leaves no draft, however often it is tried', async () => {
  const path = join(dir, 'folder');
  await mkdir(path);
  const bytes = Uint8Array.of(1, 2, 3);
  for (let tries = 0; tries < 3; tries += 1) {
    await assert.rejects(replaceFile(path, bytes, dir), /EISDIR|ENOTEMPTY|EEXIST/);
  }
  assert.equal(await createFile(path, bytes), false);
  assert.deepEqual(await readdir(dir), ['folder']);
});

test('nor does one whose bytes the disk does not take', async () => {
  // What is written of it first is on the disk, as when that is full behind it.
  const bytes = (function* () {
    yield Uint8Array.of(1, 2, 3);
    throw new Error('ENOSPC: no space left on device, write');
  })();
  // @ts-expect-error: no test has a disk that is full
  await assert.rejects(replaceFile(join(dir, 'file'), bytes, dir), /ENOSPC/);
  assert.deepEqual(await readdir(dir), []);
});

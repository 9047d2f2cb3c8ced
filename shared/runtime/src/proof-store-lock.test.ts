import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { proofStoreHolder, takeProofStore } from './proof-store-lock.ts';

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'foldbook-store-lock-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

test('one process at a time has a store, and others are told which', async () => {
  assert.equal(proofStoreHolder(folder), undefined);
  const lock = takeProofStore(folder);
  assert.equal(proofStoreHolder(folder)?.pid, process.pid);
  const locked = { code: 'LOCKED', message: new RegExp(`process ${process.pid} .*prover\\.lock`) };
  assert.throws(() => takeProofStore(folder), locked);
  lock.release();
  assert.equal(proofStoreHolder(folder), undefined);
  assert.deepEqual(await readdir(folder), []);
});

test("a store is nobody's once its process has died, and can be taken", async () => {
  const dead = fork(new URL('./testing/exit-process.ts', import.meta.url));
  await once(dead, 'exit');
  const path = join(folder, 'prover.lock');
  await writeFile(path, JSON.stringify({ pid: dead.pid, started: '1' }));
  assert.equal(proofStoreHolder(folder), undefined);
  const lock = takeProofStore(folder);
  assert.equal(JSON.parse(await readFile(path, 'utf8')).pid, process.pid);
  await rm(path);
  assert(!lock.isHeld(), 'who had it is told that it is gone');
  lock.release();
});

test('a file that names nobody is held, and says what to do', async () => {
  await writeFile(join(folder, 'prover.lock'), '');
  assert.equal(proofStoreHolder(folder), undefined);
  assert.throws(() => takeProofStore(folder), { code: 'LOCKED', message: /remove the file/ });
});

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { withLock } from './lock.mjs';

function temporaryDir(context: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'foldbook-lock-'));
  context.after(() => rmSync(dir, { recursive: true }));
  return dir;
}

test('the work of several processes never overlaps', async (context) => {
  const dir = temporaryDir(context);
  const script = join(dir, 'worker.mjs');
  // Each process reads, lets others run, and writes: overlap would lose an increment.
  writeFileSync(
    script,
    `import { readFileSync, writeFileSync } from 'node:fs';
     import { withLock } from ${JSON.stringify(join(import.meta.dirname, 'lock.mjs'))};
     for (let i = 0; i < 10; i += 1) {
       await withLock('lock', async () => {
         const count = Number(readFileSync('count', 'utf8'));
         for (let j = 0; j < 20; j += 1) await new Promise(setImmediate);
         writeFileSync('count', String(count + 1));
       });
     }`,
  );
  writeFileSync(join(dir, 'count'), '0');
  const workers = [1, 2, 3].map(() => spawn(process.execPath, [script], { cwd: dir }));
  const exits = await Promise.all(workers.map((worker) => once(worker, 'exit')));
  assert.deepEqual(exits, [
    [0, null],
    [0, null],
    [0, null],
  ]);
  assert.equal(readFileSync(join(dir, 'count'), 'utf8'), '30');
  assert.equal(existsSync(join(dir, 'lock')), false);
});

test('the lock of a process that died is taken over', async (context) => {
  const dir = temporaryDir(context);
  const dead = spawn(process.execPath, ['-e', '']);
  await once(dead, 'exit');
  const path = join(dir, 'lock');
  writeFileSync(path, `${dead.pid}.1`);
  assert.equal(await withLock(path, () => 'done'), 'done');
});

test('the lock is released when the work fails', async (context) => {
  const path = join(temporaryDir(context), 'lock');
  const fail = (): never => {
    throw new Error('planted');
  };
  await assert.rejects(withLock(path, fail), /planted/);
  assert.equal(existsSync(path), false);
});

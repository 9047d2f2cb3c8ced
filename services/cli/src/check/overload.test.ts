import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

function foldbook(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

test('every message of an overload is answered, what is too much with BUSY', async () => {
  const { status, stdout, stderr } = await foldbook(
    ...['check', 'overload', '--factor', '4', '--seconds', '1', '--json'],
  );
  const figures = JSON.parse(stdout);
  assert.equal(figures.failed, 0, stderr);
  assert(figures.offeredPerSec > figures.acceptedPerSec && figures.acceptedPerSec > 0);
  assert(figures.busyShare > 0, 'four times what it takes is too much');
  assert(figures.acceptedMs.p50 > 0 && figures.busyMs.p50 > 0);
  assert(figures.rssBytes.max >= figures.rssBytes.before && figures.rssBytes.before > 0);
  // How long things take on a machine that does other things, too, is not this test's question.
  assert.equal(status, figures.failures.length === 0 ? 0 : 1);
});

test('a factor that makes no sense: one line, status 2', async () => {
  const { status, stderr } = await foldbook('check', 'overload', '--factor', '0');
  assert.equal(status, 2);
  assert.match(stderr, /--factor 0: give a whole number from 1 to 10/);
});

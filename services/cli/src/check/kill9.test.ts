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

test('markets that are killed lose nothing and do nothing twice', {
  timeout: 150_000,
}, async () => {
  const { status, stdout, stderr } = await foldbook('check', 'kill9', '--runs', '2', '--json');
  assert.equal(status, 0, stderr);
  const { runs, accepted, commands, resumeMs, failures } = JSON.parse(stdout);
  assert.deepEqual([runs, failures], [2, []]);
  assert(accepted > 0 && commands > accepted);
  assert(resumeMs.p50 > 0);
});

test('a number of runs that makes no sense: one line, status 2', async () => {
  const { status, stderr } = await foldbook('check', 'kill9', '--runs', '0');
  assert.equal(status, 2);
  assert.match(stderr, /--runs 0: give a whole number from 1/);
});

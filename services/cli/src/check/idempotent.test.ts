import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foldbook } from '../testing/foldbook.ts';

test('commands that are sent four times run once', { timeout: 120_000 }, async () => {
  const args = ['--commands', '1000', '--cluster', '1', '--json'];
  const { status, stdout, stderr } = await foldbook('check', 'idempotent', ...args);
  assert.equal(status, 0, stderr);
  const { logged, compared, failovers, failures } = JSON.parse(stdout);
  assert.deepEqual([compared, failovers, failures], [3_000, 1, []]);
  assert(logged >= 4_000);
});

test('a number that is not whole sessions: one line, status 2', async () => {
  const { status, stderr } = await foldbook('check', 'idempotent', '--commands', '1500');
  assert.equal(status, 2);
  assert.match(stderr, /--commands 1500: give a multiple of 1000/);
});

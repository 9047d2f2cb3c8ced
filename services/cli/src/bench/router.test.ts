import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { foldbook } from '../testing/bench-run.ts';

const LOADS = new URL('../../../prover/src/router/recorded-loads.jsonl', import.meta.url);

test('the router is held against every fixed choice', async () => {
  const args = ['bench', 'router', '--verifier', 'any', '--json'];
  const { status, stdout, stderr } = await foldbook(args);
  assert.equal(status, 0, stderr);
  const row = JSON.parse(stdout);
  assert.deepEqual([row.verifier, row.ok, row.fixed.length], ['any', true, 72]);
  assert(row.router.score < row.fixed[0].score);
  const played = (load: string) =>
    row.router.outcomes.filter((run: { load: string }) => run.load === load).length;
  assert.deepEqual(['bursts', 'day', 'tune-quiet'].map(played), [3, 3, 0]);
});

test('the loads are what recording them gives', async () => {
  const { status, stdout } = await foldbook(['bench', 'router', '--record']);
  assert.equal(status, 0);
  assert.equal(stdout, readFileSync(LOADS, 'utf8'));
});

test('names that are none are refused', async () => {
  for (const args of [
    ['router', '--load', 'moon'],
    ['router', '--verifier', 'me'],
    ['prove', '--workers', '0'],
    ['prove', '--core-hour', 'free'],
  ]) {
    const { status, stderr } = await foldbook(['bench', ...args]);
    assert.equal(status, 2, stderr);
    assert.match(stderr, new RegExp(args[2] ?? ''));
  }
});

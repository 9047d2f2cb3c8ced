import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foldbook } from '../testing/foldbook.ts';

test('markets that are killed lose nothing and do nothing twice', {
  timeout: 120_000,
}, async () => {
  const args = ['--runs', '2', '--cluster', '1', '--kill', 'market', '--json'];
  const { status, stdout, stderr } = await foldbook('check', 'kill9', ...args);
  assert.equal(status, 0, stderr);
  const { runs, accepted, commands, terms, resumeMs, failures } = JSON.parse(stdout);
  assert.deepEqual([runs, terms, failures], [2, 3, []]);
  assert(accepted > 0 && commands > accepted);
  assert.equal(resumeMs.serving.times, 2);
  assert(resumeMs.serving.p50 > 0);
});

test('brokers that are killed lose nothing either', { timeout: 120_000 }, async () => {
  const args = ['--runs', '1', '--kill', 'broker', '--seed', '1', '--json'];
  const { status, stdout, stderr } = await foldbook('check', 'kill9', ...args);
  assert.equal(status, 0, stderr);
  const { resumeMs, failures } = JSON.parse(stdout);
  assert.deepEqual(failures, []);
  assert.equal((resumeMs.leader?.times ?? 0) + (resumeMs.follower?.times ?? 0), 1);
});

test('what makes no sense: one line, status 2', async () => {
  const wrong = [
    [['--runs', '0'], /--runs 0: give a whole number from 1/],
    [['--cluster', '2'], /--cluster 2: give 1, 3 or 5/],
    [['--kill', 'me'], /--kill me: give market, broker or any/],
  ] as const;
  for (const [args, words] of wrong) {
    const { status, stderr } = await foldbook('check', 'kill9', ...args);
    assert.equal(status, 2);
    assert.match(stderr, words);
  }
});
